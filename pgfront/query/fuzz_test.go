package query

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	pg_query "github.com/pganalyze/pg_query_go/v5"
)

const fuzzLimit = 100 * time.Millisecond

// FuzzQuery looks for statements that panic the planner or an expression: such a panic is
// reported to the client as XX000.
func FuzzQuery(f *testing.F) {
	files, err := filepath.Glob("testdata/oracle/*.sql")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			f.Fatal(err)
		}
		lines := bufio.NewScanner(file)
		for lines.Scan() {
			f.Add(lines.Text())
		}
		if err := file.Close(); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, sql string) {
		if len(sql) > 2000 || strings.Contains(sql, "tail") || strings.Contains(sql, "pg_sleep") {
			return
		}
		tree, err := pg_query.Parse(sql)
		if err != nil || len(tree.Stmts) != 1 || tree.Stmts[0].Stmt.GetSelectStmt() == nil {
			return
		}
		env := memEnv()
		env.WorkMem = 1 << 20
		p, err := Plan(tree.Stmts[0].Stmt.GetSelectStmt(), env)
		if codeOf(err) == "XX000" {
			t.Fatalf("%s\n%s", err, err.(*Error).Detail)
		}
		if err != nil || len(p.ParamTypes()) > 0 {
			return
		}
		if err := runFor(p, fuzzLimit); codeOf(err) == "XX000" {
			t.Fatalf("%s\n%s", err, err.(*Error).Detail)
		}
	})
}
