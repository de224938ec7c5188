package query

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var oracleDSN = flag.String("oracle", "", "DSN of a PostgreSQL 15 to compare the answers with")

// The oracle is PostgreSQL itself: every line of testdata/oracle/*.sql must give the same
// columns, types, rows and SQLSTATE here and there. A line that ends in "-- refused" may
// also be refused here with 0A000.
func TestOracle(t *testing.T) {
	if *oracleDSN == "" {
		t.Skip("no -oracle DSN")
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, *oracleDSN)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	loadOracle(t, conn)
	files, err := filepath.Glob("testdata/oracle/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no oracle files: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { compareFile(t, conn, file) })
	}
}

func loadOracle(t *testing.T, conn *pgx.Conn) {
	ctx := context.Background()
	for _, sql := range []string{
		"set timezone = 'UTC'", "set client_min_messages = error",
		"drop table if exists s, t",
		"create table s (entry_id int8 not null, term int8 not null, appended_at timestamptz not null, data bytea not null)",
		"create table t (like s)",
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range memEnv().Resolver.(memResolver).streams {
		for id := int64(1); id <= s.n; id++ {
			row := s.row(id)
			codec := NewCodec(memEnv())
			_, err := conn.Exec(ctx, "insert into "+s.desc.Name+" values ($1, $2, $3::text::timestamptz, $4)",
				id, row[1].Int(), codec.Text(s.desc.Columns[2].Type, row[2]), row[3].Bytes())
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func compareFile(t *testing.T, conn *pgx.Conn, file string) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	env := memEnv()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "--") {
			continue
		}
		if set, ok := strings.CutPrefix(line, "set "); ok {
			name, value, _ := strings.Cut(strings.TrimSuffix(set, ";"), "=")
			value = strings.Trim(strings.TrimSpace(value), "'")
			if _, err := env.Session.Set(strings.ToLower(strings.TrimSpace(name)), value, false); err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Exec(context.Background(), line); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, got := askPostgres(conn, line), ask(env, line)
		if strings.HasSuffix(line, "-- refused") && codeOf(got.err) == "0A000" {
			continue
		}
		if diff := difference(want, got, ordered(line)); diff != "" {
			t.Errorf("%s\n%s", line, diff)
		}
	}
}

func ordered(sql string) bool { return strings.Contains(strings.ToLower(sql), "order by") }

// askPostgres asks in the extended protocol, with all results in text.
func askPostgres(conn *pgx.Conn, sql string) answer {
	ctx := context.Background()
	res := conn.PgConn().ExecParams(ctx, sql, nil, nil, nil, nil)
	out := answer{}
	for res.NextRow() {
		row := res.Values()
		text := make([]string, len(row))
		for i, v := range row {
			text[i] = "NULL"
			if v != nil {
				text[i] = string(v)
			}
		}
		out.rows = append(out.rows, text)
	}
	for _, f := range res.FieldDescriptions() {
		out.fields = append(out.fields, Field{Name: f.Name, Type: OID(f.DataTypeOID), Typmod: f.TypeModifier, Size: f.DataTypeSize})
	}
	_, out.err = res.Close()
	return out
}

func codeOf(err error) string {
	var pg *pgconn.PgError
	var own *Error
	switch {
	case errors.As(err, &pg):
		return pg.Code
	case errors.As(err, &own):
		return own.Code
	case err != nil:
		return err.Error()
	}
	return ""
}

func difference(want, got answer, inOrder bool) string {
	if codeOf(want.err) != codeOf(got.err) {
		return "  PostgreSQL: " + describe(want) + "\n  WALLE:      " + describe(got)
	}
	if want.err != nil {
		var pg *pgconn.PgError
		var own *Error
		if errors.As(want.err, &pg) && errors.As(got.err, &own) && pg.Message != own.Message {
			return "  PostgreSQL: " + pg.Message + "\n  WALLE:      " + own.Message
		}
		return ""
	}
	if !inOrder {
		slices.SortFunc(want.rows, slices.Compare[[]string])
		slices.SortFunc(got.rows, slices.Compare[[]string])
	}
	if want.String() != got.String() {
		return "  PostgreSQL: " + describe(want) + "\n  WALLE:      " + describe(got)
	}
	return ""
}

func describe(a answer) string {
	if a.err != nil {
		return a.err.Error()
	}
	return strings.ReplaceAll(strings.TrimSpace(a.String()), "\n", "\n              ")
}
