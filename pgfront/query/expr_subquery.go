package query

import (
	"fmt"

	"walle/pgfront/query/datum"
)

// subplan is a query within an expression. Its plan is opened for each row if it refers to
// the row, else once in a run.
type subplan struct{ q *query }

func (s subplan) String() string { return fmt.Sprintf("(SubPlan %p)", s.q) }
func (s subplan) inputs() []expr { return nil }

func (s subplan) subquery() *query { return s.q }

// hasSubquery says whether e holds a subquery: such an expression stays at the level and
// place where it was analyzed.
func hasSubquery(e expr) bool {
	return contains(e, func(e expr) bool { return queryOf(e) != nil })
}

// queryOf returns the query of which e is an expression, nil if it is not one of a subquery.
func queryOf(e expr) *query {
	if s, ok := e.(interface{ subquery() *query }); ok {
		return s.subquery()
	}
	return nil
}

// correlates says whether a subquery within e has another value for each row.
func correlates(e expr) bool {
	return contains(e, func(e expr) bool {
		q := queryOf(e)
		return q != nil && q.correlated
	})
}

// each calls visit for the rows of the query until visit returns false.
func (s subplan) each(f *frame, visit func(row []Value) (bool, error)) (err error) {
	rows, err := s.q.plan.open(f.run, f)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := rows.Close(); err == nil {
			err = cerr
		}
	}()
	for rows.Next(f.run.ctx) {
		more, err := visit(rows.Row())
		if err != nil || !more {
			return err
		}
	}
	return rows.Err()
}

// once returns what compute returns, remembered for the run if the query is uncorrelated.
func (s subplan) once(f *frame, compute func() (Value, error)) (Value, error) {
	if s.q.correlated {
		return compute()
	}
	v, err := f.run.share(s.q, func() (any, error) { return compute() })
	if err != nil {
		return Value{}, err
	}
	return v.(Value), nil
}

type existsQuery struct {
	boolean
	subplan
}

func (x *existsQuery) with([]expr) expr { return x }

func (x *existsQuery) eval(f *frame) (Value, error) {
	return x.once(f, func() (Value, error) {
		found := false
		err := x.each(f, func([]Value) (bool, error) { found = true; return false, nil })
		return datum.Bool(found), err
	})
}

// scalarQuery is a subquery as a value: null without a row, an error with two.
type scalarQuery struct {
	subplan
	t      OID
	typmod int32
}

func (x *scalarQuery) typ() OID         { return x.t }
func (x *scalarQuery) with([]expr) expr { return x }

func (x *scalarQuery) eval(f *frame) (Value, error) {
	return x.once(f, func() (Value, error) {
		var out Value
		n := 0
		err := x.each(f, func(row []Value) (bool, error) {
			if n++; n > 1 {
				return false, manyRows()
			}
			out = row[0].Clone()
			return true, nil
		})
		return out, err
	})
}

// arrayQuery is ARRAY(SELECT …).
type arrayQuery struct {
	subplan
	elem OID
	t    OID
}

func (x *arrayQuery) typ() OID         { return x.t }
func (x *arrayQuery) with([]expr) expr { return x }

func (x *arrayQuery) eval(f *frame) (Value, error) {
	return x.once(f, func() (Value, error) {
		var elems []Value
		b := f.run.budget("array")
		err := x.each(f, func(row []Value) (bool, error) {
			elems = append(elems, row[0].Clone())
			return true, b.add(row[:1])
		})
		if err != nil {
			return Value{}, err
		}
		if len(elems) > 0 && x.q.columns[0].t == x.t {
			return stackArrays(x.elem, elems)
		}
		return datum.ArrayValue(datum.NewArray(x.elem, elems)), nil
	})
}

// quantifiedQuery is x op ANY/ALL (SELECT …); compare reads the query's row from slots.
type quantifiedQuery struct {
	boolean
	subplan
	compare  expr
	slots    []*slot
	all      bool
	hashable bool
}

func (x *quantifiedQuery) inputs() []expr { return []expr{x.compare} }
func (x *quantifiedQuery) with(in []expr) expr {
	out := *x
	out.compare = in[0]
	return &out
}

func (x *quantifiedQuery) String() string {
	return fmt.Sprintf("(%s ANY %s)", x.compare.String(), x.subplan.String())
}

func (x *quantifiedQuery) eval(f *frame) (Value, error) {
	if x.q.correlated {
		return x.search(f, func(visit func([]Value) (bool, error)) error { return x.each(f, visit) })
	}
	if c, ok := x.compare.(*call2); ok && x.hashable && c.right == expr(x.slots[0]) {
		return x.probe(f, c)
	}
	rows, err := x.materialize(f)
	if err != nil {
		return Value{}, err
	}
	return x.search(f, func(visit func([]Value) (bool, error)) error {
		for _, row := range rows {
			if more, err := visit(row); err != nil || !more {
				return err
			}
		}
		return nil
	})
}

// rowQuery is (x, y) op (SELECT …): null without a row, an error with two. compare reads the
// query's row from slots.
type rowQuery struct {
	boolean
	subplan
	compare expr
	slots   []*slot
}

func (x *rowQuery) inputs() []expr { return []expr{x.compare} }
func (x *rowQuery) with(in []expr) expr {
	out := *x
	out.compare = in[0]
	return &out
}

func (x *rowQuery) String() string { return "(" + x.compare.String() + " " + x.subplan.String() + ")" }

func (x *rowQuery) eval(f *frame) (Value, error) {
	row, err := x.row(f)
	if err != nil || row == nil {
		return Value{}, err
	}
	for i, s := range x.slots {
		s.value = row[i]
	}
	return x.compare.eval(f)
}

func (x *rowQuery) row(f *frame) ([]Value, error) {
	read := func() (any, error) {
		var out []Value
		err := x.each(f, func(row []Value) (bool, error) {
			if out != nil {
				return false, manyRows()
			}
			out = datum.CloneRow(row)
			return true, nil
		})
		return out, err
	}
	var v any
	var err error
	if x.q.correlated {
		v, err = read()
	} else {
		v, err = f.run.share(x.q, read)
	}
	if err != nil {
		return nil, err
	}
	return v.([]Value), nil
}

func manyRows() error {
	return datum.Errorf("21000", "more than one row returned by a subquery used as an expression")
}

// search compares with one row after the other.
func (x *quantifiedQuery) search(f *frame, each func(func([]Value) (bool, error)) error) (Value, error) {
	result, unknown := datum.Bool(x.all), false
	err := each(func(row []Value) (bool, error) {
		for i, s := range x.slots {
			s.value = row[i]
		}
		v, err := x.compare.eval(f)
		switch {
		case err != nil:
			return false, err
		case v.IsNull():
			unknown = true
		case v.Bool() != x.all:
			result, unknown = v, false
			return false, nil
		}
		return true, nil
	})
	if err != nil || unknown {
		return Value{}, err
	}
	return result, nil
}

func (x *quantifiedQuery) materialize(f *frame) ([][]Value, error) {
	v, err := f.run.share(x.q, func() (any, error) {
		var rows [][]Value
		b := f.run.budget("subquery")
		err := x.each(f, func(row []Value) (bool, error) {
			rows = append(rows, datum.CloneRow(row))
			return true, b.add(row)
		})
		return rows, err
	})
	if err != nil {
		return nil, err
	}
	return v.([][]Value), nil
}

// hashedRows are the values of an uncorrelated IN subquery.
type hashedRows struct {
	keys    map[string]struct{}
	hasNull bool
}

// probe looks x up among the hashed values of the subquery.
func (x *quantifiedQuery) probe(f *frame, c *call2) (Value, error) {
	t := c.right.typ()
	v, err := f.run.share(x.q, func() (any, error) {
		h := &hashedRows{keys: map[string]struct{}{}}
		b := f.run.budget("subquery")
		err := x.each(f, func(row []Value) (bool, error) {
			if row[0].IsNull() {
				h.hasNull = true
				return true, nil
			}
			h.keys[string(datum.AppendKey(nil, t, row[0]))] = struct{}{}
			return true, b.add(row)
		})
		return h, err
	})
	if err != nil {
		return Value{}, err
	}
	h := v.(*hashedRows)
	left, err := c.left.eval(f)
	if err != nil {
		return Value{}, err
	}
	if len(h.keys) == 0 && !h.hasNull {
		return datum.Bool(false), nil
	}
	if left.IsNull() {
		return Value{}, nil
	}
	if _, ok := h.keys[string(datum.AppendKey(nil, c.left.typ(), left))]; ok {
		return datum.Bool(true), nil
	}
	if h.hasNull {
		return Value{}, nil
	}
	return datum.Bool(false), nil
}
