package pgfront_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestLongMessage: a message over the limit is refused by name, whatever it is,
// and the session goes on.
func TestLongMessage(t *testing.T) {
	s := serve(t, 1)
	conn := s.connect(0)
	exec(t, conn, "CREATE STREAM s", "CLAIM STREAM s")
	long := strings.Repeat("x", 65<<20)
	_, err := conn.Exec(t.Context(), "INSERT INTO s (data) VALUES ($1)", []byte(long))
	wantError(t, "a long Bind", err, "54000")
	_, err = conn.Exec(t.Context(), "SELECT '"+long+"'", pgx.QueryExecModeSimpleProtocol)
	wantError(t, "a long Query", err, "54000")
	exec(t, conn, "INSERT INTO s (data) VALUES ('after')")
	var n int
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM s").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d rows: %v", n, err)
	}
}
