package query

import (
	"fmt"
	"strconv"

	"walle/pgfront/query/datum"
)

// expr is a typed expression. Its evaluation has no side effect but that of volatile
// functions; it is done by one goroutine at a time, because nodes keep scratch space.
//
// String is canonical: two expressions of one scope are the same exactly if their strings
// are. GROUP BY and EXPLAIN rely on it.
type expr interface {
	typ() OID
	eval(f *frame) (Value, error)
	String() string
	// inputs are the direct operands, for walking; with rebuilds the node with others.
	inputs() []expr
	with(inputs []expr) expr
}

// frame is what an expression sees: the row of its own query and, through outer, those of
// the queries around it.
type frame struct {
	row   []Value
	outer *frame
	run   *run
}

// leaf is embedded by expressions without operands.
type leaf struct{}

func (leaf) inputs() []expr { return nil }

// constant is a literal, or what was folded into one.
type constant struct {
	leaf
	value  Value
	t      OID
	typmod int32
}

func newConstant(v Value, t OID) *constant { return &constant{value: v, t: t, typmod: -1} }

func (c *constant) typ() OID                   { return c.t }
func (c *constant) eval(*frame) (Value, error) { return c.value, nil }
func (c *constant) with([]expr) expr           { return c }
func (c *constant) String() string {
	if c.value.IsNull() {
		return "NULL::" + datum.TypeName(c.t)
	}
	text := datum.NewCodec(datum.DefaultStyle(), nil).Text(c.t, c.value)
	return quoteLiteral(text) + "::" + datum.TypeName(c.t)
}

// column is a column of the current row.
type column struct {
	leaf
	index  int
	t      OID
	typmod int32
	name   string      // as in messages, e.g. "s.data"
	shape  []outColumn // of a record, nil if unknown
}

func (c *column) typ() OID                     { return c.t }
func (c *column) eval(f *frame) (Value, error) { return f.row[c.index], nil }
func (c *column) with([]expr) expr             { return c }
func (c *column) String() string               { return "$row" + strconv.Itoa(c.index) }

// outerColumn is a column of the row of an enclosing query, level frames out. slot, if set, is
// where that query puts an aggregate, known when its plan is built.
type outerColumn struct {
	leaf
	level  int
	index  int
	slot   *int
	t      OID
	typmod int32
	name   string
}

func (c *outerColumn) typ() OID         { return c.t }
func (c *outerColumn) with([]expr) expr { return c }
func (c *outerColumn) String() string {
	if c.slot != nil {
		return fmt.Sprintf("$outer%d.%s", c.level, c.name)
	}
	return fmt.Sprintf("$outer%d.%d", c.level, c.index)
}

func (c *outerColumn) eval(f *frame) (Value, error) {
	for range c.level {
		f = f.outer
	}
	if c.slot != nil {
		return f.row[*c.slot], nil
	}
	return f.row[c.index], nil
}

// paramRef is $n. Its type may still be unknown while the statement is analyzed.
type paramRef struct {
	leaf
	params *params
	number int // from 1
	at     int32
}

func (p *paramRef) typ() OID         { return p.params.typeOf(p.number) }
func (p *paramRef) with([]expr) expr { return p }
func (p *paramRef) String() string   { return "$" + strconv.Itoa(p.number) }

func (p *paramRef) eval(f *frame) (Value, error) {
	if p.number > len(f.run.args) {
		return Value{}, datum.Errorf("42P02", "there is no parameter $%d", p.number)
	}
	return f.run.args[p.number-1], nil
}

// typmodOf returns the modifier that is known of an expression's type, -1 if none.
func typmodOf(e expr) int32 {
	switch e := e.(type) {
	case *constant:
		return e.typmod
	case *column:
		return e.typmod
	case *outerColumn:
		return e.typmod
	case *modifier:
		return e.typmod
	case *relabel:
		return e.typmod
	case *scalarQuery:
		return e.typmod
	}
	return -1
}

// walk calls visit for e and everything below it, until visit returns false.
func walk(e expr, visit func(expr) bool) {
	if e == nil || !visit(e) {
		return
	}
	for _, in := range e.inputs() {
		walk(in, visit)
	}
}

// rewrite replaces subexpressions from the top: where replace returns an expression, that
// is taken and not looked into.
func rewrite(e expr, replace func(expr) expr) expr {
	if e == nil {
		return nil
	}
	if r := replace(e); r != nil {
		return r
	}
	in := e.inputs()
	if len(in) == 0 {
		return e
	}
	out, changed := make([]expr, len(in)), false
	for i := range in {
		out[i] = rewrite(in[i], replace)
		changed = changed || out[i] != in[i]
	}
	if !changed {
		return e
	}
	return e.with(out)
}

// contains says whether visit is true for any part of e.
func contains(e expr, match func(expr) bool) bool {
	found := false
	walk(e, func(e expr) bool {
		found = found || match(e)
		return !found
	})
	return found
}

// rebase shifts the columns of the current row by delta.
func rebase(e expr, delta int) expr {
	if delta == 0 {
		return e
	}
	return rewrite(e, func(e expr) expr {
		if c, ok := e.(*column); ok {
			moved := *c
			moved.index += delta
			return &moved
		}
		return nil
	})
}

// columnRange returns the lowest and highest column of the current row that e reads; ok is
// false if it reads none.
func columnRange(e expr) (low, high int, ok bool) {
	walk(e, func(e expr) bool {
		if c, is := e.(*column); is {
			if !ok || c.index < low {
				low = c.index
			}
			if !ok || c.index > high {
				high = c.index
			}
			ok = true
		}
		return true
	})
	return low, high, ok
}

// evalAll evaluates a list into out.
func evalAll(list []expr, f *frame, out []Value) error {
	for i, e := range list {
		v, err := e.eval(f)
		if err != nil {
			return err
		}
		out[i] = v
	}
	return nil
}

func joinStrings(list []expr) string {
	s := ""
	for i, e := range list {
		if i > 0 {
			s += ", "
		}
		s += e.String()
	}
	return s
}
