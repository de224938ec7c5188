package query

import (
	"slices"

	"walle/pgfront/query/datum"
)

// windowFunc is the shape of window functions: their value for the current row.
type windowFunc = func(*window) (Value, error)

// window is what a window function sees: the partition, where the current row and its peers
// are in it, and its frame.
type window struct {
	call       *windowCall
	rows       [][]Value
	f          frame
	current    int
	peersStart int     // the first row equal to the current one in ORDER BY
	peersEnd   int     // behind the last such row
	groups     int     // how many groups of peers came before
	from, to   int     // the frame, to excluded
	buckets    Value   // of ntile
	bucketed   int     // the row that told how many
	keys       []Value // the first value of ORDER BY of each row, in mode RANGE with an offset
}

// arg evaluates an argument over the row at index i of the partition.
func (w *window) arg(n, i int) (Value, error) {
	w.f.row = w.rows[i]
	return w.call.args[n].eval(&w.f)
}

// windowNode computes window functions: it keeps the whole input, sorts it for each
// function, and appends the results to the rows.
type windowNode struct {
	input plan
	width int
	calls []*windowCall
}

func newWindowNode(input plan, width int, calls []*windowCall) *windowNode {
	return &windowNode{input: input, width: width, calls: calls}
}

func (n *windowNode) children() []plan { return []plan{n.input} }

func (n *windowNode) open(r *run, outer *frame) (Rows, error) {
	rows, err := readAll(n.input, r, outer, "window")
	if err != nil {
		return nil, err
	}
	for i, row := range rows {
		rows[i] = append(row[:n.width:n.width], make([]Value, len(n.calls))...)
	}
	for _, c := range n.calls {
		if rows, err = c.compute(rows, frame{outer: outer, run: r}); err != nil {
			return nil, err
		}
	}
	return &sliceRows{rows: rows}, nil
}

// compute sorts the rows by partition and order, and fills the call's column.
func (c *windowCall) compute(rows [][]Value, f frame) ([][]Value, error) {
	keys := make([]sortKey, 0, len(c.partition)+len(c.order))
	for _, e := range c.partition {
		keys = append(keys, sortKey{e: e})
	}
	keys = append(keys, c.order...)
	s := sorter{by: keys}
	for i, row := range rows {
		item := sorted{row: row, keys: make([]Value, len(keys)), seq: i}
		f.row = row
		for k := range keys {
			v, err := keys[k].e.eval(&f)
			if err != nil {
				return nil, err
			}
			item.keys[k] = v
		}
		s.rows = append(s.rows, item)
	}
	slices.SortFunc(s.rows, s.cmp)
	out := make([][]Value, len(rows))
	for i, item := range s.rows {
		out[i] = item.row
	}
	for start := 0; start < len(out); {
		end := start + 1
		for end < len(out) && compareKeys(keys[:len(c.partition)], s.rows[start].keys, s.rows[end].keys) == 0 {
			end++
		}
		if err := c.partitionValues(s.rows[start:end], out[start:end], f); err != nil {
			return nil, err
		}
		start = end
	}
	return out, nil
}

// partitionValues fills the column for the rows of one partition.
func (c *windowCall) partitionValues(items []sorted, rows [][]Value, f frame) error {
	w := &window{call: c, rows: rows, f: f}
	if c.frame.start.distance != nil || c.frame.end.distance != nil {
		for _, item := range items {
			w.keys = append(w.keys, item.keys[len(c.partition)])
		}
	}
	peers := peerStarts(items, len(c.partition), c.order)
	var state *aggState
	var b budget // of state
	added := 0
	for i := range rows {
		if err := f.run.tick(); err != nil {
			return err
		}
		w.current = i
		w.groups, _ = slices.BinarySearch(peers, i+1)
		w.groups--
		w.peersStart, w.peersEnd = peers[w.groups], len(rows)
		if w.groups+1 < len(peers) {
			w.peersEnd = peers[w.groups+1]
		}
		if err := w.setFrame(peers); err != nil {
			return err
		}
		v, err := Value{}, error(nil)
		if c.agg == nil {
			v, err = c.fn(w)
		} else {
			if state == nil || !c.frame.start.unbounded || c.frame.exclude != excludeNone || w.to < added {
				state, added, b = c.newState(), w.from, f.run.budget("window")
			}
			for ; added < w.to && err == nil; added++ {
				if w.excluded(added) {
					continue
				}
				if err := f.run.tick(); err != nil {
					return err
				}
				w.f.row = rows[added]
				err = state.add(&w.f, &b)
			}
			if err == nil {
				state.info.run = f.run
				v, err = state.agg.result(&state.info)
			}
		}
		if err != nil {
			return err
		}
		rows[i][c.slot] = v
	}
	return nil
}

func (c *windowCall) newState() *aggState {
	return &aggState{call: c.agg, agg: c.agg.make(), args: make([]Value, len(c.args)), info: call{types: typesOf(c.args)}}
}

// peerStarts returns the index of the first row of each group of peers.
func peerStarts(items []sorted, skip int, order []sortKey) []int {
	starts := []int{0}
	for i := 1; i < len(items); i++ {
		if len(order) > 0 && compareKeys(order, items[i-1].keys[skip:], items[i].keys[skip:]) != 0 {
			starts = append(starts, i)
		}
	}
	return starts
}

// setFrame finds the frame of the current row.
func (w *window) setFrame(peers []int) error {
	from, err := w.edge(w.call.frame.start, peers, true)
	if err != nil {
		return err
	}
	to, err := w.edge(w.call.frame.end, peers, false)
	if err != nil {
		return err
	}
	w.from = min(max(from, 0), len(w.rows))
	w.to = max(min(to, len(w.rows)), w.from)
	return nil
}

// edge returns the first row of the frame, or the one behind its last.
func (w *window) edge(b frameBound, peers []int, start bool) (int, error) {
	if b.unbounded {
		if start {
			return 0, nil
		}
		return len(w.rows), nil
	}
	if b.distance != nil {
		return w.rangeEdge(b, start)
	}
	n := 0
	if b.offset != nil {
		v, err := b.offset.eval(&w.f)
		if err != nil {
			return 0, err
		}
		word := map[bool]string{true: "starting", false: "ending"}[start]
		if v.IsNull() {
			return 0, datum.Errorf("22004", "frame %s offset must not be null", word)
		}
		if v.Int() < 0 {
			return 0, datum.Errorf("22013", "frame %s offset must not be negative", word)
		}
		n = int(min(v.Int(), int64(len(w.rows))))
		if b.preceding {
			n = -n
		}
	}
	switch w.call.frame.mode {
	case rowsFrame:
		if start {
			return w.current + n, nil
		}
		return w.current + n + 1, nil
	case groupsFrame:
		g := w.groups + n
		if !start {
			g++
		}
		switch {
		case g < 0:
			return 0, nil
		case g >= len(peers):
			return len(w.rows), nil
		}
		return peers[g], nil
	}
	if start {
		return w.peersStart, nil
	}
	return w.peersEnd, nil
}
