package sqltests

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// A fakeServer answers from a table of SQL to Result, and writes down what it is asked.
type fakeServer struct {
	answers map[string][]Result // the last one is for ever
	heard   []string
	block   chan struct{} // what SQL "block" waits for; closed by Cancel
	unblock sync.Once
}

type fakeSession struct {
	server *fakeServer
	node   int
}

func (s *fakeServer) open(_ context.Context, node int) (Session, error) {
	s.heard = append(s.heard, fmt.Sprintf("open %d", node))
	return &fakeSession{s, node}, nil
}

func (s *fakeSession) Exec(_ context.Context, sql string, args []*string) (Result, error) {
	if sql == "block" {
		<-s.server.block
		return Result{Failed: true, Error: "57014: canceled"}, nil
	}
	for _, a := range args {
		sql += " " + *a
	}
	s.server.heard = append(s.server.heard, fmt.Sprintf("%d: %s", s.node, sql))
	all := s.server.answers[sql]
	if len(all) == 0 {
		return Result{Failed: true, Error: "42601: what is " + sql}, nil
	}
	if len(all) > 1 {
		s.server.answers[sql] = all[1:]
	}
	return all[0], nil
}

func (s *fakeSession) AwaitNotice(_ context.Context, match *regexp.Regexp) error {
	if !match.MatchString("WA001: fenced") {
		return fmt.Errorf("no notice like %v", match)
	}
	return nil
}

func (s *fakeSession) Cancel(context.Context) error {
	s.server.unblock.Do(func() { close(s.server.block) })
	return nil
}

func (s *fakeSession) Close(context.Context) error { return nil }

func rowsOf(rows ...string) Result {
	res := Result{}
	for _, row := range rows {
		var values []*string
		for _, v := range strings.Split(row, ",") {
			if v == "null" {
				values = append(values, nil)
				continue
			}
			values = append(values, &v)
		}
		res.Columns = len(values)
		res.Rows = append(res.Rows, values)
	}
	res.Affected = int64(len(rows))
	return res
}

func run(t *testing.T, server *fakeServer, text string) (problems []Problem, rewritten string) {
	t.Helper()
	script, err := Parse("x.slt", text)
	if err != nil {
		t.Fatal(err)
	}
	server.block = make(chan struct{})
	target := Target{System: "walle", Protocol: Simple, Nodes: 3, Open: server.open}
	return RunScript(t.Context(), target, script)
}

// TestRun fails where the runner passes over a wrong outcome, or complains of a right one.
func TestRun(t *testing.T) {
	answers := map[string][]Result{
		"two":     {rowsOf("2,b", "1,a")},
		"odd":     {rowsOf("null,", "x  y,\n")},
		"late":    {rowsOf("1"), rowsOf("1"), rowsOf("2")},
		"deleted": {{Affected: 3}},
		"fails":   {{Failed: true, Error: "23505: entry exists\nDETAIL: The tail is 7."}},
		"v 1":     {rowsOf("1")},
		"v 2":     {rowsOf("2")},
		"b x 7":   {rowsOf("1")},
		"big":     {rowsOf("1", "2", "3")},
	}
	for name, c := range map[string]struct {
		text string
		want string // what the only problem says; empty: there is none
	}{
		"rows":             {"query IT\ntwo\n----\n2  b\n1  a", ""},
		"rows apart":       {"query IT\ntwo\n----\n2      b\n1\ta", ""},
		"rows sorted":      {"query IT rowsort\ntwo\n----\n1  a\n2  b", ""},
		"values sorted":    {"query IT valuesort\ntwo\n----\n1\n2\na\nb", ""},
		"rows unsorted":    {"query IT\ntwo\n----\n1  a\n2  b", "x.slt:1: results differ"},
		"rows missing":     {"query IT\ntwo\n----\n2  b", "    + 1  a"},
		"rows too many":    {"query IT\ntwo\n----\n2  b\n1  a\n0  z", "    - 0  z"},
		"values swapped":   {"query IT\ntwo\n----\n2 b\n1 a", "results differ"},
		"columns":          {"query ITT\ntwo\n----\n2  b", "2 columns, the query declares 3"},
		"types":            {"query II\ntwo\n----\n2  b", `"b" is not of type I`},
		"null and quoted":  {"query TT\nodd\n----\nNULL  (empty)\n\"x \\x20y\"  \"\\n\"", ""},
		"error for rows":   {"query I\nfails\n----\n1", "unexpected error"},
		"retry":            {"query I retry\nlate\n----\n2", ""},
		"no retry":         {"query I\nlate\n----\n2", "results differ"},
		"ok":               {"statement ok\ntwo", ""},
		"not ok":           {"statement ok\nfails", "    23505: entry exists"},
		"count":            {"statement count 3\ndeleted", ""},
		"other count":      {"statement count 2\ndeleted", "expected 2 rows in the command tag, got 3"},
		"error":            {"statement error ^23505: .*DETAIL: .*tail is 7\nfails", ""},
		"other error":      {"statement error ^42P01\nfails", "expected an error like\n    ^42P01"},
		"whole error":      {"statement error\nfails\n----\n23505: entry exists\nDETAIL: The tail is 7.", ""},
		"part of an error": {"statement error\nfails\n----\n23505: entry exists", "+ DETAIL: The tail is 7."},
		"no error":         {"statement error 23505\ntwo", "succeeded, expected an error like 23505"},
		"loop":             {"loop i 1 3\nquery I\nv ${i}\n----\n${i}\n\nend", ""},
		"let":              {"let a\nv 1\n\nquery I\nv ${a}\n----\n${a}", ""},
		"bind":             {"bind x 7\nquery I\nb\n----\n1", ""},
		"guards":           {"onlyif postgresql\nstatement ok\nfails\n\nskipif three\nstatement ok\nfails", ""},
		"halt":             {"halt\n\nstatement ok\nfails", ""},
		"notice":           {"notice WA001: .*fenced", ""},
		"no notice":        {"notice WA002", "no notice like"},
		"labels":           {"query I a\nbig\n----\n1\n2\n3\n\nquery IT a\ntwo\n----\n2  b\n1  a", "differs from the earlier result labelled a"},
		"hash":             {"hash-threshold 2\n\nquery I\nbig\n----\n3 values hashing to c0710d6b4f15dfa88f600b0e6b624077", ""},
		"async":            {"async\nstatement error 57014\nblock\n\ncancel default\n\nawait default", ""},
		"busy":             {"async\nstatement error 57014\nblock\n\nstatement ok\ntwo", "busy with the async record of line 2"},
		"nodes not ours":   {"node 1 kill", "not ours to kill"},
	} {
		t.Run(name, func(t *testing.T) {
			own := map[string][]Result{}
			for sql, all := range answers {
				own[sql] = all
			}
			problems, _ := run(t, &fakeServer{answers: own}, c.text)
			switch {
			case c.want == "" && len(problems) > 0:
				t.Errorf("unexpected problem: %v", problems)
			case c.want != "" && (len(problems) == 0 || !strings.Contains(problems[0].String(), c.want)):
				t.Errorf("problems %v, want one with %q", problems, c.want)
			}
		})
	}
}

// TestRunSessions fails where a record goes to another session or node than the script says.
func TestRunSessions(t *testing.T) {
	server := &fakeServer{answers: map[string][]Result{"q": {{}}}}
	problems, _ := run(t, server, `statement ok
q

connection other

statement ok
q

connection far 3

statement ok
q

connection default

statement ok
q

reconnect other 1

statement ok
q
`)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	got := strings.Join(server.heard, ", ")
	if want := "open 1, 1: q, open 2, 2: q, open 3, 3: q, 1: q, open 1, 1: q"; got != want {
		t.Errorf("the server heard\n%s, want\n%s", got, want)
	}
}

// TestRewrite fails where -rewrite does not yield the script that passes, or touches what passed.
func TestRewrite(t *testing.T) {
	server := &fakeServer{answers: map[string][]Result{
		"two":     {rowsOf("10,b", "1,a")},
		"fails":   {{Failed: true, Error: "23505: entry (1) exists\nHINT: Go on."}},
		"deleted": {{Affected: 3}},
	}}
	text := `# kept
query IT
two
----
5  c

query I
two

statement ok
fails

statement error
fails
----
nothing

statement count 2
deleted

statement error 42P01
deleted

query IT
two
----
10    b
1     a
`
	want := `# kept
query IT
two
----
10  b
1   a

query TT nosort
two
----
10  b
1   a

statement error 23505: entry \(1\) exists
fails

statement error
fails
----
23505: entry (1) exists
HINT: Go on.

statement count 3
deleted

statement ok
deleted

query IT
two
----
10    b
1     a
`
	problems, got := run(t, server, text)
	if len(problems) != 6 {
		t.Errorf("%d problems, want 6: %v", len(problems), problems)
	}
	if got != want {
		t.Errorf("rewritten as\n%s", diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
	}
	if problems, _ = run(t, server, got); len(problems) > 0 {
		t.Errorf("the rewritten script fails: %v", problems)
	}
}

// TestSplitDSN fails where the hosts of a DSN are not all found, or lose what the DSN says of them.
func TestSplitDSN(t *testing.T) {
	got, err := SplitDSN("postgres://me:pw@h1:1,h2:2/walle?sslmode=prefer")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"host='h1' port=1 user='me' dbname='walle' password='pw'",
		"host='h2' port=2 user='me' dbname='walle' password='pw'",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%q, want %q", got, want)
	}
}
