package query

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
	"walle/pgfront/query/pgdata"
)

// orderedSet analyzes f(direct) WITHIN GROUP (ORDER BY …).
func (a *analyzer) orderedSet(name string, c *pg_query.FuncCall, s *scope) (expr, error) {
	if err := s.allowsAggregates(c.Location); err != nil {
		return nil, err
	}
	if c.Over != nil {
		return nil, datum.Errorf("0A000", "OVER is not supported for ordered-set aggregate %s", name).At(c.Location)
	}
	direct, _, err := a.callArguments(c, s)
	if err != nil {
		return nil, err
	}
	call := &aggCall{}
	if call.order, err = a.withinOrder(c, s); err != nil {
		return nil, err
	}
	for _, k := range call.order {
		call.args = append(call.args, k.e)
	}
	f, err := findFunction(name, typesOf(append(slices.Clone(direct), call.args...)), nil, false, c.Location)
	if err != nil {
		return nil, err
	}
	if f.Kind != 'a' {
		return nil, datum.Errorf("42809", "WITHIN GROUP specified, but %s is not an aggregate function", name).At(c.Location)
	}
	if err := a.orderedArguments(f, call, direct, c.Location); err != nil {
		return nil, err
	}
	if c.AggFilter != nil {
		inner := s.aggregateArguments()
		inner.clause = clauseFilter
		filter, err := a.expr(c.AggFilter, inner)
		if err != nil {
			return nil, err
		}
		if call.filter, err = a.coerceToBool(filter, "FILTER", location(c.AggFilter)); err != nil {
			return nil, err
		}
	}
	call.text = "WITHIN GROUP " + call.describe(f.Name) + " OF " + joinStrings(call.direct)
	s.level.aggs = append(s.level.aggs, call)
	return &computed{slot: &call.slot, t: f.result, text: call.text}, nil
}

func (a *analyzer) withinOrder(c *pg_query.FuncCall, s *scope) ([]sortKey, error) {
	keys, err := a.aggregateOrder(&pg_query.FuncCall{AggOrder: c.AggOrder}, s.aggregateArguments(), nil)
	if err == nil && len(keys) == 0 {
		err = datum.Errorf("42809", "WITHIN GROUP is required for ordered-set aggregate").At(c.Location)
	}
	return keys, err
}

// orderedArguments converts direct and ordered arguments to what the aggregate takes. For a
// hypothetical row both are of one type, column by column.
func (a *analyzer) orderedArguments(f *function, call *aggCall, direct []expr, at int32) error {
	build, strict, ok := a.builtins().aggregate(f.Proc, typesOf(call.args), f.result)
	if !ok {
		return datum.Unsupported("ordered-set aggregate %s", signature(f.Name, f.args)).At(at)
	}
	call.strict, call.make = strict, build
	if pgdata.Load().ProcByOID(f.OID).Variadic != 0 {
		return a.hypotheticalArguments(f, call, direct, at)
	}
	all, err := a.arguments(f, append(slices.Clone(direct), call.args...), at)
	if err != nil {
		return err
	}
	call.direct = all[:len(direct)]
	for i := range call.args {
		call.args[i] = all[len(direct)+i]
		call.order[i].e = call.args[i]
	}
	return nil
}

func (a *analyzer) hypotheticalArguments(f *function, call *aggCall, direct []expr, at int32) error {
	if len(direct) != len(call.args) {
		return datum.Errorf("42883", "function %s does not exist", signature(f.Name, typesOf(append(slices.Clone(direct), call.args...)))).
			WithHint("To use the hypothetical-set aggregate %s, the number of hypothetical direct arguments (here %d) must match the number of ordering columns (here %d).", f.Name, len(direct), len(call.args)).At(at)
	}
	for i := range direct {
		t, err := commonType([]expr{call.args[i], direct[i]}, "WITHIN GROUP", at)
		if err != nil {
			return err
		}
		d, err := a.coerce(direct[i], t, -1, implicitCast, at)
		if err != nil {
			return err
		}
		if call.args[i], err = a.coerce(call.args[i], t, -1, implicitCast, at); err != nil {
			return err
		}
		call.order[i].e = call.args[i]
		call.direct = append(call.direct, d)
	}
	by := call.order
	build := call.make
	call.make = func() aggregator {
		h := build().(*hypothetical)
		h.by = by
		return h
	}
	return nil
}
