package pgfront

import (
	"context"
	"fmt"
	"time"

	"walle/pgfront/query"
	"walle/pgfront/query/datum"
	"walle/pgfront/sql"
)

// explainPlan is EXPLAIN of a query or an INSERT.
type explainPlan struct {
	session *session
	stmt    *sql.Explain
	options explainOptions
	inner   plan         // *selectPlan or *insertPlan
	args    *query.Exprs // of EXECUTE, else nil
}

// explainOptions are those of EXPLAIN (…) that change its answer.
type explainOptions struct {
	analyze, costs, timing, summary, json bool
}

func (s *session) planExplain(stmt *sql.Explain, types []query.OID, r *resolver) (plan, error) {
	options, err := readExplainOptions(stmt)
	if err != nil {
		return nil, err
	}
	e := &explainPlan{session: s, stmt: stmt, options: options}
	switch inner := stmt.Statement.(type) {
	case *sql.Insert:
		e.inner, err = s.planInsert(inner, types, r)
	case *sql.Select:
		e.inner, err = s.planSelect(inner, inner.Stmt, types, r)
	case *sql.TailStream:
		e.inner, err = s.planTail(inner, types, r)
	case *sql.DeclareCursor:
		return s.planExplain(&sql.Explain{Source: stmt.Source, Options: stmt.Options, Analyze: stmt.Analyze, Format: stmt.Format, Statement: inner.Query}, types, r)
	case *sql.Execute:
		err = s.explainExecute(e, inner)
	default:
		return nil, datum.Unsupported("EXPLAIN of %s", inner.Tag())
	}
	if err != nil {
		return nil, err
	}
	if tail, ok := stmt.Statement.(*sql.TailStream); ok && options.analyze {
		return nil, datum.Unsupported("EXPLAIN ANALYZE of %s, which has no end,", tail.Tag())
	}
	return e, nil
}

// explainExecute explains the statement that EXECUTE names. It is planned anew:
// what ANALYZE measures is of no use afterwards.
func (s *session) explainExecute(e *explainPlan, stmt *sql.Execute) error {
	made, err := s.planExecute(stmt)
	if err != nil {
		return err
	}
	named, err := s.statement(stmt.Name)
	if err != nil {
		return err
	}
	fresh := &prepared{stmt: named.stmt, types: named.types}
	if err := s.makePlan(fresh); err != nil {
		return err
	}
	switch fresh.plan.(type) {
	case *selectPlan, *insertPlan:
		e.inner, e.args = fresh.plan, made.(*executePlan).args
		return nil
	}
	return datum.Unsupported("EXPLAIN of %s", named.stmt.Tag())
}

func readExplainOptions(stmt *sql.Explain) (explainOptions, error) {
	o := explainOptions{analyze: stmt.Analyze, costs: true, timing: true, summary: stmt.Analyze, json: stmt.Format == sql.ExplainJSON}
	for _, opt := range stmt.Options {
		on, ok := parseBool(opt.Value)
		switch {
		case !ok:
		case opt.Name == "timing" && on && !stmt.Analyze:
			return o, &query.Error{Code: "22023", Message: "EXPLAIN option TIMING requires ANALYZE"}
		case opt.Name == "wal" && on && !stmt.Analyze:
			return o, &query.Error{Code: "22023", Message: "EXPLAIN option WAL requires ANALYZE"}
		case opt.Name == "timing":
			o.timing = on
		case opt.Name == "costs":
			o.costs = on
		case opt.Name == "summary":
			o.summary = on
		}
	}
	return o, nil
}

func (e *explainPlan) params() []query.OID {
	if e.args != nil {
		return nil
	}
	return e.inner.params()
}

func (e *explainPlan) columns() []query.Field {
	if e.options.json {
		return []query.Field{field("QUERY PLAN", datum.JSONOID)}
	}
	return []query.Field{field("QUERY PLAN", datum.TextOID)}
}

func (e *explainPlan) run(ctx context.Context, args []query.Value) (*result, error) {
	if e.args != nil {
		var err error
		if args, err = e.args.Eval(ctx, nil, nil); err != nil {
			return nil, err
		}
	}
	began := time.Now()
	out := explanation{options: e.options}
	var err error
	switch inner := e.inner.(type) {
	case *selectPlan:
		out.tree, err = e.query(ctx, inner.prepared, args)
	case *insertPlan:
		out.tree, out.append, err = e.insert(ctx, inner, args)
	}
	if err != nil {
		return nil, err
	}
	out.took = time.Since(began)
	if out.append != nil {
		out.took -= out.append.waited
	}
	var rows [][]query.Value
	for _, line := range out.lines() {
		rows = append(rows, []query.Value{datum.String(line)})
	}
	return &result{rows: &rowList{rows: rows}, tag: e.stmt.Tag()}, nil
}

func (e *explainPlan) query(ctx context.Context, p *query.Prepared, args []query.Value) (*query.PlanNode, error) {
	if e.options.analyze {
		return p.Analyze(ctx, args)
	}
	return p.Explain(ctx, args)
}

// insert explains an INSERT. With ANALYZE it is done, and outside of a
// transaction block the group is appended at once, to see what that takes.
func (e *explainPlan) insert(ctx context.Context, p *insertPlan, args []query.Value) (*query.PlanNode, *appendTimes, error) {
	top := &query.PlanNode{Type: "Insert", Relation: p.desc.Name}
	source := &query.PlanNode{Type: "Values Scan", Estimate: query.EstimateValues(len(p.stmt.Rows))}
	if p.query != nil {
		var err error
		if source, err = p.query.Explain(ctx, args); err != nil {
			return nil, nil, err
		}
	}
	top.Children = []*query.PlanNode{source}
	top.Estimate = query.Estimate{Startup: source.Estimate.Startup, Total: source.Estimate.Total}
	if !e.options.analyze {
		return top, nil, nil
	}
	s := e.session
	if s.tx.readOnly {
		if err := refuseReadOnly(p.stmt); err != nil {
			return nil, nil, err
		}
	}
	if !s.tx.block {
		if err := s.closeGroup(ctx, e.stmt); err != nil {
			return nil, nil, err
		}
	}
	began, before := time.Now(), len(s.tx.group.payloads)
	if _, err := p.run(ctx, args); err != nil {
		return nil, nil, err
	}
	n := int64(len(s.tx.group.payloads) - before)
	var times *appendTimes
	if !s.tx.block && n > 0 {
		s.deferred = -1 // nothing is held back for it
		var err error
		if times, err = s.appendTimed(ctx); err != nil {
			return nil, nil, err
		}
	}
	took := time.Since(began)
	if times != nil {
		took -= times.waited
	}
	top.Actual = &query.PlanActual{Startup: took, Total: took, Rows: n, Loops: 1}
	if s.tx.block {
		top.Details = append(top.Details, query.PlanDetail{Name: "Append", Text: fmt.Sprintf("at COMMIT, %d rows are buffered", len(s.tx.group.payloads))})
	}
	return top, times, nil
}
