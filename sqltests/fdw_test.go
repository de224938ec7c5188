package sqltests_test

import (
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"walle/sqltests"
)

// foreignEntries is how many entries the stream of TestForeignTables has.
const foreignEntries = 2000

// TestForeignTables fails where a PostgreSQL that imports streams as foreign tables, by the recipe of
// docs/sql.md, reads more of them than it needs, or cannot use them.
func TestForeignTables(t *testing.T) {
	o := oracle(t)
	c := cluster(t, 3)
	stream := connect(t, c.DSN(1))
	mustExec(t, stream, "CREATE STREAM orders WITH (lease = '1min')", "CLAIM STREAM orders", fmt.Sprintf(
		`INSERT INTO orders (data) SELECT convert_to(jsonb_build_object('customer', n %% 3)::text, 'UTF8') FROM generate_series(1, %d) n`, foreignEntries))
	pg := foreignServer(t, o, c)
	t.Run("pushed down", func(t *testing.T) { testPushedDown(t, pg, stream) })
	t.Run("join", func(t *testing.T) { testForeignJoin(t, pg) })
	t.Run("transactions", func(t *testing.T) { testForeignTransactions(t, pg) })
	t.Run("refused", func(t *testing.T) { testForeignRefused(t, pg) })
	t.Run("append", func(t *testing.T) { testDblink(t, pg, c, stream) })
}

// foreignServer does what the recipe says in a PostgreSQL.
func foreignServer(t *testing.T, o *sqltests.Oracle, c *sqltests.Cluster) *pgx.Conn {
	t.Helper()
	pg := connect(t, o.DSN())
	var available bool
	if err := pg.QueryRow(t.Context(), "SELECT count(*) = 2 FROM pg_available_extensions WHERE name IN ('postgres_fdw', 'dblink')").Scan(&available); err != nil {
		t.Fatal(err)
	}
	if !available {
		t.Skip("this PostgreSQL has no postgres_fdw and dblink")
	}
	mustExec(t, pg, recipe(t, c, 0), "CREATE FOREIGN TABLE streams.append_orders (data bytea) SERVER walle OPTIONS (schema_name 'public', table_name 'orders')")
	return pg
}

// recipe is one of the scripts of docs/sql.md, with the address of a node in the place of the demo's.
func recipe(t *testing.T, c *sqltests.Cluster, n int) string {
	t.Helper()
	recipes, _ := fenced(t, "../docs/sql.md", "sql")
	host, port, err := net.SplitHostPort(c.Addr(2))
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("host '127.0.0.1', port '7432'", fmt.Sprintf("host '%s', port '%s'", host, port),
		"host=127.0.0.1 port=7432", fmt.Sprintf("host=%s port=%s", host, port)).Replace(recipes[n])
}

// testPushedDown: what PostgreSQL asks for is a part of its query, and that part is answered from few entries.
func testPushedDown(t *testing.T, pg, stream *pgx.Conn) {
	for _, q := range []struct {
		query  string
		remote string // what PostgreSQL asks WALLE for
		read   int    // entries that WALLE reads for it, -1 if that cannot be told
		answer string
	}{
		{"SELECT count(*) FROM streams.orders WHERE entry_id BETWEEN 100 AND 199",
			"SELECT count(*) FROM public.orders WHERE ((entry_id >= 100)) AND ((entry_id <= 199))", 0, "100"},
		{"SELECT entry_id FROM streams.orders WHERE entry_id >= 5 ORDER BY entry_id LIMIT 3",
			"SELECT entry_id FROM public.orders WHERE ((entry_id >= 5)) ORDER BY entry_id ASC NULLS LAST LIMIT 3::bigint", 3, "5 6 7"},
		{"SELECT entry_id FROM streams.orders ORDER BY entry_id DESC LIMIT 2",
			"SELECT entry_id FROM public.orders ORDER BY entry_id DESC NULLS FIRST LIMIT 2::bigint", 2, "2000 1999"},
		{"SELECT convert_from(data, 'UTF8') FROM streams.orders WHERE entry_id = 7", "SELECT data FROM public.orders WHERE ((entry_id = 7))", 1, `{"customer": 1}`},
		{"SELECT count(*) FROM streams.orders WHERE entry_id = ANY ('{3, 1, 4, 9999}')",
			"SELECT count(*) FROM public.orders WHERE ((entry_id = ANY ('{3,1,4,9999}'::bigint[])))", 0, "3"},
		{"SELECT count(entry_id), max(entry_id) FROM streams.orders WHERE appended_at < '2001-01-01'",
			"SELECT count(entry_id), max(entry_id) FROM public.orders WHERE ((appended_at < '2001-01-01 00:00:00+00'))", 1, "0"},
		{"SELECT count(*) FROM streams.orders WHERE appended_at >= (SELECT now() - interval '1 hour')",
			"SELECT count(*) FROM public.orders WHERE ((appended_at >= $1::timestamp with time zone))", -1, "2000"},
		{"SELECT term FROM streams.orders GROUP BY term", "SELECT term FROM public.orders GROUP BY 1", foreignEntries, "1"},
		{"SELECT sum(length(data)) FROM streams.orders WHERE data <> ''",
			`SELECT sum(length(data)) FROM public.orders WHERE ((data <> E'\\x'))`, foreignEntries, "30000"},
	} {
		remote := remoteSQL(t, pg, q.query)
		if remote != q.remote {
			t.Errorf("%s\nasks for  %s\nexpected  %s", q.query, remote, q.remote)
			continue
		}
		if got := strings.Join(texts(t, pg, q.query), " "); got != q.answer {
			t.Errorf("%s\nanswers %s, want %s", q.query, got, q.answer)
		}
		if q.read >= 0 {
			if read := entriesRead(t, stream, remote); read != q.read {
				t.Errorf("%s\nreads %d entries, want %d", remote, read, q.read)
			}
		}
	}
}

// remoteSQL is what a query of foreign tables asks their server for.
func remoteSQL(t *testing.T, pg *pgx.Conn, query string) string {
	t.Helper()
	plan := strings.Join(texts(t, pg, "EXPLAIN (VERBOSE, COSTS OFF) "+query), "\n")
	m := regexp.MustCompile(`Remote SQL: (.*)`).FindStringSubmatch(plan)
	if m == nil {
		t.Fatalf("%s\nhas no remote part:\n%s", query, plan)
	}
	return m[1]
}

// entriesRead is WALLE's own count of what a query has read.
func entriesRead(t *testing.T, stream *pgx.Conn, query string) (n int) {
	t.Helper()
	plan := strings.Join(texts(t, stream, "EXPLAIN ANALYZE "+query), "\n")
	for _, m := range regexp.MustCompile(`Entries Read: (\d+)`).FindAllStringSubmatch(plan, -1) {
		var one int
		fmt.Sscan(m[1], &one)
		n += one
	}
	return n
}

// texts are the values of the first column, as text.
func texts(t *testing.T, conn *pgx.Conn, query string) []string {
	t.Helper()
	results, err := conn.PgConn().Exec(t.Context(), query).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	var list []string
	for _, row := range results[len(results)-1].Rows {
		if row[0] == nil {
			list = append(list, "NULL")
			continue
		}
		list = append(list, string(row[0]))
	}
	return list
}

// testForeignJoin: a table of PostgreSQL's own is joined with a stream that is read through a cursor, in
// parts of fetch_size.
func testForeignJoin(t *testing.T, pg *pgx.Conn) {
	mustExec(t, pg, "CREATE TABLE customers (id int PRIMARY KEY, name text)", "INSERT INTO customers VALUES (0, 'Ann'), (1, 'Bob'), (2, 'Eve')",
		"ALTER FOREIGN TABLE streams.orders OPTIONS (ADD fetch_size '64')")
	const joined = `SELECT name || ' ' || count(*) FROM customers c
		JOIN streams.orders o ON (convert_from(o.data, 'UTF8')::json ->> 'customer')::int = c.id GROUP BY name ORDER BY name`
	if got := strings.Join(texts(t, pg, joined), ", "); got != "Ann 666, Bob 667, Eve 667" {
		t.Errorf("joined: %s", got)
	}
	mustExec(t, pg, "ALTER SERVER walle OPTIONS (ADD use_remote_estimate 'true')")
	const both = "SELECT count(*) FROM streams.orders a JOIN streams.orders b USING (entry_id) WHERE a.entry_id <= 10"
	if remote := remoteSQL(t, pg, both); !strings.Contains(remote, "INNER JOIN") {
		t.Errorf("%s\nasks for  %s", both, remote)
	}
	if got := texts(t, pg, both)[0]; got != "10" {
		t.Errorf("%s rows joined, want 10", got)
	}
	// A few rows name entries: those are read, and not the stream.
	mustExec(t, pg, "ALTER SERVER walle OPTIONS (ADD fdw_startup_cost '1')", "CREATE TABLE paid (entry bigint)", "INSERT INTO paid VALUES (500), (1900)", "ANALYZE paid")
	const named = "SELECT data FROM paid JOIN streams.orders ON entry_id = entry"
	if remote := remoteSQL(t, pg, named); remote != "SELECT entry_id, data FROM public.orders WHERE (($1::bigint = entry_id))" {
		t.Errorf("%s\nasks for  %s", named, remote)
	}
	if got := texts(t, pg, named); len(got) != 2 {
		t.Errorf("%d rows joined, want 2", len(got))
	}
	mustExec(t, pg, "ALTER SERVER walle OPTIONS (DROP use_remote_estimate, DROP fdw_startup_cost)")
	got := texts(t, pg, "SELECT entry_id FROM streams.orders")
	for i, id := range got {
		if id != fmt.Sprint(i+1) {
			t.Fatalf("row %d is entry %s", i+1, id)
		}
	}
	if len(got) != foreignEntries {
		t.Errorf("%d rows, want %d", len(got), foreignEntries)
	}
}

// testForeignTransactions: postgres_fdw opens REPEATABLE READ, and a savepoint for each of PostgreSQL's.
func testForeignTransactions(t *testing.T, pg *pgx.Conn) {
	err := pgx.BeginFunc(t.Context(), pg, func(tx pgx.Tx) error {
		texts(t, pg, "SELECT count(*) FROM streams.orders")
		err := pgx.BeginFunc(t.Context(), tx, func(nested pgx.Tx) error {
			_, err := nested.Exec(t.Context(), "SELECT count(*) FROM streams.orders WHERE 1 / (entry_id - 5) = 0")
			return err
		})
		wantCode(t, "a division by zero on the other side", err, "22012")
		if n := texts(t, pg, "SELECT count(*) FROM streams.orders")[0]; n != fmt.Sprint(foreignEntries) {
			t.Errorf("%s entries after a subtransaction that failed", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// A cursor of PostgreSQL's own keeps one of WALLE's open.
	mustExec(t, pg, "BEGIN", "DECLARE c CURSOR FOR SELECT entry_id FROM streams.orders")
	if got := texts(t, pg, "FETCH 2 FROM c"); strings.Join(got, " ") != "1 2" {
		t.Errorf("fetched %v", got)
	}
	mustExec(t, pg, "ROLLBACK")
}

// testForeignRefused: what cannot be done says why, on both sides.
func testForeignRefused(t *testing.T, pg *pgx.Conn) {
	for sql, code := range map[string]string{
		"INSERT INTO streams.orders (data) VALUES ('x')":         "428C9", // postgres_fdw sends all columns
		"INSERT INTO streams.append_orders VALUES ('x')":         "55000", // its connection has no claim
		"UPDATE streams.orders SET data = '' WHERE entry_id = 1": "0A000",
		"DELETE FROM streams.orders":                             "0A000",
		"TRUNCATE streams.orders":                                "0A000",
	} {
		_, err := pg.Exec(t.Context(), sql)
		wantCode(t, sql, err, code)
	}
}

// testDblink: PostgreSQL appends over a connection of dblink, which can claim.
func testDblink(t *testing.T, pg *pgx.Conn, c *sqltests.Cluster, stream *pgx.Conn) {
	mustExec(t, stream, "RELEASE STREAM orders")
	mustExec(t, pg, recipe(t, c, 1))
	if got := strings.Join(texts(t, pg, "SELECT convert_from(data, 'UTF8') FROM streams.orders ORDER BY entry_id DESC LIMIT 1"), " "); got != "paid 1" {
		t.Errorf("the last entry is %s", got)
	}
}
