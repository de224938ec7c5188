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
	if call.args, err = a.withinOrder(c, s); err != nil {
		return nil, err
	}
	f, err := findFunction(name, typesOf(append(slices.Clone(direct), call.args...)), nil, false, c.Location)
	if err != nil {
		return nil, err
	}
	if f.Kind != 'a' {
		return nil, datum.Errorf("42809", "WITHIN GROUP specified, but %s is not an aggregate function", name).At(c.Location)
	}
	if err := a.orderedArguments(f, call, direct, c); err != nil {
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

// withinOrder analyzes what WITHIN GROUP orders by. Literals of unknown type stay that: the
// aggregate decides.
func (a *analyzer) withinOrder(c *pg_query.FuncCall, s *scope) ([]expr, error) {
	if len(c.AggOrder) == 0 {
		return nil, datum.Errorf("42809", "WITHIN GROUP is required for ordered-set aggregate").At(c.Location)
	}
	inner := s.aggregateArguments()
	list := make([]expr, len(c.AggOrder))
	for i, n := range c.AggOrder {
		var err error
		if list[i], err = a.expr(n.GetSortBy().Node, inner); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// orderedArguments converts direct and ordered arguments to what the aggregate takes, and
// makes the sort keys. For a hypothetical row both are of one type, column by column.
func (a *analyzer) orderedArguments(f *function, call *aggCall, direct []expr, c *pg_query.FuncCall) error {
	hypothetical := pgdata.Load().ProcByOID(f.OID).Variadic != 0
	var err error
	if hypothetical {
		err = a.hypotheticalArguments(f, call, direct, c.Location)
	} else {
		var all []expr
		if all, err = a.arguments(f, append(slices.Clone(direct), call.args...), c.Location); err == nil {
			call.direct, call.args = all[:len(direct)], all[len(direct):]
		}
	}
	if err != nil {
		return err
	}
	for i, e := range call.args {
		key, err := newSortKey(e, c.AggOrder[i].GetSortBy())
		if err != nil {
			return err
		}
		call.order = append(call.order, key)
	}
	build, strict, ok := a.builtins().aggregate(f.Proc, typesOf(call.args), f.result)
	if !ok {
		return datum.Unsupported("ordered-set aggregate %s", signature(f.Name, f.args)).At(c.Location)
	}
	call.strict, call.make = strict, build
	if by := call.order; hypothetical {
		call.make = func() aggregator {
			h := build().(*hypotheticalRow)
			h.by = by
			return h
		}
	}
	return nil
}

func (a *analyzer) hypotheticalArguments(f *function, call *aggCall, direct []expr, at int32) error {
	if len(direct) != len(call.args) {
		return datum.Errorf("42883", "function %s does not exist", signature(f.Name, typesOf(append(slices.Clone(direct), call.args...)))).
			WithHint("To use the hypothetical-set aggregate %s, the number of hypothetical direct arguments (here %d) must match the number of ordering columns (here %d).", f.Name, len(direct), len(call.args)).At(at)
	}
	for i := range direct {
		pair, _, err := a.unify([]expr{call.args[i], direct[i]}, "WITHIN GROUP", at)
		if err != nil {
			return err
		}
		call.args[i] = pair[0]
		call.direct = append(call.direct, pair[1])
	}
	return nil
}
