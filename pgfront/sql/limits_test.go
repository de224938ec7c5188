package sql

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sort"
	"strings"
	"testing"
)

// shape makes texts of any size from parts that a tree nests or chains:
// before, n × open, middle, n × close.
type shape struct{ name, before, open, middle, close string }

func (s shape) query(n int) string {
	return s.before + strings.Repeat(s.open, n) + s.middle + strings.Repeat(s.close, n)
}

// deep are the shapes whose trees are as deep as they are long.
func deep() []shape {
	return []shape{
		{"parentheses", "SELECT ", "(", "1", ")"},
		{"open parentheses", "SELECT ", "(", "", ""},
		{"subselects", "", "SELECT (", "1", ")"},
		{"subselects in FROM", "", "SELECT * FROM (", "SELECT 1", ") x"},
		{"subselects with labels", "SELECT 1", "+(SELECT x.end, 1", "", ")"},
		{"EXISTS", "", "SELECT EXISTS(", "SELECT 1", ")"},
		{"IN subselects", "", "SELECT 1 WHERE 1 IN (", "SELECT 1", ")"},
		{"WITH", "", "WITH a AS (", "SELECT 1", ") SELECT 1"},
		{"arrays", "SELECT ", "ARRAY[", "1", "]"},
		{"arrays without ARRAY", "SELECT ARRAY", "[", "1", "]"},
		{"rows", "SELECT ", "ROW(", "1", ", 2)"},
		{"functions", "SELECT ", "f(1, ", "1", ")"},
		{"CASE in WHEN", "SELECT ", "CASE WHEN ", "true", " THEN 1 END"},
		{"CASE in ELSE", "SELECT ", "CASE WHEN a THEN 1 ELSE ", "1", " END"},
		{"NOT", "SELECT ", "NOT ", "true", ""},
		{"minus", "SELECT ", "- ", "x", ""},
		{"minus and plus", "SELECT ", "-+", "x", ""},
		{"operators", "SELECT ", "@ ", "x", ""},
		{"sum", "SELECT 1", "+1", "", ""},
		{"sum of groups", "SELECT 1", "+f(1, 2, 3)", "", ""},
		{"sum of subselects", "SELECT 1", "+(SELECT 1 AS end, 2 AS case, 3)", "", ""},
		{"power", "SELECT 1", "^1", "", ""},
		{"AND", "SELECT true", " AND true", "", ""},
		{"OR of lists", "SELECT true", " OR a IN (1, 2)", "", ""},
		{"casts", "SELECT 1", "::int", "", ""},
		{"COLLATE", "SELECT a", " COLLATE x", "", ""},
		{"AT TIME ZONE", "SELECT a", " AT TIME ZONE b", "", ""},
		{"IS NULL", "SELECT a", " IS NULL", "", ""},
		{"ISNULL", "SELECT a", " ISNULL", "", ""},
		{"NOTNULL", "SELECT a", " NOTNULL", "", ""},
		{"UNION", "SELECT 1", " UNION SELECT 1", "", ""},
		{"UNION of targets", "SELECT 1, 2", " UNION SELECT 1, 2", "", ""},
		{"EXCEPT of VALUES", "VALUES (1), (2)", " EXCEPT VALUES (1), (2)", "", ""},
		{"UNION in parentheses", "", "(SELECT 1 UNION ", "SELECT 1", ")"},
		{"JOIN", "SELECT 1 FROM a", " JOIN a ON true", "", ""},
		{"JOIN in parentheses", "SELECT 1 FROM ", "(", "a", " JOIN a ON true)"},
		{"CROSS JOIN", "SELECT 1 FROM a", " CROSS JOIN a", "", ""},
		{"JOIN to the right", "SELECT 1 FROM ", "a JOIN ", "a", " ON true"},
		{"sum in VALUES", "INSERT INTO s VALUES (1", "+1", ")", ""},
		{"sum in IN", "SELECT 1 IN (1, 1", "+1", ", 1)", ""},
		{"sum in TRIM", "TRIM STREAM s TO 1", "+1", "", ""},
		{"NOT in TAIL", "TAIL STREAM s WHERE ", "NOT ", "true", ""},
		{"EXPLAIN", "", "EXPLAIN ", "SELECT 1", ""},
		{"PREPARE", "", "PREPARE a AS ", "SELECT 1", ""},
		{"indirection", "SELECT a", "[1]", "", ""},
		{"fields", "SELECT a", ".a", "", ""},
		{"comments in comments", "SELECT ", "/*", "", "*/"},
		{"comments after operators", "SELECT ", "+/**/", "1", ""},
	}
}

// A text must not kill the process, whatever its size.
func TestKillersAreRefused(t *testing.T) {
	for _, s := range deep() {
		_, err := Parse(s.query(100_000))
		var e *Error
		if !errors.As(err, &e) || e.Code != codeTooComplex && e.Code != codeSyntax {
			t.Errorf("%s: %v", s.name, err)
		}
	}
}

// What the limits let through must leave most of a thread's 8 MiB of stack
// unused: it is parsed by a process with 3 MiB a thread, which would die.
func TestDeepestAllowed(t *testing.T) {
	const inChild = "SQL_TEST_SMALL_STACK"
	if os.Getenv(inChild) != "" {
		parseDeepest(t)
		return
	}
	script := fmt.Sprintf("ulimit -Ss %d && %s=1 exec %q -test.run '^TestDeepestAllowed$'", 3<<10, inChild, os.Args[0])
	if out, err := exec.Command("sh", "-c", script).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, clip(string(out)))
	}
}

func parseDeepest(t *testing.T) {
	for _, s := range deep() {
		// The largest is refused by PostgreSQL's parser itself for some shapes,
		// which then go deepest with a part of it.
		largest := sort.Search(maxWeight, func(n int) bool { return refused(s.query(n)) }) - 1
		for _, n := range []int{largest, largest / 2} {
			if _, err := Parse(s.query(n)); err != nil {
				checkError(t, s.query(n), err)
			}
		}
	}
}

// refused tells whether our own limits keep a text from the parser.
func refused(query string) bool {
	s, err := scan(query, maxTokens)
	return err != nil || s.weigh(s.tokens) != nil
}

// The limits are for depth. Bulk data is flat and must pass.
func TestFlatIsAllowed(t *testing.T) {
	const n = 50_000
	for _, query := range []string{
		"INSERT INTO s (data) VALUES ('x')" + strings.Repeat(", ('x')", n),
		"SELECT 1 WHERE 1 IN (1" + strings.Repeat(", 1", n) + ")",
		"SELECT ARRAY[1" + strings.Repeat(", 1", n) + "]",
		"SELECT 1" + strings.Repeat("; SELECT 1", n/10),
		"SELECT " + strings.Repeat("(", maxNesting) + "1" + strings.Repeat(")", maxNesting),
		"SELECT 1" + strings.Repeat(" + 1", 3000),
		"SELECT a" + strings.Repeat(" OR a = 1", 2000),
		"INSERT INTO s VALUES ('" + strings.Repeat("x", 1<<20) + "')",
	} {
		if _, err := Parse(query); err != nil {
			t.Errorf("%.40s…: %v", query, err)
		}
	}
}

func TestBounds(t *testing.T) {
	for _, c := range []struct {
		name, query string
		want        string
	}{
		{"NUL", "SELECT '\x00'", `22021: invalid byte sequence for encoding "UTF8": 0x00`},
		{"lone byte", "SELECT '\xff'", `22021: invalid byte sequence for encoding "UTF8": 0xff`},
		{"cut character", "SELECT '\xc3", `22021: invalid byte sequence for encoding "UTF8": 0xc3`},
		{"half a character", "SELECT '\xe9  '", `22021: invalid byte sequence for encoding "UTF8": 0xe9 0x20 0x20`},
		{"surrogate", "\xed\xa0\x80", `22021: invalid byte sequence for encoding "UTF8": 0xed 0xa0 0x80`},
		{"too long", strings.Repeat(" ", MaxQuery+1), "54000: query of 16777217 bytes is too long"},
		{"as long as may be", strings.Repeat(" ", MaxQuery), ""},
		{"replacement character", "SELECT '\uFFFD'", ""},
		{"too many tokens", strings.Repeat(";", maxTokens+1), "54001: statement too complex at position 1000001"},
		{"parentheses", strings.Repeat("(", 1_000_000), "54001: statement too complex at position 501"},
		{"nested", "SELECT " + strings.Repeat("(", maxNesting+1), "54001: statement too complex at position 508"},
		{"chained", "SELECT 'é'" + strings.Repeat("+1", maxWeight/2), "54001: statement too complex at position 10009"},
	} {
		got := ""
		if _, err := Parse(c.query); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func BenchmarkParseInsert(b *testing.B) {
	for b.Loop() {
		if _, err := ParseOne("INSERT INTO orders (data) VALUES ($1)"); err != nil {
			b.Fatal(err)
		}
	}
}
