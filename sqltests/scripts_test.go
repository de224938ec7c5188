package sqltests_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"walle/sqltests"
)

const (
	allFiles = "slt/*.slt"
	// queries are the scripts after the topics of PostgreSQL's own regression tests.
	queries = "slt/query/*.slt"
)

var (
	files   = flag.String("files", allFiles, "run the scripts that match `GLOB`")
	rewrite = flag.Bool("rewrite", false, "write what was answered into the scripts")
	bin     = flag.String("bin", "", "test this walle `binary` instead of building one")
	dsns    []string
)

// TestScripts fails where what a user sees is not what the scripts say, in WALLE or in PostgreSQL.
func TestScripts(t *testing.T) {
	names, err := filepath.Glob(*files)
	if err == nil && *files == allFiles {
		var more []string
		more, err = filepath.Glob(queries)
		names = append(names, more...)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		t.Fatalf("no script matches %q", *files)
	}
	rewritten := map[string]bool{}
	if dsns != nil {
		runScripts(t, given(t), names, rewritten)
		return
	}
	t.Run("postgresql", func(t *testing.T) { runScripts(t, oracle(t).Target(sqltests.Simple), names, rewritten) })
	t.Run("one", func(t *testing.T) { runScripts(t, cluster(t, 1).Target(sqltests.Simple), names, rewritten) })
	t.Run("three", func(t *testing.T) { runScripts(t, cluster(t, 3).Target(sqltests.Extended), names, rewritten) })
}

// runScripts runs each script that has something to say about target. The first target to run a
// script is the one to rewrite it: the oracle, where it can.
func runScripts(t *testing.T, target sqltests.Target, names []string, rewritten map[string]bool) {
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".slt"), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			script, err := sqltests.Parse(name, string(text))
			if err != nil {
				t.Fatal(err)
			}
			if reason := script.Skips(target); reason != "" {
				t.Skip(reason)
			}
			problems, actual := sqltests.RunScript(t.Context(), target, script)
			if *rewrite && !rewritten[name] {
				rewritten[name] = true
				if err := os.WriteFile(name, []byte(actual), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			for _, p := range problems {
				t.Errorf("%s", p)
			}
		})
	}
}

// given is the target of -dsn.
func given(t *testing.T) sqltests.Target {
	system := "postgresql"
	s, err := sqltests.Open(t.Context(), dsns[0], sqltests.Simple)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	res, err := s.Exec(t.Context(), "SELECT version()", nil)
	if err != nil || res.Failed {
		t.Fatalf("version(): %v %s", err, res.Error)
	}
	if strings.Contains(strings.ToLower(*res.Rows[0][0]), "walle") {
		system = "walle"
	}
	return sqltests.Target{
		System: system, Protocol: sqltests.Simple, Nodes: len(dsns),
		Open: func(ctx context.Context, node int) (sqltests.Session, error) {
			return sqltests.Open(ctx, dsns[node-1], sqltests.Simple)
		},
	}
}

// oracle starts a PostgreSQL that lives as long as the test.
func oracle(t testing.TB) *sqltests.Oracle {
	t.Helper()
	o, err := sqltests.StartOracle(t.Context())
	if errors.Is(err, sqltests.ErrNoOracle) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

// cluster starts n nodes that live as long as the test.
func cluster(t testing.TB, n int) *sqltests.Cluster {
	t.Helper()
	c, err := sqltests.StartCluster(t.Context(), walleBinary(t), t.TempDir(), n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(c.Logs())
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// built is the walle binary, built at most once a run.
var built struct {
	once sync.Once
	dir  string
	bin  string
	err  error
}

func walleBinary(t testing.TB) string {
	t.Helper()
	if *bin != "" {
		return *bin
	}
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "walle-bin-"); built.err == nil {
			built.bin, built.err = sqltests.Build("..", built.dir)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.bin
}

func TestMain(m *testing.M) {
	flag.Func("dsn", "run against the servers of this `DSN` (several hosts, or repeated: several nodes)", func(s string) error {
		nodes, err := sqltests.SplitDSN(s)
		dsns = append(dsns, nodes...)
		return err
	})
	flag.Parse()
	if chosen := dsns != nil || *rewrite || *files != allFiles; chosen && flag.Lookup("test.run").Value.String() == "" {
		// Who chooses scripts or servers does not want the tests that have their own.
		if err := flag.Set("test.run", "^TestScripts$"); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}
