package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// judgePatience is how long a node may take to return the whole of a stream, and
// a replica to get what it missed, when all is healed and nobody appends.
const judgePatience = 2 * time.Minute

// judge settles every stream by a last claim, reads it back from every node, and
// checks the record.
func (r *run) judge(ctx context.Context) error {
	for _, s := range r.streams {
		tail, err := r.settle(ctx, s)
		if err != nil {
			r.fail("%s cannot be claimed any more: %v", s.Name, err)
			continue
		}
		for _, n := range r.cluster.nodes {
			if err := r.retry(ctx, func(ctx context.Context) error { return r.readBack(ctx, s, n, tail) }); err != nil {
				r.fail("%s cannot be read from %s: %v", s.Name, n.name, err)
			}
		}
		if err := r.retry(ctx, func(ctx context.Context) error { return r.converged(ctx, s, tail) }); err != nil {
			r.fail("the replicas of %s are not equal: %v", s.Name, err)
		}
		began := r.now()
		s.Check(tail)
		r.say("%s: %d entries read from every node, and checked in %v", s.Name, tail, (r.now() - began).Round(time.Millisecond))
	}
	return ctx.Err()
}

// retry repeats f until it succeeds or judgePatience is over.
func (r *run) retry(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, judgePatience)
	defer cancel()
	for {
		err := f(ctx)
		if err == nil || errors.Is(err, errHopeless) {
			return err
		}
		if pause(ctx, 100*time.Millisecond) != nil {
			return err
		}
	}
}

// errHopeless ends a retry: the record has the violation.
var errHopeless = errors.New("the log is wrong")

// settle claims a stream by force, after which its log changes no more.
func (r *run) settle(ctx context.Context, s *stream) (tail int64, err error) {
	err = r.retry(ctx, func(ctx context.Context) error {
		return r.with(ctx, r.cluster.nodes[0], func(conn *pgx.Conn) error {
			if _, err := conn.Exec(ctx, fmt.Sprintf("CLAIM STREAM %s FORCE", s.Name)); err != nil {
				return err
			}
			return conn.QueryRow(ctx, "SELECT coalesce(max(entry_id), 0) FROM "+s.Name).Scan(&tail)
		})
	})
	return tail, err
}

// with calls f with a session on a node.
func (r *run) with(ctx context.Context, n *node, f func(*pgx.Conn) error) error {
	conn, err := r.cluster.connect(ctx, n.number, settings)
	if err != nil {
		return err
	}
	err = f(conn)
	closeSession(conn)
	return err
}

// readBack reads all of a stream from a node, and compares it with what everybody saw.
func (r *run) readBack(ctx context.Context, s *stream, n *node, tail int64) error {
	c := cursor{stream: s, who: "last reader at " + n.name}
	return r.with(ctx, n, func(conn *pgx.Conn) error {
		var first int64
		if err := conn.QueryRow(ctx, "SELECT coalesce(min(entry_id), 1) FROM "+s.Name).Scan(&first); err != nil {
			return err
		}
		if allowed := s.trimmed.Load(); first > max(1, allowed) {
			s.Complain("%s begins with entry %d, although nobody asked for a trim beyond %d", n.name, first, allowed)
			return errHopeless
		}
		c.tail = first - 1
		if _, err := c.read(ctx, conn, r.now); err != nil {
			return err
		}
		if c.tail != tail {
			return fmt.Errorf("it ends at %d, not at %d", c.tail, tail)
		}
		return nil
	})
}

// converged reports whether every replica has all of the stream.
func (r *run) converged(ctx context.Context, s *stream, tail int64) error {
	return r.with(ctx, r.cluster.nodes[0], func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, "SELECT node, reached, coalesce(flush, 0), coalesce(commit, 0), coalesce(missing, 0) FROM walle.replicas WHERE stream = $1", s.Name)
		if err != nil {
			return err
		}
		defer rows.Close()
		replicas := 0
		for rows.Next() {
			var name string
			var reached bool
			var flush, commit, missing int64
			if err := rows.Scan(&name, &reached, &flush, &commit, &missing); err != nil {
				return err
			}
			if !reached || flush != tail || commit != tail || missing != 0 {
				return fmt.Errorf("the log ends at %d; replica on %s: reached %t, flush %d, commit %d, missing %d", tail, name, reached, flush, commit, missing)
			}
			replicas++
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if replicas != s.replicas {
			return fmt.Errorf("there are %d replicas, not %d", replicas, s.replicas)
		}
		return nil
	})
}
