package query

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
)

// source is an analyzed item of FROM.
type source struct {
	plan    plan
	names   namespace
	width   int
	lateral bool // reads the row of its left siblings
}

// from analyzes the whole FROM clause into s, and returns its plan.
func (a *analyzer) from(items []*pg_query.Node, s *scope) (plan, error) {
	if len(items) == 0 {
		return oneRow{}, nil
	}
	var p plan
	for _, item := range items {
		siblings := &scope{outer: s.outer, ctes: s.ctes, names: s.names, width: s.width, lateral: true}
		src, err := a.fromItem(item, siblings)
		if err != nil {
			return nil, err
		}
		if err := checkAliases(s.names, src.names); err != nil {
			return nil, err
		}
		s.usesOuter = s.usesOuter || siblings.usesOuter
		if p == nil {
			p = src.plan
		} else {
			j := &joinNode{kind: innerJoin, left: p, right: src.plan, leftWidth: s.width, rightWidth: src.width, lateral: src.lateral}
			j.setConds(nil)
			p = j
		}
		s.names.add(src.names.shift(s.width))
		s.width += src.width
	}
	return p, nil
}

func checkAliases(have, more namespace) error {
	for _, e := range more.entries {
		for _, h := range have.entries {
			if h.alias == e.alias && e.alias != "" && (h.schema == e.schema || h.desc == nil || e.desc == nil) {
				return datum.Errorf("42712", "table name \"%s\" specified more than once", e.alias)
			}
		}
	}
	return nil
}

// fromItem analyzes one item. siblings is the scope around it: what is left of it, seen
// only by LATERAL items, and then the enclosing queries. The plan that is returned is opened
// with the frame around siblings, unless it is lateral: then with that of siblings.
func (a *analyzer) fromItem(n *pg_query.Node, siblings *scope) (*source, error) {
	var src *source
	var err error
	switch n := n.Node.(type) {
	case *pg_query.Node_RangeVar:
		return a.rangeVar(n.RangeVar, siblings)
	case *pg_query.Node_RangeSubselect:
		src, err = a.rangeSubselect(n.RangeSubselect, siblings)
	case *pg_query.Node_RangeFunction:
		src, err = a.rangeFunction(n.RangeFunction, siblings)
	case *pg_query.Node_JoinExpr:
		src, err = a.join(n.JoinExpr, siblings)
	case *pg_query.Node_RangeTableSample:
		return nil, datum.Unsupported("TABLESAMPLE").At(n.RangeTableSample.Location)
	default:
		return nil, datum.Unsupported("FROM item %s", typeString(n))
	}
	if err != nil {
		return nil, err
	}
	if !src.lateral {
		src.plan = &framed{input: src.plan}
	}
	return src, nil
}

// rangeVar reads a relation or a WITH query.
func (a *analyzer) rangeVar(v *pg_query.RangeVar, s *scope) (*source, error) {
	if v.Catalogname != "" && a.env.Session != nil && v.Catalogname != a.env.Session.Database() {
		return nil, datum.Errorf("0A000", "cross-database references are not implemented: \"%s.%s.%s\"",
			v.Catalogname, v.Schemaname, v.Relname).At(v.Location)
	}
	if v.Schemaname == "" {
		if src, err := a.cteRef(v, s); src != nil || err != nil {
			return src, err
		}
	}
	rel, err := a.relation(v.Schemaname, v.Relname, v.Location)
	if err != nil {
		return nil, err
	}
	scan := newScan(rel)
	alias := v.Relname
	if v.Alias != nil {
		alias = v.Alias.Aliasname
	}
	names := relationNames(rel.Desc(), alias, scan.used)
	if v.Alias != nil {
		names.entries[0].schema = ""
		if err := rename(&names, v.Alias, alias, v.Location); err != nil {
			return nil, err
		}
	}
	return &source{plan: scan, names: names, width: len(rel.Desc().Columns)}, nil
}

// relationNames is what a relation makes visible; used, if given, is marked by what is
// looked up.
func relationNames(desc *RelationDesc, alias string, used []bool) namespace {
	entry := &rangeEntry{schema: desc.Schema, alias: alias, desc: desc}
	for i, c := range desc.Columns {
		col := nameColumn{name: c.Name, e: &column{index: i, t: c.Type, typmod: -1, name: alias + "." + c.Name}}
		if used != nil {
			col.used = &used[i]
		}
		entry.columns = append(entry.columns, col)
	}
	return namespace{columns: slices.Clone(entry.columns), entries: []*rangeEntry{entry}}
}

// rename applies the column names of an alias.
func rename(names *namespace, alias *pg_query.Alias, table string, at int32) error {
	list := stringList(alias.Colnames)
	entry := names.entries[0]
	if len(list) > len(entry.columns) {
		return datum.Errorf("42P10", "table \"%s\" has %d columns available but %d columns specified",
			table, len(entry.columns), len(list)).At(at)
	}
	for i, name := range list {
		entry.columns[i].rename(table, name)
		if i < len(names.columns) {
			names.columns[i].rename(table, name)
		}
	}
	return nil
}

// cteRef finds a WITH query of this name.
func (a *analyzer) cteRef(v *pg_query.RangeVar, s *scope) (*source, error) {
	levels := 0
	for sc := s; sc != nil; sc = sc.outer {
		if c := sc.ctes[v.Relname]; c != nil {
			return a.readCTE(c, v, s, levels)
		}
		levels++
	}
	return nil, nil
}

func (a *analyzer) readCTE(c *cte, v *pg_query.RangeVar, s *scope, levels int) (*source, error) {
	alias := c.name
	if v.Alias != nil {
		alias = v.Alias.Aliasname
	}
	src := &source{names: queryNames(alias, c.columns), width: len(c.columns)}
	if v.Alias != nil {
		if err := rename(&src.names, v.Alias, alias, v.Location); err != nil {
			return nil, err
		}
	}
	for sc := s; levels > 0 && sc != nil && sc.ctes[c.name] != c; sc = sc.outer {
		sc.usesOuter = sc.usesOuter || c.recursive != nil || c.q.correlated
	}
	if c.recursive != nil {
		src.plan = &workNode{of: c.recursive}
		return src, nil
	}
	c.uses++
	// The item's own frame is the one around siblings, which is one level out of s.
	src.plan = &cteNode{cte: c, levels: levels}
	return src, nil
}

// queryNames is what a subquery makes visible.
func queryNames(alias string, columns []outColumn) namespace {
	entry := &rangeEntry{alias: alias}
	for i, c := range columns {
		entry.columns = append(entry.columns, nameColumn{name: c.name,
			e: &column{index: i, t: c.t, typmod: c.typmod, name: qualified(alias, c.name), shape: c.shape}})
	}
	return namespace{columns: slices.Clone(entry.columns), entries: []*rangeEntry{entry}}
}

func qualified(alias, name string) string {
	if alias == "" {
		return name
	}
	return alias + "." + name
}

func (a *analyzer) rangeSubselect(r *pg_query.RangeSubselect, siblings *scope) (*source, error) {
	around := siblings
	if !r.Lateral {
		hidden := *siblings
		hidden.names = namespace{}
		around = &hidden
	}
	q, err := a.query(r.Subquery.GetSelectStmt(), around)
	if err != nil {
		return nil, err
	}
	alias := ""
	if r.Alias != nil {
		alias = r.Alias.Aliasname
	}
	src := &source{plan: q.plan, names: queryNames(alias, q.columns), width: len(q.columns), lateral: around.referenced}
	siblings.usesOuter = siblings.usesOuter || around.usesOuter
	if r.Alias != nil {
		err = rename(&src.names, r.Alias, alias, 0)
	}
	return src, err
}

// join analyzes JOIN … ON, USING, NATURAL and CROSS JOIN.
func (a *analyzer) join(j *pg_query.JoinExpr, siblings *scope) (*source, error) {
	// The sides are opened by the join, whose own outer frame is that of siblings.
	left, err := a.fromItem(j.Larg, &scope{outer: siblings, lateral: true})
	if err != nil {
		return nil, err
	}
	inner := &scope{outer: siblings, names: left.names, width: left.width, lateral: true}
	right, err := a.fromItem(j.Rarg, inner)
	if err != nil {
		return nil, err
	}
	if err := checkAliases(left.names, right.names); err != nil {
		return nil, err
	}
	kind, ok := map[pg_query.JoinType]joinKind{
		pg_query.JoinType_JOIN_INNER: innerJoin, pg_query.JoinType_JOIN_LEFT: leftJoin,
		pg_query.JoinType_JOIN_RIGHT: rightJoin, pg_query.JoinType_JOIN_FULL: fullJoin,
	}[j.Jointype]
	if !ok {
		return nil, datum.Unsupported("join of kind %s", j.Jointype)
	}
	if right.lateral && (kind == rightJoin || kind == fullJoin) {
		return nil, datum.Errorf("42P10", "invalid reference to FROM-clause entry for a LATERAL item").
			WithDetail("The combining JOIN type must be INNER or LEFT for a LATERAL reference.")
	}
	node := &joinNode{kind: kind, left: left.plan, right: right.plan, leftWidth: left.width, rightWidth: right.width, lateral: right.lateral}
	on := &scope{outer: siblings, clause: clauseOn, width: left.width + right.width}
	on.names = left.names
	on.names.columns = slices.Clone(on.names.columns)
	on.names.entries = slices.Clone(on.names.entries)
	on.names.add(right.names.shift(left.width))
	conds, err := a.joinConditions(j, left, right, kind, on)
	if err != nil {
		return nil, err
	}
	src := &source{plan: joinPlan(node, conds), names: on.names, width: on.width, lateral: siblings.referenced}
	if j.Alias != nil {
		src.names.entries = []*rangeEntry{{alias: j.Alias.Aliasname, columns: slices.Clone(src.names.columns)}}
		err = rename(&src.names, j.Alias, j.Alias.Aliasname, 0)
	}
	return src, err
}

// joinPlan attaches the conditions of ON. Those of an inner join go down into its sides, those of
// an outer join into the side that is filled up with nulls, if they are about that side alone: its
// rows that do not satisfy them match nothing.
func joinPlan(n *joinNode, conds []expr) plan {
	if n.kind == innerJoin {
		return push(n, conds)
	}
	var left, right, both []expr
	for _, c := range conds {
		switch {
		case isVolatile(c) || hasSubquery(c):
			both = append(both, c)
		case n.kind == leftJoin && n.onRight(c) && !n.lateral:
			right = append(right, rebase(c, -n.leftWidth))
		case n.kind == rightJoin && n.onLeft(c):
			left = append(left, c)
		default:
			both = append(both, c)
		}
	}
	n.left, n.right = push(n.left, left), push(n.right, right)
	n.setConds(both)
	return n
}

// joinConditions analyzes ON, or makes equalities of USING's columns and merges them.
func (a *analyzer) joinConditions(j *pg_query.JoinExpr, left, right *source, kind joinKind, on *scope) ([]expr, error) {
	using := stringList(j.UsingClause)
	if j.IsNatural {
		using = commonNames(left.names, right.names)
	}
	if j.Quals != nil {
		e, err := a.expr(j.Quals, on)
		if err != nil {
			return nil, err
		}
		if e, err = a.coerceToBool(e, "JOIN/ON", location(j.Quals)); err != nil {
			return nil, err
		}
		return conjuncts(e), nil
	}
	var conds []expr
	var merged []nameColumn
	shifted := right.names.shift(left.width)
	for _, name := range using {
		l, err := usingColumn(left.names, name, "left")
		if err != nil {
			return nil, err
		}
		r, err := usingColumn(shifted, name, "right")
		if err != nil {
			return nil, err
		}
		e, err := a.mergedColumn(l, r, kind)
		if err != nil {
			return nil, err
		}
		cond, err := a.binary("=", l, r, 0)
		if err != nil {
			return nil, err
		}
		conds, merged = append(conds, cond), append(merged, nameColumn{name: name, e: e})
	}
	if merged != nil {
		rest := slices.DeleteFunc(slices.Clone(on.names.columns), func(c nameColumn) bool { return slices.Contains(using, c.name) })
		on.names.columns = append(merged, rest...)
	}
	return conds, nil
}

func commonNames(left, right namespace) []string {
	var names []string
	for _, l := range left.columns {
		if slices.ContainsFunc(right.columns, func(r nameColumn) bool { return r.name == l.name }) {
			names = append(names, l.name)
		}
	}
	return names
}

func usingColumn(names namespace, name, side string) (expr, error) {
	var found expr
	for _, c := range names.columns {
		if c.name != name {
			continue
		}
		if found != nil {
			return nil, datum.Errorf("42702", "common column name \"%s\" appears more than once in %s table", name, side)
		}
		c.mark()
		found = c.e
	}
	if found == nil {
		return nil, datum.Errorf("42703", "column \"%s\" specified in USING clause does not exist in %s table", name, side)
	}
	return found, nil
}

// mergedColumn is the one column that USING makes of two.
func (a *analyzer) mergedColumn(l, r expr, kind joinKind) (expr, error) {
	list, t, err := a.unify([]expr{l, r}, "JOIN/USING", 0)
	if err != nil {
		return nil, err
	}
	switch kind {
	case fullJoin:
		return &coalesce{args: list, t: t}, nil
	case rightJoin:
		return list[1], nil
	}
	return list[0], nil
}
