package main

import "walle/pgfront/query/datum"

// correlated is a query with a subquery over rows of its own and of the query around it: as a
// value, as what a row is compared with, or with an aggregate that belongs to either query.
func (g *generator) correlated() *node {
	outer, inner := g.source("v"), g.source("w")
	id, innerID := outer.columns[0].name, inner.columns[0].name
	both := append(append([]column{}, outer.columns...), inner.columns...)
	link := pick(g, []string{" where " + innerID + " <= " + id, " where " + innerID + " = " + id, ""})
	order := pick(g, []string{"", " order by 1"})
	switch g.rng.IntN(5) {
	case 0:
		agg := g.over(both, func() *node { return g.aggregate(innerID, false) })
		return queryNode("subquery with aggregate", "select "+id+", (select ", agg, " from ", inner.from, link, ") from ", outer.from, order)
	case 1:
		agg := g.over(outer.columns, func() *node { return g.aggregate(id, false) })
		return queryNode("aggregate of an outer query", "select (select ", agg, " from ", inner.from, " limit 1) from ", outer.from)
	case 2:
		op := pick(g, []string{" = ", " <> ", " < ", " >= "})
		t := pick(g, allTypes)
		left := g.over(outer.columns, func() *node { return g.expr(t, 1) })
		right := g.over(both, func() *node { return g.expr(t, 1) })
		return queryNode("row and subquery", "select "+id+", ("+id+", ", left, ")"+op+"(select "+innerID+", ", right, " from ", inner.from, link,
			") from ", outer.from, order)
	case 3:
		in := pick(g, []string{" in ", " not in ", " = any ", " <= all "})
		t := pick(g, allTypes)
		left := g.over(outer.columns, func() *node { return g.expr(t, 1) })
		right := g.over(inner.columns, func() *node { return g.expr(t, 1) })
		return queryNode("row in subquery", "select "+id+" from ", outer.from, " where ("+id+", ", left, ")"+in+"(select "+innerID+", ", right,
			" from ", inner.from, link, ")", order)
	}
	agg := g.over(outer.columns, func() *node { return g.aggregate(id, false) })
	sets := pick(g, []string{"rollup (1, 2)", "cube (1, 2)", "grouping sets ((1), (2), ())"})
	what := pick(g, []string{"grouping(" + id + " % 2)", "grouping(" + id + " > 1, " + id + " % 2)"})
	having := pick(g, []string{"", " having grouping(" + id + " > 1) = 0"})
	return queryNode("grouping", "select "+id+" % 2, "+id+" > 1, "+what+", ", agg, " from ", outer.from, " group by "+sets+having)
}

// exists is a condition over rows of another source.
func (g *generator) exists(id string) *node {
	src := g.source("e")
	cond := g.over(src.columns, func() *node { return g.expr(datum.BoolOID, 1) })
	return &node{parts: []any{pick(g, []string{"exists ", "not exists "}), "(select 1 from ", src.from, " where " + src.columns[0].name + " = " + id + " and ", cond, ")"},
		label: "exists", open: true, simpler: []string{"true"}}
}
