package main

import (
	"context"
	"fmt"
	"net"
)

// sqlServer speaks to clients.
type sqlServer struct{ listener net.Listener }

// listenSQL binds the address for clients. They are answered from serveSQL on.
func (s *server) listenSQL() error {
	l, err := net.Listen("tcp", s.cfg.SQL)
	if err != nil {
		return fmt.Errorf("listen for clients at --sql %s: %w", s.cfg.SQL, err)
	}
	s.sql = &sqlServer{listener: l}
	return nil
}

func (s *server) sqlAddr() string { return s.sql.listener.Addr().String() }

func (s *server) serveSQL(context.Context) error { return nil }

func (q *sqlServer) close() error { return q.listener.Close() }
