package checks

import (
	"slices"
	"strings"
	"testing"
)

// layers go from the right to the left of: cmd -> pgfront -> catalog -> engine -> replication.
var layers = []string{"replication", "engine", "catalog", "pgfront", "cmd"}

// homes are the only packages that may know a library.
var homes = map[string][]string{
	"google.golang.org/grpc":                  {"replication/grpcnet", "cmd"},
	"google.golang.org/protobuf":              {"replication/grpcnet", "pgfront"}, // pg_query's trees are messages
	"github.com/cockroachdb/pebble":           {"engine", "cmd"},
	"github.com/pganalyze/pg_query_go":        {"pgfront"},
	"github.com/jackc/pgproto3":               {"pgfront"},
	"github.com/jackc/pgx":                    {"pgfront", "cmd", "sqltests", "tools"},
	"github.com/spf13/cobra":                  {"cmd"},
	"github.com/cockroachdb/datadriven":       {}, // tests only, as are the next
	"github.com/anishathalye/porcupine":       {"tools"},
	"github.com/prometheus/client_golang":     {"cmd", "engine", "pgfront"},
	"github.com/HdrHistogram/hdrhistogram-go": {"cmd", "tools"},
	"gonum.org/v1/plot":                       {"cmd/walle/bench"},
}

// TestImportDirection fails where a package imports one to its left, so that a layer would call back.
func TestImportDirection(t *testing.T) {
	for _, f := range goFiles(t) {
		from := layer(f.dir())
		for _, p := range f.imports() {
			own, ok := strings.CutPrefix(p, module+"/")
			if !ok {
				continue
			}
			to := layer(own)
			switch {
			case from >= 0 && to > from:
				t.Errorf("%s imports %s: imports go %s", f.name, p, strings.Join(layers, " <- "))
			case from >= 0 && to < 0:
				t.Errorf("%s imports %s, which is not of the product", f.name, p)
			case from < 0 && to >= 0 && under(f.dir(), "sqltests"):
				t.Errorf("%s imports %s: SQL tests see what a client sees", f.name, p)
			}
		}
	}
}

// layer is the place of a package in layers, -1 for those beside them.
func layer(dir string) int {
	top, _, _ := strings.Cut(dir, "/")
	return slices.Index(layers, top)
}

// TestLibrariesAtHome fails where a library is known outside of the packages that wrap it.
func TestLibrariesAtHome(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.test() {
			continue
		}
		for _, p := range f.imports() {
			if p == "testing" && !strings.HasSuffix(f.dir(), "test") {
				t.Errorf("%s imports testing: that is for tests, and for suites of packages named …test", f.name)
			}
			for library, at := range homes {
				if under(p, library) && !slices.ContainsFunc(at, func(home string) bool { return under(f.dir(), home) }) {
					t.Errorf("%s imports %s, which belongs in %v", f.name, p, at)
				}
			}
		}
	}
}
