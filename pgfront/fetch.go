package pgfront

import (
	"context"
	"fmt"
	"time"

	"walle/pgfront/query"
	"walle/pgfront/query/datum"
	"walle/pgfront/sql"
)

// declarePlan is DECLARE. Its parameters are those of the query.
type declarePlan struct {
	session *session
	stmt    *sql.DeclareCursor
	query   plan
}

func (s *session) planDeclare(stmt *sql.DeclareCursor, types []query.OID, r *resolver) (plan, error) {
	inner, err := s.planOf(&prepared{stmt: stmt.Query, types: types}, r)
	if err != nil {
		return nil, err
	}
	return &declarePlan{s, stmt, inner}, nil
}

func (p *declarePlan) params() []query.OID    { return p.query.params() }
func (p *declarePlan) columns() []query.Field { return nil }

// run lets the query run, and wait for FETCH.
func (p *declarePlan) run(ctx context.Context, args []query.Value) (*result, error) {
	return p.session.declare(ctx, p.stmt, p.query, args)
}

func (s *session) declare(ctx context.Context, stmt *sql.DeclareCursor, inner plan, args []query.Value) (*result, error) {
	if !stmt.Hold {
		if err := s.inBlock("DECLARE CURSOR"); err != nil {
			return nil, err
		}
	}
	if s.portals[stmt.Name] != nil {
		return nil, errPortalExists(stmt.Name)
	}
	p := &portal{prepared: &prepared{stmt: stmt.Query, plan: inner}, args: args, depth: len(s.tx.savepoints), hold: stmt.Hold,
		made: s.tx.statementAt, declared: stmt}
	follows := p.follows()
	if stmt.Hold && follows {
		return nil, datum.Unsupported("DECLARE CURSOR … WITH HOLD of a tail, which has no end,")
	}
	if stmt.Binary {
		p.formats = []int16{datum.BinaryFormat}
	}
	if err := s.run(ctx, p); err != nil {
		return nil, s.located(stmt.Query, err)
	}
	p.makeCursor(keepsSome, s.server.memory)
	switch {
	case stmt.Scroll:
		p.cursor.keeps = keepsAll
	case stmt.NoScroll, follows:
		p.cursor.keeps = keepsNone
	}
	if stmt.Hold && !s.tx.block {
		if err := p.cursor.hold(ctx); err != nil {
			return nil, s.located(stmt.Query, err)
		}
		p.held = true
	}
	s.portals[stmt.Name] = p
	return &result{tag: stmt.Tag()}, nil
}

// follows tells of the rows of a tail.
func (p *portal) follows() bool {
	selected, ok := p.prepared.plan.(*selectPlan)
	return ok && selected.prepared.Follows()
}

// canPause tells of rows that can be waited for in vain, and then again.
func (p *portal) canPause() bool {
	return p.follows() && p.prepared.plan.(*selectPlan).prepared.Resumable()
}

func errPortalExists(name string) error {
	return &query.Error{Code: "42P03", Message: fmt.Sprintf("cursor \"%s\" already exists", name)}
}

// makeCursor lets a portal that runs be walked over.
func (p *portal) makeCursor(k keeping, memory *query.Memory) {
	p.cursor = &cursor{rows: p.result.rows, keeps: k, memory: memory}
	p.result.rows = p.cursor
}

// holdCursors reads what the cursors WITH HOLD of a transaction that is about to
// commit need to outlive it. keepCursors lets them, once it has.
func (s *session) holdCursors(ctx context.Context) error {
	for _, p := range s.portals {
		if !p.hold || p.held {
			continue
		}
		if err := p.cursor.hold(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) keepCursors() {
	for _, p := range s.portals {
		p.held = p.hold
	}
}

// cursor finds the portal that FETCH names: one of DECLARE, or one that was
// bound and returns rows.
func (s *session) cursor(name string) (*portal, error) {
	p := s.portals[name]
	if p == nil || name == "" || p.result != nil && p.result.rows == nil {
		return nil, errNoCursor(name)
	}
	return p, nil
}

func errNoCursor(name string) error {
	return &query.Error{Code: "34000", Message: fmt.Sprintf("cursor \"%s\" does not exist", name)}
}

// fetchPlan is FETCH and MOVE. Which cursor is meant is found out each time: a
// statement that was prepared may meet another of the same name.
type fetchPlan struct {
	session *session
	stmt    *sql.Fetch
}

func (s *session) planFetch(stmt *sql.Fetch) (plan, error) {
	if _, err := s.cursor(stmt.Cursor); err != nil {
		return nil, err
	}
	return &fetchPlan{session: s, stmt: stmt}, nil
}

func (f *fetchPlan) params() []query.OID { return nil }

func (f *fetchPlan) columns() []query.Field {
	p, err := f.session.cursor(f.stmt.Cursor)
	if err != nil || f.stmt.Move {
		return nil
	}
	return p.prepared.columns()
}

// formats are those that a simple Query gets its rows in.
func (f *fetchPlan) formats() []int16 {
	if p, err := f.session.cursor(f.stmt.Cursor); err == nil {
		return p.formats
	}
	return nil
}

func (f *fetchPlan) run(ctx context.Context, _ []query.Value) (*result, error) {
	s := f.session
	p, err := s.cursor(f.stmt.Cursor)
	if err != nil {
		return nil, err
	}
	if p.cursor == nil {
		if err := s.run(ctx, p); err != nil {
			return nil, err
		}
		if p.result == nil || p.result.rows == nil {
			return nil, errNoCursor(f.stmt.Cursor)
		}
		p.makeCursor(keepsNone, s.server.memory)
	}
	if f.stmt.Move && f.stmt.Count == 0 && f.stmt.Direction != sql.FetchAbsolute {
		n := int64(0)
		if p.cursor.onRow() {
			n = 1
		}
		return &result{tag: countedTag(f.stmt.Tag(), n)}, nil
	}
	rows, err := p.cursor.seek(ctx, f.stmt.Direction, f.stmt.Count)
	if err != nil {
		return nil, err
	}
	if timeout := s.timeouts.fetch; timeout > 0 && p.canPause() {
		rows.until = time.Now().Add(timeout)
	}
	if !f.stmt.Move {
		return &result{rows: rows, tag: f.stmt.Tag(), counted: true}, nil
	}
	for rows.Next(ctx) {
	}
	return &result{tag: countedTag(f.stmt.Tag(), rows.count)}, rows.Err()
}

func (s *session) closeCursor(stmt *sql.CloseCursor) error {
	if stmt.All {
		s.closeIf(func(p *portal) bool { return p.cursor != nil })
		return nil
	}
	if _, err := s.cursor(stmt.Name); err != nil {
		return err
	}
	s.closePortal(stmt.Name)
	return nil
}
