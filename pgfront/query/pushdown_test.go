package query

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
)

// What a scan is asked for: a bound that is not pushed down reads the whole stream, one
// that is pushed wrongly loses rows.
func TestPushDown(t *testing.T) {
	const all = "[-,-]"
	for _, tc := range []struct{ sql, scans string }{
		{"select * from s", all},
		{"select * from s where entry_id = 5", "[5,5]"},
		{"select * from s where entry_id > 3 and entry_id <= 7", "[4,7]"},
		{"select * from s where 3 < entry_id", "[4,-]"},
		{"select * from s where entry_id between 2 and 4 and data is not null", "[2,4]"},
		{"select * from s where entry_id in (9, 1, 2)", "[1,2] [9,9]"},
		{"select * from s where entry_id in (9, 1, 2) order by entry_id desc", "[9,9]desc [1,2]desc"},
		{"select * from s where entry_id = any('{3,5}') and entry_id > 3", "[5,5]"},
		{"select * from s where entry_id > 5 and entry_id < 5", ""},
		{"select * from s where entry_id = null", ""},
		{"select * from s where entry_id > 9223372036854775807", ""},
		{"select * from s where entry_id = 5 or entry_id = 6", all},
		{"select * from s where entry_id < 5.5", all},
		{"select * from s order by entry_id desc", all + "desc"},
		{"select * from s order by entry_id limit 3", all + "limit 3"},
		{"select * from s where entry_id > 2 order by entry_id desc limit 3 offset 1", "[3,-]desclimit 4"},
		{"select * from s where term = 1 limit 3", all},
		{"select * from s order by term limit 3", all},
		{"select count(*), max(entry_id) from s where entry_id > 3", ""},
		{"select count(*) from s where term > 0", all},
		{"select * from (select entry_id x from s) q where x = 4", "[4,4]"},
		{"select * from (select entry_id x, term + 1 y from s limit 9) q where x = 4", all + "limit 9"},
		{"select * from (select entry_id x, term + 1 y from s) q where x > 4 and y > 1", "[5,-]"},
		{"select * from s where entry_id > (select max(entry_id) - 2 from s)", "[9,-]"},
		{"select * from s where entry_id = (select null::int8)::int8", ""},
		{"select 1 from s a where entry_id = (select a.entry_id + 0)", all},
		{"select 1 from s a, s b where a.entry_id = 2 and b.entry_id = 3", "[3,3] [2,2]"},
		{"select 1 from s a left join s b on a.entry_id = b.entry_id where a.entry_id = 2", all + " [2,2]"},
		{"select 1 from s a left join s b on a.term = b.term and b.entry_id = 2 and a.entry_id > 3", "[2,2] " + all},
		{"select 1 from s a right join s b on a.term = b.term and a.entry_id = 2 and b.entry_id > 3", all + " [2,2]"},
		{"select 1 from s a full join s b on a.term = b.term and a.entry_id = 2", all + " " + all},
		{"select * from s where now() < '2000-01-01'", ""},
	} {
		env := memEnv()
		stream := env.Resolver.(memResolver).streams[0]
		if a := ask(env, tc.sql); a.err != nil {
			t.Errorf("%s: %v", tc.sql, a.err)
			continue
		}
		var got []string
		for _, s := range stream.scans {
			got = append(got, specText(s))
		}
		if text := strings.Join(got, " "); text != tc.scans {
			t.Errorf("%s\n  scans %s\n  want  %s", tc.sql, text, tc.scans)
		}
	}
}

func specText(s ScanSpec) string {
	bound := func(n int64) string {
		if n == math.MinInt64 || n == math.MaxInt64 {
			return "-"
		}
		return fmt.Sprint(n)
	}
	text := "[" + bound(s.Entries.From) + "," + bound(s.Entries.To) + "]"
	if s.Descending {
		text += "desc"
	}
	if s.Limit > 0 {
		text += fmt.Sprintf("limit %d", s.Limit)
	}
	return text
}

// The conditions on appended_at reach the scan as a hint, with both ends right.
func TestTimeHint(t *testing.T) {
	env := memEnv()
	stream := env.Resolver.(memResolver).streams[0]
	a := ask(env, "select entry_id from s where appended_at >= '2024-03-01 10:00:03Z' and appended_at < '2024-03-01 10:00:05Z'")
	if a.err != nil || len(a.rows) != 2 {
		t.Fatalf("%v", a)
	}
	first := stream.row(3)[2].Micros()
	if got := stream.scans[0].AppendedAt; got.From != first || got.To != first+2*datum.MicrosPerSecond-1 {
		t.Errorf("hint %v, want from %d", got, first)
	}
}

// Columns that nothing looks at are not read.
func TestUsedColumns(t *testing.T) {
	for sql, want := range map[string]string{
		"select entry_id from s":                        "[true false false false]",
		"select count(*) from s where term = 1":         "[false true false false]",
		"select * from s":                               "[true true true true]",
		"select 1 from s where length(data) > 1":        "[false false false true]",
		"select (select s.term + t.entry_id) from s, t": "[false true false false]",
	} {
		env := memEnv()
		if a := ask(env, sql); a.err != nil {
			t.Errorf("%s: %v", sql, a.err)
			continue
		}
		if got := fmt.Sprint(env.Resolver.(memResolver).streams[0].scans[0].Columns); got != want {
			t.Errorf("%s: columns %s, want %s", sql, got, want)
		}
	}
}

// A limit stops the scan: of a long stream only what is asked for is read.
func TestLimitStopsScan(t *testing.T) {
	env := Env{Resolver: memResolver{streams: []*memStream{newMemStream("big", 1, 1<<40)}}, Session: newMemSession()}
	stream := env.Resolver.(memResolver).streams[0]
	if a := ask(env, "select entry_id from big where term % 2 = 1 limit 5"); a.err != nil || len(a.rows) != 5 {
		t.Fatalf("%v", a)
	}
	if stream.scanned > 20 {
		t.Errorf("%d entries were read", stream.scanned)
	}
}

// A sort, hash or aggregate beyond work_mem fails by itself rather than taking the memory.
func TestWorkMem(t *testing.T) {
	for _, sql := range []string{
		"select * from big order by data",
		"select entry_id, count(*) from big group by 1",
		"select distinct entry_id from big",
		"select 1 from big a join big b on a.entry_id = b.entry_id",
		"select array_agg(entry_id) from big",
		"select string_agg('xxxxxxxxxx', '') from big",
		"select entry_id, row_number() over () from big",
		"select 1 where 1 in (select entry_id from big where entry_id > 1)",
		"with x as (select entry_id from big) select count(*) from x a, x b",
		"select entry_id from big except select entry_id from big",
	} {
		env := Env{Resolver: memResolver{streams: []*memStream{newMemStream("big", 1, 1<<40)}}, Session: newMemSession(), WorkMem: 1 << 20}
		if a := ask(env, sql); codeOf(a.err) != "53200" {
			t.Errorf("%s: %v", sql, a.err)
		}
	}
}

// A statement without end stops soon after its context.
func TestCancel(t *testing.T) {
	for _, sql := range []string{
		"select count(*) from big where term < 0",
		"select count(*) from generate_series(1, 1000000000000)",
		"with recursive r(n) as (select 1 union all select 1 from r) select count(*) from r",
		"select * from tail('big', 1099511627777)",
	} {
		tree, err := pg_query.Parse(sql)
		if err != nil {
			t.Fatal(err)
		}
		env := Env{Resolver: memResolver{streams: []*memStream{newMemStream("big", 1, 1<<40)}}, Session: newMemSession()}
		p, err := Plan(tree.Stmts[0].Stmt.GetSelectStmt(), env)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		if err := runFor(p, 20*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s ended with %v", sql, err)
		}
	}
}

// runFor executes a plan until its time is over.
func runFor(p *Prepared, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	rows, err := p.Execute(ctx, nil)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next(ctx) {
	}
	return rows.Err()
}
