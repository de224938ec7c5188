package pgfront_test

import (
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// TestHeartbeat: a client that follows an idle stream hears that the node and
// the way to it live, between whole rows, in TAIL as in COPY.
func TestHeartbeat(t *testing.T) {
	s := serve(t, 1)
	writer := s.connect(0)
	exec(t, writer, "CREATE STREAM s", "CLAIM STREAM s", "INSERT INTO s (data) VALUES ('1'), ('2')")
	for _, statement := range []string{"TAIL STREAM s FROM 2", "COPY (TAIL STREAM s FROM 2) TO STDOUT"} {
		conn := s.connect(0)
		exec(t, conn, "SET heartbeat_interval = '5ms'")
		wire, err := conn.PgConn().Hijack()
		if err != nil {
			t.Fatal(err)
		}
		defer wire.Conn.Close()
		wire.Frontend.Send(&pgproto3.Query{String: statement})
		if err := wire.Frontend.Flush(); err != nil {
			t.Fatal(err)
		}
		rows := 0
		for beats := 0; beats < 3 || rows < 2; {
			m, err := wire.Frontend.Receive()
			if err != nil {
				t.Fatal(err)
			}
			switch m := m.(type) {
			case *pgproto3.DataRow, *pgproto3.CopyData:
				rows++
			case *pgproto3.ParameterStatus:
				if m.Name != "walle.heartbeat" || m.Value != "2" && rows < 2 {
					t.Fatalf("%s: told of %s = %s", statement, m.Name, m.Value)
				}
				if beats++; beats == 3 && rows == 1 {
					exec(t, writer, "INSERT INTO s (data) VALUES ('3')")
				}
			case *pgproto3.ErrorResponse:
				t.Fatal(m.Message)
			}
		}
		exec(t, writer, "DROP STREAM s", "CREATE STREAM s", "CLAIM STREAM s", "INSERT INTO s (data) VALUES ('1'), ('2')")
	}
}
