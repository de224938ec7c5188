package pgfront_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// wantError demands a SQLSTATE.
func wantError(t *testing.T, what string, err error, code string) {
	t.Helper()
	var told *pgconn.PgError
	if !errors.As(err, &told) || told.Code != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

// eventually repeats a query until it yields want.
func eventually(t *testing.T, conn *pgx.Conn, want, text string) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		var got string
		err := conn.QueryRow(t.Context(), text).Scan(&got)
		if err == nil && got == want {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: %q (%v), want %q", text, got, err, want)
		}
	}
}

// TestFencedInFlight: of appends that are in flight when their writer is fenced,
// each is answered, in order; those that are acknowledged are read back, and no
// append is acknowledged behind one that is not.
func TestFencedInFlight(t *testing.T) {
	s := serve(t, 3)
	writer, usurper := s.connect(0), s.connect(1)
	exec(t, writer, "CREATE STREAM s WITH (lease = '2s')", "CLAIM STREAM s")
	wire, err := writer.PgConn().Hijack()
	if err != nil {
		t.Fatal(err)
	}
	defer wire.Conn.Close()
	const n = 4000
	sent, fenced := make(chan error, 1), make(chan error, 1)
	go func() { sent <- sendInserts(wire.Frontend, n) }()
	acked, failed := 0, 0
	for i := range n {
		if i == n/8 {
			go func() {
				_, err := usurper.Exec(context.Background(), "CLAIM STREAM s FORCE")
				fenced <- err
			}()
		}
		switch code := answer(t, wire.Frontend); {
		case code == "" && failed > 0:
			t.Fatal("an append was acknowledged after one was refused")
		case code == "":
			acked++
		case code == "WA001", code == "55000", code == "08007":
			failed++
		default:
			t.Fatalf("refused with %s", code)
		}
	}
	if err := errors.Join(<-sent, <-fenced); err != nil {
		t.Fatal(err)
	}
	var count, wrong int
	err = usurper.QueryRow(t.Context(), "SELECT count(*), count(*) FILTER (WHERE convert_from(data, 'UTF8') <> (entry_id - 1)::text) FROM s").Scan(&count, &wrong)
	if err != nil || count < acked || wrong > 0 {
		t.Errorf("%d acknowledged, %d read back, %d of them wrong: %v", acked, count, wrong, err)
	}
	t.Logf("%d acknowledged, %d refused, %d in the stream", acked, failed, count)
}

// sendInserts appends 0, 1, … to stream s, each with a Sync of its own.
func sendInserts(front *pgproto3.Frontend, n int) error {
	front.Send(&pgproto3.Parse{Query: "INSERT INTO s (data) VALUES ($1)"})
	for i := range n {
		front.Send(&pgproto3.Bind{Parameters: [][]byte{fmt.Appendf(nil, "%d", i)}})
		front.Send(&pgproto3.Execute{})
		front.Send(&pgproto3.Sync{})
		if i%100 == 99 {
			if err := front.Flush(); err != nil {
				return err
			}
		}
	}
	return front.Flush()
}

// answer reads up to a ReadyForQuery, and returns the error's code, if there was
// one.
func answer(t *testing.T, front *pgproto3.Frontend) (code string) {
	t.Helper()
	for {
		m, err := front.Receive()
		if err != nil {
			t.Fatal(err)
		}
		switch m := m.(type) {
		case *pgproto3.ErrorResponse:
			code = m.Code
		case *pgproto3.ReadyForQuery:
			return code
		}
	}
}

// TestClientGone: a session that waits, in TAIL or for a claim, notices that its
// client is gone.
func TestClientGone(t *testing.T) {
	s := serve(t, 1)
	watcher := s.connect(0)
	exec(t, watcher, "CREATE STREAM s WITH (lease = '1h')", "CLAIM STREAM s")
	for _, text := range []string{"TAIL STREAM s FROM 1", "COPY (TAIL STREAM s FROM 1) TO STDOUT", "CLAIM STREAM s", "SELECT pg_sleep(600)"} {
		conn := s.connect(0)
		conn.PgConn().Frontend().Send(&pgproto3.Query{String: text})
		if err := conn.PgConn().Frontend().Flush(); err != nil {
			t.Fatal(err)
		}
		eventually(t, watcher, "1", "SELECT count(*)::text FROM walle.sessions WHERE state = 'active' AND statement NOT LIKE '%sessions%'")
		conn.PgConn().Conn().Close()
		eventually(t, watcher, "1", "SELECT count(*)::text FROM walle.sessions")
	}
}

// TestBrokenKeepsLease: a connection that breaks lets the lease run, one that
// ends in order gives the stream back.
func TestBrokenKeepsLease(t *testing.T) {
	s := serve(t, 1)
	other := s.connect(0)
	exec(t, other, "CREATE STREAM s WITH (lease = '1h')")
	conn := s.connect(0)
	exec(t, conn, "CLAIM STREAM s")
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, other, "1", "SELECT count(*)::text FROM walle.sessions")
	exec(t, other, "CLAIM STREAM s NOWAIT", "RELEASE STREAM s")

	conn = s.connect(0)
	exec(t, conn, "CLAIM STREAM s")
	conn.PgConn().Conn().Close()
	eventually(t, other, "1", "SELECT count(*)::text FROM walle.sessions")
	_, err := other.Exec(t.Context(), "CLAIM STREAM s NOWAIT")
	wantError(t, "claim of a stream whose holder's connection broke", err, "55P03")
}

// TestShutdown: idle sessions are told, what is in flight is answered first, and
// streams are not given back: an idle program has not heard of it yet.
func TestShutdown(t *testing.T) {
	s := serve(t, 2)
	idle, tailing, other := s.connect(0), s.connect(0), s.connect(1)
	exec(t, idle, "CREATE STREAM s WITH (replicas = 2, lease = '1h')", "CLAIM STREAM s", "BEGIN")
	ended := make(chan error, 1)
	go func() {
		_, err := tailing.Exec(context.Background(), "TAIL STREAM s FROM 1")
		ended <- err
	}()
	eventually(t, idle, "1", "SELECT count(*)::text FROM walle.sessions WHERE statement LIKE 'TAIL%'")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := s.servers[0].Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	wantError(t, "TAIL at shutdown", <-ended, "57P01")
	_, err := idle.Exec(t.Context(), "COMMIT")
	wantError(t, "a statement after shutdown", err, "57P01")
	_, err = other.Exec(t.Context(), "CLAIM STREAM s NOWAIT")
	wantError(t, "claim of a stream whose holder's node has shut down", err, "55P03")
	if _, err := pgx.Connect(t.Context(), s.dsn(0)); err == nil {
		t.Error("a session after shutdown")
	}
}

// TestTooMany: one connection more than the limit is refused, and the place of
// one that ends is free.
func TestTooMany(t *testing.T) {
	s := serve(t, 1)
	var first *pgx.Conn
	for range 20 {
		first = s.connect(0)
	}
	_, err := pgx.Connect(t.Context(), s.dsn(0))
	wantError(t, "one connection too many", err, "53300")
	watcher := s // the others hold their places
	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	deadline := time.After(10 * time.Second)
	for {
		conn, err := pgx.Connect(t.Context(), watcher.dsn(0))
		if err == nil {
			conn.Close(t.Context())
			return
		}
		select {
		case <-deadline:
			t.Fatal(err)
		default:
		}
	}
}

// TestCancelInFlight: a client that gives up on an append hears at once that its
// outcome is unknown, though no quorum answers.
func TestCancelInFlight(t *testing.T) {
	s := serve(t, 3)
	conn := s.connect(0)
	exec(t, conn, "CREATE STREAM s WITH (lease = '1h')", "CLAIM STREAM s", "INSERT INTO s (data) VALUES ('a')")
	for _, node := range []int{1, 2} {
		eventually(t, s.connect(node), "1", "SELECT count(*)::text FROM s") // it knows the stream
		s.nodes.Nodes[node].Stop()
	}
	_, err := conn.Exec(t.Context(), "SET statement_timeout = '100ms'; INSERT INTO s (data) VALUES ('d')", pgx.QueryExecModeSimpleProtocol)
	wantError(t, "append without a quorum", err, "08007")
	exec(t, conn, "RESET statement_timeout")
	for _, text := range []string{"INSERT INTO s (data) VALUES ('b')", "BEGIN; INSERT INTO s (data) VALUES ('c'); COMMIT"} {
		answered := make(chan error, 1)
		go func() {
			_, err := conn.Exec(context.Background(), text, pgx.QueryExecModeSimpleProtocol)
			answered <- err
		}()
		cancel := time.NewTicker(20 * time.Millisecond) // the first may come before the statement
		var err error
		for done := false; !done; {
			select {
			case err = <-answered:
				done = true
			case <-cancel.C:
				if err := conn.PgConn().CancelRequest(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		cancel.Stop()
		wantError(t, text, err, "08007")
	}
}

// TestIdleTail: a TAIL sends rows as they come, and one at a time.
func TestIdleTail(t *testing.T) {
	s := serve(t, 3)
	writer := s.connect(0)
	exec(t, writer, "CREATE STREAM s WITH (replicas = 1, members = '{n1}')", "CLAIM STREAM s", "INSERT INTO s (data) VALUES ('0')")
	for node := range 3 { // the last two hold no replica
		reader := s.connect(node)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		rows, err := reader.Query(ctx, "TAIL STREAM s FROM 1", pgx.QueryExecModeExec)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			if !rows.Next() {
				t.Fatalf("node %d: the tail ended: %v", node+1, rows.Err())
			}
			if i > 0 || node == 0 {
				exec(t, writer, "INSERT INTO s (data) VALUES ('more')")
			}
		}
		cancel()
		rows.Close()
	}
}

// TestLargeResult: a scan is streamed: a client that reads slowly holds up its
// own session, and nothing else.
func TestLargeResult(t *testing.T) {
	s := serve(t, 1)
	conn := s.connect(0)
	exec(t, conn, "CREATE STREAM s", "CLAIM STREAM s")
	row := strings.Repeat("x", 1000) + "\n"
	tag, err := conn.PgConn().CopyFrom(t.Context(), io.LimitReader(&repeated{text: row}, int64(20_000*len(row))), "COPY s FROM STDIN")
	if err != nil || tag.RowsAffected() != 20_000 {
		t.Fatalf("%v, %v", tag, err)
	}
	slow := s.connect(0)
	rows, err := slow.Query(t.Context(), "SELECT * FROM s")
	if err != nil || !rows.Next() {
		t.Fatal(err)
	}
	exec(t, conn, "INSERT INTO s (data) VALUES ('meanwhile')")
	n := 1
	for rows.Next() {
		n++
	}
	if rows.Err() != nil || n != 20_000 {
		t.Errorf("%d rows: %v", n, rows.Err())
	}
}

// repeated is a text over and over.
type repeated struct {
	text string
	at   int
}

func (r *repeated) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		m := copy(p[n:], r.text[r.at:])
		n, r.at = n+m, (r.at+m)%len(r.text)
	}
	return n, nil
}
