package sqltests_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"walle/sqltests"
)

// TestPgx fails where an application on pgx meets something that PostgreSQL would do otherwise.
func TestPgx(t *testing.T) {
	c := cluster(t, 3)
	conn := connect(t, c.DSN(1))
	mustExec(t, conn, "CREATE STREAM app WITH (lease = '2s')")
	t.Run("claim", func(t *testing.T) { testClaim(t, conn) })
	testCommon(t, conn)
	t.Run("tail", func(t *testing.T) { testTail(t, conn, connect(t, c.DSN(2))) })
	t.Run("copy in", func(t *testing.T) { testCopyIn(t, conn) })
	t.Run("copy out", func(t *testing.T) { testCopyOut(t, conn) })
	t.Run("limits", func(t *testing.T) { testLimits(t, conn) })
	t.Run("fenced", func(t *testing.T) { testFenced(t, c.DSN(3), connect(t, c.DSN(2))) })
	t.Run("database", func(t *testing.T) {
		_, err := pgx.Connect(t.Context(), strings.Replace(c.DSN(1), "/walle?", "/nowhere?", 1))
		wantCode(t, "connect to database nowhere", err, "3D000")
	})
}

// TestPgxOnPostgreSQL fails where TestPgx expects what PostgreSQL does not do.
func TestPgxOnPostgreSQL(t *testing.T) {
	o := oracle(t)
	script, err := sqltests.Parse("setup", "stream app")
	if err != nil {
		t.Fatal(err)
	}
	if problems, _ := sqltests.RunScript(t.Context(), o.Target(sqltests.Simple), script); len(problems) > 0 {
		t.Fatal(problems)
	}
	testCommon(t, connect(t, o.DSN()))
}

// testCommon is what streams and tables have in common. conn may append to app.
func testCommon(t *testing.T, conn *pgx.Conn) {
	t.Run("modes", func(t *testing.T) { testModes(t, conn) })
	t.Run("batch", func(t *testing.T) { testBatch(t, conn) })
	t.Run("pipeline", func(t *testing.T) { testPipeline(t, conn) })
	t.Run("transactions", func(t *testing.T) { testTransactions(t, conn) })
	t.Run("collect", func(t *testing.T) { testCollect(t, conn) })
	t.Run("cursor", func(t *testing.T) { testCursor(t, conn) })
}

func testClaim(t *testing.T, conn *pgx.Conn) {
	var claim struct {
		Stream, Writer           string
		Term, Tail, Lease, Valid int64
	}
	sent := time.Now()
	err := conn.QueryRow(t.Context(), "CLAIM STREAM app WITH (writer = 'app-1')").
		Scan(&claim.Stream, &claim.Term, &claim.Writer, &claim.Tail, &claim.Lease, &claim.Valid)
	if err != nil {
		t.Fatal(err)
	}
	if claim.Stream != "app" || claim.Term != 1 || claim.Writer != "app-1" || claim.Tail != 0 || claim.Lease != 2000 {
		t.Errorf("claimed %+v", claim)
	}
	// It counts from before the statement was sent; of the lease three quarters may be trusted.
	if most := 1500 + time.Since(sent).Milliseconds(); claim.Valid < 1 || claim.Valid > most {
		t.Errorf("the claim is valid for %d ms of a lease of 2000, want at most %d", claim.Valid, most)
	}
}

// testModes appends and reads in each way in which pgx can send a statement.
func testModes(t *testing.T, conn *pgx.Conn) {
	for _, mode := range []pgx.QueryExecMode{
		pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec,
		pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
	} {
		payload := []byte("sent by " + mode.String())
		var id int64
		var at time.Time
		err := conn.QueryRow(t.Context(), "INSERT INTO app (data) VALUES ($1) RETURNING entry_id, appended_at", mode, payload).Scan(&id, &at)
		if err != nil {
			t.Errorf("%v: %v", mode, err)
			continue
		}
		var got []byte
		if err := conn.QueryRow(t.Context(), "SELECT data FROM app WHERE entry_id = $1", mode, id).Scan(&got); err != nil || !bytes.Equal(got, payload) {
			t.Errorf("%v: entry %d is %q: %v", mode, id, got, err)
		}
		if age := time.Since(at); age < -time.Minute || age > time.Minute {
			t.Errorf("%v: appended_at %v", mode, at)
		}
	}
}

// testBatch: a batch is one implicit transaction, so it is one group.
func testBatch(t *testing.T, conn *pgx.Conn) {
	before := tailOf(t, conn)
	var batch pgx.Batch
	for i := range 10 {
		batch.Queue("INSERT INTO app (data) VALUES ($1) RETURNING entry_id", fmt.Appendf(nil, "batch %d", i)).QueryRow(func(row pgx.Row) error {
			var id int64
			err := row.Scan(&id)
			if err == nil && id != before+int64(i)+1 {
				err = fmt.Errorf("entry %d follows %d", id, before+int64(i))
			}
			return err
		})
	}
	if err := conn.SendBatch(t.Context(), &batch).Close(); err != nil {
		t.Fatal(err)
	}
	var failing pgx.Batch
	failing.Queue("INSERT INTO app (data) VALUES ('gone')")
	failing.Queue("SELECT 1 / $1::int", 0)
	failing.Queue("INSERT INTO app (data) VALUES ('gone too')")
	wantCode(t, "batch with a failing statement", conn.SendBatch(t.Context(), &failing).Close(), "22012")
	if tail := tailOf(t, conn); tail != before+10 {
		t.Errorf("after a batch of 10 and one that failed the tail is %d, was %d", tail, before)
	}
}

func tailOf(t *testing.T, conn *pgx.Conn) (tail int64) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), "SELECT coalesce(max(entry_id), 0) FROM app").Scan(&tail); err != nil {
		t.Fatal(err)
	}
	return tail
}

// testPipeline: appends with a Sync each are separate, and are answered in order.
func testPipeline(t *testing.T, conn *pgx.Conn) {
	before := tailOf(t, conn)
	h := newHistory()
	payloads := numbered(few(5_000))
	began := time.Now()
	if err := h.load(t.Context(), conn, "app", payloads, 1000); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d pipelined appends in %v", len(payloads), time.Since(began))
	for i, p := range payloads {
		if h.acked[p] != before+int64(i)+1 {
			t.Fatalf("append %d became entry %d after tail %d", i, h.acked[p], before)
		}
	}
}

func testTransactions(t *testing.T, conn *pgx.Conn) {
	ctx, before := t.Context(), tailOf(t, conn)
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "INSERT INTO app (data) VALUES ('a')"); err != nil {
			return err
		}
		failed := pgx.BeginFunc(ctx, tx, func(nested pgx.Tx) error { // a savepoint
			if _, err := nested.Exec(ctx, "INSERT INTO app (data) VALUES ('dropped')"); err != nil {
				return err
			}
			return io.EOF
		})
		if !errors.Is(failed, io.EOF) {
			return failed
		}
		_, err := tx.Exec(ctx, "INSERT INTO app (data) VALUES ('b')")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO app (data) VALUES ('dropped')")
		return errors.Join(err, io.EOF)
	})
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	rows, err := conn.Query(ctx, "SELECT data FROM app WHERE entry_id > $1 ORDER BY entry_id", before)
	if err != nil {
		t.Fatal(err)
	}
	data, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if got := string(bytes.Join(data, []byte(" "))); err != nil || got != "a b" {
		t.Errorf("the transactions appended %q: %v", got, err)
	}
}

func testCollect(t *testing.T, conn *pgx.Conn) {
	rows, err := conn.Query(t.Context(), "SELECT * FROM app WHERE entry_id <= 5 ORDER BY entry_id DESC")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := pgx.CollectRows(rows, pgx.RowToStructByName[entry])
	if err != nil || len(entries) != 5 || entries[0].EntryID != 5 {
		t.Errorf("collected %+v: %v", entries, err)
	}
	// A reader that stops early leaves the connection usable.
	rows, err = conn.Query(t.Context(), "SELECT * FROM app")
	if err != nil || !rows.Next() {
		t.Fatalf("no row: %v", err)
	}
	rows.Close()
	if err := conn.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// testCursor: DECLARE takes parameters, in the modes in which there are any.
func testCursor(t *testing.T, conn *pgx.Conn) {
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec} {
		err := pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), "DECLARE c CURSOR FOR SELECT entry_id + $1::int FROM app WHERE entry_id < $2 ORDER BY 1", mode, 10, 3); err != nil {
				return err
			}
			rows, err := tx.Query(t.Context(), "FETCH ALL FROM c")
			if err != nil {
				return err
			}
			if ids, err := pgx.CollectRows(rows, pgx.RowTo[int64]); err != nil || fmt.Sprint(ids) != "[11 12]" {
				t.Errorf("%v: fetched %v: %v", mode, ids, err)
			}
			_, err = tx.Exec(t.Context(), "DECLARE d CURSOR FOR SELECT * FROM nowhere")
			wantCode(t, "cursor over nothing", err, "42P01")
			return io.EOF
		})
		if !errors.Is(err, io.EOF) {
			t.Errorf("%v: %v", mode, err)
		}
	}
}

// testTail: TAIL yields what is there, then what comes, until it is cancelled.
func testTail(t *testing.T, writer, reader *pgx.Conn) {
	from := tailOf(t, writer)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	rows, err := reader.Query(ctx, "TAIL STREAM app FROM "+fmt.Sprint(from), pgx.QueryExecModeExec)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		cancel() // or Close would read on
		rows.Close()
	}()
	for i := range int64(5) {
		if !rows.Next() {
			t.Fatalf("the tail ended before entry %d: %v", from+i, rows.Err())
		}
		e, err := pgx.RowToStructByName[entry](rows)
		if err != nil || e.EntryID != from+i {
			t.Fatalf("entry %+v, want %d: %v", e, from+i, err)
		}
		mustExec(t, writer, "INSERT INTO app (data) VALUES ('tailed')")
	}
}

// testCopyIn: COPY appends in each format, and counts what is durable.
func testCopyIn(t *testing.T, conn *pgx.Conn) {
	before := tailOf(t, conn)
	var rows [][]any
	for i := range few(50_000) {
		rows = append(rows, []any{fmt.Appendf(nil, "copied %d", i)})
	}
	n, err := conn.CopyFrom(t.Context(), pgx.Identifier{"app"}, []string{"data"}, pgx.CopyFromRows(rows)) // binary
	if err != nil || n != int64(len(rows)) {
		t.Fatalf("copied %d of %d rows: %v", n, len(rows), err)
	}
	for format, input := range map[string]string{"text": "a\n\\\\x00\n", "csv": "a\n\"\\x00\"\n"} {
		tag, err := conn.PgConn().CopyFrom(t.Context(), strings.NewReader(input), "COPY app (data) FROM STDIN WITH (FORMAT "+format+")")
		if err != nil || tag.RowsAffected() != 2 {
			t.Errorf("%s: %v, want 2 rows: %v", format, tag, err)
		}
	}
	_, err = conn.PgConn().CopyFrom(t.Context(), strings.NewReader("a\tb\n"), "COPY app (data) FROM STDIN")
	wantCode(t, "COPY of a row with a column too many", err, "22P04")
	if tail := tailOf(t, conn); tail != before+int64(len(rows))+4 {
		t.Errorf("the tail is %d, %d more than before %d rows", tail, tail-before, len(rows)+4)
	}
	var got []byte
	if err := conn.QueryRow(t.Context(), "SELECT data FROM app ORDER BY entry_id DESC LIMIT 1").Scan(&got); err != nil || !bytes.Equal(got, []byte{0}) {
		t.Errorf("the last entry is %q: %v", got, err)
	}
}

// testCopyOut: an endless COPY sends rows as they commit, and ends with its cancellation.
func testCopyOut(t *testing.T, conn *pgx.Conn) {
	var out bytes.Buffer
	tag, err := conn.PgConn().CopyTo(t.Context(), &out, "COPY (SELECT entry_id, data FROM app WHERE entry_id <= 3 ORDER BY entry_id) TO STDOUT")
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(out.String(), "\n"); tag.RowsAffected() != 3 || lines != 3 || !strings.HasPrefix(out.String(), "1\t\\\\x") {
		t.Errorf("%v copied %q", tag, out.String())
	}
	r, w := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	other, err := pgx.Connect(ctx, conn.Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		_, err := other.PgConn().CopyTo(ctx, w, "COPY (TAIL STREAM app FROM 1) TO STDOUT")
		done <- errors.Join(err, other.Close(t.Context()))
		w.CloseWithError(err)
	}()
	line := make([]byte, 2)
	if _, err := io.ReadFull(r, line); err != nil || string(line) != "1\t" {
		t.Errorf("read %q: %v", line, err)
	}
	cancel()
	go io.Copy(io.Discard, r)
	if err := <-done; err == nil {
		t.Error("COPY of a tail ended without being cancelled")
	}
}

// testLimits: what is too much is refused, and the session goes on.
func testLimits(t *testing.T, conn *pgx.Conn) {
	before := tailOf(t, conn)
	_, err := conn.Exec(t.Context(), "SELECT 1"+strings.Repeat("+1", 100_000))
	wantCode(t, "an expression of 100,000 terms", err, "54001")
	_, err = conn.Exec(t.Context(), "SELECT "+strings.Repeat("(", 50_000)+"1"+strings.Repeat(")", 50_000))
	wantCode(t, "50,000 brackets", err, "54001")
	_, err = conn.Exec(t.Context(), "INSERT INTO app (data) VALUES ($1)", make([]byte, 17<<20))
	wantCode(t, "an entry of 17 MiB", err, "54000")
	_, err = conn.Exec(t.Context(), "SELECT '\xff'")
	wantCode(t, "invalid UTF-8", err, "22021")
	_, err = conn.Exec(t.Context(), "SELECT $1::text", pgx.QueryExecModeExec, "nul \x00 in text")
	wantCode(t, "NUL in text", err, "22021")
	if tail := tailOf(t, conn); tail != before {
		t.Errorf("the tail went from %d to %d", before, tail)
	}
}

// testFenced: an application that loses its stream to another is told, and cannot append.
func testFenced(t *testing.T, dsn string, usurper *pgx.Conn) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	notices := make(chan string, 10)
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { notices <- n.Code }
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	mustExec(t, conn, "CLAIM STREAM app FORCE", "INSERT INTO app (data) VALUES ('mine')")
	mustExec(t, usurper, "CLAIM STREAM app FORCE", "INSERT INTO app (data) VALUES ('yours')")
	_, err = conn.Exec(t.Context(), "INSERT INTO app (data) VALUES ('lost')")
	wantCode(t, "append of a fenced session", err, "WA001")
	select {
	case code := <-notices:
		if code != "WA001" {
			t.Errorf("notice %s, want WA001", code)
		}
	default:
		t.Error("no notice of the lost claim")
	}
	mustExec(t, conn, "CLAIM STREAM app FORCE", "INSERT INTO app (data) VALUES ('mine again')")
}
