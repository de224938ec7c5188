package query

import (
	"context"
)

// plan is a node of a plan. It holds no state of an execution: open may be called many
// times, also while rows of an earlier open are still read. outer is the frame of the
// enclosing query's row, nil at the top.
type plan interface {
	open(r *run, outer *frame) (Rows, error)
	// children are the inputs, for EXPLAIN and for walking.
	children() []plan
}

// base is what most iterators are made of: a row and an error.
type base struct {
	row []Value
	err error
}

func (b *base) Row() []Value { return b.row }
func (b *base) Err() error   { return b.err }

func (b *base) fail(err error) bool {
	b.err = err
	return false
}

// oneRow is the FROM of a SELECT without FROM: one row without columns.
type oneRow struct{}

func (oneRow) open(*run, *frame) (Rows, error) { return &sliceRows{rows: [][]Value{{}}}, nil }
func (oneRow) children() []plan                { return nil }

// framed opens its input one frame further in: what stands in FROM is analyzed with a
// scope for its left siblings around it, and that scope's frame is there even if unused.
type framed struct{ input plan }

func (n *framed) open(r *run, outer *frame) (Rows, error) {
	return n.input.open(r, &frame{outer: outer, run: r})
}
func (n *framed) children() []plan { return []plan{n.input} }

// filterNode keeps the rows for which cond is true.
type filterNode struct {
	input plan
	cond  expr
}

func (n *filterNode) children() []plan { return []plan{n.input} }

func (n *filterNode) open(r *run, outer *frame) (Rows, error) {
	in, err := n.input.open(r, outer)
	if err != nil {
		return nil, err
	}
	return &filterRows{Rows: in, cond: n.cond, f: frame{outer: outer, run: r}}, nil
}

type filterRows struct {
	Rows
	cond expr
	f    frame
	err  error
}

func (it *filterRows) Next(ctx context.Context) bool {
	for it.Rows.Next(ctx) {
		it.f.row = it.Rows.Row()
		v, err := it.cond.eval(&it.f)
		if err == nil {
			err = it.f.run.tick()
		}
		if err != nil {
			it.err = err
			return false
		}
		if v.IsTrue() {
			return true
		}
	}
	return false
}

func (it *filterRows) Err() error {
	if it.err != nil {
		return it.err
	}
	return it.Rows.Err()
}

// projectNode computes a row of expressions.
type projectNode struct {
	input plan
	exprs []expr
}

func (n *projectNode) children() []plan { return []plan{n.input} }

func (n *projectNode) open(r *run, outer *frame) (Rows, error) {
	in, err := n.input.open(r, outer)
	if err != nil {
		return nil, err
	}
	return &projectRows{in: in, exprs: n.exprs, f: frame{outer: outer, run: r},
		base: base{row: make([]Value, len(n.exprs))}}, nil
}

type projectRows struct {
	base
	in    Rows
	exprs []expr
	f     frame
}

func (it *projectRows) Next(ctx context.Context) bool {
	if !it.in.Next(ctx) {
		return it.fail(it.in.Err())
	}
	it.f.row = it.in.Row()
	if err := evalRow(it.exprs, &it.f, it.row); err != nil {
		return it.fail(err)
	}
	return true
}

func (it *projectRows) Close() error { return it.in.Close() }

// cutNode drops the columns behind the first width ones: sort keys that were not selected.
type cutNode struct {
	input plan
	width int
}

func (n *cutNode) children() []plan { return []plan{n.input} }

func (n *cutNode) open(r *run, outer *frame) (Rows, error) {
	in, err := n.input.open(r, outer)
	if err != nil {
		return nil, err
	}
	return &cutRows{Rows: in, width: n.width}, nil
}

type cutRows struct {
	Rows
	width int
}

func (it *cutRows) Row() []Value { return it.Rows.Row()[:it.width] }

// valuesNode makes the rows of VALUES.
type valuesNode struct{ rows [][]expr }

func (n *valuesNode) children() []plan { return nil }

func (n *valuesNode) open(r *run, outer *frame) (Rows, error) {
	return &valuesRows{rows: n.rows, f: frame{outer: outer, run: r}}, nil
}

type valuesRows struct {
	base
	rows [][]expr
	f    frame
}

func (it *valuesRows) Next(ctx context.Context) bool {
	if len(it.rows) == 0 {
		return false
	}
	exprs := it.rows[0]
	it.rows = it.rows[1:]
	if it.row == nil {
		it.row = make([]Value, len(exprs))
	}
	if err := evalRow(exprs, &it.f, it.row); err != nil {
		return it.fail(err)
	}
	return true
}

func (it *valuesRows) Close() error { return nil }

// push applies conditions to the rows of p, as far down as they keep their meaning: into
// the bounds of scans and the keys of joins.
func push(p plan, conds []expr) plan {
	if len(conds) == 0 {
		return p
	}
	var down, here, once []expr
	for _, c := range conds {
		if fixed, ok := c.(*constant); ok && !fixed.value.IsTrue() {
			return &emptyNode{input: p}
		}
		_, scans := p.(*scanNode)
		switch {
		case isFixed(c) && !hasSubquery(c):
			once = append(once, c)
		case hasSubquery(c) && (!scans || correlates(c)) || isVolatile(c):
			here = append(here, c)
		default:
			down = append(down, c)
		}
	}
	if len(down) > 0 {
		p = pushSimple(p, down)
	}
	p = filtered(p, here)
	if len(once) > 0 {
		p = &gateNode{input: p, cond: conjunction(once)}
	}
	return p
}

// gateNode has the rows of its input if cond, which reads none of them, is true; else the
// input is not opened.
type gateNode struct {
	input plan
	cond  expr
}

func (n *gateNode) children() []plan { return []plan{n.input} }

func (n *gateNode) open(r *run, outer *frame) (Rows, error) {
	v, err := n.cond.eval(&frame{outer: outer, run: r})
	switch {
	case err != nil:
		return nil, err
	case v.IsTrue():
		return n.input.open(r, outer)
	}
	return &sliceRows{}, nil
}

// emptyNode has no rows: a condition is never true, and nothing else is evaluated.
type emptyNode struct{ input plan }

func (n *emptyNode) children() []plan { return []plan{n.input} }

func (n *emptyNode) open(*run, *frame) (Rows, error) { return &sliceRows{}, nil }

func filtered(p plan, conds []expr) plan {
	if len(conds) == 0 {
		return p
	}
	return &filterNode{input: p, cond: conjunction(conds)}
}

func pushSimple(p plan, conds []expr) plan {
	switch n := p.(type) {
	case *scanNode:
		return n.restrict(conds)
	case *framed:
		deeper := make([]expr, len(conds))
		for i, c := range conds {
			deeper[i] = deepen(c)
		}
		return &framed{input: pushSimple(n.input, deeper)}
	case *joinNode:
		return n.restrict(conds)
	case *gateNode:
		return &gateNode{input: pushSimple(n.input, conds), cond: n.cond}
	case *projectNode:
		return n.restrict(conds)
	}
	return filtered(p, conds)
}

// restrict pushes conditions on columns that are only handed through.
func (n *projectNode) restrict(conds []expr) plan {
	var down, above []expr
	for _, c := range conds {
		computed := false
		below := rewrite(c, func(e expr) expr {
			ref, ok := e.(*column)
			if !ok {
				return nil
			}
			if in, ok := n.exprs[ref.index].(*column); ok {
				return in
			}
			computed = true
			return e
		})
		if computed {
			above = append(above, c)
		} else {
			down = append(down, below)
		}
	}
	return filtered(&projectNode{input: push(n.input, down), exprs: n.exprs}, above)
}

// deepen makes an expression for one frame further in.
func deepen(e expr) expr {
	return rewrite(e, func(e expr) expr {
		if c, ok := e.(*outerColumn); ok {
			out := *c
			out.level++
			return &out
		}
		return nil
	})
}
