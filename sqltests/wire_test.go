package sqltests_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestWire fails where bytes that are no proper message do more harm than to end their own connection.
func TestWire(t *testing.T) {
	c := cluster(t, 1)
	testWire(t, c.DSN(1))
	for name, request := range map[string]uint32{"SSLRequest": 1234<<16 | 5679, "GSSENCRequest": 1234<<16 | 5680} {
		t.Run(name, func(t *testing.T) {
			w := dial(t, c.Addr(1))
			w.send(t, int32s(8, request))
			if answer, err := w.r.ReadByte(); err != nil || answer != 'N' {
				t.Fatalf("answered %q: %v", answer, err)
			}
			w.send(t, startup("walle"))
			w.until(t, 'Z')
		})
	}
}

// TestWireOnPostgreSQL fails where TestWire expects what PostgreSQL does not do.
func TestWireOnPostgreSQL(t *testing.T) { testWire(t, oracle(t).DSN()) }

// int32s writes numbers as the protocol does.
func int32s(ns ...uint32) string {
	var b []byte
	for _, n := range ns {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return string(b)
}

const protocol3 = 3 << 16

// startup is the first message of a session.
func startup(database string) string {
	body := "user\x00app\x00database\x00" + database + "\x00\x00"
	return int32s(uint32(8+len(body)), protocol3) + body
}

func testWire(t *testing.T, dsn string) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	addr := net.JoinHostPort(cfg.Host, fmt.Sprint(cfg.Port))
	for name, c := range map[string]struct {
		before bool // the bytes come instead of a startup message
		bytes  string
	}{
		"long startup":       {true, int32s(10_005, protocol3)},
		"huge startup":       {true, int32s(0x7fffffff, protocol3)},
		"negative startup":   {true, int32s(0xffffffff, protocol3)},
		"short startup":      {true, int32s(4)},
		"empty startup":      {true, int32s(0)},
		"protocol 2":         {true, int32s(8, 2<<16)},
		"no terminator":      {true, int32s(13, protocol3) + "user\x00"},
		"another protocol":   {true, "GET / HTTP/1.0\r\n\r\n"},
		"short message":      {false, "Q" + int32s(3)},
		"negative message":   {false, "Q" + int32s(0xfffffff0)},
		"huge message":       {false, "Q" + int32s(0x7fffffff)},
		"unknown message":    {false, "z" + int32s(4)},
		"message of replies": {false, "T" + int32s(4)},
	} {
		t.Run(name, func(t *testing.T) {
			w := dial(t, addr)
			if !c.before {
				w.send(t, startup(cfg.Database))
				w.until(t, 'Z')
			}
			w.send(t, c.bytes)
			w.untilClosed(t)
		})
	}
	t.Run("recovers", func(t *testing.T) { testWireRecovers(t, addr, cfg.Database) })
	if err := connect(t, dsn).Ping(t.Context()); err != nil {
		t.Errorf("afterwards the server does not answer: %v", err)
	}
}

// testWireRecovers: what is wrong within a message costs the statement, and not the session.
func testWireRecovers(t *testing.T, addr, database string) {
	w := dial(t, addr)
	w.send(t, startup(database))
	w.until(t, 'Z')
	sync := "S" + int32s(4)
	for name, message := range map[string]string{
		"no such statement":   frame('B', "\x00nowhere\x00\x00\x00\x00\x00\x00\x00"),
		"no such portal":      frame('E', "nowhere\x00"+int32s(0)),
		"text without an end": frame('P', "\x00SELECT 1"),
		"describe of nothing": frame('D', "?x\x00"),
		"invalid UTF-8":       frame('P', "\x00SELECT '\xff'\x00\x00\x00"),
		"bytes left over":     frame('P', "\x00SELECT 1\x00\x00\x00more"),
	} {
		w.send(t, message+sync)
		if got := w.until(t, 'Z'); !strings.Contains(got, "E") {
			t.Errorf("%s: answered with messages %s, without an error", name, got)
		}
	}
	w.send(t, frame('Q', "SELECT 1\x00"))
	if got := w.until(t, 'Z'); got != "TDCZ" {
		t.Errorf("then SELECT 1 is answered with messages %s", got)
	}
}

func frame(kind byte, body string) string {
	return string(kind) + int32s(uint32(4+len(body))) + body
}

// A wire is a connection without a driver.
type wire struct {
	conn net.Conn
	r    *bufio.Reader
}

func dial(t *testing.T, addr string) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &wire{conn, bufio.NewReader(conn)}
}

func (w *wire) send(t *testing.T, bytes string) {
	t.Helper()
	if _, err := io.WriteString(w.conn, bytes); err != nil {
		t.Fatal(err)
	}
}

// until reads messages up to one of that kind, and returns the kinds.
func (w *wire) until(t *testing.T, kind byte) (kinds string) {
	t.Helper()
	for !strings.HasSuffix(kinds, string(kind)) {
		var head [5]byte
		if _, err := io.ReadFull(w.r, head[:]); err != nil {
			t.Fatalf("after messages %q: %v", kinds, err)
		}
		if _, err := io.CopyN(io.Discard, w.r, int64(binary.BigEndian.Uint32(head[1:]))-4); err != nil {
			t.Fatal(err)
		}
		kinds += string(head[:1])
	}
	return kinds
}

// untilClosed fails the test when the server waits for more.
func (w *wire) untilClosed(t *testing.T) {
	t.Helper()
	const most = 1 << 16
	n, err := io.CopyN(io.Discard, w.r, most)
	var timeout net.Error
	if n == most || errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("the connection is still open after %d bytes: %v", n, err)
	}
}
