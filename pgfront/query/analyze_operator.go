package query

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
)

// operatorName reads an operator's name, which may be written OPERATOR(pg_catalog.~).
func operatorName(x *pg_query.A_Expr) (string, error) {
	names := stringList(x.Name)
	if len(names) > 1 && names[0] != "pg_catalog" {
		return "", datum.Errorf("42883", "operator does not exist: %s.%s", names[0], names[len(names)-1]).At(x.Location)
	}
	return names[len(names)-1], nil
}

// operatorExpr analyzes everything the grammar makes an A_Expr of.
func (a *analyzer) operatorExpr(x *pg_query.A_Expr, s *scope) (expr, error) {
	name, err := operatorName(x)
	if err != nil {
		return nil, err
	}
	switch x.Kind {
	case pg_query.A_Expr_Kind_AEXPR_OP, pg_query.A_Expr_Kind_AEXPR_LIKE, pg_query.A_Expr_Kind_AEXPR_ILIKE,
		pg_query.A_Expr_Kind_AEXPR_SIMILAR:
		return a.plainOperator(name, x, s)
	case pg_query.A_Expr_Kind_AEXPR_OP_ANY, pg_query.A_Expr_Kind_AEXPR_OP_ALL:
		return a.anyAll(name, x, s)
	case pg_query.A_Expr_Kind_AEXPR_DISTINCT, pg_query.A_Expr_Kind_AEXPR_NOT_DISTINCT:
		return a.distinctFrom(x, s)
	case pg_query.A_Expr_Kind_AEXPR_NULLIF:
		return a.nullIf(x, s)
	case pg_query.A_Expr_Kind_AEXPR_IN:
		return a.inList(name, x, s)
	case pg_query.A_Expr_Kind_AEXPR_BETWEEN, pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN,
		pg_query.A_Expr_Kind_AEXPR_BETWEEN_SYM, pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM:
		return a.between(x, s)
	}
	return nil, datum.Unsupported("operator %s", x.Kind).At(x.Location)
}

func (a *analyzer) plainOperator(name string, x *pg_query.A_Expr, s *scope) (expr, error) {
	if x.Lexpr == nil {
		arg, err := a.expr(x.Rexpr, s)
		if err != nil {
			return nil, err
		}
		return a.prefix(name, arg, x.Location)
	}
	if link := x.Rexpr.GetSubLink(); x.Lexpr.GetRowExpr() != nil && link != nil && link.SubLinkType == pg_query.SubLinkType_EXPR_SUBLINK {
		return a.rowQuery(name, x, link, s)
	}
	left, right, err := a.operandPair(x, s)
	if err != nil {
		return nil, err
	}
	return a.binary(name, left, right, x.Location)
}

func (a *analyzer) operandPair(x *pg_query.A_Expr, s *scope) (left, right expr, err error) {
	if left, err = a.expr(x.Lexpr, s); err != nil {
		return nil, nil, err
	}
	right, err = a.expr(x.Rexpr, s)
	return left, right, err
}

func (a *analyzer) distinctFrom(x *pg_query.A_Expr, s *scope) (expr, error) {
	left, right, err := a.operandPair(x, s)
	if err != nil {
		return nil, err
	}
	not := x.Kind == pg_query.A_Expr_Kind_AEXPR_NOT_DISTINCT
	if e := nullLiteralTest(left, right, not); e != nil {
		return e, nil
	}
	e, err := a.scalarEquality(left, right, x.Location)
	if err != nil {
		return nil, err
	}
	return &distinctTest{equal: e, not: not}, nil
}

// nullLiteralTest makes IS [NOT] NULL of a comparison with the literal NULL.
func nullLiteralTest(left, right expr, not bool) expr {
	isNull := func(e expr) bool {
		c, ok := e.(*constant)
		return ok && c.value.IsNull() && c.t == datum.UnknownOID
	}
	switch {
	case isNull(right):
		return &nullTest{arg: left, not: !not}
	case isNull(left):
		return &nullTest{arg: right, not: !not}
	}
	return nil
}

// scalarEquality makes left = right of two operands that are not rows.
func (a *analyzer) scalarEquality(left, right expr, at int32) (*call2, error) {
	op, err := findOperator("=", left.typ(), right.typ(), at)
	if err != nil {
		return nil, err
	}
	e, err := a.applyOperator(op, left, right, at)
	if err != nil {
		return nil, err
	}
	c, ok := e.(*call2)
	if !ok {
		return nil, datum.Errorf("XX000", "equality of %s is not binary", datum.TypeName(left.typ()))
	}
	return c, nil
}

func (a *analyzer) nullIf(x *pg_query.A_Expr, s *scope) (expr, error) {
	left, right, err := a.operandPair(x, s)
	if err != nil {
		return nil, err
	}
	equal, err := a.scalarEquality(left, right, x.Location)
	if err != nil {
		return nil, err
	}
	return &nullIf{arg: equal.left, equal: equal}, nil // as it was converted to compare
}

// between makes two comparisons, or four when it is symmetric.
func (a *analyzer) between(x *pg_query.A_Expr, s *scope) (expr, error) {
	bounds := x.Rexpr.GetList().GetItems()
	if len(bounds) != 2 {
		return nil, datum.Errorf("42601", "BETWEEN needs two bounds")
	}
	within := func(low, high *pg_query.Node, not bool) (expr, error) {
		ops := [2]string{">=", "<="}
		if not {
			ops = [2]string{"<", ">"}
		}
		var args []expr
		for i, bound := range []*pg_query.Node{low, high} {
			v, err := a.expr(x.Lexpr, s)
			if err != nil {
				return nil, err
			}
			b, err := a.expr(bound, s)
			if err != nil {
				return nil, err
			}
			cmp, err := a.binary(ops[i], v, b, x.Location)
			if err != nil {
				return nil, err
			}
			args = append(args, cmp)
		}
		return &junction{or: not, args: args}, nil
	}
	not := x.Kind == pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN || x.Kind == pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM
	there, err := within(bounds[0], bounds[1], not)
	if err != nil || x.Kind == pg_query.A_Expr_Kind_AEXPR_BETWEEN || x.Kind == pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN {
		return there, err
	}
	back, err := within(bounds[1], bounds[0], not)
	if err != nil {
		return nil, err
	}
	return &junction{or: !not, args: []expr{there, back}}, nil
}

// inList makes an array comparison of what is constant and has one type, and ORs (or ANDs)
// the rest, as PostgreSQL does.
func (a *analyzer) inList(name string, x *pg_query.A_Expr, s *scope) (expr, error) {
	left, err := a.expr(x.Lexpr, s)
	if err != nil {
		return nil, err
	}
	items, err := a.exprs(x.Rexpr.GetList().GetItems(), s)
	if err != nil {
		return nil, err
	}
	all := name == "<>"
	if e, err := a.inArray(name, left, items, all, x.Location); e != nil || err != nil {
		return e, err
	}
	var args []expr
	for i, item := range items {
		if i > 0 { // each comparison converts its own left operand
			if left, err = a.expr(x.Lexpr, s); err != nil {
				return nil, err
			}
		}
		cmp, err := a.binary(name, left, item, x.Location)
		if err != nil {
			return nil, err
		}
		args = append(args, cmp)
	}
	if len(args) == 1 {
		return args[0], nil
	}
	return &junction{or: !all, args: args}, nil
}

// inArray handles lists without variables; nil if the list is not one.
func (a *analyzer) inArray(name string, left expr, items []expr, all bool, at int32) (expr, error) {
	if _, isRow := left.(*rowExpr); isRow || len(items) < 2 {
		return nil, nil
	}
	for _, item := range items {
		if _, _, ok := columnRange(item); ok || hasSubquery(item) {
			return nil, nil
		}
		if _, isRow := item.(*rowExpr); isRow {
			return nil, nil
		}
	}
	t, err := commonType(append([]expr{left}, items...), "IN", at)
	if err != nil || arrayType(t) == 0 || t == datum.RecordOID {
		return nil, nil // one by one, for the error that this gives
	}
	list := make([]expr, len(items))
	for i, item := range items {
		if list[i], err = a.coerceCommon(item, t, "IN", at); err != nil {
			return nil, err
		}
	}
	return a.arrayComparison(name, left, &arrayExpr{args: list, elem: t, t: arrayType(t)}, all, at)
}

// anyAll analyzes expression op ANY (array).
func (a *analyzer) anyAll(name string, x *pg_query.A_Expr, s *scope) (expr, error) {
	left, right, err := a.operandPair(x, s)
	if err != nil {
		return nil, err
	}
	return a.arrayComparison(name, left, right, x.Kind == pg_query.A_Expr_Kind_AEXPR_OP_ALL, x.Location)
}

// arrayComparison makes left op ANY or ALL (right) of a scalar and an array.
func (a *analyzer) arrayComparison(name string, left, right expr, all bool, at int32) (expr, error) {
	elem := datum.UnknownOID
	if right.typ() != datum.UnknownOID {
		if elem = elemOf(right.typ()); elem == 0 {
			return nil, datum.Errorf("42809", "op ANY/ALL (array) requires array on right side").At(at)
		}
	}
	op, err := findOperator(name, left.typ(), elem, at)
	if err != nil {
		return nil, err
	}
	if op.result != datum.BoolOID {
		return nil, datum.Errorf("42809", "op ANY/ALL (array) requires operator to yield boolean").At(at)
	}
	declared := op.right
	if isPolymorphic(declared) {
		declared = elem
	}
	if right, err = a.coerce(right, arrayType(declared), -1, implicitCast, at); err != nil {
		return nil, err
	}
	slot := &slot{t: declared}
	cmp, err := a.applyOperator(op, left, slot, at)
	if err != nil {
		return nil, err
	}
	c, ok := cmp.(*call2)
	if !ok {
		return nil, datum.Unsupported("operator %s with ANY or ALL", name).At(at)
	}
	return &quantified{left: c.left, array: right, compare: c, slot: slot, all: all}, nil
}

// comparable says whether values of type t have an order here.
func comparable(t OID) bool {
	switch t {
	case datum.JSONOID, datum.UnknownOID, datum.XMLOID, datum.VoidOID, datum.JSONPathOID:
		return false
	}
	if e := elemType(t); e != 0 {
		return comparable(e)
	}
	info := typeInfo(t)
	return info != nil && (info.Kind == 'b' || t == datum.RecordOID)
}

func noComparison(t OID, at int32) *Error {
	return datum.Errorf("42883", "could not identify a comparison function for type %s", datum.TypeName(t)).At(at)
}
