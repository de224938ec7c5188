package query

import (
	"time"

	"walle/pgfront/query/datum"
)

// SessionObjects may be implemented by a Session that has cursors, prepared
// statements, channels and neighbours. The first are listed by pg_cursors,
// pg_prepared_statements and pg_listening_channels().
type SessionObjects interface {
	Cursors() []Cursor
	PreparedStatements() []PreparedStatement
	Channels() []string
	// CancelBackend cancels what a session of this node executes. It is false if
	// there is no such session.
	CancelBackend(pid int32) (bool, error)
}

// Cursor is a row of pg_cursors.
type Cursor struct {
	Name, Statement      string
	Hold, Binary, Scroll bool
	Created              time.Time
}

// PreparedStatement is a row of pg_prepared_statements.
type PreparedStatement struct {
	Name, Statement string
	Params          []OID
	FromSQL         bool // PREPARE made it
	Prepared        time.Time
}

func listCursors(env Env) []record {
	s, ok := env.Session.(SessionObjects)
	if !ok {
		return nil
	}
	var list []record
	for _, c := range s.Cursors() {
		list = append(list, record{
			"name": text(c.Name), "statement": text(c.Statement), "is_holdable": datum.Bool(c.Hold),
			"is_binary": datum.Bool(c.Binary), "is_scrollable": datum.Bool(c.Scroll), "creation_time": datum.Time(c.Created),
		})
	}
	return list
}

func listPreparedStatements(env Env) []record {
	s, ok := env.Session.(SessionObjects)
	if !ok {
		return nil
	}
	var list []record
	for _, p := range s.PreparedStatements() {
		types := make([]Value, len(p.Params))
		for i, t := range p.Params {
			types[i] = oidValue(t)
		}
		list = append(list, record{
			"name": text(p.Name), "statement": text(p.Statement), "prepare_time": datum.Time(p.Prepared),
			"parameter_types": datum.ArrayValue(datum.NewArray(datum.RegtypeOID, types)), "from_sql": datum.Bool(p.FromSQL),
			"generic_plans": datum.Int(0), "custom_plans": datum.Int(0),
		})
	}
	return list
}

func listeningChannels(c *call, _ []Value) (setRows, error) {
	s, ok := c.run.env.Session.(SessionObjects)
	if !ok {
		return noRows, nil
	}
	var list []Value
	for _, name := range s.Channels() {
		list = append(list, text(name))
	}
	return listRows(list), nil
}

// cancelBackend is pg_cancel_backend.
func cancelBackend(c *call, pid Value) (Value, error) {
	s, ok := c.run.env.Session.(SessionObjects)
	if !ok {
		return datum.Bool(false), nil
	}
	done, err := s.CancelBackend(int32(pid.Int()))
	return datum.Bool(done), err
}
