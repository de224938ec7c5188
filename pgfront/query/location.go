package query

import (
	"fmt"

	pg_query "github.com/pganalyze/pg_query_go/v5"
)

func typeString(v any) string { return fmt.Sprintf("%T", v) }

// location returns the byte offset of an expression in the statement, 0 if unknown.
func location(n *pg_query.Node) int32 {
	if n == nil {
		return 0
	}
	switch n := n.Node.(type) {
	case *pg_query.Node_AConst:
		return n.AConst.Location
	case *pg_query.Node_ColumnRef:
		return n.ColumnRef.Location
	case *pg_query.Node_ParamRef:
		return n.ParamRef.Location
	case *pg_query.Node_AExpr:
		return first(location(n.AExpr.Lexpr), n.AExpr.Location)
	case *pg_query.Node_TypeCast:
		return first(location(n.TypeCast.Arg), n.TypeCast.Location)
	case *pg_query.Node_FuncCall:
		return n.FuncCall.Location
	case *pg_query.Node_CaseExpr:
		return n.CaseExpr.Location
	case *pg_query.Node_CoalesceExpr:
		return n.CoalesceExpr.Location
	case *pg_query.Node_MinMaxExpr:
		return n.MinMaxExpr.Location
	case *pg_query.Node_SubLink:
		return n.SubLink.Location
	case *pg_query.Node_RowExpr:
		return n.RowExpr.Location
	case *pg_query.Node_AArrayExpr:
		return n.AArrayExpr.Location
	case *pg_query.Node_BoolExpr:
		return n.BoolExpr.Location
	case *pg_query.Node_NullTest:
		return first(location(n.NullTest.Arg), n.NullTest.Location)
	case *pg_query.Node_CollateClause:
		return first(location(n.CollateClause.Arg), n.CollateClause.Location)
	case *pg_query.Node_SqlvalueFunction:
		return n.SqlvalueFunction.Location
	}
	return 0
}

// first is the start of an expression whose operator comes after its left operand.
func first(left, own int32) int32 {
	if left > 0 && left < own {
		return left
	}
	return own
}
