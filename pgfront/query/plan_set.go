package query

import (
	"context"

	"walle/pgfront/query/datum"
)

// appendNode is UNION ALL.
type appendNode struct{ inputs []plan }

func (n *appendNode) children() []plan { return n.inputs }

func (n *appendNode) open(r *run, outer *frame) (Rows, error) {
	return &appendRows{inputs: n.inputs, run: r, outer: outer}, nil
}

type appendRows struct {
	inputs []plan
	run    *run
	outer  *frame
	in     Rows
	err    error
}

func (it *appendRows) Next(ctx context.Context) bool {
	for it.err == nil {
		if it.in == nil {
			if len(it.inputs) == 0 {
				return false
			}
			it.in, it.err = it.inputs[0].open(it.run, it.outer)
			it.inputs = it.inputs[1:]
			continue
		}
		if it.in.Next(ctx) {
			return true
		}
		it.err = it.in.Err()
		if cerr := it.in.Close(); it.err == nil {
			it.err = cerr
		}
		it.in = nil
	}
	return false
}

func (it *appendRows) Row() []Value { return it.in.Row() }
func (it *appendRows) Err() error   { return it.err }
func (it *appendRows) Close() error {
	if it.in == nil {
		return nil
	}
	return it.in.Close()
}

// combineNode is INTERSECT or EXCEPT, ALL or not: the right input is counted by row.
type combineNode struct {
	left, right plan
	except, all bool
	types       []OID
}

func (n *combineNode) children() []plan { return []plan{n.left, n.right} }

func (n *combineNode) open(r *run, outer *frame) (Rows, error) {
	counts, err := n.count(r, outer)
	if err != nil {
		return nil, err
	}
	left, err := n.left.open(r, outer)
	if err != nil {
		return nil, err
	}
	return &combineRows{Rows: left, node: n, run: r, counts: counts, emitted: map[string]struct{}{}, budget: r.budget("set operation")}, nil
}

func (n *combineNode) key(buf []byte, row []Value) []byte {
	for i, t := range n.types {
		buf = datum.AppendKey(buf, t, row[i])
	}
	return buf
}

func (n *combineNode) count(r *run, outer *frame) (map[string]int, error) {
	in, err := n.right.open(r, outer)
	if err != nil {
		return nil, err
	}
	counts, b := map[string]int{}, r.budget("set operation")
	var buf []byte
	for err == nil && in.Next(r.ctx) {
		buf = n.key(buf[:0], in.Row())
		if counts[string(buf)]++; counts[string(buf)] == 1 {
			err = b.addBytes(int64(len(buf)) + 64)
		}
	}
	if err == nil {
		err = in.Err()
	}
	if cerr := in.Close(); err == nil {
		err = cerr
	}
	return counts, err
}

type combineRows struct {
	Rows
	node    *combineNode
	run     *run
	counts  map[string]int
	emitted map[string]struct{}
	budget  budget
	buf     []byte
	err     error
}

func (it *combineRows) Next(ctx context.Context) bool {
	for it.Rows.Next(ctx) {
		if it.err = it.run.tick(); it.err != nil {
			return false
		}
		it.buf = it.node.key(it.buf[:0], it.Rows.Row())
		there := it.counts[string(it.buf)] > 0
		if it.node.all && there {
			it.counts[string(it.buf)]--
		}
		if there == it.node.except {
			continue
		}
		if it.node.all {
			return true
		}
		if _, done := it.emitted[string(it.buf)]; done {
			continue
		}
		it.emitted[string(it.buf)] = struct{}{}
		it.err = it.budget.addBytes(int64(len(it.buf)) + 64)
		return it.err == nil
	}
	return false
}

func (it *combineRows) Err() error {
	if it.err != nil {
		return it.err
	}
	return it.Rows.Err()
}

// expandNode runs the set-returning functions of a select list in step: a row for each of
// their rows, null for those that have ended, until all have.
type expandNode struct {
	input plan
	width int
	calls []*setCall
}

func (n *expandNode) children() []plan { return []plan{n.input} }

func (n *expandNode) open(r *run, outer *frame) (Rows, error) {
	in, err := n.input.open(r, outer)
	if err != nil {
		return nil, err
	}
	it := &expandRows{node: n, in: in, f: frame{outer: outer, run: r}}
	it.row = make([]Value, n.width+len(n.calls))
	return it, nil
}

type expandRows struct {
	base
	node *expandNode
	in   Rows
	f    frame
	sets []setRows // nil between input rows
}

func (it *expandRows) Next(ctx context.Context) bool {
	for {
		if err := it.f.run.tick(); err != nil {
			return it.fail(err)
		}
		if it.sets == nil {
			if !it.in.Next(ctx) {
				return it.fail(it.in.Err())
			}
			if err := it.start(); err != nil {
				return it.fail(err)
			}
		}
		any, err := it.step()
		if err != nil {
			return it.fail(err)
		}
		if any {
			return true
		}
		it.sets = nil
	}
}

func (it *expandRows) start() error {
	it.f.row = it.in.Row()
	copy(it.row, it.f.row)
	for _, c := range it.node.calls {
		rows, err := c.rows(&it.f)
		if err != nil {
			return err
		}
		it.sets = append(it.sets, rows)
	}
	return nil
}

func (it *expandRows) step() (any bool, err error) {
	for i, set := range it.sets {
		it.row[it.node.width+i] = Value{}
		row, ok, err := set()
		if err != nil {
			return false, err
		}
		if !ok {
			it.sets[i] = noRows
			continue
		}
		any = true
		it.row[it.node.width+i] = it.node.calls[i].value(row)
	}
	return any, nil
}

// value makes one value of a function's row: a record if it has several columns.
func (c *setCall) value(row []Value) Value {
	if len(c.shape) == 1 && c.info.result != datum.RecordOID {
		return row[0]
	}
	rec := &datum.Record{Fields: row}
	for _, col := range c.shape {
		rec.Types, rec.Names = append(rec.Types, col.t), append(rec.Names, col.name)
	}
	return datum.RecordValue(rec)
}

func (it *expandRows) Close() error { return it.in.Close() }

// functionNode is a set of functions in FROM, in step as ROWS FROM has them.
type functionNode struct {
	calls      []*setCall
	scalars    []expr // in the place of a call: a function that returns one row
	widths     []int
	ordinality bool
}

func (n *functionNode) children() []plan { return nil }

func (n *functionNode) open(r *run, outer *frame) (Rows, error) {
	it := &functionRows{node: n}
	f := &frame{outer: outer, run: r}
	width := 0
	for i, c := range n.calls {
		rows, err := n.rowsOf(i, c, f)
		if err != nil {
			return nil, err
		}
		it.sets = append(it.sets, rows)
		width += n.widths[i]
	}
	if n.ordinality {
		width++
	}
	it.run, it.row = r, make([]Value, width)
	return it, nil
}

func (n *functionNode) rowsOf(i int, c *setCall, f *frame) (setRows, error) {
	if c != nil {
		return c.rows(f)
	}
	v, err := n.scalars[i].eval(f)
	if err != nil {
		return nil, err
	}
	row := []Value{v}
	if v.Kind() == datum.KindRecord {
		row = v.Record().Fields
	}
	return rowsOnce(row), nil
}

func rowsOnce(row []Value) setRows {
	done := false
	return func() ([]Value, bool, error) {
		if done {
			return nil, false, nil
		}
		done = true
		return row, true, nil
	}
}

type functionRows struct {
	base
	node *functionNode
	run  *run
	sets []setRows
	n    int64
}

func (it *functionRows) Next(context.Context) bool {
	if err := it.run.tick(); err != nil {
		return it.fail(err)
	}
	any, at := false, 0
	for i, set := range it.sets {
		row, ok, err := set()
		if err != nil {
			return it.fail(err)
		}
		part := it.row[at : at+it.node.widths[i]]
		clear(part)
		if ok {
			any = true
			copy(part, row)
		} else {
			it.sets[i] = noRows
		}
		at += it.node.widths[i]
	}
	if it.n++; it.node.ordinality {
		it.row[at] = datum.Int(it.n)
	}
	return any
}

func (it *functionRows) Close() error { return nil }
