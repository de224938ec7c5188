package query

import (
	"context"

	"walle/pgfront/query/datum"
)

// cte is a WITH query.
type cte struct {
	name    string
	columns []outColumn
	q       *query
	uses    int
	// recursive is set for a reference to itself while it is analyzed.
	recursive *recursion
}

// cteNode reads a WITH query. Its plan was analyzed levels frames further out.
type cteNode struct {
	cte    *cte
	levels int
}

func (n *cteNode) children() []plan { return []plan{n.cte.q.plan} }

func (n *cteNode) open(r *run, outer *frame) (Rows, error) {
	for range n.levels {
		outer = outer.outer
	}
	if n.cte.uses < 2 || n.cte.q.correlated {
		return n.cte.q.plan.open(r, outer)
	}
	v, err := r.share(n.cte, func() (any, error) {
		in, err := n.cte.q.plan.open(r, outer)
		return &sharedRows{in: in, budget: r.budget("WITH query")}, err
	})
	if err != nil {
		return nil, err
	}
	return &cteRows{of: v.(*sharedRows)}, nil
}

// sharedRows are the rows of a WITH query that is read in several places. They are kept as far
// as any of its readers has come, so that one without an end can be read under LIMIT.
type sharedRows struct {
	in     Rows
	rows   [][]Value
	budget budget
	err    error
}

// row returns row i; ok is false if there are not so many, or at an error.
func (s *sharedRows) row(ctx context.Context, i int) (row []Value, ok bool) {
	for i >= len(s.rows) {
		if s.err != nil || !s.in.Next(ctx) {
			if s.err == nil {
				s.err = s.in.Err()
			}
			return nil, false
		}
		if s.err = s.budget.add(s.in.Row()); s.err != nil {
			return nil, false
		}
		s.rows = append(s.rows, datum.CloneRow(s.in.Row()))
	}
	return s.rows[i], true
}

func (s *sharedRows) Close() error { return s.in.Close() }

// cteRows is one reader.
type cteRows struct {
	of   *sharedRows
	next int
	row  []Value
}

func (it *cteRows) Next(ctx context.Context) (ok bool) {
	it.row, ok = it.of.row(ctx, it.next)
	it.next++
	return ok
}

func (it *cteRows) Row() []Value { return it.row }
func (it *cteRows) Err() error   { return it.of.err }
func (it *cteRows) Close() error { return nil } // it is the run's

// readAll keeps all rows of a plan in memory.
func readAll(p plan, r *run, outer *frame, what string) ([][]Value, error) {
	in, err := p.open(r, outer)
	if err != nil {
		return nil, err
	}
	var rows [][]Value
	b := r.budget(what)
	for err == nil && in.Next(r.ctx) {
		rows = append(rows, datum.CloneRow(in.Row()))
		if err = b.add(in.Row()); err == nil {
			err = r.tick()
		}
	}
	if err == nil {
		err = in.Err()
	}
	if cerr := in.Close(); err == nil {
		err = cerr
	}
	return rows, err
}

// recursion is what the two sides of a recursive query share.
type recursion struct{ types []OID }

// workNode reads the rows that the previous step of a recursion made.
type workNode struct{ of *recursion }

func (n *workNode) children() []plan { return nil }

func (n *workNode) open(r *run, _ *frame) (Rows, error) {
	rows, ok := r.shared[n.of].([][]Value)
	if !ok {
		return nil, datum.Errorf("XX000", "recursive reference outside of its query")
	}
	return &sliceRows{rows: rows}, nil
}

// recursiveNode is WITH RECURSIVE: start, then step over the rows of the last step until
// there are none. Without all, rows that were there before are dropped.
type recursiveNode struct {
	start, step plan
	all         bool
	of          *recursion
}

func (n *recursiveNode) children() []plan { return []plan{n.start, n.step} }

func (n *recursiveNode) open(r *run, outer *frame) (Rows, error) {
	it := &recursiveRows{node: n, run: r, outer: outer, seen: map[string]struct{}{}, budget: r.budget("recursive query")}
	first, err := readAll(n.start, r, outer, "recursive query")
	if err != nil {
		return nil, err
	}
	it.work, err = it.fresh(first)
	it.rows = it.work
	return it, err
}

type recursiveRows struct {
	base
	node   *recursiveNode
	run    *run
	outer  *frame
	seen   map[string]struct{}
	budget budget
	work   [][]Value // made by the last step
	rows   [][]Value // of work, not yet read
}

// fresh drops the rows that were seen before, unless ALL.
func (it *recursiveRows) fresh(rows [][]Value) ([][]Value, error) {
	if it.node.all {
		return rows, nil
	}
	var out [][]Value
	for _, row := range rows {
		var key []byte
		for i, t := range it.node.of.types {
			key = datum.AppendKey(key, t, row[i])
		}
		if _, ok := it.seen[string(key)]; ok {
			continue
		}
		it.seen[string(key)] = struct{}{}
		if err := it.budget.addBytes(int64(len(key)) + 64); err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, nil
}

func (it *recursiveRows) Next(context.Context) bool {
	for len(it.rows) == 0 {
		if len(it.work) == 0 {
			return false
		}
		if err := it.run.ctx.Err(); err != nil {
			return it.fail(err)
		}
		if err := it.advance(); err != nil {
			return it.fail(err)
		}
	}
	it.row, it.rows = it.rows[0], it.rows[1:]
	return true
}

// advance makes the next step from the rows of the last one.
func (it *recursiveRows) advance() error {
	if it.run.shared == nil {
		it.run.shared = map[any]any{}
	}
	it.run.shared[it.node.of] = it.work
	rows, err := readAll(it.node.step, it.run, it.outer, "recursive query")
	if err != nil {
		return err
	}
	it.work, err = it.fresh(rows)
	it.rows = it.work
	return err
}

func (it *recursiveRows) Close() error { return nil }
