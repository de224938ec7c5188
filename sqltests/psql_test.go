package sqltests_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// streamAsTable makes, in PostgreSQL, the table that a stream looks like.
const streamAsTable = `CREATE TABLE %s (
	entry_id bigint PRIMARY KEY, term bigint NOT NULL, appended_at timestamptz NOT NULL, data bytea NOT NULL)`

// psql runs the steps in one session of psql and returns what it has printed for each.
func psql(t *testing.T, dsn string, steps []string) []string {
	t.Helper()
	path, err := exec.LookPath("psql")
	if err != nil {
		t.Skip(err)
	}
	const mark = "=-=-="
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "-X", "-h", cfg.Host, "-p", fmt.Sprint(cfg.Port), "-U", cfg.User, "-P", "pager=off", cfg.Database)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "PGTZ=UTC")
	cmd.Stdin = strings.NewReader(strings.Join(steps, "\n\\echo "+mark+"\n") + "\n\\echo " + mark + "\n")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("psql: %v\n%s", err, out)
	}
	answers := strings.Split(string(bytes.TrimRight(out, " ")), mark+"\n")
	if len(answers) != len(steps)+1 {
		t.Fatalf("psql answered %d of %d steps:\n%s", len(answers)-1, len(steps), out)
	}
	return answers[:len(steps)]
}

// metaCommands are those of psql that show nothing in which a stream differs from a table, or
// WALLE from a fresh PostgreSQL: owners of schemas, sizes and descriptions of the system's own
// objects are such differences.
var metaCommands = []string{
	`\d`, `\d letters`, `\d+ letters`, `\d letters_pkey`, `\d+ letters_pkey`, `\d let*`, `\d nothing`, `\d public.letters`,
	`\dt`, `\dt public.*`, `\dt let*`, `\dtvmsE`, `\di`, `\di let*`, `\dS`, `\dtS pg_cl*`, `\dvS`, `\dv`, `\dm`, `\ds`, `\dE`, `\dP`,
	`\dp`, `\z letters`, `\ddp`, `\df`, `\df abs`, `\df nothing`, `\dfS convert*`, `\da`, `\dw`, `\dT`, `\dC`, `\dD`, `\do`, `\dd`, `\db`, `\dc`,
	`\dO`, `\dX`, `\dy`, `\dl`, `\drds`, `\drds app`, `\dRp`, `\dRs`, `\des`, `\det`, `\deu`, `\dew`, `\dFp nothing`, `\dconfig DateStyle`,
	`\encoding`, `\conninfo`, `\sf abs`, `\sv letters`, `SELECT entry_id, data FROM letters \gdesc`,
	`SELECT 'letters_pkey'::regclass, pg_get_indexdef('letters_pkey'::regclass, 0, true);`,
	`SELECT * FROM pg_indexes WHERE schemaname = 'public';`,
	`SELECT pg_get_constraintdef(oid), conname, contype, conkey FROM pg_constraint WHERE conrelid = 'letters'::regclass;`,
	`SELECT indnatts, indisprimary, indkey, indclass FROM pg_index WHERE indrelid = 'letters'::regclass;`,
	`SELECT table_name, constraint_name FROM information_schema.table_constraints WHERE constraint_type = 'PRIMARY KEY' AND table_schema = 'public';`,
	`SELECT table_name, column_name, ordinal_position FROM information_schema.key_column_usage WHERE table_schema = 'public';`,
	`SELECT * FROM pg_timezone_names WHERE name IN ('Europe/Berlin', 'Asia/Kolkata', 'UTC') ORDER BY name;`,
	`SELECT word FROM pg_get_keywords() WHERE catcode = 'R' ORDER BY 1 LIMIT 5;`,
	completeTable, completeColumn, completeSetting, completeSchema,
}

// What psql 15 sends when the tab key is pressed, behind SELECT * FROM let, within the columns of letters, and so on.
const (
	completeTable = `SELECT c.relname, NULL::pg_catalog.text FROM pg_catalog.pg_class c
WHERE c.relkind IN ('r', 'S', 'v', 'm', 'f', 'p') AND (c.relname) LIKE 'let%' AND pg_catalog.pg_table_is_visible(c.oid)
 AND c.relnamespace <> (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'pg_catalog')
UNION ALL
SELECT NULL::pg_catalog.text, n.nspname FROM pg_catalog.pg_namespace n
WHERE n.nspname LIKE 'let%' AND n.nspname NOT LIKE E'pg\\_%'
LIMIT 1000;`
	completeColumn = `SELECT attname FROM pg_catalog.pg_attribute a, pg_catalog.pg_class c
WHERE c.oid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped AND (attname) LIKE '%' AND c.relname = 'letters' AND pg_catalog.pg_table_is_visible(c.oid)
LIMIT 1000;`
	completeSetting = `SELECT pg_catalog.lower(name) FROM pg_catalog.pg_settings
WHERE context IN ('user', 'superuser') AND pg_catalog.lower(name) LIKE pg_catalog.lower('statement\_t%') LIMIT 1000;`
	completeSchema = `SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname NOT LIKE E'pg\\_%' AND nspname LIKE 'pub%' LIMIT 1000;`
)

// TestPsqlLikePostgreSQL fails where psql prints something else for a stream than PostgreSQL
// has it print for an equal table.
func TestPsqlLikePostgreSQL(t *testing.T) {
	o := oracle(t)
	mustExec(t, connect(t, o.DSN()), fmt.Sprintf(streamAsTable, "letters"))
	c := cluster(t, 1)
	mustExec(t, connect(t, c.DSN(1)), "CREATE STREAM letters")
	port := regexp.MustCompile(`database "\w+" as|at port "\d+"`) // of \conninfo
	want, got := psql(t, o.DSN(), metaCommands), psql(t, c.DSN(1), metaCommands)
	for i, command := range metaCommands {
		if want, got := port.ReplaceAllString(want[i], ""), port.ReplaceAllString(got[i], ""); got != want {
			t.Errorf("%s\nWALLE\n%s\nPostgreSQL\n%s", command, got, want)
		}
	}
}

// TestDump fails where pg_dump does not say at once, and in one line, that it cannot be used.
func TestDump(t *testing.T) {
	c := cluster(t, 1)
	for _, program := range []string{"pg_dump", "pg_dumpall"} {
		path, err := exec.LookPath(program)
		if err != nil {
			t.Skip(err)
		}
		out, err := exec.Command(path, "-d", c.DSN(1)).CombinedOutput()
		if refused := "FATAL:  " + program + " is not supported\nHINT:  "; err == nil || !strings.Contains(string(out), refused) || strings.Count(string(out), "error:") != 1 {
			t.Errorf("%s: %v\n%s", program, err, out)
		}
	}
}
