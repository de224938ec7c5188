package main

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"walle/tools/nemesis/history"
)

// settings are what every client asks of its sessions.
var settings = map[string]string{"append_timeout": "1s", "read_consistency": "linearizable", "lock_timeout": "2s"}

// open connects a client to a node.
func (r *run) open(ctx context.Context, node int) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := r.cluster.connect(ctx, node, settings)
	if err != nil && ctx.Err() == nil {
		r.stats.count(func() { r.stats.refused["connect "+codeOf(err)]++ })
	}
	return conn, err
}

// limit breaks the connection when something takes longer than d. A context that
// ends would not do: pgx ends the session in order then, which gives the stream
// back at a moment that its program does not know of.
func limit(ctx context.Context, conn *pgx.Conn, d time.Duration) (_ context.Context, stop func()) {
	timer := time.AfterFunc(d, func() { drop(conn) })
	return context.WithoutCancel(ctx), func() { timer.Stop() }
}

// drop breaks a connection.
func drop(conn *pgx.Conn) { _ = conn.PgConn().Conn().Close() }

// refused counts an error. One that says that WALLE is at fault is a violation.
func (r *run) refused(s *stream, what string, err error) {
	r.stats.count(func() { r.stats.refused[what+" "+codeOf(err)]++ })
	if isBug(err) {
		s.Complain("%s: %v", what, err)
	}
}

// A reader reads all streams from one node, from the beginning on, whatever is new.
type reader struct {
	run     *run
	node    int
	rand    *rand.Rand
	cursors []cursor
}

// live runs until ctx ends.
func (r *reader) live(ctx context.Context) {
	for ctx.Err() == nil {
		conn, err := r.run.open(ctx, r.node)
		if err == nil {
			err = r.read(ctx, conn)
			drop(conn)
		}
		if err != nil {
			_ = pause(ctx, 50*time.Millisecond)
		}
	}
}

// read reads until something fails.
func (r *reader) read(ctx context.Context, conn *pgx.Conn) error {
	recent := r.rand.IntN(4) > 0
	if !recent {
		done, stop := limit(ctx, conn, patience)
		_, err := conn.Exec(done, "SET read_consistency = 'default'")
		stop()
		if err != nil {
			return err
		}
	}
	for range 1 + r.rand.IntN(200) {
		if err := pause(ctx, time.Duration(r.rand.Int64N(int64(r.run.cfg.pace))*4)); err != nil {
			return nil
		}
		c := &r.cursors[r.rand.IntN(len(r.cursors))]
		if r.rand.IntN(300) == 0 {
			c.rewind()
		}
		if err := r.advance(ctx, conn, c, recent); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) advance(ctx context.Context, conn *pgx.Conn, c *cursor, recent bool) error {
	ctx, stop := limit(ctx, conn, 5*patience)
	defer stop()
	span, err := c.read(ctx, conn, r.run.now)
	if err != nil {
		r.run.refused(c.stream, "read", err)
		if codeOf(err) == "22023" {
			c.rewind()
		}
		return err
	}
	c.stream.View(history.View{Span: span, Who: c.who, Tail: c.tail, Hash: c.hash, Recent: recent})
	r.run.stats.count(func() { r.run.stats.reads++ })
	return nil
}
