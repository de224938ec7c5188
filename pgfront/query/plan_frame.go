package query

import (
	"errors"
	"sort"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
)

// exclusion is what EXCLUDE takes out of a frame.
type exclusion uint8

const (
	excludeNone exclusion = iota
	excludeCurrent
	excludeGroup
	excludeTies
)

// excluded says whether the row at index i is taken out of the frame.
func (w *window) excluded(i int) bool {
	peer := i >= w.peersStart && i < w.peersEnd
	switch w.call.frame.exclude {
	case excludeCurrent:
		return i == w.current
	case excludeGroup:
		return peer
	case excludeTies:
		return peer && i != w.current
	}
	return false
}

// nth returns the index of the n-th row of the frame (from 0), or from its end if last;
// ok is false if the frame has fewer.
func (w *window) nth(n int, last bool) (int, bool) {
	if w.call.frame.exclude == excludeNone {
		i := w.from + n
		if last {
			i = w.to - 1 - n
		}
		return i, i >= w.from && i < w.to
	}
	for k := range w.to - w.from {
		i := w.from + k
		if last {
			i = w.to - 1 - k
		}
		if w.excluded(i) {
			continue
		}
		if n == 0 {
			return i, true
		}
		n--
	}
	return 0, false
}

// rangeOffset is the offset of a frame in mode RANGE: the value at which the frame begins
// or ends is key plus or minus offset.
type rangeOffset struct {
	key, offset *slot
	bound       expr
	order       ordering // of a key and a bound
	sign        int      // of an offset: compared with zero by it
	negative    func(Value) bool
}

// rangeOffsetTypes are the types of offsets that a type of ORDER BY takes.
func rangeOffsetTypes(key OID) []OID {
	switch key {
	case datum.Int2OID, datum.Int4OID:
		return []OID{datum.Int8OID, datum.Int4OID, datum.Int2OID}
	case datum.Int8OID:
		return []OID{datum.Int8OID}
	case datum.Float4OID, datum.Float8OID:
		return []OID{datum.Float8OID}
	case datum.NumericOID:
		return []OID{datum.NumericOID}
	case datum.DateOID, datum.TimestampOID, datum.TimestamptzOID, datum.IntervalOID, datum.TimeOID:
		return []OID{datum.IntervalOID}
	}
	return nil
}

// rangeBound analyzes an offset in mode RANGE.
func (a *analyzer) rangeBound(w *windowCall, n *pg_query.Node, preceding bool, s *scope, at int32) (expr, *rangeOffset, error) {
	if len(w.order) != 1 {
		return nil, nil, datum.Errorf("42P20", "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column").At(at)
	}
	e, err := a.expr(n, s)
	if err != nil {
		return nil, nil, err
	}
	key := w.order[0].e.typ()
	t, err := offsetType(key, e.typ())
	if err != nil {
		return nil, nil, atPosition(err, at)
	}
	if e, err = a.coerce(e, t, -1, implicitCast, location(n)); err != nil {
		return nil, nil, err
	}
	r := &rangeOffset{key: &slot{t: key}, offset: &slot{t: t}, negative: negativeOf(t)}
	op := "+"
	if preceding != w.order[0].desc {
		op = "-"
	}
	if r.bound, err = a.binary(op, r.key, r.offset, at); err != nil {
		return nil, nil, err
	}
	order, ok := orderOf(key, r.bound.typ())
	if !ok {
		return nil, nil, datum.Unsupported("RANGE with an offset for column type %s", datum.TypeName(key)).At(at)
	}
	r.order, r.sign = order, 1
	if w.order[0].desc {
		r.sign = -1
	}
	return e, r, nil
}

// offsetType chooses the type of an offset by what was written.
func offsetType(key, have OID) (OID, error) {
	types := rangeOffsetTypes(key)
	if types == nil {
		return 0, datum.Errorf("0A000", "RANGE with offset PRECEDING/FOLLOWING is not supported for column type %s", datum.TypeName(key))
	}
	wanted := have
	if have == datum.UnknownOID {
		wanted = key
	}
	chosen, matches := OID(0), 0
	for _, t := range types {
		if canCoerce([]OID{have}, []OID{t}, implicitCast) {
			matches++
			if chosen != wanted {
				chosen = t
			}
		}
	}
	switch {
	case matches == 0:
		return 0, datum.Errorf("0A000", "RANGE with offset PRECEDING/FOLLOWING is not supported for column type %s and offset type %s", datum.TypeName(key), datum.TypeName(have)).
			WithHint("Cast the offset value to an appropriate type.")
	case matches > 1 && chosen != wanted:
		return 0, datum.Errorf("0A000", "RANGE with offset PRECEDING/FOLLOWING has multiple interpretations for column type %s and offset type %s", datum.TypeName(key), datum.TypeName(have)).
			WithHint("Cast the offset value to the exact intended type.")
	}
	return chosen, nil
}

func negativeOf(t OID) func(Value) bool {
	zero := zeroOf(t)
	return func(v Value) bool { return datum.Compare(t, v, zero) < 0 }
}

// rangeEdge finds the edge of a frame whose bound is an offset in mode RANGE. Nulls are
// peers of each other and within no distance of anything else.
func (w *window) rangeEdge(b frameBound, start bool) (int, error) {
	r := b.distance
	offset, err := b.offset.eval(&w.f)
	if err != nil {
		return 0, err
	}
	word := map[bool]string{true: "starting", false: "ending"}[start]
	switch {
	case offset.IsNull():
		return 0, datum.Errorf("22004", "frame %s offset must not be null", word)
	case r.negative(offset):
		return 0, datum.Errorf("22013", "invalid preceding or following size in window function")
	case w.keys[w.current].IsNull():
		if start {
			return w.peersStart, nil
		}
		return w.peersEnd, nil
	}
	r.key.value, r.offset.value = w.keys[w.current], offset
	first := sort.Search(len(w.keys), func(i int) bool { return !w.keys[i].IsNull() || i > w.current })
	end := first + sort.Search(len(w.keys)-first, func(i int) bool { return w.keys[first+i].IsNull() })
	bound, err := r.bound.eval(&w.f)
	if err != nil {
		var out *Error
		if !errors.As(err, &out) || !strings.HasPrefix(out.Code, "22") {
			return 0, err
		}
		if b.preceding { // beyond all values of the type
			return first, nil
		}
		return end, nil
	}
	info := &call{run: w.f.run}
	return first + sort.Search(end-first, func(i int) bool {
		c := r.order(info, w.keys[first+i], bound) * r.sign
		return c > 0 || start && c == 0
	}), nil
}
