package sql

import (
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Value is one value of VALUES, or an argument of a stream verb: the shapes
// that a client repeats are told apart here, once, so that running them needs
// no look at a tree.
type Value struct {
	Kind ValueKind
	// Param is the n of ValueParam's $n.
	Param int
	// Text is a literal's value without quotes and escapes: of a ValueBool
	// "true" or "false", of ValueInt and ValueNumeric the digits with the sign.
	Text string
	// Cast is the type in $1::bytea or '5'::int8 by its name in pg_type, for a
	// parameter or literal; empty when there is none.
	Cast string
	// Node is the expression; nil for ValueDefault.
	Node *pg_query.Node
	// Location is -1 when it is not known.
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
	ValueInt                      // fits int8
	ValueNumeric                  // 1.5, 1e10, and integers beyond int8
	ValueString                   // 'text'
	ValueBits                     // B'01', X'1F': Text has the leading b or x
)

// valueOf finds the shape of an expression; a nil node is ValueExpr.
func (p piece) valueOf(node *pg_query.Node) Value {
	v := Value{Node: node, Location: -1}
	switch n := node.GetNode().(type) {
	case *pg_query.Node_SetToDefault:
		return Value{Kind: ValueDefault, Location: n.SetToDefault.GetLocation()}
	case *pg_query.Node_ParamRef:
		v.Kind, v.Param, v.Location = ValueParam, int(n.ParamRef.GetNumber()), n.ParamRef.GetLocation()
	case *pg_query.Node_AConst:
		v.Kind, v.Text = literal(n.AConst)
		v.Location = n.AConst.GetLocation()
	case nil:
	case *pg_query.Node_TypeCast:
		inner := p.valueOf(n.TypeCast.GetArg())
		name, ok := simpleType(n.TypeCast.GetTypeName())
		if ok && inner.Kind != ValueExpr && inner.Cast == "" {
			v = inner
			v.Cast, v.Node = name, node
			return v
		}
		v.Location = locationOf(node)
	default:
		v.Location = locationOf(node)
	}
	return v
}

// locationOf is where an expression says that it is: a function's name, an
// operator's sign. It is -1 when the expression does not know.
func locationOf(node *pg_query.Node) int32 {
	location := int32(-1)
	node.ProtoReflect().Range(func(_ protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		inner := v.Message()
		if field := inner.Descriptor().Fields().ByName("location"); field != nil {
			location = int32(inner.Get(field).Int())
		}
		return false
	})
	return location
}

func literal(c *pg_query.A_Const) (ValueKind, string) {
	switch v := c.GetVal().(type) {
	case *pg_query.A_Const_Boolval:
		return ValueBool, strconv.FormatBool(v.Boolval.GetBoolval())
	case *pg_query.A_Const_Ival:
		return ValueInt, strconv.Itoa(int(v.Ival.GetIval()))
	case *pg_query.A_Const_Fval:
		return number(v.Fval.GetFval())
	case *pg_query.A_Const_Sval:
		return ValueString, v.Sval.GetSval()
	case *pg_query.A_Const_Bsval:
		return ValueBits, v.Bsval.GetBsval()
	}
	return ValueNull, ""
}

// number is a number beyond int4, which the parser leaves as it was written:
// with underscores, and in base 2, 8 or 16.
func number(written string) (ValueKind, string) {
	text := strings.ReplaceAll(written, "_", "")
	base := 10
	if digits := strings.TrimPrefix(text, "-"); len(digits) > 1 && digits[0] == '0' && !isDigit(digits[1]) {
		base = 0
	}
	if i, err := strconv.ParseInt(text, base, 64); err == nil {
		return ValueInt, strconv.FormatInt(i, 10)
	}
	return ValueNumeric, text
}

// simpleType is the name of a type that has no modifier, dimension or schema.
func simpleType(t *pg_query.TypeName) (string, bool) {
	names := t.GetNames()
	if len(names) == 2 && names[0].GetString_().GetSval() == "pg_catalog" {
		names = names[1:]
	}
	if len(names) != 1 || t.GetTypmods() != nil || t.GetArrayBounds() != nil || t.GetSetof() || t.GetPctType() {
		return "", false
	}
	return names[0].GetString_().GetSval(), true
}
