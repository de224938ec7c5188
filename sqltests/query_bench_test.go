package sqltests_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

var benchRows = flag.Int("rows", 1_000_000, "how many rows of 100 bytes the benchmarks of queries have")

// The queries that BenchmarkQuery compares. Those that read all rows come first.
var benchScans = []struct{ name, sql string }{
	{"count", "SELECT count(*) FROM s"},
	{"count range", "SELECT count(*) FROM s WHERE entry_id BETWEEN 1000 AND 900000"},
	{"filter id", "SELECT count(*) FROM s WHERE entry_id % 10 = 3"},
	{"filter data", "SELECT count(*) FROM s WHERE get_byte(data, 8) = 51"},
	{"filter length", "SELECT count(*) FROM s WHERE octet_length(data) > 99"},
	{"filter like", "SELECT count(*) FROM s WHERE convert_from(data, 'UTF8') LIKE '%paid%'"},
	{"sum", "SELECT sum(entry_id), max(appended_at) FROM s"},
	{"group json", "SELECT convert_from(data, 'UTF8')::json ->> 'state', count(*) FROM s GROUP BY 1"},
	{"group jsonb", "SELECT convert_from(data, 'UTF8')::jsonb ->> 'state', count(*) FROM s GROUP BY 1"},
	{"top", "SELECT * FROM s ORDER BY data DESC LIMIT 10"},
	{"all", "SELECT * FROM s"},
}

// Those that read a few rows, or none.
var benchPoints = []struct{ name, sql string }{
	{"trivial", "SELECT 1"},
	{"point", "SELECT * FROM s WHERE entry_id = $1"},
	{"last", "SELECT * FROM s ORDER BY entry_id DESC LIMIT 10"},
	{"hour", "SELECT count(*) FROM s WHERE appended_at >= now() + interval '1 hour'"},
}

// BenchmarkQuery asks one node, and a PostgreSQL without parallel workers, over the same rows. What
// counts is the time of the processor that the server takes, and not how long it waits for one:
//
//	go test ./sqltests -run xxx -bench Query -benchtime 5x -args -rows 1000000
func BenchmarkQuery(b *testing.B) {
	c, o := cluster(b, 1), oracle(b)
	servers := []*benchServer{{name: "walle", conn: connect(b, c.DSN(1)), pid: c.PID(1)}, {name: "postgresql", conn: connect(b, o.DSN())}}
	walle, postgres := servers[0], servers[1]
	if err := postgres.conn.QueryRow(b.Context(), "SELECT pg_backend_pid()").Scan(&postgres.pid); err != nil {
		b.Fatal(err)
	}
	mustExec(b, walle.conn, "CREATE STREAM s", "CLAIM STREAM s")
	mustExec(b, postgres.conn, "SET max_parallel_workers_per_gather = 0", `CREATE TABLE s (entry_id bigserial PRIMARY KEY,
		term bigint NOT NULL DEFAULT 1, appended_at timestamptz NOT NULL DEFAULT clock_timestamp(), data bytea NOT NULL)`)
	for _, s := range servers {
		s.load(b, *benchRows)
	}
	mustExec(b, postgres.conn, "CREATE INDEX ON s (appended_at)", "VACUUM ANALYZE s")

	for _, q := range benchScans {
		for _, s := range servers {
			b.Run(q.name+"/"+s.name, func(b *testing.B) { s.scan(b, q.sql) })
		}
	}
	for _, q := range benchPoints {
		for _, s := range servers {
			b.Run(q.name+"/"+s.name, func(b *testing.B) { s.points(b, q.sql) })
		}
	}
}

type benchServer struct {
	name string
	conn *pgx.Conn
	pid  int
}

// load fills s with JSON objects of 100 bytes.
func (s *benchServer) load(b *testing.B, rows int) {
	states := []string{"open", "paid", "sent", "lost"}
	for at := 1; at <= rows; {
		var text bytes.Buffer
		for ; at <= rows && text.Len() < 8<<20; at++ {
			object := fmt.Sprintf(`{"n": %d, "customer": "c%d", "state": "%s", "note": "`, at, at%977, states[at%4])
			fmt.Fprintf(&text, "%s%s\"}\n", object, strings.Repeat("x", 98-len(object)))
		}
		if _, err := s.conn.PgConn().CopyFrom(b.Context(), &text, "COPY s (data) FROM STDIN (FORMAT csv, DELIMITER '|', QUOTE '~')"); err != nil {
			b.Fatal(err)
		}
	}
}

// scan runs a query over all rows. Its result is not decoded.
func (s *benchServer) scan(b *testing.B, sql string) {
	spent := s.processor(b)
	for b.Loop() {
		if _, err := s.conn.PgConn().Exec(b.Context(), sql).ReadAll(); err != nil {
			b.Fatal(err)
		}
	}
	spent = s.processor(b) - spent
	if spent > 0 {
		b.ReportMetric(float64(*benchRows)*float64(b.N)/spent.Seconds()/1e6, "Mrows/core-s")
	}
}

// points runs a prepared query many times, one after the other.
func (s *benchServer) points(b *testing.B, sql string) {
	const times = 1000
	ctx := b.Context()
	if _, err := s.conn.PgConn().Prepare(ctx, sql, sql, nil); err != nil {
		b.Fatal(err)
	}
	spent := s.processor(b)
	for b.Loop() {
		for i := range times {
			s.point(b, ctx, sql, i)
		}
	}
	spent = s.processor(b) - spent
	b.ReportMetric(float64(spent.Microseconds())/float64(times*b.N), "core-µs/query")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(times*b.N), "µs/query")
}

func (s *benchServer) point(b *testing.B, ctx context.Context, sql string, i int) {
	var args [][]byte
	if strings.Contains(sql, "$1") {
		args = [][]byte{strconv.AppendInt(nil, int64(i*7919%*benchRows)+1, 10)}
	}
	if res := s.conn.PgConn().ExecPrepared(ctx, sql, args, nil, nil).Read(); res.Err != nil {
		b.Fatal(res.Err)
	}
}

// processor is the time that the server's process has spent in user and system mode.
func (s *benchServer) processor(b *testing.B) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.pid))
	if err != nil {
		b.Skip(err)
	}
	const ticks = 100 // a second: Linux tells user space no other
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	var sum time.Duration
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(f)
		if err != nil {
			b.Fatal(err)
		}
		sum += time.Duration(n) * time.Second / ticks
	}
	return sum
}
