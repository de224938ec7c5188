package query

import (
	"math"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
	"walle/pgfront/query/pgdata"
)

// aggCall is one aggregate to be computed over the rows of a group.
type aggCall struct {
	make     func() aggregator
	args     []expr
	direct   []expr // of an ordered-set aggregate
	distinct bool
	order    []sortKey // of the rows within the group
	filter   expr
	strict   bool
	slot     int
	text     string
}

// isAggregateName says whether a call is syntactically an aggregate, so that its arguments
// are analyzed as such.
func isAggregateName(c *pg_query.FuncCall) bool {
	if c.Over != nil {
		return false
	}
	name, ok := functionName(stringList(c.Funcname))
	if !ok {
		return false
	}
	for _, p := range pgdata.Load().ProcsByName(name) {
		if p.Kind == 'a' {
			return true
		}
	}
	return false
}

// aggregateArguments is the scope in which an aggregate's arguments are analyzed.
func (s *scope) aggregateArguments() *scope {
	inner := *s
	inner.copyOf, inner.clause = s, clauseAggArgs
	if s.level != nil {
		inner.level = &levelState{}
	}
	return &inner
}

// allowsAggregates says whether aggregates may stand in the clause.
func (s *scope) allowsAggregates(at int32) error {
	switch s.clause {
	case clauseSelect, clauseHaving, clauseOrder, clauseWindow:
		return nil
	case clauseAggArgs:
		return datum.Errorf("42803", "aggregate function calls cannot be nested").At(at)
	}
	return datum.Errorf("42803", "aggregate functions are not allowed in %s", s.clauseName()).At(at)
}

// aggregate analyzes a call of an aggregate.
func (a *analyzer) aggregate(f *function, args []expr, c *pg_query.FuncCall, s *scope) (expr, error) {
	if err := s.allowsAggregates(c.Location); err != nil {
		return nil, err
	}
	call, result, err := a.aggregateCall(f, args, c, s)
	if err != nil {
		return nil, err
	}
	for _, have := range s.level.aggs {
		if have.text == call.text {
			return &computed{slot: &have.slot, t: result, text: have.text}, nil
		}
	}
	s.level.aggs = append(s.level.aggs, call)
	return &computed{slot: &call.slot, t: result, text: call.text}, nil
}

// aggregateLevel is how many queries out the one is to which a call of an aggregate belongs: the
// nearest of which it reads a column, or else its own. An error is found again by who analyzes
// the call there.
func (a *analyzer) aggregateLevel(c *pg_query.FuncCall, s *scope) int {
	if s.outer == nil || c.Over != nil {
		return 0
	}
	defer s.keepOuterUses()()
	nearest := math.MaxInt
	inner := s.aggregateArguments()
	inner.nearest = &nearest
	for _, n := range aggregateParts(c) {
		if _, err := a.expr(n, inner); err != nil {
			return 0
		}
	}
	if nearest == math.MaxInt {
		return 0
	}
	return nearest
}

// aggregateParts are the expressions over the rows of a group.
func aggregateParts(c *pg_query.FuncCall) []*pg_query.Node {
	var parts []*pg_query.Node
	for _, n := range c.Args {
		if named := n.GetNamedArgExpr(); named != nil {
			n = named.Arg
		}
		parts = append(parts, n)
	}
	for _, n := range c.AggOrder {
		parts = append(parts, n.GetSortBy().Node)
	}
	if c.AggFilter != nil {
		parts = append(parts, c.AggFilter)
	}
	return parts
}

// outerAggregate analyzes a call of an aggregate that belongs to a query further out.
func (a *analyzer) outerAggregate(c *pg_query.FuncCall, s *scope, level int) (expr, error) {
	at := s
	for range level {
		at.useOuter()
		at = at.outer
	}
	at.referenced = true
	e, err := a.funcCall(c, at)
	if err != nil {
		return nil, err
	}
	agg, ok := e.(*computed)
	if !ok {
		return nil, datum.Errorf("XX000", "aggregate %s is not computed", e)
	}
	return &outerColumn{level: level, slot: agg.slot, t: agg.t, typmod: -1, name: agg.text}, nil
}

// aggregateCall builds the call; windows over aggregates use it too.
func (a *analyzer) aggregateCall(f *function, args []expr, c *pg_query.FuncCall, s *scope) (*aggCall, OID, error) {
	if len(args) == 0 && !c.AggStar && f.Name == "count" {
		return nil, 0, datum.Errorf("42809", "count(*) must be used to call a parameterless aggregate function").At(c.Location)
	}
	args, err := a.arguments(f, args, c.Location)
	if err != nil {
		return nil, 0, err
	}
	build, strict, ok := a.builtins().aggregate(f.Proc, typesOf(args), f.result)
	if !ok {
		return nil, 0, datum.Unsupported("aggregate %s", signature(f.Name, f.args)).At(c.Location)
	}
	call := &aggCall{make: build, args: args, distinct: c.AggDistinct, strict: strict}
	inner := s.aggregateArguments()
	if call.order, err = a.aggregateOrder(c, inner, args); err != nil {
		return nil, 0, err
	}
	if c.AggFilter != nil {
		inner.clause = clauseFilter
		filter, err := a.expr(c.AggFilter, inner)
		if err != nil {
			return nil, 0, err
		}
		if call.filter, err = a.coerceToBool(filter, "FILTER", location(c.AggFilter)); err != nil {
			return nil, 0, err
		}
	}
	if call.distinct {
		for _, e := range args {
			if !comparable(e.typ()) {
				return nil, 0, noEquality(e.typ(), c.Location)
			}
		}
	}
	if call.distinct && call.order == nil && showsOrder(f.Name) {
		for _, e := range args {
			call.order = append(call.order, sortKey{e: e}) // as PostgreSQL finds duplicates by sorting
		}
	}
	call.text = call.describe(f.Name)
	return call, f.result, nil
}

// showsOrder says whether the result of an aggregate depends on the order of its input.
func showsOrder(name string) bool {
	return name == "string_agg" || name == "array_agg" || strings.Contains(name, "json")
}

func (a *analyzer) aggregateOrder(c *pg_query.FuncCall, s *scope, args []expr) ([]sortKey, error) {
	var keys []sortKey
	for _, n := range c.AggOrder {
		by := n.GetSortBy()
		e, err := a.expr(by.Node, s)
		if err != nil {
			return nil, err
		}
		if e, err = a.settle(e); err != nil {
			return nil, err
		}
		if c.AggDistinct && !containsExpr(args, e) {
			return nil, datum.Errorf("42P10", "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list").
				At(location(by.Node))
		}
		key, err := newSortKey(e, by)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func containsExpr(list []expr, e expr) bool {
	for _, x := range list {
		if x.String() == e.String() {
			return true
		}
	}
	return false
}

func (c *aggCall) describe(name string) string {
	var b strings.Builder
	b.WriteString(name + "(")
	if c.distinct {
		b.WriteString("DISTINCT ")
	}
	if len(c.args) == 0 {
		b.WriteString("*")
	}
	b.WriteString(joinStrings(c.args))
	for _, k := range c.order {
		b.WriteString(" ORDER BY " + k.String())
	}
	b.WriteString(")")
	if c.filter != nil {
		b.WriteString(" FILTER " + c.filter.String())
	}
	return b.String()
}

func noEquality(t OID, at int32) *Error {
	return datum.Errorf("42883", "could not identify an equality operator for type %s", datum.TypeName(t)).At(at)
}
