package sqltests_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// A follower is a session that follows a stream, down to its messages.
type follower struct {
	conn  net.Conn
	front *pgproto3.Frontend
}

// follow opens a session with a small window to receive, and starts a statement.
func follow(t *testing.T, dsn, statement string, settings map[string]string) *follower {
	t.Helper()
	config, err := pgconn.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range settings {
		config.RuntimeParams[name] = value
	}
	config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		if err == nil {
			err = conn.(*net.TCPConn).SetReadBuffer(16 << 10)
		}
		return conn, err
	}
	conn, err := pgconn.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	wire, err := conn.Hijack()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { wire.Conn.Close() })
	wire.Frontend.Send(&pgproto3.Query{String: statement})
	if err := wire.Frontend.Flush(); err != nil {
		t.Fatal(err)
	}
	return &follower{conn: wire.Conn, front: wire.Frontend}
}

// rows reads n rows.
func (f *follower) rows(n int) error {
	for n > 0 {
		switch m, err := f.front.Receive(); m := m.(type) {
		case nil:
			return err
		case *pgproto3.DataRow:
			n--
		case *pgproto3.ErrorResponse:
			return errors.New(m.Code)
		}
	}
	return nil
}

// end reads up to what ends the session, and returns it.
func (f *follower) end() error {
	for {
		switch m, err := f.front.Receive(); m := m.(type) {
		case nil:
			return err
		case *pgproto3.ErrorResponse:
			return pgconn.ErrorResponseToPgError(m)
		}
	}
}

// resident is the memory of a process in bytes.
func resident(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		t.Skip(err)
	}
	_, after, _ := strings.Cut(string(text), "VmRSS:")
	kb, err := strconv.ParseInt(strings.Fields(after)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kb << 10
}

// TestManyFollowers fails where followers cost a node the backlog that they have not read, where one
// that does not read holds up others or appends, and where it is not told why it was cut off.
func TestManyFollowers(t *testing.T) {
	const (
		followers = 1000
		silent    = 200 // of them do not read
		backlog   = 16 << 20
		live      = 50
	)
	c := cluster(t, 1)
	writer := connect(t, c.DSN(1))
	mustExec(t, writer, "CREATE STREAM s", "CLAIM STREAM s")
	row := strings.Repeat("x", 1023) + "\n"
	if _, err := writer.PgConn().CopyFrom(t.Context(), strings.NewReader(strings.Repeat(row, backlog/len(row))), "COPY s FROM STDIN"); err != nil {
		t.Fatal(err)
	}

	const following = "FROM walle.sessions WHERE statement LIKE 'TAIL%' AND state = 'active'"
	cut := follow(t, c.DSN(1), "TAIL STREAM s FROM 1", map[string]string{"follower_timeout": "200ms"})
	waitFor(t, writer, "idle", "SELECT state FROM walle.sessions WHERE statement LIKE 'TAIL%'")
	wantCode(t, "a follower that did not read", cut.end(), "53400")
	if _, err := cut.front.Receive(); !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		t.Errorf("after the last message: %v", err)
	}

	// They are in the middle of the backlog, and stay there.
	for range silent {
		follow(t, c.DSN(1), "TAIL STREAM s FROM 1", nil)
	}
	// The others follow what comes.
	var all []*follower
	for range followers - silent {
		all = append(all, follow(t, c.DSN(1), "TAIL STREAM s", nil))
	}
	waitFor(t, writer, fmt.Sprint(followers), "SELECT count(*)::text "+following)
	var reading sync.WaitGroup
	var failed atomic.Int64
	for _, f := range all {
		reading.Go(func() {
			if f.rows(live) != nil {
				failed.Add(1)
			}
		})
	}
	for range live {
		mustExec(t, writer, "INSERT INTO s (data) VALUES ('live')")
	}
	reading.Wait()
	if n := failed.Load(); n > 0 {
		t.Errorf("%d followers failed", n)
	}
	if used, most := resident(t, c.PID(1)), int64(200<<20+followers*512<<10); used > most {
		t.Errorf("%d followers, %d of them silent: the node has %d MiB resident, at most %d are fine", followers, silent, used>>20, most>>20)
	} else {
		t.Logf("%d MiB resident", used>>20)
	}
}

// waitFor repeats a query until it yields want.
func waitFor(t *testing.T, conn *pgx.Conn, want, sql string) {
	t.Helper()
	deadline := time.After(60 * time.Second)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		var got string
		err := conn.QueryRow(t.Context(), sql).Scan(&got)
		if err == nil && got == want {
			return
		}
		select {
		case <-again.C:
		case <-deadline:
			t.Fatalf("%s: %q (%v), want %q", sql, got, err, want)
		}
	}
}

// TestIdle fails where an idle session is not ended as its settings say, or not told why.
func TestIdle(t *testing.T) {
	c := cluster(t, 1)
	idle := follow(t, c.DSN(1), "SELECT 1", map[string]string{"idle_session_timeout": "10ms"})
	wantCode(t, "an idle session", idle.end(), "57P05")
	block := follow(t, c.DSN(1), "BEGIN", map[string]string{"idle_in_transaction_session_timeout": "10ms"})
	wantCode(t, "a session that is idle in a transaction", block.end(), "25P03")
}
