package query

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
)

// expr analyzes one expression of the tree.
func (a *analyzer) expr(n *pg_query.Node, s *scope) (expr, error) {
	if n == nil {
		return nil, datum.Errorf("XX000", "missing expression")
	}
	switch n := n.Node.(type) {
	case *pg_query.Node_AConst:
		return a.literal(n.AConst)
	case *pg_query.Node_ColumnRef:
		return a.columnRef(n.ColumnRef, s)
	case *pg_query.Node_ParamRef:
		return a.param(n.ParamRef)
	case *pg_query.Node_AExpr:
		return a.operatorExpr(n.AExpr, s)
	case *pg_query.Node_BoolExpr:
		return a.boolExpr(n.BoolExpr, s)
	case *pg_query.Node_NullTest:
		return a.nullTest(n.NullTest, s)
	case *pg_query.Node_BooleanTest:
		return a.booleanTest(n.BooleanTest, s)
	case *pg_query.Node_TypeCast:
		return a.typeCast(n.TypeCast, s)
	case *pg_query.Node_FuncCall:
		return a.funcCall(n.FuncCall, s)
	case *pg_query.Node_CaseExpr:
		return a.caseExpr(n.CaseExpr, s)
	case *pg_query.Node_CoalesceExpr:
		return a.coalesce(n.CoalesceExpr, s)
	case *pg_query.Node_MinMaxExpr:
		return a.minMax(n.MinMaxExpr, s)
	case *pg_query.Node_SubLink:
		return a.subLink(n.SubLink, s)
	case *pg_query.Node_RowExpr:
		return a.row(n.RowExpr, s)
	case *pg_query.Node_AArrayExpr:
		return a.array(n.AArrayExpr, s)
	case *pg_query.Node_AIndirection:
		return a.indirection(n.AIndirection, s)
	case *pg_query.Node_CollateClause:
		return a.collate(n.CollateClause, s)
	case *pg_query.Node_GroupingFunc:
		return a.grouping(n.GroupingFunc, s)
	case *pg_query.Node_SqlvalueFunction:
		return a.valueFunction(n.SqlvalueFunction)
	}
	return nil, unsupportedNode(n)
}

func unsupportedNode(n *pg_query.Node) error {
	switch n := n.Node.(type) {
	case *pg_query.Node_SetToDefault:
		return datum.Errorf("42601", "DEFAULT is not allowed in this context").At(n.SetToDefault.Location)
	case *pg_query.Node_XmlExpr, *pg_query.Node_XmlSerialize:
		return datum.Unsupported("XML")
	case *pg_query.Node_CurrentOfExpr:
		return datum.Unsupported("WHERE CURRENT OF")
	case *pg_query.Node_NamedArgExpr:
		return datum.Unsupported("named argument \"%s\" here", n.NamedArgExpr.Name).At(n.NamedArgExpr.Location)
	}
	name := strings.TrimPrefix(typeString(n.Node), "*pg_query.Node_")
	return datum.Unsupported("expression %s", name)
}

func (a *analyzer) literal(c *pg_query.A_Const) (expr, error) {
	if c.Isnull {
		return newConstant(Value{}, datum.UnknownOID), nil
	}
	switch v := c.Val.(type) {
	case *pg_query.A_Const_Ival:
		return newConstant(datum.Int(int64(v.Ival.Ival)), datum.Int4OID), nil
	case *pg_query.A_Const_Fval:
		return numberLiteral(v.Fval.Fval)
	case *pg_query.A_Const_Sval:
		return newConstant(datum.String(v.Sval.Sval), datum.UnknownOID), nil
	case *pg_query.A_Const_Boolval:
		return newConstant(datum.Bool(v.Boolval.Boolval), datum.BoolOID), nil
	case *pg_query.A_Const_Bsval:
		return nil, datum.Unsupported("bit string literal").At(c.Location)
	}
	// The parser leaves the value out where it is the zero of its kind.
	return newConstant(datum.Int(0), datum.Int4OID), nil
}

// numberLiteral is int4 (the least one, which the parser does not see as an integer), int8
// if the digits fit, else numeric.
func numberLiteral(s string) (expr, error) {
	if v, err := datum.ParseInt(datum.Int4OID, s); err == nil {
		return newConstant(v, datum.Int4OID), nil
	}
	if v, err := datum.ParseInt(datum.Int8OID, s); err == nil {
		return newConstant(v, datum.Int8OID), nil
	}
	d, err := datum.ParseNumeric(s)
	if err != nil {
		return nil, err
	}
	return newConstant(datum.Numeric(d), datum.NumericOID), nil
}

func (a *analyzer) param(p *pg_query.ParamRef) (expr, error) {
	if err := a.params.use(int(p.Number)); err != nil {
		return nil, atPosition(err, p.Location)
	}
	return &paramRef{params: a.params, number: int(p.Number), at: p.Location}, nil
}

func (a *analyzer) columnRef(c *pg_query.ColumnRef, s *scope) (expr, error) {
	parts := make([]string, 0, len(c.Fields))
	for i, f := range c.Fields {
		if f.GetAStar() != nil {
			if i == 0 || i < len(c.Fields)-1 {
				return nil, datum.Errorf("42601", "row expansion via \"*\" is not supported here").At(c.Location)
			}
			return a.wholeRowRef(parts, s, c.Location)
		}
		parts = append(parts, f.GetString_().GetSval())
	}
	if len(parts) > 4 {
		return nil, datum.Errorf("42601", "improper qualified name (too many dotted names): %s", strings.Join(parts, ".")).At(c.Location)
	}
	if len(parts) == 4 {
		parts = parts[1:]
	}
	e, err := s.column(parts, c.Location)
	if err == nil || len(parts) < 2 {
		return e, err
	}
	return a.fieldOrColumn(parts, s, c.Location, err)
}

// fieldOrColumn reads a.b as field b of the composite column a, if there is no table a.
func (a *analyzer) fieldOrColumn(parts []string, s *scope, at int32, original error) (expr, error) {
	base, err := s.column(parts[:len(parts)-1], at)
	if err != nil {
		return nil, original
	}
	field, err := a.field(base, parts[len(parts)-1], at)
	if err != nil {
		return nil, original
	}
	return field, nil
}

func (a *analyzer) wholeRowRef(parts []string, s *scope, at int32) (expr, error) {
	entry, level, err := s.entry("", parts[len(parts)-1], at)
	if err != nil {
		return nil, err
	}
	if entry == nil {
		return nil, datum.Errorf("42P01", "missing FROM-clause entry for table \"%s\"", parts[len(parts)-1]).At(at)
	}
	return s.outward(entry.wholeRow(), level), nil
}

func (a *analyzer) exprs(nodes []*pg_query.Node, s *scope) ([]expr, error) {
	list := make([]expr, len(nodes))
	for i, n := range nodes {
		e, err := a.expr(n, s)
		if err != nil {
			return nil, err
		}
		list[i] = e
	}
	return list, nil
}

func (a *analyzer) boolExpr(b *pg_query.BoolExpr, s *scope) (expr, error) {
	word := map[pg_query.BoolExprType]string{
		pg_query.BoolExprType_AND_EXPR: "AND", pg_query.BoolExprType_OR_EXPR: "OR", pg_query.BoolExprType_NOT_EXPR: "NOT",
	}[b.Boolop]
	args := make([]expr, len(b.Args))
	for i, n := range b.Args {
		e, err := a.expr(n, s)
		if err != nil {
			return nil, err
		}
		if args[i], err = a.coerceToBool(e, word, location(n)); err != nil {
			return nil, err
		}
	}
	if word == "NOT" {
		return &negation{arg: args[0]}, nil
	}
	return newJunction(word == "OR", args), nil
}

func (a *analyzer) nullTest(t *pg_query.NullTest, s *scope) (expr, error) {
	e, err := a.expr(t.Arg, s)
	if err != nil {
		return nil, err
	}
	if _, isParam := e.(*paramRef); isParam {
		if e, err = a.settle(e); err != nil {
			return nil, err
		}
	}
	return &nullTest{arg: e, not: t.Nulltesttype == pg_query.NullTestType_IS_NOT_NULL}, nil
}

func (a *analyzer) booleanTest(t *pg_query.BooleanTest, s *scope) (expr, error) {
	e, err := a.expr(t.Arg, s)
	if err != nil {
		return nil, err
	}
	out := &boolTest{}
	word := ""
	switch t.Booltesttype {
	case pg_query.BoolTestType_IS_TRUE, pg_query.BoolTestType_IS_NOT_TRUE:
		out.want, word = datum.Bool(true), "TRUE"
	case pg_query.BoolTestType_IS_FALSE, pg_query.BoolTestType_IS_NOT_FALSE:
		out.want, word = datum.Bool(false), "FALSE"
	default:
		word = "UNKNOWN"
	}
	switch t.Booltesttype {
	case pg_query.BoolTestType_IS_NOT_TRUE, pg_query.BoolTestType_IS_NOT_FALSE, pg_query.BoolTestType_IS_NOT_UNKNOWN:
		out.not, word = true, "NOT "+word
	}
	out.arg, err = a.coerceToBool(e, "IS "+word, location(t.Arg))
	return out, err
}

func (a *analyzer) typeCast(c *pg_query.TypeCast, s *scope) (expr, error) {
	t, typmod, err := a.typeName(c.TypeName)
	if err != nil {
		return nil, err
	}
	if arr := c.Arg.GetAArrayExpr(); arr != nil && elemType(t) != 0 {
		return a.arrayOf(arr, s, t, typmod)
	}
	e, err := a.expr(c.Arg, s)
	if err != nil {
		return nil, err
	}
	at := c.Location
	if e.typ() == datum.UnknownOID {
		at = location(c.Arg)
	}
	return a.coerce(e, t, typmod, explicitCast, at)
}

func (a *analyzer) caseExpr(c *pg_query.CaseExpr, s *scope) (expr, error) {
	var operand expr
	var err error
	if c.Arg != nil {
		if operand, err = a.expr(c.Arg, s); err != nil {
			return nil, err
		}
		if operand, err = a.settle(operand); err != nil {
			return nil, err
		}
	}
	out := &caseExpr{}
	var results []expr
	for _, w := range c.Args {
		when := w.GetCaseWhen()
		cond, err := a.caseCondition(operand, when, s)
		if err != nil {
			return nil, err
		}
		result, err := a.expr(when.Result, s)
		if err != nil {
			return nil, err
		}
		out.conds, results = append(out.conds, cond), append(results, result)
	}
	fallback := expr(newConstant(Value{}, datum.UnknownOID))
	if c.Defresult != nil {
		if fallback, err = a.expr(c.Defresult, s); err != nil {
			return nil, err
		}
	}
	// PostgreSQL looks at ELSE first.
	list, t, err := a.unify(append([]expr{fallback}, results...), "CASE", c.Location)
	if err != nil {
		return nil, err
	}
	out.fallback, out.results, out.t = list[0], list[1:], t
	return out, nil
}

func (a *analyzer) caseCondition(operand expr, when *pg_query.CaseWhen, s *scope) (expr, error) {
	cond, err := a.expr(when.Expr, s)
	if err != nil {
		return nil, err
	}
	if operand != nil {
		return a.binary("=", operand, cond, when.Location)
	}
	return a.coerceToBool(cond, "CASE/WHEN", location(when.Expr))
}

func (a *analyzer) coalesce(c *pg_query.CoalesceExpr, s *scope) (expr, error) {
	args, err := a.exprs(c.Args, s)
	if err != nil {
		return nil, err
	}
	args, t, err := a.unify(args, "COALESCE", c.Location)
	if err != nil {
		return nil, err
	}
	return &coalesce{args: args, t: t}, nil
}

func (a *analyzer) minMax(m *pg_query.MinMaxExpr, s *scope) (expr, error) {
	args, err := a.exprs(m.Args, s)
	if err != nil {
		return nil, err
	}
	word, sign := "GREATEST", 1
	if m.Op == pg_query.MinMaxOp_IS_LEAST {
		word, sign = "LEAST", -1
	}
	args, t, err := a.unify(args, word, m.Location)
	if err != nil {
		return nil, err
	}
	if !comparable(t) {
		return nil, noComparison(t, m.Location)
	}
	return &extreme{args: args, t: t, sign: sign}, nil
}

func (a *analyzer) collate(c *pg_query.CollateClause, s *scope) (expr, error) {
	e, err := a.expr(c.Arg, s)
	if err != nil {
		return nil, err
	}
	names := stringList(c.Collname)
	name := names[len(names)-1]
	switch strings.ToLower(name) {
	case "c", "posix", "default", "ucs_basic", "c.utf8", "c.utf-8":
	default:
		return nil, datum.Unsupported("collation \"%s\"", name).At(c.Location)
	}
	if e.typ() == datum.UnknownOID {
		return e, nil
	}
	if category(e.typ()) != 'S' && e.typ() != datum.NameOID && category(e.typ()) != 'A' {
		return nil, datum.Errorf("42804", "collations are not supported by type %s", datum.TypeName(e.typ())).At(c.Location)
	}
	return e, nil
}
