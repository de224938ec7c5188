package pgfront

import (
	"context"
	"fmt"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query"
	"walle/pgfront/query/datum"
	"walle/pgfront/sql"
)

// prepareStatement runs PREPARE: what it names is what Parse would.
func (s *session) prepareStatement(stmt *sql.Prepare) error {
	if s.statements[stmt.Name] != nil {
		return &query.Error{Code: "42P05", Message: fmt.Sprintf("prepared statement \"%s\" already exists", stmt.Name)}
	}
	p := &prepared{name: stmt.Name, stmt: stmt.Statement, made: s.tx.statementAt, source: stmt}
	for _, t := range stmt.Types {
		oid, err := typeOf(t)
		if err != nil {
			return s.located(stmt, err)
		}
		p.types = append(p.types, oid)
	}
	if err := s.makePlan(p); err != nil {
		return err
	}
	s.statements[stmt.Name] = p
	return nil
}

// typeOf resolves the name of a type, by way of a cast.
func typeOf(t *pg_query.TypeName) (query.OID, error) {
	cast := &pg_query.Node{Node: &pg_query.Node_TypeCast{TypeCast: &pg_query.TypeCast{Arg: nullNode, TypeName: t, Location: t.GetLocation()}}}
	tree := &pg_query.SelectStmt{TargetList: []*pg_query.Node{pg_query.MakeResTargetNodeWithVal(cast, -1)},
		LimitOption: pg_query.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg_query.SetOperation_SETOP_NONE}
	made, err := query.Plan(tree, query.Env{})
	if err != nil {
		return 0, err
	}
	return made.Columns()[0].Type, nil
}

// planExecute plans EXECUTE, whose arguments are expressions.
func (s *session) planExecute(stmt *sql.Execute) (plan, error) {
	p, err := s.statement(stmt.Name)
	if err != nil {
		return nil, err
	}
	if p.plan == nil {
		return nil, datum.Unsupported("EXECUTE of an empty statement")
	}
	if err := s.refresh(p); err != nil {
		return nil, err
	}
	if want := len(p.params()); want != len(stmt.Args) {
		return nil, &query.Error{Code: "42601", Message: fmt.Sprintf("wrong number of parameters for prepared statement \"%s\"", stmt.Name),
			Detail: fmt.Sprintf("Expected %d parameters but got %d.", want, len(stmt.Args))}
	}
	if _, ok := p.plan.(*copyPlan); ok {
		return nil, datum.Unsupported("EXECUTE of COPY")
	}
	args, err := s.planArgs(stmt, p)
	if err != nil {
		return nil, err
	}
	return &executePlan{plan: p.plan, args: args}, nil
}

func (s *session) planArgs(stmt *sql.Execute, p *prepared) (*query.Exprs, error) {
	var nodes []*pg_query.Node
	var targets []query.Target
	for i, a := range stmt.Args {
		nodes = append(nodes, a.Node)
		targets = append(targets, query.Target{Name: fmt.Sprintf("$%d", i+1), Type: p.params()[i], Typmod: -1})
	}
	planner := query.NewPlanner(s.env(&resolver{session: s}, nil))
	args, err := planner.Exprs(nodes, targets)
	if err != nil {
		return nil, err
	}
	_, err = planner.Params()
	return args, err
}

// executePlan runs a prepared statement with arguments.
type executePlan struct {
	plan plan
	args *query.Exprs
}

func (p *executePlan) params() []query.OID    { return nil }
func (p *executePlan) columns() []query.Field { return p.plan.columns() }

func (p *executePlan) run(ctx context.Context, _ []query.Value) (*result, error) {
	args, err := p.args.Eval(ctx, nil, nil)
	if err != nil {
		return nil, err
	}
	return p.plan.run(ctx, args)
}

func (s *session) deallocate(stmt *sql.Deallocate) error {
	if stmt.All {
		clear(s.statements)
		return nil
	}
	if _, err := s.statement(stmt.Name); err != nil {
		return err
	}
	delete(s.statements, stmt.Name)
	return nil
}
