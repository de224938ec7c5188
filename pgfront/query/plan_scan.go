package query

import (
	"context"
	"fmt"
	"math"
	"slices"

	"walle/pgfront/query/datum"
)

// scanNode reads a relation. Conditions on entry_id become the bounds of the scan, those on
// appended_at a hint; everything else is filtered row by row.
type scanNode struct {
	rel    Relation
	used   []bool // columns that anything looks at
	bounds []bound
	filter []expr
	desc   bool
	limit  []expr // LIMIT and OFFSET, if the scan may stop after their sum
	follow bool
	from   expr // first entry of tail()
}

// bound is a condition on entry_id or appended_at whose other side does not depend on the
// row.
type bound struct {
	onTime bool
	op     string // = < <= > >= or "any": one of the elements of an array
	value  expr
	cond   expr // all of it
}

func newScan(rel Relation) *scanNode {
	return &scanNode{rel: rel, used: make([]bool, len(rel.Desc().Columns))}
}

func (n *scanNode) children() []plan { return nil }

// restrict returns a scan that keeps only what satisfies conds.
func (n *scanNode) restrict(conds []expr) plan {
	out := *n
	out.bounds, out.filter = slices.Clone(n.bounds), slices.Clone(n.filter)
	for _, c := range conds {
		b, ok := n.boundOf(c)
		if ok {
			out.bounds = append(out.bounds, b)
		}
		if !ok || b.onTime {
			out.filter = append(out.filter, c)
		}
	}
	return &out
}

// boundOf reads a condition as a bound.
func (n *scanNode) boundOf(e expr) (bound, bool) {
	if q, ok := e.(*quantified); ok && !q.all && q.compare.name == "=" {
		onTime, ok := n.boundColumn(q.left)
		if ok && !onTime && isInteger(q.slot.t) && isFixed(q.array) {
			return bound{op: "any", value: q.array, cond: e}, true
		}
		return bound{}, false
	}
	c, ok := e.(*call2)
	if !ok || c.op == nil {
		return bound{}, false
	}
	op, value := c.name, c.right
	onTime, ok := n.boundColumn(c.left)
	if !ok {
		op, value = commuted(op), c.left
		if onTime, ok = n.boundColumn(c.right); !ok {
			return bound{}, false
		}
	}
	switch op {
	case "=", "<", "<=", ">", ">=":
	default:
		return bound{}, false
	}
	typed := isInteger(value.typ())
	if onTime {
		typed = value.typ() == datum.TimestamptzOID
	}
	if !typed || !isFixed(value) {
		return bound{}, false
	}
	return bound{onTime: onTime, op: op, value: value, cond: e}, true
}

// boundColumn says whether e is the relation's entry_id or appended_at.
func (n *scanNode) boundColumn(e expr) (onTime, ok bool) {
	c, isColumn := e.(*column)
	if !isColumn {
		return false, false
	}
	desc := n.rel.Desc()
	switch c.index {
	case desc.EntryID:
		return false, true
	case desc.AppendedAt:
		return true, true
	}
	return false, false
}

func commuted(op string) string {
	switch op {
	case "<":
		return ">"
	case "<=":
		return ">="
	case ">":
		return "<"
	case ">=":
		return "<="
	}
	return op
}

func isInteger(t OID) bool {
	return t == datum.Int8OID || t == datum.Int4OID || t == datum.Int2OID
}

// isFixed says whether e has one value for all rows of a scan.
func isFixed(e expr) bool {
	_, _, reads := columnRange(e)
	return !reads && !isVolatile(e) && !contains(e, func(e expr) bool { _, is := e.(*slot); return is })
}

// ranges evaluates the bounds: the spans of entry_id to read, ascending and disjoint, and
// the span of appended_at.
func (n *scanNode) ranges(f *frame) (spans []Span, appended Span, err error) {
	span, appended := FullSpan(), FullSpan()
	var points []int64
	listed := false
	for _, b := range n.bounds {
		v, err := b.value.eval(f)
		if err != nil {
			return nil, appended, err
		}
		if v.IsNull() {
			return nil, appended, nil
		}
		switch {
		case b.op == "any":
			these := pointsOf(v.Array())
			if listed {
				these = slices.DeleteFunc(these, func(p int64) bool { return !slices.Contains(points, p) })
			}
			points, listed = these, true
		case b.onTime:
			appended = appended.Intersect(spanOf(b.op, v.Int()))
		default:
			span = span.Intersect(spanOf(b.op, v.Int()))
		}
	}
	if n.from != nil {
		v, err := n.from.eval(f)
		if err != nil {
			return nil, appended, err
		}
		if !v.IsNull() {
			span = span.Intersect(Span{From: v.Int(), To: math.MaxInt64})
		}
	}
	if listed {
		return spansOf(points, span), appended, nil
	}
	if span.Empty() || appended.Empty() {
		return nil, appended, nil
	}
	return []Span{span}, appended, nil
}

func spanOf(op string, n int64) Span {
	s := FullSpan()
	switch op {
	case "=":
		return Span{From: n, To: n}
	case ">=":
		s.From = n
	case "<=":
		s.To = n
	case ">":
		if n == math.MaxInt64 {
			return Span{From: 1, To: 0}
		}
		s.From = n + 1
	case "<":
		if n == math.MinInt64 {
			return Span{From: 1, To: 0}
		}
		s.To = n - 1
	}
	return s
}

func pointsOf(a *datum.Array) []int64 {
	var points []int64
	for _, e := range a.Elems {
		if !e.IsNull() {
			points = append(points, e.Int())
		}
	}
	slices.Sort(points)
	return slices.Compact(points)
}

// spansOf makes spans of points, joining neighbours.
func spansOf(points []int64, within Span) []Span {
	var spans []Span
	for _, p := range points {
		if p < within.From || p > within.To {
			continue
		}
		if last := len(spans) - 1; last >= 0 && spans[last].To+1 == p {
			spans[last].To = p
			continue
		}
		spans = append(spans, Span{From: p, To: p})
	}
	return spans
}

func (n *scanNode) open(r *run, outer *frame) (Rows, error) {
	f := frame{outer: outer, run: r}
	spans, appended, err := n.ranges(&f)
	if err != nil {
		return nil, err
	}
	if n.desc {
		slices.Reverse(spans)
	}
	spec := ScanSpec{AppendedAt: appended, Descending: n.desc, Follow: n.follow, Columns: n.used}
	if spec.Limit, err = n.limitHint(&f); err != nil {
		return nil, err
	}
	return &scanRows{rel: n.rel, spec: spec, spans: spans, filter: conjunction(n.filter), f: f}, nil
}

// limitHint is LIMIT + OFFSET, 0 if there is no limit or rows are filtered.
func (n *scanNode) limitHint(f *frame) (int64, error) {
	if len(n.filter) > 0 || len(n.limit) == 0 {
		return 0, nil
	}
	sum := int64(0)
	for i, e := range n.limit {
		if e == nil {
			continue
		}
		v, err := e.eval(f)
		if err != nil || i == 0 && v.IsNull() {
			return 0, err
		}
		if v.Int() < 0 || v.Int() > math.MaxInt64-sum {
			return 0, nil // refused, or endless, by the limit itself
		}
		sum += v.Int()
	}
	return sum, nil
}

// scanRows reads span after span. The relation is first asked when the first row is.
type scanRows struct {
	rel    Relation
	spec   ScanSpec
	spans  []Span
	filter expr
	f      frame
	in     Rows
	err    error
}

func (it *scanRows) Next(ctx context.Context) bool {
	if it.err == ErrPaused {
		it.err = nil
	}
	for it.err == nil {
		if it.in == nil && !it.nextSpan(ctx) {
			return false
		}
		if it.nextRow(ctx) {
			return true
		}
		if it.err == nil {
			it.err = it.in.Err()
		}
		if it.err == ErrPaused {
			return false
		}
		if cerr := it.in.Close(); it.err == nil {
			it.err = cerr
		}
		it.in = nil
	}
	return false
}

func (it *scanRows) nextSpan(ctx context.Context) bool {
	if len(it.spans) == 0 {
		return false
	}
	it.spec.Entries, it.spans = it.spans[0], it.spans[1:]
	it.in, it.err = it.rel.Scan(ctx, it.spec)
	return it.err == nil
}

// nextRow advances within the span to a row that passes the filter.
func (it *scanRows) nextRow(ctx context.Context) bool {
	for it.in.Next(ctx) {
		if it.err = it.f.run.tick(); it.err != nil {
			return false
		}
		it.f.row = it.in.Row()
		if it.filter == nil {
			return true
		}
		v, err := it.filter.eval(&it.f)
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

func (it *scanRows) Row() []Value { return it.f.row }
func (it *scanRows) Err() error   { return it.err }

func (it *scanRows) Close() error {
	if it.in == nil {
		return nil
	}
	in := it.in
	it.in, it.spans = nil, nil
	return in.Close()
}

// scanOf returns the scan whose order the rows of p have, nil if there is none.
func scanOf(p plan) *scanNode {
	switch n := p.(type) {
	case *scanNode:
		if n.rel.Desc().EntryID >= 0 {
			return n
		}
	case *framed:
		return scanOf(n.input)
	case *filterNode:
		return scanOf(n.input)
	case *gateNode:
		return scanOf(n.input)
	}
	return nil
}

func (n *scanNode) String() string {
	return fmt.Sprintf("Scan %s.%s", n.rel.Desc().Schema, n.rel.Desc().Name)
}
