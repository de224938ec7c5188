package pgfront

import (
	"context"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query"
	"walle/pgfront/sql"
)

// selectPlan is SELECT, VALUES, TABLE, and TAIL STREAM.
type selectPlan struct {
	prepared *query.Prepared
	tag      string
}

func (p *selectPlan) params() []query.OID    { return p.prepared.ParamTypes() }
func (p *selectPlan) columns() []query.Field { return p.prepared.Columns() }

func (p *selectPlan) run(ctx context.Context, args []query.Value) (*result, error) {
	rows, err := p.prepared.Execute(ctx, args)
	if err != nil {
		return nil, err
	}
	return &result{rows: rows, tag: p.tag, counted: true}, nil
}

func (s *session) planSelect(stmt sql.Statement, tree *pg_query.SelectStmt, types []query.OID, r *resolver) (plan, error) {
	prepared, err := query.Plan(tree, s.env(r, types))
	if err != nil {
		return nil, err
	}
	return &selectPlan{prepared: prepared, tag: stmt.Tag()}, nil
}

// planTail plans TAIL STREAM s FROM n WHERE c as what it means: SELECT * FROM
// tail('s', n) AS s WHERE c.
func (s *session) planTail(stmt *sql.TailStream, types []query.OID, r *resolver) (plan, error) {
	desc, err := r.streamFor(stmt, stmt.Stream)
	if err != nil {
		return nil, err
	}
	return s.planSelect(stmt, tailTree(stmt, desc.Name), types, r)
}

func tailTree(stmt *sql.TailStream, name string) *pg_query.SelectStmt {
	args := []*pg_query.Node{stringNode(name)}
	if stmt.From != nil {
		args = append(args, stmt.From.Node)
	}
	call := &pg_query.Node{Node: &pg_query.Node_FuncCall{FuncCall: &pg_query.FuncCall{
		Funcname: []*pg_query.Node{pg_query.MakeStrNode("tail")}, Args: args,
	}}}
	item := &pg_query.Node{Node: &pg_query.Node_List{List: &pg_query.List{Items: []*pg_query.Node{call, {}}}}}
	return &pg_query.SelectStmt{
		TargetList: []*pg_query.Node{pg_query.MakeResTargetNodeWithVal(
			pg_query.MakeColumnRefNode([]*pg_query.Node{pg_query.MakeAStarNode()}, -1), -1)},
		FromClause: []*pg_query.Node{{Node: &pg_query.Node_RangeFunction{RangeFunction: &pg_query.RangeFunction{
			Functions: []*pg_query.Node{item}, Alias: &pg_query.Alias{Aliasname: name},
		}}}},
		WhereClause: stmt.Where,
		LimitOption: pg_query.LimitOption_LIMIT_OPTION_DEFAULT,
		Op:          pg_query.SetOperation_SETOP_NONE,
	}
}

func stringNode(text string) *pg_query.Node { return pg_query.MakeAConstStrNode(text, -1) }
