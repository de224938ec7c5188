package pgfront

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"walle/pgfront/query"
)

// explanation is an answer of EXPLAIN.
type explanation struct {
	options explainOptions
	tree    *query.PlanNode
	append  *appendTimes
	took    time.Duration
}

// lines are the rows of the answer: one of JSON, or one a line.
func (e *explanation) lines() []string {
	if e.options.json {
		return []string{e.json()}
	}
	var out []string
	e.node(&out, e.tree, "", "")
	if e.append != nil {
		out = append(out, e.append.lines()...)
	}
	if e.options.summary {
		out = append(out, fmt.Sprintf("Execution Time: %s ms", ms(e.took)))
	}
	return out
}

func ms(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()*1e3) }

// node writes a step as PostgreSQL does: an arrow before all but the first, what
// there is to say of it below, and then the steps that it reads from.
func (e *explanation) node(out *[]string, n *query.PlanNode, indent, arrow string) {
	title := n.Type
	if n.Relation != "" {
		title += " on " + n.Relation
	}
	if c := n.Estimate; e.options.costs {
		title += fmt.Sprintf("  (cost=%.2f..%.2f rows=%.0f width=%d)", c.Startup, c.Total, c.Rows, c.Width)
	}
	*out = append(*out, indent+arrow+title+e.actual(n.Actual))
	below := indent + strings.Repeat(" ", len(arrow)) + "  "
	for _, d := range e.details(n) {
		*out = append(*out, below+d.Name+": "+d.Text)
	}
	for _, c := range n.Children {
		at := below
		if c.Of != "" {
			*out = append(*out, below+c.Of)
			at += "  "
		}
		e.node(out, c, at, "->  ")
	}
}

func (e *explanation) actual(a *query.PlanActual) string {
	switch {
	case a == nil:
		return ""
	case a.Loops == 0:
		return " (never executed)"
	case !e.options.timing:
		return fmt.Sprintf(" (actual rows=%d loops=%d)", perLoop(a), a.Loops)
	}
	loops := time.Duration(a.Loops)
	return fmt.Sprintf(" (actual time=%s..%s rows=%d loops=%d)", ms(a.Startup/loops), ms(a.Total/loops), perLoop(a), a.Loops)
}

// perLoop is the rows of one loop on average, rounded.
func perLoop(a *query.PlanActual) int64 {
	if a.Loops == 0 {
		return 0
	}
	return (a.Rows + a.Loops/2) / a.Loops
}

// details are what was planned, and what was read.
func (e *explanation) details(n *query.PlanNode) []query.PlanDetail {
	list := n.Details
	if n.Actual == nil || n.Actual.Read == nil {
		return list
	}
	read := n.Actual.Read
	if removed := read.Rows - n.Actual.Rows; removed > 0 {
		list = append(list, query.PlanDetail{Name: "Rows Removed by Filter", Text: fmt.Sprint(removed)})
	}
	if len(read.Spans) > 0 {
		list = append(list, query.PlanDetail{Name: "Entries Read", Text: fmt.Sprint(read.Rows)},
			query.PlanDetail{Name: "Bytes Read", Text: fmt.Sprint(read.Bytes)})
	}
	return list
}

func (t *appendTimes) lines() []string {
	out := []string{
		fmt.Sprintf("Append: entries %d..%d, term %d", t.result.First, t.result.Last, t.result.Term),
		fmt.Sprintf("  Queue: %s ms", ms(t.queue)),
		fmt.Sprintf("  Quorum: %s ms", ms(t.quorum)),
	}
	for i := range t.replicas {
		r := &t.replicas[i]
		switch {
		case !r.known:
			out = append(out, fmt.Sprintf("  Replica %s: not yet durable", r.node))
		case r.here:
			out = append(out, fmt.Sprintf("  Replica %s: durable after %s ms (this node, write and fsync)", r.node, ms(r.total)))
		default:
			out = append(out, fmt.Sprintf("  Replica %s: durable after %s ms (network %s ms, write and fsync %s ms)", r.node, ms(r.total), ms(r.network), ms(r.disk())))
		}
	}
	return out
}

// object is a JSON object whose members have an order.
type object []member

type member struct {
	name  string
	value any
}

func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:", m.name)
		if err := plainJSON(&b).Encode(m.value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// plainJSON leaves < and > as they are.
func plainJSON(b *bytes.Buffer) *json.Encoder {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	return enc
}

// jsonTime is a number of milliseconds.
type jsonTime time.Duration

func (d jsonTime) MarshalJSON() ([]byte, error) { return []byte(ms(time.Duration(d))), nil }

// jsonCost has two decimals.
type jsonCost float64

func (c jsonCost) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "%.2f", float64(c)), nil }

func (e *explanation) json() string {
	top := object{{"Plan", e.object(e.tree)}}
	if e.append != nil {
		top = append(top, member{"Append", e.append.object()})
	}
	if e.options.summary {
		top = append(top, member{"Execution Time", jsonTime(e.took)})
	}
	var b bytes.Buffer
	enc := plainJSON(&b)
	enc.SetIndent("", "  ")
	if err := enc.Encode([]object{top}); err != nil {
		return "[]" // all of it can be encoded
	}
	return strings.TrimSpace(b.String())
}

func (e *explanation) object(n *query.PlanNode) object {
	o := object{{"Node Type", n.Type}}
	if n.Of != "" {
		o = append(o, member{"Subplan Name", n.Of})
	}
	if n.Relation != "" {
		o = append(o, member{"Relation Name", n.Relation})
	}
	if c := n.Estimate; e.options.costs {
		o = append(o, member{"Startup Cost", jsonCost(c.Startup)}, member{"Total Cost", jsonCost(c.Total)},
			member{"Plan Rows", int64(c.Rows)}, member{"Plan Width", c.Width})
	}
	if a := n.Actual; a != nil {
		loops := max(a.Loops, 1)
		if e.options.timing {
			o = append(o, member{"Actual Startup Time", jsonTime(a.Startup / time.Duration(loops))},
				member{"Actual Total Time", jsonTime(a.Total / time.Duration(loops))})
		}
		o = append(o, member{"Actual Rows", perLoop(a)}, member{"Actual Loops", a.Loops})
	}
	for _, d := range e.details(n) {
		value := any(d.Text)
		if strings.HasSuffix(d.Name, " Read") || d.Name == "Rows Removed by Filter" {
			value = json.Number(d.Text)
		}
		o = append(o, member{d.Name, value})
	}
	var below []object
	for _, c := range n.Children {
		below = append(below, e.object(c))
	}
	if below != nil {
		o = append(o, member{"Plans", below})
	}
	return o
}

func (t *appendTimes) object() object {
	var replicas []object
	for i := range t.replicas {
		r := &t.replicas[i]
		o := object{{"Node", r.node}, {"Durable", r.known}}
		if r.known {
			o = append(o, member{"Total Time", jsonTime(r.total)})
			if !r.here {
				o = append(o, member{"Network Time", jsonTime(r.network)})
			}
			o = append(o, member{"Write Time", jsonTime(r.disk())})
		}
		replicas = append(replicas, o)
	}
	return object{{"First Entry", uint64(t.result.First)}, {"Last Entry", uint64(t.result.Last)}, {"Term", uint64(t.result.Term)},
		{"Queue Time", jsonTime(t.queue)}, {"Quorum Time", jsonTime(t.quorum)}, {"Replicas", replicas}}
}
