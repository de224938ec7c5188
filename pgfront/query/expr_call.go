package query

import (
	"slices"
	"strings"

	"walle/pgfront/query/datum"
)

// call is what a builtin learns about its call beside the arguments.
type call struct {
	run    *run
	types  []OID // of the arguments
	result OID
	memo   any     // what the builtin wants to keep for its next call at this place
	budget *budget // of an aggregate: what all groups keep
}

// The shapes of builtins. Arguments of a strict one are never null.
type (
	fn0 = func(*call) (Value, error)
	fn1 = func(*call, Value) (Value, error)
	fn2 = func(*call, Value, Value) (Value, error)
	fn3 = func(*call, Value, Value, Value) (Value, error)
	fnN = func(*call, []Value) (Value, error)
)

// callExpr holds what the call nodes have in common.
type callExpr struct {
	name   string // of the function or operator, for String
	strict bool
	// volatile calls are neither folded nor pushed into a scan.
	volatile bool
	info     call
}

func (c *callExpr) typ() OID { return c.info.result }

// newCall makes the node that fits the shape of fn.
func newCall(name string, fn any, strict, volatile bool, args []expr, result OID) (expr, error) {
	head := callExpr{name: name, strict: strict, volatile: volatile, info: call{result: result}}
	for _, a := range args {
		head.info.types = append(head.info.types, a.typ())
	}
	switch fn := fn.(type) {
	case fn0:
		if len(args) == 0 {
			return &callN{callExpr: head, fn: func(c *call, _ []Value) (Value, error) { return fn(c) }}, nil
		}
	case fn1:
		if len(args) == 1 {
			return &call1{callExpr: head, fn: fn, arg: args[0]}, nil
		}
	case fn2:
		if len(args) == 2 {
			return &call2{callExpr: head, fn: fn, left: args[0], right: args[1]}, nil
		}
	case fn3:
		if len(args) == 3 {
			three := func(c *call, v []Value) (Value, error) { return fn(c, v[0], v[1], v[2]) }
			return &callN{callExpr: head, fn: three, args: args, scratch: make([]Value, 3)}, nil
		}
	case fnN:
		return &callN{callExpr: head, fn: fn, args: args, scratch: make([]Value, len(args))}, nil
	}
	return nil, datum.Errorf("XX000", "builtin %s does not take %d arguments", name, len(args))
}

// foldNull replaces a call of a strict function by null if one of its arguments is that.
func foldNull(e expr) expr {
	strict := false
	switch e := e.(type) {
	case *call1:
		strict = e.strict
	case *call2:
		strict = e.strict
	case *callN:
		strict = e.strict
	}
	if strict && slices.ContainsFunc(e.inputs(), isNull) {
		return newConstant(Value{}, e.typ())
	}
	return e
}

// isNullFixed says whether e is null whatever the rows are. PostgreSQL finds that out when it
// plans, and does not evaluate the other arguments of a strict function.
func isNullFixed(e expr, f *frame) bool {
	v, ok := fixedValue(e, f)
	return ok && v.IsNull()
}

// fixedValue evaluates what has one value in a statement.
func fixedValue(e expr, f *frame) (v Value, ok bool) {
	outer := func(e expr) bool { _, is := e.(*outerColumn); return is }
	if !isFixed(e) || contains(e, outer) || hasSubquery(e) {
		return Value{}, false
	}
	v, err := e.eval(f)
	return v, err == nil
}

func isNull(e expr) bool {
	c, ok := e.(*constant)
	return ok && c.value.IsNull()
}

type call1 struct {
	callExpr
	fn  fn1
	arg expr
}

func (c *call1) eval(f *frame) (Value, error) {
	v, err := c.arg.eval(f)
	if err != nil || c.strict && v.IsNull() {
		return Value{}, err
	}
	c.info.run = f.run
	return c.fn(&c.info, v)
}

func (c *call1) String() string { return c.name + "(" + c.arg.String() + ")" }
func (c *call1) inputs() []expr { return []expr{c.arg} }
func (c *call1) with(in []expr) expr {
	out := *c
	out.arg = in[0]
	return &out
}

type call2 struct {
	callExpr
	fn          fn2
	left, right expr
	op          *operator // set if the call is an operator
}

func (c *call2) eval(f *frame) (Value, error) {
	l, err := c.left.eval(f)
	if err != nil && c.strict && isNullFixed(c.right, f) {
		return Value{}, nil
	}
	if err != nil || c.strict && l.IsNull() {
		return Value{}, err
	}
	r, err := c.right.eval(f)
	if err != nil || c.strict && r.IsNull() {
		return Value{}, err
	}
	c.info.run = f.run
	return c.fn(&c.info, l, r)
}

func (c *call2) String() string {
	if c.op != nil {
		return "(" + c.left.String() + " " + c.name + " " + c.right.String() + ")"
	}
	return c.name + "(" + c.left.String() + ", " + c.right.String() + ")"
}

func (c *call2) inputs() []expr { return []expr{c.left, c.right} }
func (c *call2) with(in []expr) expr {
	out := *c
	out.left, out.right = in[0], in[1]
	return &out
}

type callN struct {
	callExpr
	fn      fnN
	args    []expr
	scratch []Value
}

func (c *callN) eval(f *frame) (Value, error) {
	for i, a := range c.args {
		v, err := a.eval(f)
		if err != nil && c.strict && slices.ContainsFunc(c.args[i+1:], func(e expr) bool { return isNullFixed(e, f) }) {
			return Value{}, nil
		}
		if err != nil || c.strict && v.IsNull() {
			return Value{}, err
		}
		c.scratch[i] = v
	}
	c.info.run = f.run
	return c.fn(&c.info, c.scratch)
}

func (c *callN) String() string { return c.name + "(" + joinStrings(c.args) + ")" }
func (c *callN) inputs() []expr { return c.args }
func (c *callN) with(in []expr) expr {
	out := *c
	out.args, out.scratch = in, make([]Value, len(in))
	return &out
}

// isVolatile says whether evaluating e twice may give two answers.
func isVolatile(e expr) bool {
	return contains(e, func(e expr) bool {
		switch e := e.(type) {
		case *call1:
			return e.volatile
		case *call2:
			return e.volatile
		case *callN:
			return e.volatile
		}
		return false
	})
}

func quoteLiteral(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
