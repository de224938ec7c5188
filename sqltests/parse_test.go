package sqltests

import (
	"reflect"
	"strings"
	"testing"
)

const sample = `# a comment
hash-threshold 8

statement ok
CREATE STREAM s

skipif postgresql
statement error 42P07: .*exists
CREATE STREAM s

onlyif walle
onlyif three
connection two 2

bind 'a b' NULL 7
statement count 2
INSERT INTO s (data)
VALUES ($1), ($3)

query IT rowsort retry again
SELECT entry_id, data
FROM s
----
1  \x61
2  NULL

statement error
SELECT
----
42601: syntax error
POSITION: 1

loop i 0 3
statement ok
SELECT ${i}

end
stream "a ""b""" replicas = 1
halt
`

// TestParse fails where a record of the dialect is not understood as doc.go describes it.
func TestParse(t *testing.T) {
	script, err := Parse("sample", sample)
	if err != nil {
		t.Fatal(err)
	}
	text := func(s string) *string { return &s }
	want := []struct {
		line int
		step Step
	}{
		{2, HashThreshold{8}},
		{4, Run{SQL: "CREATE STREAM s", Expect: OK{}, WantFrom: 5, WantTo: 5}},
		{8, nil}, // a pattern: compared below
		{13, Connection{Name: "two", Node: 2}},
		{16, Run{
			SQL: "INSERT INTO s (data)\nVALUES ($1), ($3)", Args: []*string{text("a b"), nil, text("7")},
			Expect: Count{2}, WantFrom: 18, WantTo: 18,
		}},
		{20, Run{
			SQL: "SELECT entry_id, data\nFROM s", WantFrom: 22, WantTo: 25,
			Expect: Rows{Types: "IT", Sort: RowSort, Retry: true, Label: "again", Lines: []string{`1  \x61`, "2  NULL"}},
		}},
		{27, Run{SQL: "SELECT", Expect: Failure{Text: "42601: syntax error\nPOSITION: 1"}, WantFrom: 28, WantTo: 31}},
		{33, Loop{Var: "i", From: 0, To: 3, Body: []Record{
			{Line: 34, Step: Run{SQL: "SELECT ${i}", Expect: OK{}, WantFrom: 35, WantTo: 35}},
		}}},
		{38, Stream{Name: `"a ""b"""`, Options: "replicas = 1"}},
		{39, Halt{}},
	}
	if len(script.Records) != len(want) {
		t.Fatalf("%d records, want %d: %+v", len(script.Records), len(want), script.Records)
	}
	for i, w := range want {
		got := script.Records[i]
		if got.Line != w.line || w.step != nil && !reflect.DeepEqual(got.Step, w.step) {
			t.Errorf("record %d, line %d: %+v\nwant line %d: %+v", i, got.Line, got.Step, w.line, w.step)
		}
	}
	failure := script.Records[2].Step.(Run).Expect.(Failure)
	if got := patternText(failure); got != "42P07: .*exists" {
		t.Errorf("pattern %q", got)
	}
	if got := script.Records[3].Only; !reflect.DeepEqual(got, []string{"walle", "three"}) {
		t.Errorf("onlyif %q", got)
	}
}

// TestParseRefuses fails where a mistake in a script would silently test nothing.
func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unknown directive":      {"statment ok\nSELECT 1", `x:1: no such directive: "statment"`},
		"unknown outcome":        {"statement fine\nSELECT 1", `expected ok`},
		"no sql":                 {"statement ok\n\nSELECT 1", "no SQL follows"},
		"unknown tag":            {"skipif mysql\nhalt", `the tags are`},
		"guard of nothing":       {"halt\n\nonlyif walle\n", "x:3: nothing follows"},
		"unknown type":           {"query IX\nSELECT 1", "one letter a column"},
		"bad pattern":            {"statement error (\nSELECT 1", "bad pattern"},
		"rows of a statement":    {"statement ok\nSELECT 1\n----\n1", "no rows to expect"},
		"pattern and text":       {"statement error x\nSELECT 1\n----\n1", "not by both"},
		"loop without end":       {"loop i 0 3\nhalt", "loop without end"},
		"end without loop":       {"end", "end without loop"},
		"async of a directive":   {"async\nhalt", "before a statement or query"},
		"bind without its quote": {"bind 'x\nhalt", "unterminated quote"},
		"node without action":    {"node 1 shoot", "one of kill"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("x", c.text)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// FuzzParse fails on a text that crashes the parser or sends an edit outside the script.
func FuzzParse(f *testing.F) {
	f.Add(sample)
	f.Add("loop i 0 1\nend\nquery I\nSELECT 1\n----")
	f.Fuzz(func(t *testing.T, text string) {
		script, err := Parse("fuzz", text)
		if err != nil {
			return
		}
		for _, rec := range script.Records {
			run, ok := rec.Step.(Run)
			if ok && (run.WantFrom > run.WantTo || run.WantTo > len(script.Lines)) {
				t.Errorf("line %d: rows at %d..%d of %d lines", rec.Line, run.WantFrom, run.WantTo, len(script.Lines))
			}
		}
	})
}
