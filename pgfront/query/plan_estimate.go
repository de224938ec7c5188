package query

import "math"

// Estimate is what a step is expected to cost and to return, in PostgreSQL's terms. Nothing here
// is chosen by it; but a planner that lets this one do a part of a query, as postgres_fdw's does,
// compares it with estimates of its own.
type Estimate struct {
	Startup, Total float64 // cost: up to the first row, and to the last
	Rows           float64
	Width          int // of a row, in bytes
}

// What PostgreSQL assumes where it knows nothing.
const (
	rowCost      = 0.01 // of a row that is looked at: cpu_tuple_cost
	operatorCost = 0.0025
	equalShare   = 0.005 // of rows that satisfy an equality
	otherShare   = 1.0 / 3
	callRows     = 1000 // of a function that returns a set
	groupRows    = 200
	valueWidth   = 32 // of a text or the like
)

// estimate tells what p is expected to do.
func (x *explainer) estimate(p plan) Estimate {
	switch p := p.(type) {
	case *scanNode:
		return x.estimateScan(p)
	case *rangeNode:
		return Estimate{Total: rowCost, Rows: 1, Width: 8 * len(p.kinds)}
	case *filterNode:
		return x.estimate(p.input).filtered(p.cond)
	case *gateNode:
		return x.estimate(p.input)
	case *projectNode:
		e := x.estimate(p.input)
		e.Width = widthOfTypes(typesOf(p.exprs))
		return e
	case *valuesNode:
		e := EstimateValues(len(p.rows))
		if len(p.rows) > 0 {
			e.Width = widthOfTypes(typesOf(p.rows[0]))
		}
		return e
	case *functionNode:
		e := Estimate{Rows: 1, Width: valueWidth * len(p.calls)}
		for _, c := range p.calls {
			if c != nil {
				e.Rows = callRows
			}
		}
		e.Total = e.Rows * rowCost
		return e
	case *joinNode:
		return x.estimateJoin(p)
	case *aggNode:
		return x.estimate(p.input).aggregated(p)
	case *sortNode:
		e := x.estimate(p.input)
		e.Startup = e.Total + 2*operatorCost*e.Rows*math.Log2(max(e.Rows, 2))
		e.Total = e.Startup + operatorCost*e.Rows
		return e
	case *limitNode:
		return x.estimateLimit(p)
	}
	return x.estimateInputs(p)
}

// EstimateValues is of a list of rows.
func EstimateValues(rows int) Estimate {
	return Estimate{Total: float64(rows) * rowCost, Rows: float64(rows)}
}

// estimateInputs is of a step that returns what its inputs do, one after the other.
func (x *explainer) estimateInputs(p plan) Estimate {
	var e Estimate
	for i, c := range p.children() {
		in := x.estimate(c)
		if i == 0 {
			e.Startup, e.Width = in.Startup, in.Width
		}
		e.Rows, e.Total = e.Rows+in.Rows, e.Total+in.Total
	}
	if e.Rows == 0 {
		e = Estimate{Total: rowCost, Rows: 1, Width: e.Width}
	}
	return e
}

// estimateScan counts the rows between the bounds where they are known, and guesses at what
// the filter lets through.
func (x *explainer) estimateScan(p *scanNode) Estimate {
	e := Estimate{Rows: x.rowsWithin(p)}
	e.Total = e.Rows * rowCost
	var types []OID
	for i, c := range p.rel.Desc().Columns {
		if p.used[i] {
			types = append(types, c.Type)
		}
	}
	e.Width = widthOfTypes(types)
	for _, cond := range p.filter {
		e = e.filtered(cond)
	}
	return e
}

// rowsWithin is how many rows the bounds of a scan leave.
func (x *explainer) rowsWithin(p *scanNode) float64 {
	stats, counts := p.rel.(RangeStats)
	if !counts {
		return callRows
	}
	spans := []Span{FullSpan()}
	outer := p.readsOuter()
	if !outer {
		var err error
		if spans, _, err = p.ranges(&frame{run: x.run}); err != nil {
			x.err = err
			return 0
		}
	}
	rows := 0.0
	for _, s := range spans {
		c, err := stats.CountRange(x.run.ctx, s)
		if err != nil {
			x.err = err
			return 0
		}
		rows += float64(c.Count)
	}
	if !outer {
		return rows
	}
	for _, b := range p.bounds { // on what is known only with another row
		switch {
		case b.op == "=" && !b.onTime:
			rows = min(rows, 1)
		default:
			rows *= otherShare
		}
	}
	return rows
}

func (e Estimate) filtered(cond expr) Estimate {
	conds := []expr{cond}
	if j, ok := cond.(*junction); ok && !j.or {
		conds = j.args
	}
	e.Total += e.Rows * operatorCost * float64(len(conds))
	for _, c := range conds {
		share := otherShare
		if op, ok := c.(*call2); ok && op.op != nil && op.name == "=" {
			share = equalShare
		}
		e.Rows *= share
	}
	return e
}

func (e Estimate) aggregated(p *aggNode) Estimate {
	out := Estimate{Rows: 1, Width: 8 * (len(p.calls) + len(p.keys))}
	if p.grouped {
		out.Rows = min(groupRows, e.Rows)
	}
	out.Startup = e.Total + operatorCost*e.Rows*float64(len(p.calls)+len(p.keys))
	out.Total = out.Startup + out.Rows*rowCost
	return out
}

// estimateJoin takes an equality for that of a key with references to it.
func (x *explainer) estimateJoin(p *joinNode) Estimate {
	left, right := x.estimate(p.left), x.estimate(p.right)
	e := Estimate{Startup: left.Startup + right.Total, Total: left.Total + right.Total, Width: left.Width + right.Width}
	e.Rows = left.Rows * right.Rows
	if len(p.keys) > 0 {
		e.Rows = max(left.Rows, right.Rows)
		e.Total += operatorCost * (left.Rows + right.Rows)
	} else {
		e.Total += operatorCost * e.Rows
	}
	e.Total += rowCost * e.Rows
	for _, cond := range p.rest {
		e = e.filtered(cond)
	}
	return e
}

// estimateLimit takes as much of its input's cost as it takes of the rows.
func (x *explainer) estimateLimit(p *limitNode) Estimate {
	e := x.estimate(p.input)
	count := func(n expr, unknown float64) float64 {
		if n == nil || readsOuter(n) {
			return unknown
		}
		v, err := n.eval(&frame{run: x.run})
		if err != nil || v.IsNull() {
			return unknown
		}
		return max(float64(v.Int()), 0)
	}
	skip := min(count(p.offset, 0), e.Rows)
	rows := min(count(p.limit, e.Rows), e.Rows-skip)
	if e.Rows > 0 {
		run := (e.Total - e.Startup) / e.Rows
		e.Startup, e.Total = e.Startup+run*skip, e.Startup+run*(skip+rows)
	}
	e.Rows = rows
	return e
}

func widthOfTypes(types []OID) int {
	width := 0
	for _, t := range types {
		if n := typeSize(t); n > 0 {
			width += int(n)
		} else {
			width += valueWidth
		}
	}
	return width
}
