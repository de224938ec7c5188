package bench

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"walle/cmd/walle/client"
)

// site is the cluster under load. It closes what was opened and drops the streams
// that were made.
type site struct {
	cfg    *pgx.ConnConfig
	demo   *demo    // nil: the cluster is somebody else's
	nodes  []string // where clients reach them; the first answered first
	stream string   // to be used instead of one of ours; "" for none
	run    string   // tells our streams from those of other runs
	peak   map[sizes]float64
	filled map[string]string // streams to be read, by what is in them
	made   []string          // streams to be dropped
	open   []*pgx.Conn
	pipes  []net.Conn // taken from sessions
}

// openSite connects to whichever node answers, and asks for the others.
func openSite(ctx context.Context, dsn, stream string, d *demo) (*site, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("--dsn: %w", err)
	}
	s := &site{cfg: cfg, demo: d, stream: stream, peak: map[sizes]float64{}, filled: map[string]string{}}
	id := make([]byte, 4)
	_, _ = rand.Read(id) // it never fails
	s.run = hex.EncodeToString(id)
	conn, err := client.Connect(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("%w\nstart a cluster with \"walle demo\", name one with --dsn, or give --demo", err)
	}
	defer conn.Close(ctx)
	rows, _ := conn.Query(ctx, `SELECT sql_addr FROM walle.nodes WHERE alive AND sql_addr <> ''
		ORDER BY CASE WHEN name = current_setting('walle.node') THEN 0 ELSE 1 END, name`)
	if s.nodes, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		return nil, fmt.Errorf("list the nodes: %w", err)
	}
	if len(s.nodes) == 0 {
		return nil, errors.New("no node has said yet where clients reach it")
	}
	return s, nil
}

// connect opens a session on a node; numbers beyond the last begin anew.
func (s *site) connect(ctx context.Context, node int) (*pgx.Conn, error) {
	conn, err := client.ConnectTo(ctx, s.cfg, s.nodes[node%len(s.nodes)])
	if err == nil {
		s.open = append(s.open, conn)
	}
	return conn, err
}

// hijack takes the connection from a session that has prepared what it needs.
func (s *site) hijack(conn *pgx.Conn) (net.Conn, error) {
	h, err := conn.PgConn().Hijack()
	if err != nil {
		return nil, err
	}
	s.pipes = append(s.pipes, h.Conn)
	return h.Conn, nil
}

// newStream makes a stream of our own.
func (s *site) newStream(ctx context.Context, conn *pgx.Conn) (string, error) {
	name := fmt.Sprintf("bench_%s_%d", s.run, len(s.made)+1)
	s.made = append(s.made, name) // even if the outcome is unknown
	_, err := conn.Exec(ctx, "CREATE STREAM "+name)
	return name, err
}

// claimed makes a stream, or takes the one that was asked for, and claims it.
func (s *site) claimed(ctx context.Context, conn *pgx.Conn) (name string, err error) {
	if s.stream != "" {
		name = pgx.Identifier{s.stream}.Sanitize()
	} else if name, err = s.newStream(ctx, conn); err != nil {
		return "", err
	}
	_, err = conn.Exec(ctx, "CLAIM STREAM "+name+" NOWAIT WITH (writer = 'walle bench')")
	return name, err
}

// settle closes what a load has opened. Sessions end in order, which gives back
// what they claimed.
func (s *site) settle() {
	ctx, cancel := context.WithTimeout(context.Background(), client.Timeout)
	defer cancel()
	for _, conn := range s.pipes {
		_ = conn.SetDeadline(time.Now().Add(client.Timeout))
		_, _ = conn.Write([]byte{'X', 0, 0, 0, 4}) // Terminate; a connection that is broken has nothing to give back
		_ = conn.Close()
	}
	for _, conn := range s.open {
		_ = conn.Close(ctx)
	}
	s.pipes, s.open = nil, nil
}

// dropTime is how long it may take to drop our streams.
const dropTime = 30 * time.Second

// cleanUp drops the streams that were made.
func (s *site) cleanUp(keep bool) error {
	s.settle()
	if keep || s.demo != nil || len(s.made) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), dropTime)
	defer cancel()
	defer s.settle()
	var errs []error
	for node := range s.nodes {
		conn, err := s.connect(ctx, node)
		for len(s.made) > 0 && err == nil {
			if _, err = conn.Exec(ctx, "DROP STREAM IF EXISTS "+s.made[0]); err == nil {
				s.made = s.made[1:]
			}
		}
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	return fmt.Errorf("%d streams are left, from %s on: %w", len(s.made), s.made[0], errors.Join(errs...))
}

// explain adds to an error of the cluster what it says beyond its message.
func explain(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	text := []string{fmt.Sprintf("%v", err)}
	if pg.Detail != "" {
		text = append(text, "DETAIL: "+pg.Detail)
	}
	if pg.Hint != "" {
		text = append(text, "HINT: "+pg.Hint)
	}
	return errors.New(strings.Join(text, "\n"))
}
