package pgfront_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// TestClaimWait: a CLAIM that has to wait says what for: a writer, or a majority
// that does not answer; and when it is given up, its error says so too.
func TestClaimWait(t *testing.T) {
	s := serve(t, 3)
	holder := s.connect(0)
	exec(t, holder, "CREATE STREAM s WITH (lease = '1h')", "CLAIM STREAM s WITH (writer = 'first')", "CREATE STREAM t")
	for _, node := range []int{1, 2} {
		eventually(t, s.connect(node), "0", "SELECT count(*)::text FROM t") // it knows the stream
	}
	claim := func(stream, notice, detail string) {
		t.Helper()
		var conn *pgx.Conn
		told := false
		conn = s.connect(0, func(c *pgx.ConnConfig) {
			c.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
				told = told || strings.Contains(n.Message, notice) && strings.Contains(n.Detail, detail)
				go conn.PgConn().CancelRequest(t.Context())
			}
		})
		_, err := conn.Exec(t.Context(), "CLAIM STREAM "+stream)
		wantError(t, "a claim that was cancelled", err, "57014")
		if !told || !strings.Contains(err.(*pgconn.PgError).Detail, detail) {
			t.Errorf("CLAIM STREAM %s: noticed %v, %+v", stream, told, err)
		}
	}
	claim("s", "waits for the lease of term 1", `It belongs to writer "first" on node n1`)
	s.nodes.Nodes[1].Stop()
	s.nodes.Nodes[2].Stop()
	claim("t", "waits for a majority", "1 of 3 members answer")
}

// TestChangeUnknown: a change whose outcome is not known is never said to have
// been cancelled.
func TestChangeUnknown(t *testing.T) {
	s := serve(t, 3)
	conn := s.connect(0)
	exec(t, conn, "CREATE STREAM s")
	for _, node := range []int{1, 2} {
		eventually(t, s.connect(node), "0", "SELECT count(*)::text FROM s")
		s.nodes.Nodes[node].Stop()
	}
	exec(t, conn, "SET statement_timeout = '500ms'")
	_, err := conn.Exec(t.Context(), "CREATE STREAM t")
	wantError(t, "CREATE STREAM without a quorum", err, "08007")
	if told := err.(*pgconn.PgError); !strings.Contains(told.Message, "CREATE STREAM") || !strings.Contains(told.Detail, "statement timeout") {
		t.Errorf("%s: %s", told.Message, told.Detail)
	}
}
