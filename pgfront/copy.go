package pgfront

import (
	"context"
	"fmt"
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/catalog"
	"walle/pgfront/query"
	"walle/pgfront/query/datum"
	"walle/pgfront/sql"
)

// copyPlan is COPY. It talks to the client itself, so run is not used.
type copyPlan struct {
	stmt    *sql.Copy
	options copyOptions

	desc     catalog.Desc // FROM
	id, data int          // where these columns are in a row of the input; -1: nowhere
	width    int

	source *selectPlan // TO
}

func (p *copyPlan) params() []query.OID    { return nil }
func (p *copyPlan) columns() []query.Field { return nil }

func (p *copyPlan) run(context.Context, []query.Value) (*result, error) {
	return nil, datum.Unsupported("COPY within another statement")
}

// copyFormat is how rows are written.
type copyFormat uint8

const (
	copyText copyFormat = iota
	copyCSV
	copyBinary
)

// wire is the format code of CopyInResponse and CopyOutResponse.
func (f copyFormat) wire() byte {
	if f == copyBinary {
		return byte(datum.BinaryFormat)
	}
	return byte(datum.TextFormat)
}

func (s *session) planCopy(stmt *sql.Copy, r *resolver) (plan, error) {
	options, err := readCopyOptions(stmt)
	if err != nil {
		return nil, err
	}
	p := &copyPlan{stmt: stmt, options: options}
	if stmt.From {
		return p, s.planCopyFrom(p, r)
	}
	return p, s.planCopyTo(p, r)
}

// planCopyFrom checks the columns: data, with or without entry_id.
func (s *session) planCopyFrom(p *copyPlan, r *resolver) (err error) {
	if p.stmt.Where != nil {
		return datum.Unsupported("COPY … WHERE")
	}
	if p.desc, err = r.streamFor(p.stmt, p.stmt.Stream); err != nil {
		return err
	}
	in := insertPlan{desc: p.desc, stmt: &sql.Insert{Source: p.stmt.Source, Columns: p.stmt.Columns}}
	if _, err := in.targets(); err != nil {
		return err
	}
	p.id, p.data, p.width = in.id, in.data, in.width
	if p.data < 0 {
		return in.nullIn("data")
	}
	return nil
}

// planCopyTo plans what is copied out: a query, or columns of a stream.
func (s *session) planCopyTo(p *copyPlan, r *resolver) error {
	var made plan
	var err error
	if p.stmt.Query == nil {
		if err := checkStreamColumns(p.stmt, r); err != nil {
			return err
		}
	}
	switch q := p.stmt.Query.(type) {
	case *sql.Select:
		made, err = s.planSelect(q, q.Stmt, nil, r)
	case *sql.TailStream:
		made, err = s.planTail(q, nil, r)
	default:
		made, err = s.planSelect(p.stmt, tableTree(p.stmt), nil, r)
	}
	if err != nil {
		return err
	}
	p.source = made.(*selectPlan)
	return p.checkForced()
}

// checkForced finds the columns of FORCE_QUOTE.
func (p *copyPlan) checkForced() error {
	for name := range p.options.forceQuote {
		known := slices.ContainsFunc(p.source.columns(), func(f query.Field) bool { return f.Name == name })
		if !known {
			return &query.Error{Code: "42703", Message: fmt.Sprintf("column \"%s\" does not exist", name)}
		}
	}
	return nil
}

// checkStreamColumns complains of columns that a relation does not have as COPY
// does, rather than as the SELECT that it is made into.
func checkStreamColumns(stmt *sql.Copy, r *resolver) error {
	if _, err := r.session.streamName(stmt, stmt.Stream); err != nil {
		return nil // another relation: the SELECT will tell
	}
	desc, err := r.streamFor(stmt, stmt.Stream)
	if err != nil {
		return err
	}
	for _, c := range stmt.Columns {
		known := slices.ContainsFunc(streamDesc(desc).Columns, func(k query.Column) bool { return k.Name == c.Name })
		if !known {
			return &query.Error{Code: "42703", Message: fmt.Sprintf("column \"%s\" of relation \"%s\" does not exist", c.Name, desc.Name)}
		}
	}
	return nil
}

// tableTree is SELECT columns FROM s.
func tableTree(stmt *sql.Copy) *pg_query.SelectStmt {
	var targets []*pg_query.Node
	for _, c := range stmt.Columns {
		targets = append(targets, pg_query.MakeResTargetNodeWithVal(
			pg_query.MakeColumnRefNode([]*pg_query.Node{pg_query.MakeStrNode(c.Name)}, c.Location), c.Location))
	}
	if targets == nil {
		targets = []*pg_query.Node{pg_query.MakeResTargetNodeWithVal(
			pg_query.MakeColumnRefNode([]*pg_query.Node{pg_query.MakeAStarNode()}, -1), -1)}
	}
	from := pg_query.MakeFullRangeVarNode(stmt.Stream.Schema, stmt.Stream.Name, "", stmt.Stream.Location)
	from.GetRangeVar().Inh = true
	return &pg_query.SelectStmt{TargetList: targets, FromClause: []*pg_query.Node{from},
		LimitOption: pg_query.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg_query.SetOperation_SETOP_NONE}
}

func (s *session) copy(ctx context.Context, p *copyPlan) error {
	if p.stmt.From {
		return s.copyFrom(ctx, p)
	}
	return s.copyTo(ctx, p)
}
