package pgfront_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// told waits for a notification and returns its payload.
func told(t *testing.T, conn *pgx.Conn) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	n, err := conn.WaitForNotification(ctx)
	if err != nil || n.Channel != "s" {
		t.Fatalf("notification %+v: %v", n, err)
	}
	return n.Payload
}

// TestListen: who listens to a stream, on any node and though idle, is told of
// each commit; within a transaction block only afterwards, and then once.
func TestListen(t *testing.T) {
	s := serve(t, 3)
	writer := s.connect(0)
	exec(t, writer, "CREATE STREAM s WITH (replicas = 2, members = '{n1,n2}')", "CLAIM STREAM s", "INSERT INTO s (data) VALUES ('1')")
	for node := range 3 { // the last holds no replica
		conn := s.connect(node)
		eventually(t, conn, "true", "SELECT (count(*) > 0)::text FROM s")
		exec(t, conn, "LISTEN s", "LISTEN s")
		var next string
		if err := writer.QueryRow(t.Context(), "INSERT INTO s (data) VALUES ('2') RETURNING entry_id::text").Scan(&next); err != nil {
			t.Fatal(err)
		}
		if got := told(t, conn); got != next {
			t.Errorf("node %d: told of entry %s, want %s", node+1, got, next)
		}

		exec(t, conn, "BEGIN")
		for range 3 {
			if err := writer.QueryRow(t.Context(), "INSERT INTO s (data) VALUES ('3') RETURNING entry_id::text").Scan(&next); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, conn, next, "SELECT max(entry_id)::text FROM s")
		exec(t, conn, "COMMIT")
		if got := told(t, conn); got != next {
			t.Errorf("node %d: told of entry %s after the transaction, want %s", node+1, got, next)
		}
		exec(t, conn, "BEGIN", "UNLISTEN *", "ROLLBACK", "BEGIN", "UNLISTEN s", "COMMIT")
		exec(t, writer, "INSERT INTO s (data) VALUES ('4')")
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if n, err := conn.WaitForNotification(ctx); err == nil {
			t.Errorf("node %d: told %+v after UNLISTEN", node+1, n)
		}
		cancel()
	}
	_, err := writer.Exec(t.Context(), "LISTEN nobody")
	wantError(t, "LISTEN to what is no stream", err, "42P01")
	_, err = writer.Exec(t.Context(), "NOTIFY s")
	wantError(t, "NOTIFY", err, "0A000")
}

// TestListenDropped: whoever listens to a stream that is dropped hears that
// there is nothing more to come.
func TestListenDropped(t *testing.T) {
	s := serve(t, 1)
	notices := make(chan string, 1)
	conn := s.connect(0, func(c *pgx.ConnConfig) {
		c.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { notices <- n.Code }
	})
	exec(t, conn, "CREATE STREAM s", "LISTEN s")
	exec(t, s.connect(0), "DROP STREAM s")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	go func() {
		select {
		case code := <-notices:
			notices <- code
			cancel()
		case <-ctx.Done():
		}
	}()
	if n, err := conn.WaitForNotification(ctx); err == nil {
		t.Fatalf("told %+v of a stream that was dropped", n)
	}
	select {
	case code := <-notices:
		if code != "42P01" {
			t.Errorf("notice %s", code)
		}
	default:
		t.Error("no notice of the drop")
	}
}
