package pgfront

import (
	"context"
	"fmt"

	"walle/pgfront/query"
	"walle/pgfront/query/datum"
	"walle/pgfront/sql"
)

// declare runs DECLARE: the query runs, and waits for FETCH.
func (s *session) declare(ctx context.Context, stmt *sql.DeclareCursor) (*result, error) {
	switch {
	case stmt.Hold:
		return nil, datum.Unsupported("DECLARE CURSOR … WITH HOLD")
	case stmt.Scroll:
		return nil, datum.Unsupported("DECLARE … SCROLL CURSOR")
	}
	if err := s.inBlock("DECLARE CURSOR"); err != nil {
		return nil, err
	}
	if s.portals[stmt.Name] != nil {
		return nil, &query.Error{Code: "42P03", Message: fmt.Sprintf("cursor \"%s\" already exists", stmt.Name)}
	}
	p := &portal{prepared: &prepared{stmt: stmt.Query}}
	if err := s.makePlan(p.prepared); err != nil {
		return nil, err
	}
	if stmt.Binary {
		p.formats = []int16{datum.BinaryFormat}
	}
	if err := s.run(ctx, p); err != nil {
		return nil, s.located(stmt.Query, err)
	}
	p.isCursor = true
	s.portals[stmt.Name] = p
	return &result{tag: stmt.Tag()}, nil
}

func (s *session) cursor(name string) (*portal, error) {
	p := s.portals[name]
	if p == nil || p.result == nil || p.result.rows == nil {
		return nil, &query.Error{Code: "34000", Message: fmt.Sprintf("cursor \"%s\" does not exist", name)}
	}
	return p, nil
}

// planFetch plans FETCH and MOVE.
func (s *session) planFetch(stmt *sql.Fetch) (plan, error) {
	p, err := s.cursor(stmt.Cursor)
	if err != nil {
		return nil, err
	}
	if stmt.Direction != sql.FetchForward || stmt.Count < 0 {
		return nil, &query.Error{Code: "55000", Message: "cursor can only scan forward", Hint: "Cursors only move forward."}
	}
	if stmt.Move {
		return s.command(nil, func(ctx context.Context) (*result, error) { return move(ctx, p, stmt) }), nil
	}
	return s.command(p.prepared.columns(), func(context.Context) (*result, error) {
		return &result{rows: &fetched{portal: p, left: stmt.Count}, tag: stmt.Tag(), counted: true}, nil
	}), nil
}

func move(ctx context.Context, p *portal, stmt *sql.Fetch) (*result, error) {
	rows := &fetched{portal: p, left: stmt.Count}
	n := int64(0)
	for rows.Next(ctx) {
		n++
	}
	return &result{tag: countedTag(stmt.Tag(), n)}, rows.Err()
}

// fetched is the next rows of a cursor.
type fetched struct {
	portal *portal
	left   int64
}

func (f *fetched) Next(ctx context.Context) bool {
	if f.left == 0 || f.portal.ended {
		return false
	}
	f.left--
	if !f.portal.result.rows.Next(ctx) {
		f.portal.ended = true
		return false
	}
	return true
}

func (f *fetched) Row() []query.Value { return f.portal.result.rows.Row() }
func (f *fetched) Err() error         { return f.portal.result.rows.Err() }
func (f *fetched) Close() error       { return nil }

func (s *session) closeCursor(stmt *sql.CloseCursor) error {
	if stmt.All {
		for name, p := range s.portals {
			if p.isCursor {
				s.closePortal(name)
			}
		}
		return nil
	}
	if _, err := s.cursor(stmt.Name); err != nil {
		return err
	}
	s.closePortal(stmt.Name)
	return nil
}
