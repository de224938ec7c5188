package query

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
)

// subLink analyzes a subquery in an expression.
func (a *analyzer) subLink(l *pg_query.SubLink, s *scope) (expr, error) {
	stmt := l.Subselect.GetSelectStmt()
	if stmt == nil {
		return nil, datum.Unsupported("subquery of this kind").At(l.Location)
	}
	q, err := a.subquery(stmt, s)
	if err != nil {
		return nil, err
	}
	switch l.SubLinkType {
	case pg_query.SubLinkType_EXISTS_SUBLINK:
		return &existsQuery{subplan: subplan{q.withoutList()}}, nil
	case pg_query.SubLinkType_EXPR_SUBLINK:
		if len(q.columns) != 1 {
			return nil, datum.Errorf("42601", "subquery must return only one column").At(l.Location)
		}
		return &scalarQuery{subplan: subplan{q}, t: q.columns[0].t, typmod: q.columns[0].typmod}, nil
	case pg_query.SubLinkType_ARRAY_SUBLINK:
		return a.arrayQuery(q, l)
	case pg_query.SubLinkType_ANY_SUBLINK, pg_query.SubLinkType_ALL_SUBLINK:
		return a.quantifiedQuery(q, l, s)
	}
	return nil, datum.Unsupported("subquery of kind %s", l.SubLinkType).At(l.Location)
}

// withoutList drops the select list: EXISTS does not evaluate it.
func (q *query) withoutList() *query {
	if p, ok := q.plan.(*projectNode); ok {
		bare := *q
		bare.plan = p.input
		return &bare
	}
	return q
}

// subquery plans a query one level below s.
func (a *analyzer) subquery(stmt *pg_query.SelectStmt, s *scope) (*query, error) {
	return a.query(stmt, s)
}

func (a *analyzer) arrayQuery(q *query, l *pg_query.SubLink) (expr, error) {
	if len(q.columns) != 1 {
		return nil, datum.Errorf("42601", "subquery must return only one column").At(l.Location)
	}
	elem := q.columns[0].t
	t := arrayType(elem)
	if elemType(elem) != 0 {
		t, elem = elem, elemType(elem)
	}
	if t == 0 {
		return nil, datum.Errorf("42704", "could not find array type for data type %s", datum.TypeName(elem)).At(l.Location)
	}
	return &arrayQuery{subplan: subplan{q}, elem: elem, t: t}, nil
}

// rowQuery analyzes (x, y) op (SELECT …), a comparison with the one row of the query.
func (a *analyzer) rowQuery(name string, x *pg_query.A_Expr, l *pg_query.SubLink, s *scope) (expr, error) {
	q, err := a.subquery(l.Subselect.GetSelectStmt(), s)
	if err != nil {
		return nil, err
	}
	left, err := a.expr(x.Lexpr, s)
	if err != nil {
		return nil, err
	}
	slots, compare, err := a.compareWithRow(name, left, q, x.Location)
	if err != nil {
		return nil, err
	}
	return &rowQuery{subplan: subplan{q}, slots: slots, compare: compare}, nil
}

// quantifiedQuery analyzes x IN (SELECT …), x op ANY/ALL (SELECT …), also of rows.
func (a *analyzer) quantifiedQuery(q *query, l *pg_query.SubLink, s *scope) (expr, error) {
	left, err := a.expr(l.Testexpr, s)
	if err != nil {
		return nil, err
	}
	name := "="
	if len(l.OperName) > 0 {
		names := stringList(l.OperName)
		name = names[len(names)-1]
	}
	out := &quantifiedQuery{subplan: subplan{q}, all: l.SubLinkType == pg_query.SubLinkType_ALL_SUBLINK}
	if out.slots, out.compare, err = a.compareWithRow(name, left, q, l.Location); err != nil {
		return nil, err
	}
	out.hashable = name == "=" && !out.all
	return out, nil
}

// compareWithRow makes left op row for a row of the query, which is read from the slots. left is
// a row too unless the query has one column.
func (a *analyzer) compareWithRow(name string, left expr, q *query, at int32) (slots []*slot, compare expr, err error) {
	lefts := []expr{left}
	if row, ok := left.(*rowExpr); ok {
		lefts = row.args
	}
	if len(lefts) < len(q.columns) {
		return nil, nil, datum.Errorf("42601", "subquery has too many columns").At(at)
	}
	if len(lefts) > len(q.columns) {
		return nil, nil, datum.Errorf("42601", "subquery has too few columns").At(at)
	}
	var rights []expr
	for _, c := range q.columns {
		s := &slot{t: c.t}
		slots, rights = append(slots, s), append(rights, s)
	}
	if len(lefts) == 1 {
		compare, err = a.binary(name, lefts[0], rights[0], at)
	} else {
		compare, err = a.rowOperator(name, &rowExpr{args: lefts}, &rowExpr{args: rights}, at)
	}
	if err != nil {
		return nil, nil, err
	}
	if compare.typ() != datum.BoolOID {
		return nil, nil, datum.Errorf("42804", "row comparison operator must yield type boolean, not type %s",
			datum.TypeName(compare.typ())).At(at)
	}
	return slots, compare, nil
}
