package query

import (
	"context"

	"walle/pgfront/query/datum"
)

// limitNode is LIMIT and OFFSET; either may be nil. With ties, rows equal to the last one
// under keys follow it.
type limitNode struct {
	input         plan
	limit, offset expr
	ties          []sortKey
}

func (n *limitNode) children() []plan { return []plan{n.input} }

func (n *limitNode) open(r *run, outer *frame) (Rows, error) {
	f := &frame{outer: outer, run: r}
	limit, err := countOf(n.limit, f, -1, "2201W", "LIMIT")
	if err != nil {
		return nil, err
	}
	offset, err := countOf(n.offset, f, 0, "2201X", "OFFSET")
	if err != nil {
		return nil, err
	}
	if limit == 0 {
		return &sliceRows{}, nil // nothing is evaluated
	}
	in, err := n.input.open(r, outer)
	if err != nil {
		return nil, err
	}
	return &limitRows{Rows: in, left: limit, skip: offset, ties: n.ties, f: frame{outer: outer, run: r}}, nil
}

func countOf(e expr, f *frame, absent int64, code, word string) (int64, error) {
	if e == nil {
		return absent, nil
	}
	v, err := e.eval(f)
	if err != nil || v.IsNull() {
		return absent, err
	}
	if v.Int() < 0 {
		return 0, datum.Errorf(code, "%s must not be negative", word)
	}
	return v.Int(), nil
}

type limitRows struct {
	Rows
	left, skip int64 // left is -1 without a limit
	ties       []sortKey
	last       []Value // keys of the last row within the limit
	f          frame
	err        error
}

func (it *limitRows) Next(ctx context.Context) bool {
	for ; it.skip > 0; it.skip-- {
		if !it.Rows.Next(ctx) {
			return false
		}
	}
	if it.left == 0 {
		return it.ties != nil && it.last != nil && it.nextTie(ctx)
	}
	if !it.Rows.Next(ctx) {
		it.left, it.last = 0, nil
		return false
	}
	if it.left > 0 {
		it.left--
	}
	if it.left == 0 && it.ties != nil {
		it.last, it.err = it.keys()
	}
	return it.err == nil
}

func (it *limitRows) nextTie(ctx context.Context) bool {
	if !it.Rows.Next(ctx) {
		it.last = nil
		return false
	}
	keys, err := it.keys()
	if it.err = err; err != nil || compareKeys(it.ties, keys, it.last) != 0 {
		it.last = nil
		return false
	}
	return true
}

func (it *limitRows) keys() ([]Value, error) {
	it.f.row = it.Rows.Row()
	keys := make([]Value, len(it.ties))
	for i, k := range it.ties {
		v, err := k.e.eval(&it.f)
		if err != nil {
			return nil, err
		}
		keys[i] = v.Clone()
	}
	return keys, nil
}

func (it *limitRows) Err() error {
	if it.err != nil {
		return it.err
	}
	return it.Rows.Err()
}
