package query

import (
	"strconv"

	"walle/pgfront/query/datum"
)

// rowExpr is ROW(…) or the row of a relation.
type rowExpr struct {
	args  []expr
	names []string // nil for ROW(…): f1, f2 …
}

func (r *rowExpr) typ() OID { return datum.RecordOID }

func (r *rowExpr) eval(f *frame) (Value, error) {
	rec := &datum.Record{Types: typesOf(r.args), Names: r.names, Fields: make([]Value, len(r.args))}
	if err := evalAll(r.args, f, rec.Fields); err != nil {
		return Value{}, err
	}
	return datum.RecordValue(rec), nil
}

func (r *rowExpr) String() string      { return "ROW(" + joinStrings(r.args) + ")" }
func (r *rowExpr) inputs() []expr      { return r.args }
func (r *rowExpr) with(in []expr) expr { return &rowExpr{args: in, names: r.names} }

// rowComparison is (a, b) < (c, d): the first pair that is not equal decides.
type rowComparison struct {
	boolean
	name   string
	equals []expr // one for each pair
	last   []expr // the strict comparison of each pair
	allow  bool   // whether equal rows satisfy the operator
}

func (r *rowComparison) eval(f *frame) (Value, error) {
	for i, equal := range r.equals {
		v, err := equal.eval(f)
		if err != nil || v.IsNull() {
			return Value{}, err
		}
		if !v.Bool() {
			return r.last[i].eval(f)
		}
	}
	return datum.Bool(r.allow), nil
}

func (r *rowComparison) String() string {
	return "ROW" + r.name + "(" + joinStrings(r.equals) + ")"
}
func (r *rowComparison) inputs() []expr { return append(append([]expr(nil), r.equals...), r.last...) }
func (r *rowComparison) with(in []expr) expr {
	n := len(r.equals)
	return &rowComparison{name: r.name, equals: in[:n], last: in[n:], allow: r.allow}
}

// rowOperator compares two row constructors; nil if the operands are not both such.
func (a *analyzer) rowOperator(name string, left, right expr, at int32) (expr, error) {
	l, ok1 := left.(*rowExpr)
	r, ok2 := right.(*rowExpr)
	if !ok1 || !ok2 {
		return nil, nil
	}
	if len(l.args) != len(r.args) {
		return nil, datum.Errorf("42601", "unequal number of entries in row expressions").At(at)
	}
	if len(l.args) == 0 {
		return nil, datum.Errorf("0A000", "cannot compare rows of zero length").At(at)
	}
	pairs := func(name string) ([]expr, error) {
		list := make([]expr, len(l.args))
		for i := range l.args {
			e, err := a.binary(name, l.args[i], r.args[i], at)
			if err != nil {
				return nil, err
			}
			list[i] = e
		}
		return list, nil
	}
	switch name {
	case "=", "<>":
		list, err := pairs(name)
		return &junction{or: name == "<>", args: list}, err
	case "<", "<=", ">", ">=":
		equals, err := pairs("=")
		if err != nil {
			return nil, err
		}
		last, err := pairs(name[:1])
		return &rowComparison{name: name, equals: equals, last: last, allow: len(name) == 2}, err
	}
	return nil, datum.Errorf("0A000", "could not determine interpretation of row comparison operator %s", name).
		WithHint("Row comparison operators must be associated with btree operator families.").At(at)
}

// fieldSelect is (record).name, when the record's shape is known only as it is evaluated.
type fieldSelect struct {
	arg   expr
	index int
	name  string
	t     OID
}

func (s *fieldSelect) typ() OID { return s.t }

func (s *fieldSelect) eval(f *frame) (Value, error) {
	v, err := s.arg.eval(f)
	if err != nil || v.IsNull() {
		return Value{}, err
	}
	return v.Record().Fields[s.index], nil
}

func (s *fieldSelect) String() string { return "(" + s.arg.String() + ")." + s.name }
func (s *fieldSelect) inputs() []expr { return []expr{s.arg} }
func (s *fieldSelect) with(in []expr) expr {
	return &fieldSelect{arg: in[0], index: s.index, name: s.name, t: s.t}
}

// field analyzes (base).name.
func (a *analyzer) field(base expr, name string, at int32) (expr, error) {
	if r, ok := base.(*rowExpr); ok {
		for i, n := range r.fieldNames() {
			if n == name {
				return r.args[i], nil
			}
		}
		return nil, datum.Errorf("42703", "could not identify column \"%s\" in record data type", name).At(at)
	}
	if shape := recordShape(base); shape != nil {
		for i, c := range shape {
			if c.name == name {
				return &fieldSelect{arg: base, index: i, name: name, t: c.t}, nil
			}
		}
		return nil, datum.Errorf("42703", "could not identify column \"%s\" in record data type", name).At(at)
	}
	return nil, datum.Errorf("42809", "column notation .%s applied to type %s, which is not a composite type",
		name, datum.TypeName(base.typ())).At(at)
}

func (r *rowExpr) fieldNames() []string {
	if r.names != nil {
		return r.names
	}
	names := make([]string, len(r.args))
	for i := range names {
		names[i] = "f" + strconv.Itoa(i+1)
	}
	return names
}

// recordShape returns the fields of a record that a function or a subquery returns, nil if unknown.
func recordShape(e expr) []outColumn {
	switch e := e.(type) {
	case *computed:
		return e.shape
	case *column:
		return e.shape
	}
	return nil
}
