package query

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"
)

// figureName is PostgreSQL's FigureColname: the name of an unnamed column.
func figureName(n *pg_query.Node) string {
	if name, _ := colname(n); name != "" {
		return name
	}
	return "?column?"
}

// colname returns a name and how strongly it is meant: 2 for one that was written, 1 for
// that of a construct or type, 0 for none.
func colname(n *pg_query.Node) (string, int) {
	if n == nil {
		return "", 0
	}
	last := func(names []string) string { return names[len(names)-1] }
	switch n := n.Node.(type) {
	case *pg_query.Node_ColumnRef:
		for i := len(n.ColumnRef.Fields) - 1; i >= 0; i-- {
			if s := n.ColumnRef.Fields[i].GetString_(); s != nil {
				return s.Sval, 2
			}
		}
	case *pg_query.Node_AIndirection:
		for i := len(n.AIndirection.Indirection) - 1; i >= 0; i-- {
			if s := n.AIndirection.Indirection[i].GetString_(); s != nil {
				return s.Sval, 2
			}
		}
		return colname(n.AIndirection.Arg)
	case *pg_query.Node_FuncCall:
		return last(stringList(n.FuncCall.Funcname)), 2
	case *pg_query.Node_AExpr:
		if n.AExpr.Kind == pg_query.A_Expr_Kind_AEXPR_NULLIF {
			return "nullif", 2
		}
	case *pg_query.Node_TypeCast:
		if name, strength := colname(n.TypeCast.Arg); strength > 1 {
			return name, strength
		}
		return last(stringList(n.TypeCast.TypeName.Names)), 1
	case *pg_query.Node_CollateClause:
		return colname(n.CollateClause.Arg)
	case *pg_query.Node_CaseExpr:
		if name, strength := colname(n.CaseExpr.Defresult); strength > 1 {
			return name, strength
		}
		return "case", 1
	}
	return constructName(n)
}

func constructName(n *pg_query.Node) (string, int) {
	switch n := n.Node.(type) {
	case *pg_query.Node_AArrayExpr:
		return "array", 2
	case *pg_query.Node_RowExpr:
		return "row", 2
	case *pg_query.Node_CoalesceExpr:
		return "coalesce", 2
	case *pg_query.Node_MinMaxExpr:
		if n.MinMaxExpr.Op == pg_query.MinMaxOp_IS_LEAST {
			return "least", 2
		}
		return "greatest", 2
	case *pg_query.Node_SubLink:
		return subLinkName(n.SubLink)
	case *pg_query.Node_SqlvalueFunction:
		return valueFunctionName(n.SqlvalueFunction.Op), 2
	case *pg_query.Node_GroupingFunc:
		return "grouping", 2
	}
	return "", 0
}

func subLinkName(l *pg_query.SubLink) (string, int) {
	switch l.SubLinkType {
	case pg_query.SubLinkType_EXISTS_SUBLINK:
		return "exists", 2
	case pg_query.SubLinkType_ARRAY_SUBLINK:
		return "array", 2
	case pg_query.SubLinkType_EXPR_SUBLINK:
		list := l.Subselect.GetSelectStmt().GetTargetList()
		if len(list) == 0 {
			return "", 0
		}
		if name := list[0].GetResTarget().GetName(); name != "" {
			return name, 2
		}
		return colname(list[0].GetResTarget().GetVal())
	}
	return "", 0
}

func valueFunctionName(op pg_query.SQLValueFunctionOp) string {
	return map[pg_query.SQLValueFunctionOp]string{
		pg_query.SQLValueFunctionOp_SVFOP_CURRENT_DATE:        "current_date",
		pg_query.SQLValueFunctionOp_SVFOP_CURRENT_TIME:        "current_time",
		pg_query.SQLValueFunctionOp_SVFOP_CURRENT_TIME_N:      "current_time",
		pg_query.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP:   "current_timestamp",
		pg_query.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP_N: "current_timestamp",
		pg_query.SQLValueFunctionOp_SVFOP_LOCALTIME:           "localtime",
		pg_query.SQLValueFunctionOp_SVFOP_LOCALTIME_N:         "localtime",
		pg_query.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP:      "localtimestamp",
		pg_query.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP_N:    "localtimestamp",
		pg_query.SQLValueFunctionOp_SVFOP_CURRENT_ROLE:        "current_role",
		pg_query.SQLValueFunctionOp_SVFOP_CURRENT_USER:        "current_user",
		pg_query.SQLValueFunctionOp_SVFOP_USER:                "user",
		pg_query.SQLValueFunctionOp_SVFOP_SESSION_USER:        "session_user",
		pg_query.SQLValueFunctionOp_SVFOP_CURRENT_CATALOG:     "current_catalog",
		pg_query.SQLValueFunctionOp_SVFOP_CURRENT_SCHEMA:      "current_schema",
	}[op]
}
