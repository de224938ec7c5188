package query

import (
	"container/heap"
	"context"
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
)

// sortKey is one expression of ORDER BY.
type sortKey struct {
	e          expr
	desc       bool
	nullsFirst bool
}

func newSortKey(e expr, by *pg_query.SortBy) (sortKey, error) {
	k := sortKey{e: e}
	switch by.SortbyDir {
	case pg_query.SortByDir_SORTBY_DESC:
		k.desc = true
	case pg_query.SortByDir_SORTBY_USING:
		names := stringList(by.UseOp)
		switch names[len(names)-1] {
		case "<":
		case ">":
			k.desc = true
		default:
			return k, datum.Errorf("42809", "operator %s is not a valid ordering operator", names[len(names)-1]).
				WithHint("Ordering operators must be \"<\" or \">\" members of btree operator families.").At(by.Location)
		}
	}
	switch by.SortbyNulls {
	case pg_query.SortByNulls_SORTBY_NULLS_FIRST:
		k.nullsFirst = true
	case pg_query.SortByNulls_SORTBY_NULLS_LAST:
	default:
		k.nullsFirst = k.desc
	}
	if !comparable(e.typ()) {
		return k, datum.Errorf("42883", "could not identify an ordering operator for type %s", datum.TypeName(e.typ())).
			WithHint("Use an explicit ordering operator or modify the query.").At(location(by.Node))
	}
	return k, nil
}

func (k sortKey) String() string {
	s := k.e.String()
	if k.desc {
		s += " DESC"
	}
	if k.nullsFirst != k.desc {
		if k.nullsFirst {
			s += " NULLS FIRST"
		} else {
			s += " NULLS LAST"
		}
	}
	return s
}

// compare orders two values of the key.
func (k sortKey) compare(a, b Value) int {
	an, bn := a.IsNull(), b.IsNull()
	switch {
	case an && bn:
		return 0
	case an || bn:
		if an == k.nullsFirst {
			return -1
		}
		return 1
	}
	c := datum.Compare(k.e.typ(), a, b)
	if k.desc {
		return -c
	}
	return c
}

// compareKeys orders two lists of key values.
func compareKeys(keys []sortKey, a, b []Value) int {
	for i, k := range keys {
		if c := k.compare(a[i], b[i]); c != 0 {
			return c
		}
	}
	return 0
}

// sortNode sorts. With a limit right above it, it keeps only that many rows.
type sortNode struct {
	input plan
	keys  []sortKey
	limit []expr // LIMIT and OFFSET, nil if there is none
}

func (n *sortNode) children() []plan { return []plan{n.input} }

// sorted is a row with its keys, and its place in the input so that equal rows keep it.
type sorted struct {
	row, keys []Value
	seq       int
}

// sorter is a heap with the last row on top, so that a bounded sort can drop it.
type sorter struct {
	rows []sorted
	by   []sortKey
}

func (s *sorter) cmp(a, b sorted) int {
	if c := compareKeys(s.by, a.keys, b.keys); c != 0 {
		return c
	}
	return a.seq - b.seq
}

func (s *sorter) Len() int           { return len(s.rows) }
func (s *sorter) Less(i, j int) bool { return s.cmp(s.rows[i], s.rows[j]) > 0 }
func (s *sorter) Swap(i, j int)      { s.rows[i], s.rows[j] = s.rows[j], s.rows[i] }
func (s *sorter) Push(x any)         { s.rows = append(s.rows, x.(sorted)) }
func (s *sorter) Pop() any {
	last := s.rows[len(s.rows)-1]
	s.rows = s.rows[:len(s.rows)-1]
	return last
}

func (n *sortNode) open(r *run, outer *frame) (Rows, error) {
	f := frame{outer: outer, run: r}
	limit, err := (&scanNode{limit: n.limit}).limitHint(&f)
	if err != nil {
		return nil, err
	}
	in, err := n.input.open(r, outer)
	if err != nil {
		return nil, err
	}
	s, err := n.collect(in, &f, int(limit))
	if cerr := in.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(s.rows, s.cmp)
	return &sortedRows{rows: s.rows}, nil
}

// collect reads the input, at most limit rows of it at a time if limit is not 0.
func (n *sortNode) collect(in Rows, f *frame, limit int) (*sorter, error) {
	s := &sorter{by: n.keys}
	b := f.run.budget("sort")
	keys := make([]Value, len(n.keys))
	for seq := 0; in.Next(f.run.ctx); seq++ {
		if err := f.run.tick(); err != nil {
			return nil, err
		}
		f.row = in.Row()
		for i, k := range n.keys {
			v, err := k.e.eval(f)
			if err != nil {
				return nil, err
			}
			keys[i] = v
		}
		if limit > 0 && len(s.rows) == limit {
			if compareKeys(n.keys, keys, s.rows[0].keys) >= 0 {
				continue
			}
			heap.Pop(s)
		} else if err := b.add(f.row); err != nil {
			return nil, err
		}
		item := sorted{row: datum.CloneRow(f.row), keys: datum.CloneRow(keys), seq: seq}
		if limit > 0 {
			heap.Push(s, item)
		} else {
			s.rows = append(s.rows, item)
		}
	}
	return s, in.Err()
}

type sortedRows struct {
	rows []sorted
	row  []Value
}

func (it *sortedRows) Next(context.Context) bool {
	if len(it.rows) == 0 {
		return false
	}
	it.row, it.rows = it.rows[0].row, it.rows[1:]
	return true
}

func (it *sortedRows) Row() []Value { return it.row }
func (it *sortedRows) Err() error   { return nil }
func (it *sortedRows) Close() error { it.rows = nil; return nil }
