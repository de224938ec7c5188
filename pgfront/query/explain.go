package query

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"walle/pgfront/query/datum"
)

// PlanNode is a step of a plan, as EXPLAIN shows it.
type PlanNode struct {
	Type     string // "Stream Scan", "Hash Join"
	Relation string // that is read, with its schema unless that is public; or ""
	Of       string // "SubPlan 1", "CTE c": what hangs on its parent by an expression; or ""
	Details  []PlanDetail
	Estimate Estimate
	Actual   *PlanActual // of ANALYZE
	Children []*PlanNode
}

// PlanDetail says one more thing of a step: Filter, Sort Key.
type PlanDetail struct{ Name, Text string }

// PlanActual is what happened in a step, all its loops together.
type PlanActual struct {
	Startup, Total time.Duration // up to the first row of each loop, and to its end
	Rows, Loops    int64
	Read           *ReadActual // of a step that reads a relation
}

// ReadActual is what a scan has read, before its filter.
type ReadActual struct {
	Rows, Bytes int64
	Spans       []Span // of entry_id that were asked for
}

// Explain describes the plan, with its bounds for args.
func (p *Prepared) Explain(ctx context.Context, args []Value) (tree *PlanNode, err error) {
	defer internalError(&err)
	x := newExplainer(ctx, p, args)
	_, tree = x.node(p.root)
	return tree, x.err
}

// Analyze runs the statement, and describes what happened. The statement cannot
// be run any more afterwards.
func (p *Prepared) Analyze(ctx context.Context, args []Value) (tree *PlanNode, err error) {
	defer internalError(&err)
	x := newExplainer(ctx, p, args)
	x.analyze = true
	p.root, tree = x.node(p.root)
	if x.err != nil {
		return nil, x.err
	}
	rows, err := p.Execute(ctx, args)
	if err != nil {
		return nil, err
	}
	for rows.Next(ctx) {
	}
	err = rows.Err()
	if cerr := rows.Close(); err == nil {
		err = cerr
	}
	return tree, err
}

// explainer walks a plan. With analyze it puts a watch around each step, in
// place: the plan is of no other use afterwards.
type explainer struct {
	run      *run
	analyze  bool
	seen     map[any]bool // WITH queries and subqueries that were shown
	subplans int
	several  bool // relations: columns are shown with theirs
	err      error
}

func newExplainer(ctx context.Context, p *Prepared, args []Value) *explainer {
	return &explainer{run: newRun(ctx, p.env, args), seen: map[any]bool{}, several: scans(p.root) > 1}
}

func scans(p plan) int {
	n := 0
	if _, ok := p.(*scanNode); ok {
		n = 1
	}
	for _, c := range p.children() {
		n += scans(c)
	}
	return n
}

// node describes p. With analyze, what is returned is to be run in its place.
func (x *explainer) node(p plan) (plan, *PlanNode) {
	p, n := x.bare(p)
	if !x.analyze {
		return p, n
	}
	read := (*ReadActual)(nil)
	if n.Actual != nil {
		read = n.Actual.Read
	}
	n.Actual = &PlanActual{Read: read}
	return &watched{plan: p, actual: n.Actual}, n
}

// bare is node without a watch around p itself.
func (x *explainer) bare(p plan) (plan, *PlanNode) {
	estimate := x.estimate(p) // before anything is watched
	p, n := x.described(p)
	n.Estimate = estimate
	n.Estimate.Rows = max(math.Round(estimate.Rows), 1) // as PostgreSQL does
	return p, n
}

func (x *explainer) described(p plan) (plan, *PlanNode) {
	switch p := p.(type) {
	case *framed:
		return through(x, p, &p.input)
	case *cutNode:
		return through(x, p, &p.input)
	case *projectNode:
		_, n := through(x, p, &p.input)
		x.subqueries(n, p.exprs...)
		return p, n
	case *filterNode:
		_, n := through(x, p, &p.input)
		n.Details = append(n.Details, PlanDetail{"Filter", x.text(p.cond)})
		x.subqueries(n, p.cond)
		return p, n
	case *gateNode:
		_, n := through(x, p, &p.input)
		n.Details = append(n.Details, PlanDetail{"One-Time Filter", x.text(p.cond)})
		return p, n
	case *scanNode:
		return p, x.scan(p)
	case *rangeNode:
		n := x.scan(p.scan)
		n.Type = "Range Count"
		return p, n
	}
	n := &PlanNode{}
	x.step(p, n)
	return p, n
}

// through describes a step that is shown as a part of its input.
func through(x *explainer, p plan, input *plan) (plan, *PlanNode) {
	in, n := x.bare(*input)
	*input = in
	return p, n
}

// input describes an input of a step.
func (x *explainer) input(n *PlanNode, in *plan) {
	made, child := x.node(*in)
	*in = made
	n.Children = append(n.Children, child)
}

func (n *PlanNode) say(name string, text ...string) {
	if all := strings.Join(text, ", "); all != "" {
		n.Details = append(n.Details, PlanDetail{name, all})
	}
}

// step describes all that is neither a scan nor a part of its input.
func (x *explainer) step(p plan, n *PlanNode) {
	switch p := p.(type) {
	case oneRow:
		n.Type = "Result"
	case *valuesNode:
		n.Type = "Values Scan"
	case *functionNode:
		n.Type = "Function Scan"
	case *joinNode:
		x.join(p, n)
	case *aggNode:
		n.Type = "Aggregate"
		if p.grouped {
			n.Type = "HashAggregate"
		}
		n.say("Group Key", x.texts(p.keys)...)
		x.input(n, &p.input)
	case *sortNode:
		n.Type = "Sort"
		var keys []string
		for _, k := range p.keys {
			k.e = x.shown(unprojected(k.e, p.input))
			keys = append(keys, k.String())
		}
		n.say("Sort Key", keys...)
		if p.limit != nil {
			n.say("Sort Method", "top-N heapsort")
		}
		x.input(n, &p.input)
	case *limitNode:
		n.Type = "Limit"
		x.input(n, &p.input)
	case *distinctNode:
		n.Type = "Unique"
		x.input(n, &p.input)
	case *windowNode:
		n.Type = "WindowAgg"
		x.input(n, &p.input)
	case *expandNode:
		n.Type = "ProjectSet"
		x.input(n, &p.input)
	case *appendNode:
		n.Type = "Append"
		for i := range p.inputs {
			x.input(n, &p.inputs[i])
		}
	case *combineNode:
		n.Type = "HashSetOp Intersect"
		if p.except {
			n.Type = "HashSetOp Except"
		}
		x.input(n, &p.left)
		x.input(n, &p.right)
	case *cteNode:
		n.Type, n.Relation = "CTE Scan", p.cte.name
		x.hang(n, "CTE "+p.cte.name, p.cte, &p.cte.q.plan)
	case *recursiveNode:
		n.Type = "Recursive Union"
		x.input(n, &p.start)
		x.input(n, &p.step)
	case *workNode:
		n.Type = "WorkTable Scan"
	default:
		n.Type = strings.TrimPrefix(fmt.Sprintf("%T", p), "*query.")
	}
}

func (x *explainer) join(p *joinNode, n *PlanNode) {
	kind := map[joinKind]string{leftJoin: " Left", rightJoin: " Right", fullJoin: " Full"}[p.kind]
	n.Type = "Nested Loop" + kind
	if len(p.keys) > 0 {
		n.Type = "Hash" + kind + " Join"
	} else if kind != "" {
		n.Type += " Join"
	}
	var equal []string
	for _, k := range p.keys {
		equal = append(equal, "("+x.text(k.left)+" = "+x.text(k.right)+")")
	}
	n.say("Hash Cond", strings.Join(equal, " AND "))
	n.say("Join Filter", x.all(p.rest))
	x.input(n, &p.left)
	x.input(n, &p.right)
	x.subqueries(n, p.rest...)
}

// scan describes the reading of a relation: what of it is read is told by
// conditions, and in numbers where they do not depend on another row.
func (x *explainer) scan(p *scanNode) *PlanNode {
	desc := p.rel.Desc()
	n := &PlanNode{Type: "Relation Scan", Relation: desc.Name}
	if desc.Schema != "public" {
		n.Relation = desc.Schema + "." + desc.Name
	}
	if desc.EntryID >= 0 {
		n.Type = "Stream Scan"
	}
	switch {
	case p.follow:
		n.Type = "Stream Tail"
	case p.desc:
		n.Type += " Backward"
	}
	var conds []expr
	for _, b := range p.bounds {
		conds = append(conds, b.cond)
	}
	n.say("Index Cond", x.all(conds))
	x.entries(p, n)
	n.say("Filter", x.all(p.filter))
	x.subqueries(n, append(conds, p.filter...)...)
	if x.analyze {
		read := &ReadActual{}
		n.Actual = &PlanActual{Read: read}
		p.rel = &watchedRelation{Relation: p.rel, read: read}
	}
	return n
}

// entries tells the range that is read.
func (x *explainer) entries(p *scanNode, n *PlanNode) {
	stats, counts := p.rel.(RangeStats)
	if !counts || p.rel.Desc().EntryID < 0 || p.readsOuter() {
		return
	}
	spans, _, err := p.ranges(&frame{run: x.run})
	if err != nil {
		x.err = err
		return
	}
	if p.follow {
		n.say("Entries", formatSpans(spans))
		return
	}
	var shown []Span
	for _, s := range spans {
		c, err := stats.CountRange(x.run.ctx, s)
		if err != nil {
			x.err = err
			return
		}
		if c.Count > 0 {
			shown = append(shown, Span{c.Min, c.Max})
		}
	}
	if shown == nil {
		n.say("Entries", "none")
		return
	}
	n.say("Entries", formatSpans(shown))
}

// spansShown is how many ranges are listed.
const spansShown = 8

func formatSpans(spans []Span) string {
	var parts []string
	for i, s := range spans {
		switch {
		case i == spansShown:
			return strings.Join(append(parts, fmt.Sprintf("… (%d ranges)", len(spans))), ", ")
		case s.From == s.To:
			parts = append(parts, fmt.Sprint(s.From))
		case s.To == FullSpan().To && s.From == FullSpan().From:
			parts = append(parts, "new ones")
		case s.To == FullSpan().To:
			parts = append(parts, fmt.Sprintf("%d..", s.From))
		default:
			parts = append(parts, fmt.Sprintf("%d..%d", s.From, s.To))
		}
	}
	return strings.Join(parts, ", ")
}

// String lists ranges of entry_id.
func (r *ReadActual) String() string { return formatSpans(r.Spans) }

// readsOuter tells of bounds that another row has to be known for.
func (n *scanNode) readsOuter() bool {
	return slices.ContainsFunc(n.bounds, func(b bound) bool { return readsOuter(b.value) }) || n.from != nil && readsOuter(n.from)
}

func readsOuter(e expr) bool {
	return contains(e, func(e expr) bool {
		_, outer := e.(*outerColumn)
		return outer || queryOf(e) != nil
	})
}

// named is a column by its name.
type named struct {
	expr
	name string
}

func (n *named) String() string { return n.name }

// unprojected puts what a projection computes in the place of its columns.
func unprojected(e expr, input plan) expr {
	p, ok := input.(*projectNode)
	if !ok {
		return e
	}
	return rewrite(e, func(e expr) expr {
		if c, ok := e.(*column); ok && c.index < len(p.exprs) {
			return p.exprs[c.index]
		}
		return nil
	})
}

// shown makes an expression print as a person would write it.
func (x *explainer) shown(e expr) expr {
	return rewrite(e, func(e expr) expr {
		switch e := e.(type) {
		case *column:
			return &named{e, x.column(e.name)}
		case *outerColumn:
			return &named{e, e.name}
		case *constant:
			if isInteger(e.t) && !e.value.IsNull() && e.value.Int() >= 0 {
				return &named{e, fmt.Sprint(e.value.Int())}
			}
		}
		if queryOf(e) != nil {
			return &named{e, "(SubPlan)"}
		}
		return nil
	})
}

// column drops the relation from a column's name where there is no other.
func (x *explainer) column(name string) string {
	if _, column, ok := strings.Cut(name, "."); ok && !x.several {
		return column
	}
	return name
}

func (x *explainer) text(e expr) string { return x.shown(e).String() }

func (x *explainer) texts(list []expr) []string {
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = x.text(e)
	}
	return out
}

func (x *explainer) all(list []expr) string { return strings.Join(x.texts(list), " AND ") }

// subqueries describes the queries within expressions.
func (x *explainer) subqueries(n *PlanNode, list ...expr) {
	for _, e := range list {
		walk(e, func(e expr) bool {
			if q := queryOf(e); q != nil && !x.seen[q] {
				x.subplans++
				x.hang(n, fmt.Sprintf("SubPlan %d", x.subplans), q, &q.plan)
			}
			return true
		})
	}
}

// hang describes a plan that a step refers to, where it is met first.
func (x *explainer) hang(n *PlanNode, of string, key any, p *plan) {
	if x.seen[key] {
		return
	}
	x.seen[key] = true
	x.input(n, p)
	n.Children[len(n.Children)-1].Of = of
}

// watched measures a step.
type watched struct {
	plan
	actual *PlanActual
}

func (w *watched) open(r *run, outer *frame) (Rows, error) {
	began := time.Now()
	rows, err := w.plan.open(r, outer)
	spent := time.Since(began)
	w.actual.Loops++
	w.actual.Total += spent
	w.actual.Startup += spent
	if err != nil {
		return nil, err
	}
	return &watchedRows{Rows: rows, actual: w.actual, fresh: true}, nil
}

type watchedRows struct {
	Rows
	actual *PlanActual
	fresh  bool // no row yet
}

func (w *watchedRows) Next(ctx context.Context) bool {
	began := time.Now()
	more := w.Rows.Next(ctx)
	spent := time.Since(began)
	w.actual.Total += spent
	if w.fresh {
		w.actual.Startup += spent
		w.fresh = false
	}
	if more {
		w.actual.Rows++
	}
	return more
}

// watchedRelation measures what is read of a relation.
type watchedRelation struct {
	Relation
	read *ReadActual
}

func (w *watchedRelation) Scan(ctx context.Context, spec ScanSpec) (Rows, error) {
	rows, err := w.Relation.Scan(ctx, spec)
	if err != nil {
		return nil, err
	}
	if w.Desc().EntryID >= 0 && len(w.read.Spans) <= spansShown {
		w.read.Spans = append(w.read.Spans, spec.Entries)
	}
	return &readRows{Rows: rows, read: w.read}, nil
}

type readRows struct {
	Rows
	read *ReadActual
}

func (r *readRows) Next(ctx context.Context) bool {
	if !r.Rows.Next(ctx) {
		return false
	}
	r.read.Rows++
	for _, v := range r.Row() {
		r.read.Bytes += widthOf(v)
	}
	return true
}

// widthOf is what PostgreSQL would call the width of a value, in bytes.
func widthOf(v Value) int64 {
	switch v.Kind() {
	case datum.KindNull:
		return 0
	case datum.KindString:
		return int64(len(v.Str()))
	}
	return 8
}
