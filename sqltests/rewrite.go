package sqltests

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// An edit replaces lines[from:to] of a script.
type edit struct {
	from, to int
	lines    []string
}

// editOf returns the edits after which the record at line expects what was answered.
func editOf(line int, run Run, res Result, actual []string) []edit {
	header := func(s string) edit { return edit{line - 1, line, []string{s}} }
	want := func(lines []string) edit {
		return edit{run.WantFrom, run.WantTo, append([]string{"----"}, lines...)}
	}
	noWant := edit{from: run.WantFrom, to: run.WantTo}
	word := "statement"
	rows, isQuery := run.Expect.(Rows)
	if isQuery {
		word = "query"
	}
	switch f, isFailure := run.Expect.(Failure); {
	case res.Failed && isFailure && f.Pattern == nil:
		return []edit{want(actual)}
	case res.Failed:
		first, _, _ := strings.Cut(res.Error, "\n")
		return []edit{header(word + " error " + regexp.QuoteMeta(first)), noWant}
	case isQuery && actual == nil: // not of the declared shape
		rows.Types = strings.Repeat("T", res.Columns)
		t, err := cells(rows.Types, res)
		if err != nil {
			return nil
		}
		return []edit{header("query " + rows.Types + " " + string(rows.Sort)), want(t.sorted(rows.Sort).lines())}
	case isQuery:
		return []edit{want(actual)}
	}
	if _, isCount := run.Expect.(Count); isCount {
		return []edit{header(fmt.Sprintf("statement count %d", res.Affected))}
	}
	return []edit{header("statement ok"), noWant}
}

// rewrite applies edits, which do not overlap, and returns the text of the script.
func rewrite(lines []string, edits []edit) string {
	lines = slices.Clone(lines)
	slices.SortFunc(edits, func(a, b edit) int { return b.from - a.from })
	for _, e := range edits {
		lines = slices.Replace(lines, e.from, e.to, e.lines...)
	}
	return strings.Join(lines, "\n") + "\n"
}
