package query

import (
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// Each file of testdata holds statements over two streams in memory (s with 10 entries, t
// with 3) and the answers that PostgreSQL gives over tables of the same rows.
func TestStatements(t *testing.T) {
	datadriven.Walk(t, "testdata/statements", func(t *testing.T, path string) {
		env := memEnv()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "query":
				var args []string
				for _, a := range d.CmdArgs {
					if a.Key == "args" {
						args = append(args, a.Vals...)
					}
				}
				return ask(env, d.Input, args...).String()
			case "set":
				name, value, _ := strings.Cut(strings.TrimSpace(d.Input), "=")
				if _, err := env.Session.Set(name, value, false); err != nil {
					return err.Error()
				}
				return "ok\n"
			}
			t.Fatalf("unknown command %s", d.Cmd)
			return ""
		})
	})
}
