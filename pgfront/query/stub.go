package query

import (
	"context"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
)

type analyzer struct{ params *params }
type params struct{ types []OID }
type plan interface{}
type expr interface{}

func newAnalyzer(env Env) *analyzer      { return &analyzer{params: &params{types: env.ParamTypes}} }
func (p *params) finish() ([]OID, error) { return p.types, nil }
func (a *analyzer) prepareSelect(stmt *pg_query.SelectStmt, targets []Target) (*Prepared, error) {
	return nil, datum.Unsupported("SELECT")
}
func (a *analyzer) prepareExprs(nodes []*pg_query.Node, targets []Target) (*Exprs, error) {
	return nil, datum.Unsupported("expression")
}
func (a *analyzer) prepareReturning(list []*pg_query.Node, rel *RelationDesc) (*Exprs, error) {
	return nil, datum.Unsupported("RETURNING")
}

// Execute runs the statement. The rows hold what they read from until Close.
func (p *Prepared) Execute(ctx context.Context, args []Value) (Rows, error) {
	return nil, datum.Unsupported("SELECT")
}

// Eval evaluates the list over row, a row of the relation of RETURNING (nil for Exprs).
func (e *Exprs) Eval(ctx context.Context, args []Value, row []Value) ([]Value, error) {
	return nil, datum.Unsupported("expression")
}
