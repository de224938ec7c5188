package query

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
)

// groupingExpr is GROUPING(key, …), until the grouping of its query is planned: then the value is
// a column that the grouping makes.
type groupingExpr struct {
	leaf
	args []expr
	at   int32
}

func (g *groupingExpr) typ() OID         { return datum.Int4OID }
func (g *groupingExpr) String() string   { return "GROUPING(" + joinStrings(g.args) + ")" }
func (g *groupingExpr) with([]expr) expr { return g }
func (g *groupingExpr) eval(*frame) (Value, error) {
	return Value{}, datum.Errorf("XX000", "%s was not planned", g)
}

// grouping analyzes GROUPING.
func (a *analyzer) grouping(f *pg_query.GroupingFunc, s *scope) (expr, error) {
	if len(f.Args) > 31 {
		return nil, datum.Errorf("54023", "GROUPING must have fewer than 32 arguments").At(f.Location)
	}
	if err := s.allowsAggregates(f.Location); err != nil {
		if s.clause != clauseAggArgs {
			err = datum.Errorf("42803", "grouping operations are not allowed in %s", s.clauseName()).At(f.Location)
		}
		return nil, err
	}
	defer s.keepOuterUses()()
	args, err := a.exprs(f.Args, s)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(args, readsOuter) {
		return nil, datum.Unsupported("GROUPING of an outer query").At(f.Location)
	}
	s.level.grouping = true
	return &groupingExpr{args: args, at: f.Location}, nil
}

// groupingOf is the column that holds GROUPING's value.
func (b *selectBuilder) groupingOf(g *groupingExpr) (expr, error) {
	var keys []int
	for _, arg := range g.args {
		i := b.keyIndex(arg)
		if i < 0 {
			return g, datum.Errorf("42803", "arguments to GROUPING must be grouping expressions of the associated query level").At(g.at)
		}
		keys = append(keys, i)
	}
	slot := b.groupingSlot + len(b.groupings)
	b.groupings = append(b.groupings, keys)
	return &computed{slot: &slot, t: datum.Int4OID, text: g.String()}, nil
}

// groupingValue has a bit for each of the keys, the first one's highest: whether it is none of
// the set.
func groupingValue(keys, set []int) Value {
	bits := int64(0)
	for _, k := range keys {
		bits <<= 1
		if !slices.Contains(set, k) {
			bits |= 1
		}
	}
	return datum.Int(bits)
}
