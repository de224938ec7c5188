package pgfront

import (
	"maps"
	"slices"
	"strings"

	"walle/pgfront/query"
)

// What follows is query.SessionObjects.

// Cursors lists the portals that have a name.
func (s *session) Cursors() []query.Cursor {
	var list []query.Cursor
	for name, p := range s.portals {
		if name == "" {
			continue
		}
		c := query.Cursor{Name: name, Statement: p.prepared.stmt.Text(), Hold: p.hold, Created: p.made,
			Binary: len(p.formats) == 1 && p.formats[0] == 1, Scroll: p.cursor != nil && p.cursor.keeps != keepsNone}
		if p.declared != nil {
			c.Statement = p.declared.Text()
		}
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b query.Cursor) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// PreparedStatements lists those that have a name.
func (s *session) PreparedStatements() []query.PreparedStatement {
	var list []query.PreparedStatement
	for name, p := range s.statements {
		if name == "" {
			continue
		}
		row := query.PreparedStatement{Name: name, Statement: p.stmt.Text(), Params: p.params(), Prepared: p.made}
		if p.source != nil {
			row.Statement, row.FromSQL = p.source.Text(), true
		}
		list = append(list, row)
	}
	slices.SortFunc(list, func(a, b query.PreparedStatement) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Channels lists what the session listens to.
func (s *session) Channels() []string { return slices.Sorted(maps.Keys(s.listening)) }

// CancelBackend cancels the statement of another session of the same user.
func (s *session) CancelBackend(pid int32) (bool, error) {
	s.server.mu.Lock()
	other := s.server.sessions[pid]
	s.server.mu.Unlock()
	switch {
	case other == nil:
		return false, nil
	case other.user != s.user:
		return false, &query.Error{Code: "42501", Message: "must be a member of the role whose query is being canceled or member of pg_signal_backend"}
	}
	other.interrupt(errCancelled)
	return true, nil
}
