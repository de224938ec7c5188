package sql

import pg_query "github.com/pganalyze/pg_query_go/v5"

// insert reads INSERT. What it cannot say in its own terms is a row of
// expressions, or a Query; what streams cannot do is Unsupported.
func (p piece) insert(src Source, n *pg_query.InsertStmt) (Statement, *Error) {
	if hint := insertHint(n); hint != "" {
		return &Unsupported{Source: src, What: "this form of INSERT", Hint: hint}, nil
	}
	stream, err := p.relation(n.GetRelation())
	if err != nil {
		return nil, err
	}
	s := &Insert{
		Source:              src,
		Stream:              stream,
		Alias:               n.GetRelation().GetAlias().GetAliasname(),
		OverridingSystem:    n.GetOverride() == pg_query.OverridingKind_OVERRIDING_SYSTEM_VALUE,
		OnConflictDoNothing: n.GetOnConflictClause() != nil,
	}
	for _, column := range n.GetCols() {
		target := column.GetResTarget()
		s.Columns = append(s.Columns, Column{Name: target.GetName(), Location: target.GetLocation()})
	}
	infer := n.GetOnConflictClause().GetInfer()
	for _, element := range infer.GetIndexElems() {
		column := Column{Name: element.GetIndexElem().GetName(), Location: infer.GetLocation()}
		s.ConflictColumns = append(s.ConflictColumns, column)
	}
	if len(n.GetReturningList()) > 0 {
		s.Returning = &ReturningList{Targets: n.GetReturningList()}
	}
	return s, p.rows(s, n)
}

// insertHint says what is wrong with an INSERT that a stream has no answer to.
func insertHint(n *pg_query.InsertStmt) string {
	conflict := n.GetOnConflictClause()
	switch {
	case conflict.GetAction() == pg_query.OnConflictAction_ONCONFLICT_UPDATE:
		return "Entries never change. Use ON CONFLICT DO NOTHING."
	case conflict.GetInfer().GetConname() != "", conflict.GetInfer().GetWhereClause() != nil:
		return "Use ON CONFLICT DO NOTHING, or ON CONFLICT (entry_id) DO NOTHING."
	case n.GetOverride() == pg_query.OverridingKind_OVERRIDING_USER_VALUE:
		return "Leave out entry_id to have it given."
	case writesData(n.GetWithClause()):
		return "Only SELECT may stand in WITH."
	}
	for _, column := range n.GetCols() {
		if len(column.GetResTarget().GetIndirection()) > 0 {
			return "Columns of streams have no fields and no elements."
		}
	}
	for _, element := range conflict.GetInfer().GetIndexElems() {
		if element.GetIndexElem().GetName() == "" {
			return "Use ON CONFLICT DO NOTHING, or ON CONFLICT (entry_id) DO NOTHING."
		}
	}
	return ""
}

// writesData tells of INSERT and its like in a WITH.
func writesData(with *pg_query.WithClause) bool {
	for _, cte := range with.GetCtes() {
		if cte.GetCommonTableExpr().GetCtequery().GetSelectStmt() == nil {
			return true
		}
	}
	return false
}

// relation is the name that a statement of PostgreSQL's grammar writes to or
// copies from. PostgreSQL's parser has cut it to 63 bytes already.
func (p piece) relation(r *pg_query.RangeVar) (Name, *Error) {
	n := Name{
		Database: r.GetCatalogname(),
		Schema:   r.GetSchemaname(),
		Name:     r.GetRelname(),
		Location: r.GetLocation(),
	}
	for _, t := range p.tokens {
		at := t.start - p.base
		if at < n.Location {
			continue
		}
		if t.kind != tokenWord && t.kind != tokenQuoted && !p.is(t, '.') {
			break
		}
		if text := p.text(t); len(text) > maxIdentifier && len(n.Name) == maxIdentifier {
			return n, p.checkIdentifier(t, text)
		}
	}
	return n, nil
}

// rows takes over a plain list of VALUES; any other source of rows is a query.
func (p piece) rows(s *Insert, n *pg_query.InsertStmt) *Error {
	query := n.GetSelectStmt().GetSelectStmt()
	if query == nil {
		s.Rows = [][]Value{{}}
		return nil
	}
	if n.GetWithClause() != nil || !isPlainValues(query) {
		s.Query = query
		return p.addWith(query, n.GetWithClause())
	}
	s.Rows = make([][]Value, len(query.GetValuesLists()))
	for i, list := range query.GetValuesLists() {
		items := list.GetList().GetItems()
		row := make([]Value, len(items))
		for j, item := range items {
			row[j] = p.valueOf(item)
		}
		if len(row) != len(s.Rows[0]) && i > 0 {
			return p.errRagged(row)
		}
		s.Rows[i] = row
	}
	return nil
}

// errRagged is about the first row that is not as long as the one before it. No
// row is empty in PostgreSQL's grammar.
func (p piece) errRagged(row []Value) *Error {
	return &Error{
		Code:     codeSyntax,
		Message:  "VALUES lists must all be the same length",
		Position: position(p.query, int(p.base+max(row[0].Location, 0))),
	}
}

// isPlainValues tells whether a query is VALUES (…), (…) and nothing besides.
func isPlainValues(q *pg_query.SelectStmt) bool {
	return len(q.GetValuesLists()) > 0 && q.GetSortClause() == nil && q.GetLimitCount() == nil &&
		q.GetLimitOffset() == nil && q.GetWithClause() == nil && q.GetLockingClause() == nil
}

// addWith moves the WITH in front of INSERT into its query, which is the same
// thing unless the query has one too.
func (p piece) addWith(query *pg_query.SelectStmt, with *pg_query.WithClause) *Error {
	if with == nil {
		return nil
	}
	if query.GetWithClause() != nil {
		return &Error{
			Code:     codeNotSupported,
			Message:  "WITH both before INSERT and in its query is not supported",
			Hint:     "Write one WITH, in front of INSERT.",
			Position: position(p.query, int(p.base+query.GetWithClause().GetLocation())),
		}
	}
	query.WithClause = with
	return nil
}
