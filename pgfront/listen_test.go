package pgfront_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"walle/replication"
)

// ear is a session that keeps what it is told of a stream: of some of its
// commits, as those that follow each other closely make one notification.
type ear struct {
	*pgx.Conn
	t    *testing.T
	told []replication.EntryID
}

func (s *served) ear(t *testing.T, node int) *ear {
	e := &ear{t: t}
	e.Conn = s.connect(node, func(c *pgx.ConnConfig) {
		c.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) { e.hear(n) }
	})
	return e
}

// hear says that a channel is the stream, and that payloads rise.
func (e *ear) hear(n *pgconn.Notification) {
	payload, err := strconv.ParseUint(n.Payload, 10, 64)
	id := replication.EntryID(payload)
	if err != nil || n.Channel != "s" || len(e.told) > 0 && id <= e.told[len(e.told)-1] {
		e.t.Errorf("told %+v after entries %d", n, e.told)
	}
	e.told = append(e.told, id)
}

// until waits until the session has been told of an entry.
func (e *ear) until(want replication.EntryID) {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.t.Context(), time.Minute)
	defer cancel()
	for len(e.told) == 0 || e.told[len(e.told)-1] < want {
		if err := e.PgConn().WaitForNotification(ctx); err != nil {
			e.t.Fatalf("told of entries %d, want %d: %v", e.told, want, err)
		}
	}
	if last := e.told[len(e.told)-1]; last != want {
		e.t.Fatalf("told of entries %d, of which the last is %d", e.told, want)
	}
}

// silently does something and wants nothing to be told meanwhile.
func (e *ear) silently(when string, do func()) {
	e.t.Helper()
	before := len(e.told)
	do()
	if now := e.told[before:]; len(now) > 0 {
		e.t.Errorf("%s: told of entries %d", when, now)
	}
}

// TestListen: who listens to a stream, on any node and though idle, is told of
// its tail, and each time of a higher one; within a transaction block only
// afterwards, and after UNLISTEN not at all.
func TestListen(t *testing.T) {
	s := serve(t, 3)
	writer := s.connect(0)
	exec(t, writer, "CREATE STREAM s WITH (replicas = 2, members = '{n1,n2}')", "CLAIM STREAM s", "INSERT INTO s (data) VALUES ('1')")
	insert := func() (tail replication.EntryID) {
		t.Helper()
		if err := writer.QueryRow(t.Context(), "INSERT INTO s (data) VALUES ('2') RETURNING entry_id").Scan(&tail); err != nil {
			t.Fatal(err)
		}
		return tail
	}
	for node := range 3 { // the last holds no replica
		listener := s.ear(t, node)
		reads := func(tail replication.EntryID) {
			eventually(t, listener.Conn, fmt.Sprint(tail), "SELECT max(entry_id)::text FROM s")
		}
		eventually(t, listener.Conn, "true", "SELECT (count(*) > 0)::text FROM s")
		exec(t, listener.Conn, "LISTEN s", "LISTEN s")
		listener.until(insert())

		exec(t, listener.Conn, "BEGIN")
		var tail replication.EntryID
		listener.silently("in a transaction block", func() {
			for range 3 {
				tail = insert()
			}
			reads(tail)
		})
		exec(t, listener.Conn, "COMMIT")
		listener.until(tail)

		exec(t, listener.Conn, "BEGIN", "UNLISTEN *", "ROLLBACK")
		listener.until(insert())
		exec(t, listener.Conn, "BEGIN", "UNLISTEN s", "COMMIT")
		listener.silently("after UNLISTEN", func() {
			reads(insert())
			exec(t, listener.Conn, "SELECT 1")
		})
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
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
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
