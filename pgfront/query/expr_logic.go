package query

import (
	"slices"

	"walle/pgfront/query/datum"
)

// boolean is embedded by expressions of type bool.
type boolean struct{}

func (boolean) typ() OID { return datum.BoolOID }

// junction is AND or OR of any number of operands, in three-valued logic.
type junction struct {
	boolean
	or   bool
	args []expr
}

// newJunction makes a junction, or the constant that decides it whatever the others are.
func newJunction(or bool, args []expr) expr {
	for _, a := range args {
		if c, ok := a.(*constant); ok && !c.value.IsNull() && c.value.Bool() == or {
			return c
		}
	}
	return &junction{or: or, args: args}
}

func (j *junction) eval(f *frame) (Value, error) {
	unknown := false
	for i, a := range j.args {
		v, err := a.eval(f)
		switch {
		case err != nil && slices.ContainsFunc(j.args[i+1:], func(e expr) bool { return j.isDecidedBy(e, f) }):
			return datum.Bool(j.or), nil
		case err != nil:
			return Value{}, err
		case v.IsNull():
			unknown = true
		case v.Bool() == j.or:
			return v, nil
		}
	}
	if unknown {
		return Value{}, nil
	}
	return datum.Bool(!j.or), nil
}

// isDecidedBy says whether e decides the junction whatever the rows are. PostgreSQL finds that out
// when it plans, and does not evaluate the other operands.
func (j *junction) isDecidedBy(e expr, f *frame) bool {
	v, ok := fixedValue(e, f)
	return ok && !v.IsNull() && v.Bool() == j.or
}

func (j *junction) String() string {
	word := " AND "
	if j.or {
		word = " OR "
	}
	s := "("
	for i, a := range j.args {
		if i > 0 {
			s += word
		}
		s += a.String()
	}
	return s + ")"
}

func (j *junction) inputs() []expr      { return j.args }
func (j *junction) with(in []expr) expr { return &junction{or: j.or, args: in} }

// conjuncts flattens the ANDs at the top of e.
func conjuncts(e expr) []expr {
	if j, ok := e.(*junction); ok && !j.or {
		var list []expr
		for _, a := range j.args {
			list = append(list, conjuncts(a)...)
		}
		return list
	}
	if e == nil {
		return nil
	}
	return []expr{e}
}

// conjunction is the inverse of conjuncts; nil for none.
func conjunction(list []expr) expr {
	switch len(list) {
	case 0:
		return nil
	case 1:
		return list[0]
	}
	return &junction{args: list}
}

type negation struct {
	boolean
	arg expr
}

func (n *negation) eval(f *frame) (Value, error) {
	v, err := n.arg.eval(f)
	if err != nil || v.IsNull() {
		return Value{}, err
	}
	return datum.Bool(!v.Bool()), nil
}

func (n *negation) String() string      { return "(NOT " + n.arg.String() + ")" }
func (n *negation) inputs() []expr      { return []expr{n.arg} }
func (n *negation) with(in []expr) expr { return &negation{arg: in[0]} }

// nullTest is IS [NOT] NULL. A row is null if all its fields are, not null if none is.
type nullTest struct {
	boolean
	arg expr
	not bool
}

func (t *nullTest) eval(f *frame) (Value, error) {
	v, err := t.arg.eval(f)
	if err != nil {
		return Value{}, err
	}
	if v.Kind() == datum.KindRecord {
		for _, field := range v.Record().Fields {
			if field.IsNull() == t.not {
				return datum.Bool(false), nil
			}
		}
		return datum.Bool(true), nil
	}
	return datum.Bool(v.IsNull() != t.not), nil
}

func (t *nullTest) String() string {
	if t.not {
		return "(" + t.arg.String() + " IS NOT NULL)"
	}
	return "(" + t.arg.String() + " IS NULL)"
}

func (t *nullTest) inputs() []expr      { return []expr{t.arg} }
func (t *nullTest) with(in []expr) expr { return &nullTest{arg: in[0], not: t.not} }

// boolTest is IS [NOT] TRUE, FALSE or UNKNOWN; want is null for UNKNOWN.
type boolTest struct {
	boolean
	arg  expr
	want Value
	not  bool
}

func (t *boolTest) eval(f *frame) (Value, error) {
	v, err := t.arg.eval(f)
	if err != nil {
		return Value{}, err
	}
	same := v.IsNull() == t.want.IsNull() && v.Bool() == t.want.Bool()
	return datum.Bool(same != t.not), nil
}

func (t *boolTest) String() string {
	s := "(" + t.arg.String() + " IS "
	if t.not {
		s += "NOT "
	}
	return s + newConstant(t.want, datum.BoolOID).String() + ")"
}

func (t *boolTest) inputs() []expr      { return []expr{t.arg} }
func (t *boolTest) with(in []expr) expr { return &boolTest{arg: in[0], want: t.want, not: t.not} }

// distinctTest is IS [NOT] DISTINCT FROM, over the equality that equal holds: a call2
// whose operands are the operands here.
type distinctTest struct {
	boolean
	equal *call2
	not   bool
}

func (d *distinctTest) eval(f *frame) (Value, error) {
	l, err := d.equal.left.eval(f)
	if err != nil {
		return Value{}, err
	}
	r, err := d.equal.right.eval(f)
	if err != nil {
		return Value{}, err
	}
	if l.IsNull() || r.IsNull() {
		return datum.Bool((l.IsNull() != r.IsNull()) != d.not), nil
	}
	d.equal.info.run = f.run
	v, err := d.equal.fn(&d.equal.info, l, r)
	return datum.Bool(v.IsTrue() == d.not), err
}

func (d *distinctTest) String() string {
	if d.not {
		return "(" + d.equal.left.String() + " IS NOT DISTINCT FROM " + d.equal.right.String() + ")"
	}
	return "(" + d.equal.left.String() + " IS DISTINCT FROM " + d.equal.right.String() + ")"
}

func (d *distinctTest) inputs() []expr { return d.equal.inputs() }
func (d *distinctTest) with(in []expr) expr {
	return &distinctTest{equal: d.equal.with(in).(*call2), not: d.not}
}

// caseExpr is CASE. With an operand, each condition is already the comparison with it.
type caseExpr struct {
	conds    []expr
	results  []expr
	fallback expr
	t        OID
}

func (c *caseExpr) typ() OID { return c.t }

func (c *caseExpr) eval(f *frame) (Value, error) {
	for i, cond := range c.conds {
		v, err := cond.eval(f)
		if err != nil {
			return Value{}, err
		}
		if v.IsTrue() {
			return c.results[i].eval(f)
		}
	}
	return c.fallback.eval(f)
}

func (c *caseExpr) String() string {
	s := "CASE"
	for i := range c.conds {
		s += " WHEN " + c.conds[i].String() + " THEN " + c.results[i].String()
	}
	return s + " ELSE " + c.fallback.String() + " END"
}

func (c *caseExpr) inputs() []expr {
	list := append(append([]expr(nil), c.conds...), c.results...)
	return append(list, c.fallback)
}

func (c *caseExpr) with(in []expr) expr {
	n := len(c.conds)
	return &caseExpr{conds: in[:n], results: in[n : 2*n], fallback: in[2*n], t: c.t}
}

// coalesce is COALESCE.
type coalesce struct {
	args []expr
	t    OID
}

func (c *coalesce) typ() OID { return c.t }

func (c *coalesce) eval(f *frame) (Value, error) {
	for _, a := range c.args {
		if v, err := a.eval(f); err != nil || !v.IsNull() {
			return v, err
		}
	}
	return Value{}, nil
}

func (c *coalesce) String() string      { return "COALESCE(" + joinStrings(c.args) + ")" }
func (c *coalesce) inputs() []expr      { return c.args }
func (c *coalesce) with(in []expr) expr { return &coalesce{args: in, t: c.t} }

// extreme is GREATEST or LEAST; nulls do not count.
type extreme struct {
	args []expr
	t    OID
	sign int // 1 for GREATEST
}

func (x *extreme) typ() OID { return x.t }

func (x *extreme) eval(f *frame) (Value, error) {
	var best Value
	for _, a := range x.args {
		v, err := a.eval(f)
		if err != nil {
			return Value{}, err
		}
		if !v.IsNull() && (best.IsNull() || datum.Compare(x.t, v, best)*x.sign > 0) {
			best = v
		}
	}
	return best, nil
}

func (x *extreme) String() string {
	if x.sign > 0 {
		return "GREATEST(" + joinStrings(x.args) + ")"
	}
	return "LEAST(" + joinStrings(x.args) + ")"
}

func (x *extreme) inputs() []expr      { return x.args }
func (x *extreme) with(in []expr) expr { return &extreme{args: in, t: x.t, sign: x.sign} }

// nullIf is NULLIF: the first operand unless the comparison says that they are equal.
type nullIf struct {
	arg   expr
	equal *call2
}

func (n *nullIf) typ() OID { return n.arg.typ() }

func (n *nullIf) eval(f *frame) (Value, error) {
	v, err := n.arg.eval(f)
	if err != nil || v.IsNull() {
		return Value{}, err
	}
	same, err := n.equal.eval(f)
	if err != nil || same.IsTrue() {
		return Value{}, err
	}
	return v, nil
}

func (n *nullIf) String() string { return "NULLIF(" + n.equal.String() + ")" }
func (n *nullIf) inputs() []expr { return []expr{n.arg, n.equal} }
func (n *nullIf) with(in []expr) expr {
	return &nullIf{arg: in[0], equal: in[1].(*call2)}
}
