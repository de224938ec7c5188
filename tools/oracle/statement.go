package main

import (
	"fmt"
	"strings"

	"walle/pgfront/query/datum"
)

// statement makes a whole SELECT.
func (g *generator) statement() *node {
	switch roll := g.rng.IntN(100); {
	case roll < 60:
		return selectOf(g.expr(pick(g, allTypes), 1+g.rng.IntN(3)))
	case roll < 67:
		return g.plain()
	case roll < 74:
		return g.grouped()
	case roll < 79:
		return g.windowed()
	case roll < 84:
		return g.correlated()
	case roll < 89:
		return g.joined()
	case roll < 93:
		return g.setOperation()
	case roll < 96:
		return g.common()
	}
	return g.setReturning()
}

func queryNode(label string, parts ...any) *node {
	return &node{parts: parts, query: true, label: label}
}

// A source is an item of FROM. Its first column is an integer that tells its rows apart.
type source struct {
	from    *node
	columns []column
}

// source makes rows to select from; alias tells several of them apart.
func (g *generator) source(alias string) source {
	if g.chance(20) {
		stream := pick(g, []string{"s", "t"})
		return source{text(stream + " as " + alias + "(id, term, at, data)"), qualified(alias, []column{
			{"id", datum.Int8OID}, {"term", datum.Int8OID}, {"at", datum.TimestamptzOID}, {"data", datum.ByteaOID}})}
	}
	columns := []column{{"id", datum.Int4OID}}
	for i := range 1 + g.rng.IntN(3) {
		columns = append(columns, column{fmt.Sprintf("c%d", i), pick(g, allTypes)})
	}
	parts := []any{"(values "}
	for row := range 1 + g.rng.IntN(6) {
		if row > 0 {
			parts = append(parts, ", ")
		}
		parts = append(parts, fmt.Sprintf("(%d", row))
		for _, c := range columns[1:] {
			parts = append(parts, ", ", expression(c.t, "literal", pick(g, literals[c.t])))
		}
		parts = append(parts, ")")
	}
	var names []string
	for _, c := range columns {
		names = append(names, c.name)
	}
	parts = append(parts, ") as "+alias+"("+strings.Join(names, ", ")+")")
	return source{&node{parts: parts}, qualified(alias, columns)}
}

func qualified(alias string, columns []column) []column {
	out := make([]column, len(columns))
	for i, c := range columns {
		out[i] = column{alias + "." + c.name, c.t}
	}
	return out
}

// over runs make with the columns of sources in scope.
func (g *generator) over(columns []column, make func() *node) *node {
	before := g.columns
	g.columns = append(before[:len(before):len(before)], columns...)
	defer func() { g.columns = before }()
	return make()
}

func (g *generator) where() *node {
	if g.chance(50) {
		return text("")
	}
	return clause(" where ", g.expr(datum.BoolOID, 2))
}

// plain is SELECT … FROM … WHERE … ORDER BY … LIMIT.
func (g *generator) plain() *node {
	src := g.source("v")
	where := g.where
	if g.chance(10) {
		where = func() *node { return clause(" where ", g.exists(src.columns[0].name)) }
	}
	return g.over(src.columns, func() *node {
		distinct := pick(g, []string{"", "", "", "distinct "})
		first, second := g.expr(pick(g, allTypes), 2), g.expr(pick(g, allTypes), 1)
		tail := text("")
		if g.chance(40) {
			tail = clause(pick(g, []string{" order by 1, 2", " order by 1 desc, 2", " order by 2 nulls first, 1 desc nulls last"}),
				pick(g, []string{"", " limit 2", " offset 1", " limit 1 offset 1", " fetch first 2 rows only", " limit 0"}))
		}
		return queryNode("query", "select "+distinct, first, ", ", second, " from ", src.from, where(), tail)
	})
}

// aggregate makes a call of an aggregate over the columns in scope; id breaks ties.
func (g *generator) aggregate(id string, window bool) *node {
	a := pick(g, aggregates)
	var args []any
	for i, t := range a.args {
		if i > 0 {
			args = append(args, ", ")
		}
		if a.constant && i == len(a.args)-1 {
			args = append(args, "', '::text")
			continue
		}
		args = append(args, g.expr(t, 1))
	}
	if len(a.args) == 0 {
		args = []any{"*"}
	}
	parts := append([]any{a.name + "("}, args...)
	switch {
	case window:
	case len(a.args) == 1 && g.chance(25):
		parts[0] = a.name + "(distinct "
	case a.ordered:
		parts = append(parts, " order by "+id+pick(g, []string{"", " desc"}))
	}
	parts = append(parts, ")")
	if g.chance(20) {
		parts = append(parts, clause(" filter (where ", g.expr(datum.BoolOID, 1), ")"))
	}
	return expression(a.result, a.label, parts...)
}

// orderedSet makes a call of an ordered-set or hypothetical-set aggregate.
func (g *generator) orderedSet() *node {
	of := pick(g, []datum.OID{datum.Float8OID, datum.Int4OID, datum.NumericOID, datum.IntervalOID, datum.TextOID})
	order := pick(g, []string{"", " desc"})
	by := []any{" within group (order by ", g.expr(of, 1), order + ")"}
	switch g.rng.IntN(5) {
	case 0:
		return expression(of, "mode", append([]any{"mode()"}, by...)...)
	case 1:
		return expression(of, "percentile_disc", append([]any{"percentile_disc(", pick(g, []string{"0.5", "0", "1", "0.3", "1.5", "null", "array[0.1, 0.9]"}), ")"}, by...)...)
	case 2:
		return expression(of, "percentile_cont", append([]any{"percentile_cont(", pick(g, []string{"0.5", "0", "1", "0.3", "-1", "array[0.1, null, 0.9]"}), ")"}, by...)...)
	}
	name := pick(g, []string{"rank", "dense_rank", "percent_rank", "cume_dist"})
	return expression(of, "hypothetical "+name, append([]any{name + "(", g.expr(of, 0), ")"}, by...)...)
}

// grouped is a query with aggregates.
func (g *generator) grouped() *node {
	src := g.source("v")
	id := src.columns[0].name
	return g.over(src.columns, func() *node {
		agg := g.aggregate(id, false)
		if g.chance(15) {
			agg = g.orderedSet()
		}
		key := g.expr(pick(g, allTypes), g.rng.IntN(2))
		having := text("")
		if g.chance(20) {
			having = clause(" having count(*) > 1")
		}
		switch g.rng.IntN(6) {
		case 0:
			return queryNode("aggregate", "select ", agg, " from ", src.from, g.where(), having)
		case 1:
			sets := pick(g, []string{"rollup (1)", "cube (1)", "grouping sets ((1), ())"})
			return queryNode("grouping sets", "select ", key, ", count(*), ", agg, " from ", src.from, g.where(), " group by "+sets, having)
		}
		return queryNode("group by", "select ", key, ", ", agg, " from ", src.from, g.where(), " group by 1", having)
	})
}

// windowed is a query with a window function.
func (g *generator) windowed() *node {
	src := g.source("v")
	id := src.columns[0].name
	return g.over(src.columns, func() *node {
		partition := text("")
		if g.chance(40) {
			partition = clause("partition by ", g.expr(pick(g, allTypes), 1), " ")
		}
		order := text("order by " + id)
		if g.chance(50) {
			order = &node{parts: []any{"order by ", clause(g.expr(pick(g, allTypes), 0), pick(g, []string{"", " desc", " nulls first"}), ", "), id}}
		}
		window := []any{" over (", partition, order, g.frame(), ")"}
		return queryNode("window", append(append([]any{"select " + id + ", ", g.windowCall(id)}, window...), " from ", src.from, g.where())...)
	})
}

func (g *generator) windowCall(id string) *node {
	of := pick(g, allTypes)
	w := func(parts ...any) *node {
		return expression(of, "window "+strings.TrimSuffix(parts[0].(string), "("), parts...)
	}
	switch g.rng.IntN(10) {
	case 0:
		return w(pick(g, []string{"row_number()", "rank()", "dense_rank()", "percent_rank()", "cume_dist()"}))
	case 1:
		return w("ntile(", g.expr(datum.Int4OID, 0), ")")
	case 2:
		return w(pick(g, []string{"lag(", "lead("}), g.expr(of, 1), ", ", g.expr(datum.Int4OID, 0), ", ", g.expr(of, 0), ")")
	case 3:
		return w(pick(g, []string{"first_value(", "last_value("}), g.expr(of, 1), ")")
	case 4:
		return w("nth_value(", g.expr(of, 1), ", 2)")
	}
	return g.aggregate(id, true)
}

func (g *generator) frame() *node {
	if g.chance(50) {
		return text("")
	}
	start := pick(g, []string{"unbounded preceding", "1 preceding", "current row", "1 following", "2 preceding"})
	end := pick(g, []string{"unbounded following", "1 following", "current row", "1 preceding", "2 following"})
	exclude := pick(g, []string{"", "", " exclude current row", " exclude group", " exclude ties", " exclude no others"})
	return clause(" " + pick(g, []string{"rows", "range", "groups"}) + " between " + start + " and " + end + exclude)
}

// joined is a query over two sources.
func (g *generator) joined() *node {
	left, right := g.source("l"), g.source("r")
	both := append(append([]column{}, left.columns...), right.columns...)
	return g.over(both, func() *node {
		on := &node{parts: []any{" on ", expression(datum.BoolOID, "ON", g.joinCondition(left, right))}}
		kind := pick(g, []string{" join ", " left join ", " right join ", " full join ", " cross join ", ", lateral "})
		from := right.from
		switch kind {
		case " cross join ":
			on = text("")
		case ", lateral ":
			from = &node{parts: []any{"(select * from ", right.from, " where " + left.columns[0].name + " <= r.id) as r"}}
			on = text("")
		}
		return queryNode("join", "select "+left.columns[0].name+", r.id, ", g.expr(pick(g, allTypes), 1), " from ", left.from, kind, from, on, g.where())
	})
}

func (g *generator) joinCondition(left, right source) *node {
	l, r := left.columns[0].name, right.columns[0].name
	cond := &node{parts: []any{l + pick(g, []string{" = ", " = ", " < "}) + r}, open: true, simpler: []string{l + " = " + r}}
	if g.chance(30) {
		return &node{parts: []any{cond, clause(" and ", g.expr(datum.BoolOID, 1))}, open: true}
	}
	return cond
}

func (g *generator) setOperation() *node {
	t, also := pick(g, allTypes), pick(g, allTypes)
	branch := func() *node {
		first := t
		if g.chance(10) {
			first = pick(g, allTypes)
		}
		return &node{parts: []any{"select ", g.expr(first, 1), ", ", g.expr(also, 1)}}
	}
	op := func() string {
		return pick(g, []string{" union ", " union all ", " intersect ", " intersect all ", " except ", " except all "})
	}
	return queryNode("set operation", branch(), op(), branch(), op(), branch(), clause(pick(g, []string{" order by 1, 2", "", " order by 2, 1 limit 1"})))
}

// common is a query with WITH.
func (g *generator) common() *node {
	if g.chance(30) {
		return queryNode("recursive CTE", "with recursive w(n, x) as (select 1, ", expression(datum.TextOID, "literal", "'a'::text"),
			pick(g, []string{" union all ", " union "})+"select n + 1, x || ", g.expr(datum.TextOID, 1), " from w where n < 4) select * from w")
	}
	src := g.source("v")
	inner := g.over(src.columns, func() *node {
		return &node{parts: []any{"select v.id, ", g.expr(pick(g, allTypes), 1), " as x from ", src.from}}
	})
	return queryNode("CTE", "with w as "+pick(g, []string{"", "materialized ", "not materialized "})+"(", inner,
		") select a.id, b.x from w as a "+pick(g, []string{"join w as b on a.id = b.id", "cross join w as b", "left join w as b on a.id = b.id + 1"}))
}

// setReturning calls a function that returns a set, in FROM or in the list.
func (g *generator) setReturning() *node {
	e := func(t datum.OID) *node { return g.expr(t, 1) }
	f := func(name string, args ...*node) *node {
		return &node{parts: append(append([]any{name + "("}, commas(args)...), ")"), label: "set " + name, t: datum.RecordOID}
	}
	var call *node
	switch g.rng.IntN(8) {
	case 0:
		call = f("generate_series", text("1"), text(pick(g, []string{"5", "3", "0"})))
	case 1:
		call = f("unnest", e(arrayOf(pick(g, elementTypes))))
	case 2:
		call = f(pick(g, []string{"json_array_elements", "json_array_elements_text", "json_each", "json_each_text", "json_object_keys"}), e(datum.JSONOID))
	case 3:
		call = f(pick(g, []string{"jsonb_array_elements", "jsonb_array_elements_text", "jsonb_each", "jsonb_each_text", "jsonb_object_keys"}), e(datum.JSONBOID))
	case 4:
		call = f("jsonb_path_query", e(datum.JSONBOID), e(datum.JSONPathOID))
	case 5:
		call = f(pick(g, []string{"regexp_split_to_table", "string_to_table"}), e(datum.TextOID), text(pick(g, regexPatterns)))
	case 6:
		call = f("regexp_matches", e(datum.TextOID), text(pick(g, regexPatterns)), text("'g'"))
	default:
		call = f("generate_subscripts", e(arrayOf(datum.Int4OID)), text("1"))
	}
	if g.chance(50) {
		return queryNode(call.label, "select *, ", e(pick(g, allTypes)), " from ", call, pick(g, []string{" as f", " with ordinality as f", " as f"}))
	}
	return queryNode(call.label, "select ", call, ", ", e(pick(g, allTypes)))
}
