package pgfront

import (
	"context"
	"time"

	"walle/pgfront/query"
	"walle/pgfront/query/datum"
	"walle/pgfront/sql"
	"walle/replication"
)

// plan is a statement that has been looked up in the catalog and given types.
// It belongs to one session, and may be run many times.
type plan interface {
	// params are the types of $1, $2 …
	params() []query.OID
	// columns describe the rows; nil says that there are none.
	columns() []query.Field
	run(ctx context.Context, args []query.Value) (*result, error)
}

// dependency is a stream that a plan was made for. The plan is void once its
// name means another stream.
type dependency struct {
	name string
	id   replication.StreamID
}

// prepared is a statement with its plan, if it has one.
type prepared struct {
	name  string
	stmt  sql.Statement
	types []query.OID // as the client gave them
	plan  plan
	deps  []dependency
	from  replication.EntryID // the version of the catalog that deps were checked with

	made   time.Time
	source sql.Statement // the PREPARE that made it, if one did
}

// command is the plan of a statement that needs no more than to be done.
type command struct {
	types  []query.OID
	fields []query.Field
	do     func(ctx context.Context, args []query.Value) (*result, error)
}

func (c *command) params() []query.OID    { return c.types }
func (c *command) columns() []query.Field { return c.fields }
func (c *command) run(ctx context.Context, args []query.Value) (*result, error) {
	return c.do(ctx, args)
}

// makePlan plans p.stmt for the catalog as it is now.
func (s *session) makePlan(p *prepared) error {
	r := &resolver{session: s, snapshot: s.server.cfg.Catalog.Snapshot()}
	made, err := s.planOf(p, r)
	if told, ok := err.(*query.Error); ok && told.Code == "42P01" && r.doubt != nil {
		return r.doubt
	}
	if err != nil {
		return s.located(p.stmt, err)
	}
	p.plan, p.deps, p.from = made, r.used, r.snapshot.Version()
	return nil
}

// refresh plans p again if the streams that it was planned for are others now.
func (s *session) refresh(p *prepared) error {
	snapshot := s.server.cfg.Catalog.Snapshot()
	if snapshot.Version() == p.from {
		return nil
	}
	for _, d := range p.deps {
		if now, ok := snapshot.Stream(d.name); !ok || now.ID != d.id {
			return s.makePlan(p)
		}
	}
	p.from = snapshot.Version()
	return nil
}

// located gives an error of the planner its place in the whole query.
func (s *session) located(stmt sql.Statement, err error) error {
	told, ok := err.(*query.Error)
	if !ok || told.Position == 0 {
		return err
	}
	at := *told
	at.Position = stmt.Position(int32(told.Position - 1))
	return &at
}

// planOf makes the plan for one statement.
func (s *session) planOf(p *prepared, r *resolver) (plan, error) {
	switch stmt := p.stmt.(type) {
	case *sql.Insert:
		return s.planInsert(stmt, p.types, r)
	case *sql.Select:
		return s.planSelect(stmt, stmt.Stmt, p.types, r)
	case *sql.TailStream:
		return s.planTail(stmt, p.types, r)
	case *sql.TrimStream:
		return s.planTrim(stmt, p.types, r)
	case *sql.ClaimStream:
		return s.command(claimFields, func(ctx context.Context) (*result, error) { return s.claimStream(ctx, stmt) }), nil
	case *sql.RenewStream:
		return s.command(claimFields, func(ctx context.Context) (*result, error) { return s.renewStream(ctx, stmt) }), nil
	case *sql.ReleaseStream:
		return s.command(nil, func(ctx context.Context) (*result, error) { return s.releaseStream(ctx, stmt) }), nil
	case *sql.CreateStream:
		return s.command(nil, func(ctx context.Context) (*result, error) { return s.createStream(ctx, stmt) }), nil
	case *sql.DropStream:
		return s.command(nil, func(ctx context.Context) (*result, error) { return s.dropStream(ctx, stmt) }), nil
	case *sql.AlterStream:
		return s.command(nil, func(ctx context.Context) (*result, error) { return s.alterStream(ctx, stmt) }), nil
	case *sql.Explain:
		return s.planExplain(stmt, p.types, r)
	case *sql.Copy:
		return s.planCopy(stmt, r)
	case *sql.DeclareCursor:
		return s.planDeclare(stmt, p.types, r)
	}
	return s.planSession(p.stmt)
}

// planSession makes the plans of what concerns only the session.
func (s *session) planSession(stmt sql.Statement) (plan, error) {
	switch stmt := stmt.(type) {
	case *sql.Begin:
		return s.done(stmt, func() error { return s.beginBlock(stmt) }), nil
	case *sql.Commit:
		return s.command(nil, func(ctx context.Context) (*result, error) {
			tag, err := s.commit(ctx, stmt.Chain)
			return &result{tag: tag}, err
		}), nil
	case *sql.Rollback:
		return s.command(nil, func(context.Context) (*result, error) { return &result{tag: s.rollback(stmt.Chain)}, nil }), nil
	case *sql.Savepoint:
		return s.done(stmt, func() error { return s.savepoint(stmt) }), nil
	case *sql.ReleaseSavepoint:
		return s.done(stmt, func() error { return s.releaseSavepoint(stmt) }), nil
	case *sql.RollbackTo:
		return s.done(stmt, func() error { return s.rollbackTo(stmt) }), nil
	case *sql.Set:
		return s.done(stmt, func() error { return s.setStatement(stmt) }), nil
	case *sql.SetTransaction:
		return s.done(stmt, func() error { return s.setTransaction(stmt) }), nil
	case *sql.Reset:
		return s.done(stmt, func() error { return s.resetStatement(stmt) }), nil
	case *sql.Show:
		return s.planShow(stmt)
	case *sql.Discard:
		return s.command(nil, func(ctx context.Context) (*result, error) { return s.discard(ctx, stmt) }), nil
	case *sql.Listen:
		return s.command(nil, func(ctx context.Context) (*result, error) { return s.listen(ctx, stmt) }), nil
	case *sql.Unlisten:
		return s.command(nil, func(ctx context.Context) (*result, error) { return s.unlisten(ctx, stmt) }), nil
	case *sql.Unsupported:
		return nil, stmt.Err()
	}
	return s.planPrepared(stmt)
}

// planPrepared makes the plans of what concerns prepared statements and cursors.
func (s *session) planPrepared(stmt sql.Statement) (plan, error) {
	switch stmt := stmt.(type) {
	case *sql.Prepare:
		return s.done(stmt, func() error { return s.prepareStatement(stmt) }), nil
	case *sql.Execute:
		return s.planExecute(stmt)
	case *sql.Deallocate:
		return s.done(stmt, func() error { return s.deallocate(stmt) }), nil
	case *sql.Fetch:
		return s.planFetch(stmt)
	case *sql.CloseCursor:
		return s.done(stmt, func() error { return s.closeCursor(stmt) }), nil
	}
	return nil, datum.Unsupported("%s", stmt.Tag())
}

// command makes a plan without parameters.
func (s *session) command(fields []query.Field, do func(context.Context) (*result, error)) plan {
	return &command{fields: fields, do: func(ctx context.Context, _ []query.Value) (*result, error) { return do(ctx) }}
}

// done makes a plan of what returns nothing.
func (s *session) done(stmt sql.Statement, do func() error) plan {
	return s.command(nil, func(context.Context) (*result, error) { return &result{tag: stmt.Tag()}, do() })
}

// endsTransaction tells which statements a failed transaction accepts.
func endsTransaction(stmt sql.Statement) bool {
	switch stmt.(type) {
	case *sql.Commit, *sql.Rollback, *sql.RollbackTo:
		return true
	}
	return false
}

// env is what query plans and runs in.
func (s *session) env(r *resolver, types []query.OID) query.Env {
	return query.Env{Resolver: r, Session: s, ParamTypes: types, Memory: s.server.memory}
}
