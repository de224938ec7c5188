package checks

import (
	"go/ast"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Classes of SQLSTATE in use; a string of five of these characters that begins with one is a code.
var sqlstate = regexp.MustCompile(`^(0[389A]|2[0-8BDF]|3[0-9BDF]|4[024]|5[3-8]|F0|HV|P0|XX)[0-9A-Z]{3}$|^WA[0-9]{3}$`)

// unreachable are the documented codes that no test with a client can bring about, and why.
var unreachable = map[string]string{
	"53200": "needs a client that outruns the disk",
	"53300": "needs a thousand connections",
	"XX000": "is a bug",
	"XX001": "needs damaged files",
	"58030": "needs a disk that cannot be read",
}

// codes lists the SQLSTATEs that the files of some packages name, each with those files.
func codes(t *testing.T, chosen func(goFile) bool) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, f := range goFiles(t) {
		if f.test() || !chosen(f) {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			code, err := strconv.Unquote(lit.Value)
			if err == nil && sqlstate.MatchString(code) && !slices.Contains(found[code], f.name) {
				found[code] = append(found[code], f.name)
			}
			return true
		})
	}
	return found
}

// inPgfront are the files of the package that talks to clients, which has the one table.
func inPgfront(f goFile) bool { return f.dir() == "pgfront" }

// outcomes are the codes by which clients tell what became of an append. Only the table of kinds may
// give them, or the three outcomes would soon be confused.
var outcomes = []string{"WA001", "08007", "57P03", "23505", "53100", "53200", "XX001"}

// TestSQLStatesInOnePlace fails where such an error is given its code away from the one table of
// pgfront, or any error below pgfront, where errors have kinds.
func TestSQLStatesInOnePlace(t *testing.T) {
	for code, files := range codes(t, inPgfront) {
		if slices.Contains(outcomes, code) && len(files) > 1 {
			t.Errorf("SQLSTATE %s in each of %v", code, files)
		}
	}
	below := func(f goFile) bool { return layer(f.dir()) >= 0 && layer(f.dir()) < layer("pgfront/x") }
	for code, files := range codes(t, below) {
		t.Errorf("SQLSTATE %s in %v: give the error a kind", code, files)
	}
}

// documented lists the codes of the table in docs/sql.md.
func documented(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "sql.md"))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([0-9A-Z]{5})` \\|").FindAllStringSubmatch(string(text), -1) {
		list = append(list, m[1])
	}
	return list
}

// TestSQLStatesDocumented fails where a client can receive a code that docs/sql.md does not explain,
// or where it explains one that is never sent.
func TestSQLStatesDocumented(t *testing.T) {
	table, listed := codes(t, inPgfront), documented(t)
	for _, code := range slices.Sorted(maps.Keys(table)) {
		if !slices.Contains(listed, code) {
			t.Errorf("SQLSTATE %s of %v is not in the table of docs/sql.md", code, table[code])
		}
	}
	sent := codes(t, func(f goFile) bool { return under(f.dir(), "pgfront") })
	for _, code := range listed {
		if sent[code] == nil {
			t.Errorf("docs/sql.md explains %s, which nobody sends", code)
		}
	}
}

// wantCode is how the tests with clients demand a code.
var wantCode = regexp.MustCompile(`wantCode\(.*\)`)

// TestSQLStatesShown fails where no test shows how a documented code comes about.
func TestSQLStatesShown(t *testing.T) {
	var shows strings.Builder
	textFiles(t, func(name, text string) {
		switch {
		case strings.HasSuffix(name, ".slt"):
			shows.WriteString(text)
		case strings.HasPrefix(name, "sqltests/"):
			for _, m := range wantCode.FindAllString(text, -1) {
				shows.WriteString(m)
			}
		}
	})
	for _, code := range documented(t) {
		why, excused := unreachable[code]
		switch shown := strings.Contains(shows.String(), code); {
		case !shown && !excused:
			t.Errorf("no test of sqltests shows SQLSTATE %s", code)
		case shown && excused:
			t.Errorf("SQLSTATE %s is shown although it %s", code, why)
		}
	}
}
