package query

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// TestEndless fails where a loop does not look at the context: each of these would run for
// hours.
func TestEndless(t *testing.T) {
	for _, sql := range []string{
		"select count(*) from generate_series(1, 9223372036854775807)",
		"select count(*) from generate_series(1, 100000) a, generate_series(1, 100000) b, generate_series(1, 100000) c",
		"select count(*) from generate_series(1, 1000000) a left join generate_series(1, 1000000) b on a < b",
		"select generate_series(1, 9223372036854775807) offset 9223372036854775806",
		"with recursive t(n) as (select 1 union select (n + 1) % 10 from t) select count(*) from t, generate_series(1, 9223372036854775807)",
		"with recursive t as (select 1 as n union all select n from t) select count(*) from t",
		"select sum(x) over (order by x rows between 500000 preceding and 500000 following) from generate_series(1, 1000000) x",
		"select repeat('a', 10000000) like '%' || repeat('a', 5000000) || 'b%'",
		"select jsonb_path_exists(('[' || repeat('[', 500) || repeat(']', 500) || ']')::jsonb, '$.**.**.**.**.** ? (@ == 1)')",
		"select (select count(*) from generate_series(1, 9223372036854775807) b where b > a) from generate_series(1, 10) a",
		"select count(*) from generate_series(1, 1000000) a where a in (select b + 0.5 from generate_series(1, 9223372036854775807) b where b <> a)",
	} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := runUntil(ctx, sql); !errors.Is(err, context.Canceled) {
			t.Errorf("%s\n%v, want that it is cancelled", sql, err)
		}
	}
}

// TestMemory fails where an operator or a function keeps more than work_mem.
func TestMemory(t *testing.T) {
	for _, c := range []struct{ sql, code string }{
		{"select x from generate_series(1, 100000000) x order by x desc", "53200"},
		{"select distinct x from generate_series(1, 100000000) x", "53200"},
		{"select x, count(*) from generate_series(1, 100000000) x group by x", "53200"},
		{"select count(*) from generate_series(1, 3) a join generate_series(1, 100000000) b on a = b", "53200"},
		{"select array_agg(x) from generate_series(1, 100000000) x", "53200"},
		{"select array_agg(array[x]) from generate_series(1, 100000000) x", "53200"},
		{"select string_agg(x::text, ',') from generate_series(1, 100000000) x", "53200"},
		{"select jsonb_agg(x) from generate_series(1, 100000000) x", "53200"},
		{"select percentile_cont(0.5) within group (order by x) from generate_series(1, 100000000) x", "53200"},
		{"select count(distinct x) from generate_series(1, 100000000) x", "53200"},
		{"select array(select generate_series(1, 100000000))", "53200"},
		{"select rank() over (order by x) from generate_series(1, 100000000) x", "53200"},
		{"select x from generate_series(1, 100000000) x union select 1", "53200"},
		{"with recursive t as (select 1 as n union all select n from t) select count(*) from t, t as u", "53200"},
		{"with recursive t as (select 1 as n union select n + 1 from t) select count(*) from t", "53200"},
		{"select jsonb_path_query_array(('[' || repeat('[', 500) || repeat(']', 500) || ']')::jsonb, '$.**.**.**')", "53200"},
		{"select " + strings.Repeat("repeat('x', 100000000), ", 10) + "1", "54000"},
		{"select repeat('x', 2000000000)", "54000"},
		{"select array_fill(0, array[100000, 100000])", "54000"},
	} {
		err := runUntil(t.Context(), c.sql)
		if codeOf(err) != c.code {
			t.Errorf("%s\n%v, want %s", c.sql, err, c.code)
		}
	}
}

// runUntil runs a statement to its end with a small work_mem.
func runUntil(ctx context.Context, sql string) error {
	env := memEnv()
	env.WorkMem = 4 << 20
	p, err := PlanText(sql, env)
	if err != nil {
		return err
	}
	rows, err := p.Execute(ctx, nil)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next(ctx) {
	}
	return rows.Err()
}
