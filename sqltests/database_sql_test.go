package sqltests_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// TestDatabaseSQL fails where an application on database/sql meets something unexpected.
func TestDatabaseSQL(t *testing.T) {
	c := cluster(t, 3)
	db, err := sql.Open("pgx", c.DSN(1))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE STREAM app WITH (lease = '2s')"); err != nil {
		t.Fatal(err)
	}
	// A claim is a session's, so whoever appends keeps to one connection of the pool.
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), "CLAIM STREAM app"); err != nil {
		t.Fatal(err)
	}
	t.Run("prepared", func(t *testing.T) { testSQLPrepared(t, conn) })
	t.Run("transactions", func(t *testing.T) { testSQLTransactions(t, conn) })
	t.Run("null", func(t *testing.T) { testSQLNull(t, db) })
	t.Run("columns", func(t *testing.T) { testSQLColumns(t, db) })
	t.Run("cancel", func(t *testing.T) { testSQLCancel(t, conn) })
	t.Run("not the writer", func(t *testing.T) {
		_, err := db.ExecContext(t.Context(), "INSERT INTO app (data) VALUES ('x')") // on another connection
		wantCode(t, "append of another session", err, "55000")
	})
}

func testSQLPrepared(t *testing.T, conn *sql.Conn) {
	stmt, err := conn.PrepareContext(t.Context(), "INSERT INTO app (entry_id, data) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING entry_id, appended_at")
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	for want := range int64(10) {
		var id int64
		var at time.Time
		if err := stmt.QueryRowContext(t.Context(), want+1, []byte{byte(want)}).Scan(&id, &at); err != nil || id != want+1 || at.IsZero() {
			t.Fatalf("appended %d at %v: %v", id, at, err)
		}
	}
	if err := stmt.QueryRowContext(t.Context(), 10, []byte("again")).Scan(new(int64), new(time.Time)); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("an entry that exists: %v, want no rows", err)
	}
	res, err := conn.ExecContext(t.Context(), "INSERT INTO app (data) VALUES ('a'), ('b')")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 2 {
		t.Errorf("%d rows affected: %v", n, err)
	}
	_, err = conn.ExecContext(t.Context(), "INSERT INTO app (entry_id, data) VALUES (3, 'x')")
	wantCode(t, "an entry that exists", err, "23505")
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Detail == "" {
		t.Error("no detail names the tail")
	}
}

func testSQLTransactions(t *testing.T, conn *sql.Conn) {
	count := func() (n int) {
		t.Helper()
		if err := conn.QueryRowContext(t.Context(), "SELECT count(*) FROM app").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := count()
	for _, commit := range []bool{true, false} {
		tx, err := conn.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(t.Context(), "INSERT INTO app (data) VALUES ($1)", []byte("in a transaction")); err != nil {
			t.Fatal(err)
		}
		end := tx.Rollback
		if commit {
			end = tx.Commit
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(); n != before+1 {
		t.Errorf("%d entries, want %d", n, before+1)
	}
	tx, err := conn.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	_, err = tx.ExecContext(t.Context(), "INSERT INTO app (data) VALUES ('x')")
	wantCode(t, "append in a read-only transaction", err, "25006")
}

func testSQLNull(t *testing.T, db *sql.DB) {
	const query = `SELECT entry_id, CASE WHEN $1 THEN term END, CASE WHEN $1 THEN appended_at END,
		CASE WHEN $1 THEN encode(data, 'hex') END, CASE WHEN $1 THEN true END, CASE WHEN $1 THEN 1.5::float8 END, $2::text FROM app WHERE entry_id = 1`
	for _, valid := range []bool{true, false} {
		var id int64
		var term sql.NullInt64
		var at sql.NullTime
		var data, given sql.NullString
		var yes sql.NullBool
		var number sql.Null[float64]
		if err := db.QueryRowContext(t.Context(), query, valid, sql.NullString{String: "x", Valid: valid}).
			Scan(&id, &term, &at, &data, &yes, &number, &given); err != nil {
			t.Fatal(err)
		}
		for _, got := range []bool{term.Valid, at.Valid, data.Valid, yes.Valid, number.Valid, given.Valid} {
			if got != valid {
				t.Errorf("valid is %v, want %v", got, valid)
			}
		}
	}
}

func testSQLColumns(t *testing.T, db *sql.DB) {
	rows, err := db.QueryContext(t.Context(), "SELECT * FROM app ORDER BY entry_id LIMIT 3")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"INT8", "INT8", "TIMESTAMPTZ", "BYTEA"} {
		if got := types[i].DatabaseTypeName(); got != want {
			t.Errorf("column %s is %s, want %s", types[i].Name(), got, want)
		}
	}
	n := 0
	for ; rows.Next(); n++ {
		var id, term any
		var at time.Time
		var data sql.RawBytes
		if err := rows.Scan(&id, &term, &at, &data); err != nil || id != int64(n+1) || !bytes.Equal(data, []byte{byte(n)}) {
			t.Fatalf("row %v %v %v %q: %v", id, term, at, data, err)
		}
	}
	if err := rows.Err(); err != nil || n != 3 {
		t.Errorf("%d rows: %v", n, err)
	}
}

// testSQLCancel: a context that ends cancels the statement on the server; with it goes the connection.
func testSQLCancel(t *testing.T, conn *sql.Conn) {
	ctx, cancel := context.WithCancel(t.Context())
	rows, err := conn.QueryContext(ctx, "SELECT entry_id FROM tail('app', 1)")
	if err != nil {
		t.Fatal(err)
	}
	if !rows.Next() {
		t.Fatalf("no entry: %v", rows.Err())
	}
	cancel()
	for rows.Next() {
	}
	if err := rows.Err(); !errors.Is(err, context.Canceled) {
		t.Errorf("the tail ended with %v, want its cancellation", err)
	}
	rows.Close()
}
