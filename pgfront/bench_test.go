package pgfront_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// BenchmarkInsert appends with a thousand in flight, from one session to one
// node: what is left is the cost of the path, the client's half included.
func BenchmarkInsert(b *testing.B) {
	s := serve(b, 1)
	conn := s.connect(0)
	exec(b, conn, "CREATE STREAM s", "CLAIM STREAM s")
	if _, err := conn.Prepare(context.Background(), "ins", "INSERT INTO s (data) VALUES ($1)"); err != nil {
		b.Fatal(err)
	}
	wire, err := conn.PgConn().Hijack()
	if err != nil {
		b.Fatal(err)
	}
	front := wire.Frontend
	bind := &pgproto3.Bind{PreparedStatement: "ins", ParameterFormatCodes: []int16{1}, Parameters: [][]byte{make([]byte, 1024)}}
	const window = 1000
	places := make(chan struct{}, window)
	done := make(chan error, 1)
	go func() {
		for range b.N {
			for {
				m, err := front.Receive()
				if err != nil {
					done <- err
					return
				}
				if _, ready := m.(*pgproto3.ReadyForQuery); ready {
					break
				}
			}
			<-places
		}
		done <- nil
	}()
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		front.Send(bind)
		front.Send(&pgproto3.Execute{})
		front.Send(&pgproto3.Sync{})
		if i%64 == 0 || len(places) == window {
			if err := front.Flush(); err != nil {
				b.Fatal(err)
			}
		}
		places <- struct{}{}
	}
	if err := front.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	wire.Conn.Close()
}

// BenchmarkScan reads rows of 100 bytes, in binary; a row is an operation.
func BenchmarkScan(b *testing.B) {
	s := serve(b, 1)
	conn := s.connect(0)
	exec(b, conn, "CREATE STREAM s", "CLAIM STREAM s")
	row := strings.Repeat("x", 100) + "\n"
	const rows = 100_000
	if _, err := conn.PgConn().CopyFrom(context.Background(), io.LimitReader(&repeated{text: row}, int64(rows*len(row))), "COPY s FROM STDIN"); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; {
		result := conn.PgConn().ExecParams(context.Background(), "SELECT entry_id, data FROM s", nil, nil, nil, []int16{1})
		for result.NextRow() {
			done++
		}
		if _, err := result.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCopyIn copies rows of 100 bytes in; a row is an operation.
func BenchmarkCopyIn(b *testing.B) {
	s := serve(b, 1)
	conn := s.connect(0)
	exec(b, conn, "CREATE STREAM s", "CLAIM STREAM s")
	row := strings.Repeat("x", 100) + "\n"
	b.ReportAllocs()
	b.ResetTimer()
	if _, err := conn.PgConn().CopyFrom(context.Background(), io.LimitReader(&repeated{text: row}, int64(b.N*len(row))), "COPY s FROM STDIN"); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkStatement runs one statement after the other over one session, prepared, as drivers
// do; the client's half is included.
func BenchmarkStatement(b *testing.B) {
	s := serve(b, 1)
	conn := s.connect(0)
	exec(b, conn, "CREATE STREAM s", "CLAIM STREAM s", "INSERT INTO s (data) SELECT 'entry' FROM generate_series(1, 10000)")
	for _, bench := range []struct{ name, sql string }{
		{"trivial", "SELECT 1"},
		{"point", "SELECT * FROM s WHERE entry_id = 5000"},
		{"last", "SELECT * FROM s ORDER BY entry_id DESC LIMIT 10"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			wire := conn.PgConn()
			if _, err := wire.Prepare(b.Context(), bench.name, bench.sql, nil); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if r := wire.ExecPrepared(b.Context(), bench.name, nil, nil, nil).Read(); r.Err != nil || len(r.Rows) == 0 {
					b.Fatal(r.Err)
				}
			}
		})
	}
}
