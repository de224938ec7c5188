package pgfront

import (
	"errors"

	"github.com/jackc/pgproto3/v2"

	"walle/pgfront/query"
	"walle/pgfront/sql"
	"walle/pgfront/wire"
)

// simple answers a Query: all its statements are one transaction, unless they
// say otherwise. The first error ends it.
func (s *session) simple(body []byte) error {
	m := wire.NewBody(body)
	text := string(m.CString())
	s.closePortal("")
	if err := s.simpleText(text, m.Valid()); err != nil {
		s.fail(err)
	}
	s.endQuery()
	return nil
}

func (s *session) simpleText(text string, valid bool) error {
	if !valid {
		return errFormat
	}
	statements, err := s.server.cache.Parse(text)
	if err != nil {
		return err
	}
	if len(statements) == 0 {
		s.out.Send(&pgproto3.EmptyQueryResponse{})
		return nil
	}
	for _, stmt := range statements {
		if err := s.simpleStatement(stmt); err != nil {
			return err
		}
	}
	return nil
}

// simpleStatement runs one statement of a Query.
func (s *session) simpleStatement(stmt sql.Statement) error {
	if s.tx.failed && !endsTransaction(stmt) {
		return errInFailed
	}
	if stmt.Params() > 0 {
		return &query.Error{Code: "42P02", Message: "there is no parameter $1"}
	}
	p := &portal{prepared: &prepared{stmt: stmt}}
	if err := s.makePlan(p.prepared); err != nil {
		return err
	}
	if f, ok := p.prepared.plan.(*fetchPlan); ok {
		p.formats = f.formats()
	}
	if fields := p.prepared.columns(); fields != nil {
		s.sendRowDescription(fields, p.formats)
	}
	err := s.execute(p, 0)
	if p.result != nil && p.result.rows != nil {
		err = errors.Join(err, p.result.rows.Close())
	}
	return err
}
