package main

import (
	"context"
	"fmt"
	"net"
	"sync"

	"walle/pgfront"
)

// sqlServer speaks to clients.
type sqlServer struct {
	listener net.Listener
	front    *pgfront.Server // nil while nobody is answered
	running  sync.WaitGroup
}

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

func (s *server) serveSQL(context.Context) error {
	front, err := pgfront.New(pgfront.Config{
		Catalog: s.catalog, Engine: s.engine, Node: s.self.Name, Version: version(), Logger: s.log,
		QueryMemory: int64(s.cfg.Queries),
	})
	if err != nil {
		return err
	}
	s.sql.front = front
	s.sql.running.Go(func() {
		if err := front.Serve(s.sql.listener); err != nil {
			s.die(err)
		}
	})
	return nil
}

// close lets the sessions finish what they are at, within drainTime.
func (q *sqlServer) close() error {
	if q.front == nil {
		return q.listener.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	err := q.front.Shutdown(ctx)
	q.running.Wait()
	return err
}
