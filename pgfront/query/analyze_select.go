package query

import (
	"strconv"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
)

// query analyzes a SELECT, VALUES or set operation one level below outer.
func (a *analyzer) query(stmt *pg_query.SelectStmt, outer *scope) (*query, error) {
	return a.queryWith(stmt, outer, nil)
}

// queryWith is query with WITH queries that are visible though they belong to the
// statement around.
func (a *analyzer) queryWith(stmt *pg_query.SelectStmt, outer *scope, visible map[string]*cte) (*query, error) {
	if stmt == nil {
		return nil, datum.Unsupported("query of this kind")
	}
	if stmt.IntoClause != nil {
		return nil, datum.Unsupported("SELECT INTO")
	}
	if len(stmt.LockingClause) > 0 {
		return nil, datum.Unsupported("FOR UPDATE and FOR SHARE").
			WithHint("Entries never change; a plain SELECT reads what is committed.")
	}
	s := &scope{outer: outer, level: &levelState{}, ctes: map[string]*cte{}}
	for name, c := range visible {
		s.ctes[name] = c
	}
	if err := a.with(stmt.WithClause, s); err != nil {
		return nil, err
	}
	var q *query
	var err error
	switch {
	case stmt.Op != pg_query.SetOperation_SETOP_NONE:
		q, err = a.setOperation(stmt, s)
	case len(stmt.ValuesLists) > 0:
		q, err = a.values(stmt, s)
	default:
		q, err = a.simpleSelect(stmt, s)
	}
	if err != nil {
		return nil, err
	}
	q.correlated = s.usesOuter
	return q, nil
}

// target is an item of a select list.
type target struct {
	name string
	e    expr
	node *pg_query.Node // nil if it came from a star
	// firstUse to lastUse are its own among the level's outerUses.
	firstUse, lastUse int
}

// simpleSelect analyzes SELECT … FROM …; the clauses in the order in which they see each
// other's names.
func (a *analyzer) simpleSelect(stmt *pg_query.SelectStmt, s *scope) (*query, error) {
	p, err := a.from(stmt.FromClause, s)
	if err != nil {
		return nil, err
	}
	if p, err = a.where(stmt.WhereClause, p, s); err != nil {
		return nil, err
	}
	s.level.after = true
	s.level.namedWindows = map[string]*pg_query.WindowDef{}
	for _, n := range stmt.WindowClause {
		// The definition's own name is not a reference.
		def := n.GetWindowDef()
		s.level.namedWindows[def.Name] = &pg_query.WindowDef{
			Refname: def.Refname, PartitionClause: def.PartitionClause, OrderClause: def.OrderClause,
			FrameOptions: def.FrameOptions, StartOffset: def.StartOffset, EndOffset: def.EndOffset, Location: def.Location,
		}
	}
	s.clause = clauseSelect
	targets, err := a.targetList(stmt.TargetList, s)
	if err != nil {
		return nil, err
	}
	if err := a.assignUnknown(stmt, targets); err != nil {
		return nil, err
	}
	b := &selectBuilder{a: a, s: s, stmt: stmt, plan: p, targets: targets}
	return b.build()
}

func (a *analyzer) where(n *pg_query.Node, p plan, s *scope) (plan, error) {
	if n == nil {
		return p, nil
	}
	s.clause = clauseWhere
	cond, err := a.expr(n, s)
	if err != nil {
		return nil, err
	}
	if cond, err = a.coerceToBool(cond, "WHERE", location(n)); err != nil {
		return nil, err
	}
	return push(p, conjuncts(cond)), nil
}

// targetList analyzes a select list and expands its stars.
func (a *analyzer) targetList(list []*pg_query.Node, s *scope) ([]target, error) {
	var targets []target
	for _, n := range list {
		res := n.GetResTarget()
		if ref := res.Val.GetColumnRef(); ref != nil && ref.Fields[len(ref.Fields)-1].GetAStar() != nil {
			more, err := a.star(ref, s)
			if err != nil {
				return nil, err
			}
			targets = append(targets, more...)
			continue
		}
		if ind := res.Val.GetAIndirection(); ind != nil && ind.Indirection[len(ind.Indirection)-1].GetAStar() != nil {
			more, err := a.recordStar(ind, s)
			if err != nil {
				return nil, err
			}
			targets = append(targets, more...)
			continue
		}
		uses := len(s.level.outerUses)
		e, err := a.expr(res.Val, s)
		if err != nil {
			return nil, err
		}
		name := res.Name
		if name == "" {
			name = figureName(res.Val)
		}
		targets = append(targets, target{name: name, e: e, node: res.Val, firstUse: uses, lastUse: len(s.level.outerUses)})
	}
	return targets, nil
}

// star expands * and alias.*.
func (a *analyzer) star(ref *pg_query.ColumnRef, s *scope) ([]target, error) {
	columns, level := s.names.columns, 0
	if n := len(ref.Fields); n > 1 {
		alias, schema := ref.Fields[n-2].GetString_().GetSval(), ""
		if n > 2 {
			schema = ref.Fields[n-3].GetString_().GetSval()
		}
		entry, at, err := s.entry(schema, alias, ref.Location)
		if err != nil {
			return nil, err
		}
		if entry == nil {
			return nil, datum.Errorf("42P01", "missing FROM-clause entry for table \"%s\"", alias).At(ref.Location)
		}
		columns, level = entry.columns, at
	} else if len(s.names.entries) == 0 && s.clause == clauseSelect {
		return nil, datum.Errorf("42601", "SELECT * with no tables specified is not valid").At(ref.Location)
	}
	var targets []target
	for _, c := range columns {
		c.mark()
		targets = append(targets, target{name: c.name, e: s.outward(c.e, level)})
	}
	return targets, nil
}

// recordStar expands (expression).*.
func (a *analyzer) recordStar(ind *pg_query.A_Indirection, s *scope) ([]target, error) {
	if len(ind.Indirection) != 1 {
		return nil, datum.Unsupported("row expansion of this kind")
	}
	e, err := a.expr(ind.Arg, s)
	if err != nil {
		return nil, err
	}
	var names []string
	if r, ok := e.(*rowExpr); ok {
		names = r.fieldNames()
	} else {
		for _, c := range recordShape(e) {
			names = append(names, c.name)
		}
	}
	if names == nil {
		return nil, datum.Errorf("42809", "record type has not been registered").At(location(ind.Arg))
	}
	var targets []target
	for _, name := range names {
		field, err := a.field(e, name, location(ind.Arg))
		if err != nil {
			return nil, err
		}
		targets = append(targets, target{name: name, e: field})
	}
	return targets, nil
}

// values analyzes VALUES lists, with ORDER BY and LIMIT.
func (a *analyzer) values(stmt *pg_query.SelectStmt, s *scope) (*query, error) {
	s.clause = clauseValues
	var rows [][]expr
	for _, n := range stmt.ValuesLists {
		row, err := a.exprs(n.GetList().GetItems(), s)
		if err != nil {
			return nil, err
		}
		if len(rows) > 0 && len(row) != len(rows[0]) {
			return nil, datum.Errorf("42601", "VALUES lists must all be the same length").At(location(n.GetList().GetItems()[0]))
		}
		rows = append(rows, row)
	}
	q := &query{}
	for i := range rows[0] {
		column := make([]expr, len(rows))
		for r := range rows {
			column[r] = rows[r][i]
		}
		list, t, err := a.unify(column, "VALUES", 0)
		if err != nil {
			return nil, err
		}
		for r := range rows {
			rows[r][i] = list[r]
		}
		q.columns = append(q.columns, outColumn{name: "column" + strconv.Itoa(i+1), t: t, typmod: commonTypmod(list)})
	}
	q.plan = &valuesNode{rows: rows}
	return a.orderAndLimit(q, stmt, s)
}

func commonTypmod(list []expr) int32 {
	typmod := typmodOf(list[0])
	for _, e := range list[1:] {
		if typmodOf(e) != typmod {
			return -1
		}
	}
	return typmod
}

// setOperation analyzes UNION, INTERSECT and EXCEPT.
func (a *analyzer) setOperation(stmt *pg_query.SelectStmt, s *scope) (*query, error) {
	left, err := a.queryWith(stmt.Larg, s.outer, s.ctes)
	if err != nil {
		return nil, err
	}
	right, err := a.queryWith(stmt.Rarg, s.outer, s.ctes)
	if err != nil {
		return nil, err
	}
	s.usesOuter = s.usesOuter || left.correlated || right.correlated
	word := map[pg_query.SetOperation]string{
		pg_query.SetOperation_SETOP_UNION: "UNION", pg_query.SetOperation_SETOP_INTERSECT: "INTERSECT",
		pg_query.SetOperation_SETOP_EXCEPT: "EXCEPT",
	}[stmt.Op]
	if len(left.columns) != len(right.columns) {
		return nil, datum.Errorf("42601", "each %s query must have the same number of columns", word)
	}
	left, right, err = a.matchColumns(left, right, word)
	if err != nil {
		return nil, err
	}
	q := &query{columns: left.columns}
	types := make([]OID, len(q.columns))
	for i := range q.columns {
		c := &q.columns[i]
		types[i], c.table, c.attnum = c.t, 0, 0
		if (word != "UNION" || !stmt.All) && !comparable(c.t) {
			return nil, noEquality(c.t, 0)
		}
	}
	switch {
	case word == "UNION" && stmt.All:
		q.plan = &appendNode{inputs: []plan{left.plan, right.plan}}
	case word == "UNION":
		q.plan = &distinctNode{input: &appendNode{inputs: []plan{left.plan, right.plan}}, types: types}
	default:
		q.plan = &combineNode{left: left.plan, right: right.plan, except: word == "EXCEPT", all: stmt.All, types: types}
	}
	return a.orderAndLimit(q, stmt, s)
}

// matchColumns converts both sides to common types.
func (a *analyzer) matchColumns(left, right *query, word string) (*query, *query, error) {
	lefts, rights := make([]expr, len(left.columns)), make([]expr, len(left.columns))
	out := &query{columns: append([]outColumn(nil), left.columns...)}
	for i := range left.columns {
		pair := []expr{left.outExpr(i), right.outExpr(i)}
		list, t, err := a.unify(pair, word, 0)
		if err != nil {
			return nil, nil, err
		}
		lefts[i], rights[i] = list[0], list[1]
		out.columns[i].t, out.columns[i].typmod, out.columns[i].literal = t, commonTypmod(list), nil
	}
	out.plan = projected(left.plan, lefts)
	return out, &query{columns: out.columns, plan: projected(right.plan, rights)}, nil
}

// outExpr stands for a column of the query's result; a literal of unknown type stays one,
// so that the other side of a UNION may decide its type.
func (q *query) outExpr(i int) expr {
	c := q.columns[i]
	if c.literal != nil {
		return c.literal
	}
	return &column{index: i, t: c.t, typmod: c.typmod, name: c.name}
}

// projected computes exprs over p, unless they are just p's columns.
func projected(p plan, exprs []expr) plan {
	for i, e := range exprs {
		if c, ok := e.(*column); !ok || c.index != i {
			return &projectNode{input: p, exprs: exprs}
		}
	}
	return p
}

// orderAndLimit applies ORDER BY and LIMIT over the result columns, which is all that
// VALUES and set operations have.
func (a *analyzer) orderAndLimit(q *query, stmt *pg_query.SelectStmt, s *scope) (*query, error) {
	result := &scope{outer: s.outer, clause: clauseOrder, names: queryNames("", q.columns), width: len(q.columns)}
	var keys []sortKey
	for _, n := range stmt.SortClause {
		by := n.GetSortBy()
		e, err := a.resultKey(by.Node, q, result)
		if err != nil {
			return nil, err
		}
		key, err := newSortKey(e, by)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	limit, offset, err := a.limits(stmt, s)
	if err != nil {
		return nil, err
	}
	if keys != nil {
		q.plan = &sortNode{input: q.plan, keys: keys, limit: sortLimit(stmt, limit, offset)}
	}
	q.plan = limited(q.plan, stmt, limit, offset, keys)
	return q, nil
}

func (a *analyzer) resultKey(n *pg_query.Node, q *query, s *scope) (expr, error) {
	if i, ok, err := position(n, len(q.columns), "ORDER BY"); err != nil {
		return nil, err
	} else if ok {
		return q.columnExpr(i), nil
	}
	ref := n.GetColumnRef()
	if ref == nil || len(ref.Fields) != 1 {
		return nil, datum.Errorf("0A000", "invalid UNION/INTERSECT/EXCEPT ORDER BY clause").
			WithDetail("Only result column names can be used, not expressions or functions.").
			WithHint("Add the expression/function to every SELECT, or move the UNION into a FROM clause.").At(location(n))
	}
	return s.unqualified(ref.Fields[0].GetString_().GetSval(), ref.Location)
}

func (q *query) columnExpr(i int) expr {
	c := q.columns[i]
	return &column{index: i, t: c.t, typmod: c.typmod, name: c.name}
}

// position reads an integer literal of ORDER BY and GROUP BY as the number of a column.
func position(n *pg_query.Node, count int, clause string) (index int, ok bool, err error) {
	c := n.GetAConst()
	if c == nil {
		return 0, false, nil
	}
	ival, isInt := c.Val.(*pg_query.A_Const_Ival)
	if !isInt && c.Val != nil || c.Isnull {
		return 0, false, datum.Errorf("42601", "non-integer constant in %s", clause).At(c.Location)
	}
	num := 0
	if isInt {
		num = int(ival.Ival.Ival)
	}
	if num < 1 || num > count {
		return 0, false, datum.Errorf("42P10", "%s position %d is not in select list", clause, num).At(c.Location)
	}
	return num - 1, true, nil
}

// limits analyzes LIMIT and OFFSET.
func (a *analyzer) limits(stmt *pg_query.SelectStmt, s *scope) (limit, offset expr, err error) {
	count := func(n *pg_query.Node, word string) (expr, error) {
		if n == nil {
			return nil, nil
		}
		inner := &scope{outer: s.outer, ctes: s.ctes, clause: clause(word), level: &levelState{}}
		e, err := a.expr(n, inner)
		if err != nil {
			return nil, err
		}
		s.usesOuter = s.usesOuter || inner.usesOuter
		out, err := a.coerceType(e, datum.Int8OID, -1, assignmentCast, location(n))
		if err == nil && out == nil {
			err = datum.Errorf("42804", "argument of %s must be type bigint, not type %s", word, datum.TypeName(e.typ())).At(location(n))
		}
		return out, err
	}
	if limit, err = count(stmt.LimitCount, "LIMIT"); err != nil {
		return nil, nil, err
	}
	offset, err = count(stmt.LimitOffset, "OFFSET")
	return limit, offset, err
}

func sortLimit(stmt *pg_query.SelectStmt, limit, offset expr) []expr {
	if limit == nil || stmt.LimitOption == pg_query.LimitOption_LIMIT_OPTION_WITH_TIES {
		return nil
	}
	return []expr{limit, offset}
}

func limited(p plan, stmt *pg_query.SelectStmt, limit, offset expr, keys []sortKey) plan {
	if limit == nil && offset == nil {
		return p
	}
	n := &limitNode{input: p, limit: limit, offset: offset}
	if stmt.LimitOption == pg_query.LimitOption_LIMIT_OPTION_WITH_TIES {
		n.ties = keys
	}
	return n
}
