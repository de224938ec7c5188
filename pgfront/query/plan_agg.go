package query

import (
	"bytes"
	"context"
	"slices"

	"walle/pgfront/query/datum"
)

// aggregator computes one aggregate over the rows of one group.
type aggregator interface {
	add(c *call, args []Value) error
	result(c *call) (Value, error)
}

// aggNode groups its input. A row of its output is
//
//	a row of the group (width columns, only those of keep) | aggregates | keys | groupings
//
// so that expressions over the input, and subqueries that refer to its columns, still find
// what they read, as long as it is among the keys.
type aggNode struct {
	input plan
	width int
	calls []*aggCall
	keys  []expr
	keep  []bool
	// sets are the grouping sets, as indices into keys; one set of all keys for GROUP BY.
	sets [][]int
	// groupings are the keys that each GROUPING is about.
	groupings [][]int
	// grouped says that there is a GROUP BY: without rows there are then no groups.
	grouped bool
}

func (n *aggNode) children() []plan { return []plan{n.input} }

// What a group takes beside its row, and each of its aggregates: estimates.
const (
	groupSize = 96
	stateSize = 256
)

// group is one group of one grouping set.
type group struct {
	row  []Value // of the output
	aggs []*aggState
}

// aggState feeds one aggregator: DISTINCT and ORDER BY are seen to before it.
type aggState struct {
	call  *aggCall
	agg   aggregator
	info  call
	seen  map[string]struct{}
	rows  []sorted
	args  []Value
	order []Value
}

func (n *aggNode) open(r *run, outer *frame) (Rows, error) {
	in, err := n.input.open(r, outer)
	if err != nil {
		return nil, err
	}
	rows, err := n.collect(in, &frame{outer: outer, run: r})
	if cerr := in.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, err
	}
	return &sliceRows{rows: rows}, nil
}

// collect reads the input into groups and returns their output rows, in the order in which
// the groups appeared.
func (n *aggNode) collect(in Rows, f *frame) ([][]Value, error) {
	w := groupWork{node: n, f: f, budget: f.run.budget("aggregate"), keys: make([]Value, len(n.keys))}
	w.index, w.last = make([]map[string]*group, len(n.sets)), make([]lastGroup, len(n.sets))
	for i, set := range n.sets {
		w.index[i] = map[string]*group{}
		if len(set) == 0 && (!n.grouped || len(n.sets) > 1) {
			w.group(i, nil)
		}
	}
	for in.Next(f.run.ctx) {
		f.row = in.Row()
		if err := w.add(); err != nil {
			return nil, err
		}
	}
	if err := in.Err(); err != nil {
		return nil, err
	}
	out := make([][]Value, 0, len(w.groups))
	for _, g := range w.groups {
		f.row = g.row // what direct arguments may read
		for i, s := range g.aggs {
			v, err := s.finish(f)
			if err != nil {
				return nil, err
			}
			g.row[n.width+i] = v
		}
		out = append(out, g.row)
	}
	return out, nil
}

type groupWork struct {
	node   *aggNode
	f      *frame
	budget budget
	index  []map[string]*group // by key, for each set
	groups []*group
	last   []lastGroup // of each set
	keys   []Value
	buf    []byte
}

// lastGroup is the group of the last row: the next one is often of the same.
type lastGroup struct {
	key   []byte
	group *group
}

// add puts the frame's row into its group of each set.
func (w *groupWork) add() error {
	if err := w.f.run.tick(); err != nil {
		return err
	}
	n := w.node
	if err := evalAll(n.keys, w.f, w.keys); err != nil {
		return err
	}
	for i, set := range n.sets {
		w.buf = w.buf[:0]
		for _, k := range set {
			w.buf = datum.AppendKey(w.buf, n.keys[k].typ(), w.keys[k])
		}
		g, err := w.find(i)
		if err != nil {
			return err
		}
		for _, s := range g.aggs {
			if err := s.add(w.f, &w.budget); err != nil {
				return err
			}
		}
	}
	return nil
}

// find returns the group of a set whose key is in buf.
func (w *groupWork) find(set int) (*group, error) {
	last := &w.last[set]
	if last.group != nil && bytes.Equal(last.key, w.buf) {
		return last.group, nil
	}
	g := w.index[set][string(w.buf)]
	if g == nil {
		n := w.node
		g = w.group(set, w.buf)
		n.fill(g, n.sets[set], w.f.row, w.keys)
		if err := w.budget.add(g.row); err != nil {
			return nil, err
		}
		if err := w.budget.addBytes(int64(len(w.buf)) + groupSize + stateSize*int64(len(n.calls))); err != nil {
			return nil, err
		}
	}
	last.key, last.group = append(last.key[:0], w.buf...), g
	return g, nil
}

func (w *groupWork) group(set int, key []byte) *group {
	n := w.node
	first := n.width + len(n.calls) + len(n.keys)
	g := &group{row: make([]Value, first+len(n.groupings))}
	for i, keys := range n.groupings {
		g.row[first+i] = groupingValue(keys, n.sets[set])
	}
	for _, c := range n.calls {
		s := &aggState{call: c, agg: c.make(), args: make([]Value, len(c.args)), info: call{types: typesOf(c.args)}}
		if c.distinct {
			s.seen = map[string]struct{}{}
		}
		s.order = make([]Value, len(c.order))
		g.aggs = append(g.aggs, s)
	}
	w.index[set][string(key)] = g
	w.groups = append(w.groups, g)
	return g
}

// fill keeps what later expressions may read of the group's first row.
func (n *aggNode) fill(g *group, set []int, row, keys []Value) {
	for i, keep := range n.keep {
		if keep {
			g.row[i] = row[i].Clone()
		}
	}
	for k := range n.keys {
		if slices.Contains(set, k) {
			g.row[n.width+len(n.calls)+k] = keys[k].Clone()
		} else if c, ok := n.keys[k].(*column); ok {
			g.row[c.index] = Value{} // not a key of this grouping set
		}
	}
}

// add feeds the frame's row to the aggregate.
func (s *aggState) add(f *frame, b *budget) error {
	if s.call.filter != nil {
		v, err := s.call.filter.eval(f)
		if err != nil || !v.IsTrue() {
			return err
		}
	}
	if err := evalAll(s.call.args, f, s.args); err != nil {
		return err
	}
	if s.call.strict && slices.ContainsFunc(s.args, Value.IsNull) {
		return nil
	}
	if s.seen != nil && s.call.order == nil {
		fresh, err := s.fresh(b)
		if err != nil || !fresh {
			return err
		}
	}
	if s.call.order == nil {
		s.info.run, s.info.budget = f.run, b
		return s.agg.add(&s.info, s.args)
	}
	for i, k := range s.call.order {
		v, err := k.e.eval(f)
		if err != nil {
			return err
		}
		s.order[i] = v
	}
	s.rows = append(s.rows, sorted{row: datum.CloneRow(s.args), keys: datum.CloneRow(s.order), seq: len(s.rows)})
	return b.add(s.args)
}

// fresh says whether the arguments have not been seen before.
func (s *aggState) fresh(b *budget) (bool, error) {
	var key []byte
	for i, v := range s.args {
		key = datum.AppendKey(key, s.info.types[i], v)
	}
	if _, ok := s.seen[string(key)]; ok {
		return false, nil
	}
	s.seen[string(key)] = struct{}{}
	return true, b.addBytes(int64(len(key)) + 64)
}

func (s *aggState) finish(f *frame) (Value, error) {
	s.info.run = f.run
	if s.call.distinct && s.call.order == nil {
		return s.agg.result(&s.info)
	}
	order := sorter{rows: s.rows, by: s.call.order}
	slices.SortFunc(order.rows, order.cmp)
	b := f.run.budget("aggregate")
	s.info.budget = &b
	for _, r := range order.rows {
		copy(s.args, r.row)
		if s.call.distinct {
			fresh, err := s.fresh(&b)
			if err != nil {
				return Value{}, err
			}
			if !fresh {
				continue
			}
		}
		if err := s.agg.add(&s.info, s.args); err != nil {
			return Value{}, err
		}
	}
	if ordered, ok := s.agg.(orderedAggregator); ok {
		direct := make([]Value, len(s.call.direct))
		if err := evalAll(s.call.direct, f, direct); err != nil {
			return Value{}, err
		}
		if err := ordered.direct(direct); err != nil {
			return Value{}, err
		}
	}
	return s.agg.result(&s.info)
}

// rangeNode answers count(*), min(entry_id) and max(entry_id) over a bare range of a
// relation that can count without reading.
type rangeNode struct {
	scan  *scanNode
	stats RangeStats
	width int
	kinds []string // of each aggregate: count, min, max
}

func (n *rangeNode) children() []plan { return []plan{n.scan} }

// rangeOf returns the node that replaces an aggregation, nil if it has to be computed.
func rangeOf(n *aggNode) plan {
	scan, ok := n.input.(*scanNode)
	if !ok || n.grouped || len(n.calls) == 0 || len(scan.filter) > 0 || scan.follow || scan.from != nil {
		return nil
	}
	stats, ok := scan.rel.(RangeStats)
	if !ok || scan.rel.Desc().EntryID < 0 {
		return nil
	}
	out := &rangeNode{scan: scan, stats: stats, width: n.width}
	entryID := (&column{index: scan.rel.Desc().EntryID}).String()
	for _, c := range n.calls {
		switch c.text {
		case "count(*)", "count(" + entryID + ")":
			out.kinds = append(out.kinds, "count")
		case "min(" + entryID + ")":
			out.kinds = append(out.kinds, "min")
		case "max(" + entryID + ")":
			out.kinds = append(out.kinds, "max")
		default:
			return nil
		}
	}
	return out
}

func (n *rangeNode) open(r *run, outer *frame) (Rows, error) {
	spans, appended, err := n.scan.ranges(&frame{outer: outer, run: r})
	if err != nil {
		return nil, err
	}
	if !appended.Full() {
		spans = nil // only an empty span of time gets here: its conditions are filters
	}
	total := RangeCount{}
	for _, s := range spans {
		c, err := n.stats.CountRange(r.ctx, s)
		if err != nil {
			return nil, err
		}
		if c.Count == 0 {
			continue
		}
		if total.Count == 0 {
			total.Min = c.Min
		}
		total.Count, total.Max = total.Count+c.Count, c.Max
	}
	row := make([]Value, n.width+len(n.kinds))
	for i, kind := range n.kinds {
		switch {
		case kind == "count":
			row[n.width+i] = datum.Int(total.Count)
		case total.Count > 0 && kind == "min":
			row[n.width+i] = datum.Int(total.Min)
		case total.Count > 0:
			row[n.width+i] = datum.Int(total.Max)
		}
	}
	return &sliceRows{rows: [][]Value{row}}, nil
}

// distinctNode drops rows whose keys have been seen. With on, only these expressions count
// and the input is sorted by them.
type distinctNode struct {
	input plan
	types []OID  // of the row's first columns, which are compared
	on    []expr // DISTINCT ON
}

func (n *distinctNode) children() []plan { return []plan{n.input} }

func (n *distinctNode) open(r *run, outer *frame) (Rows, error) {
	in, err := n.input.open(r, outer)
	if err != nil {
		return nil, err
	}
	return &distinctRows{Rows: in, node: n, f: frame{outer: outer, run: r}, seen: map[string]struct{}{}, budget: r.budget("DISTINCT")}, nil
}

type distinctRows struct {
	Rows
	node   *distinctNode
	f      frame
	seen   map[string]struct{}
	budget budget
	key    []byte
	err    error
}

func (it *distinctRows) Next(ctx context.Context) bool {
	for it.Rows.Next(ctx) {
		if it.err = it.f.run.tick(); it.err != nil {
			return false
		}
		if it.err = it.makeKey(); it.err != nil {
			return false
		}
		if _, ok := it.seen[string(it.key)]; ok {
			continue
		}
		it.seen[string(it.key)] = struct{}{}
		it.err = it.budget.addBytes(int64(len(it.key)) + 64)
		return it.err == nil
	}
	return false
}

func (it *distinctRows) makeKey() error {
	it.key = it.key[:0]
	it.f.row = it.Rows.Row()
	if it.node.on == nil {
		for i, t := range it.node.types {
			it.key = datum.AppendKey(it.key, t, it.f.row[i])
		}
		return nil
	}
	for _, e := range it.node.on {
		v, err := e.eval(&it.f)
		if err != nil {
			return err
		}
		it.key = datum.AppendKey(it.key, e.typ(), v)
	}
	return nil
}

func (it *distinctRows) Err() error {
	if it.err != nil {
		return it.err
	}
	return it.Rows.Err()
}
