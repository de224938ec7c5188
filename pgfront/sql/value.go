package sql

import pg_query "github.com/pganalyze/pg_query_go/v5"

// Value is one value of VALUES, or an argument of a stream verb: the shapes
// that a client repeats are told apart here, once, so that running them needs
// no look at a tree.
type Value struct {
	Kind ValueKind
	// Param is the n of ValueParam's $n.
	Param int
	// Text is a literal's value without quotes and escapes: of a
	// ValueBool "true" or "false", of a ValueInt or ValueNumeric its digits with the sign.
	Text string
	// Cast is the type in $1::bytea or '5'::int8 by its name in pg_type, in a
	// parameter or literal; empty when there is none.
	Cast string
	// Node is the expression; nil for ValueDefault.
	Node     *pg_query.Node
	Location int32
}

// ValueKind is the shape of a Value.
type ValueKind uint8

const (
	ValueExpr    ValueKind = iota // only Node says what it is
	ValueDefault                  // DEFAULT
	ValueParam                    // $n
	ValueNull                     // NULL
	ValueBool                     // true
	ValueInt                      // fits int4 or int8
	ValueNumeric                  // 1.5, 1e10, and integers beyond int8
	ValueString                   // 'text'
	ValueBits                     // B'01', X'1F': Text has the leading b or x
)
