package sqltests

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// A table is a result set in the form in which it is compared: cells as a script writes them.
type table [][]string

var (
	integer   = regexp.MustCompile(`^-?\d+$`)
	separator = regexp.MustCompile(`\t|\s{2,}`)
)

// cells formats a result and checks it against the declared types.
func cells(types string, res Result) (table, error) {
	if res.Columns != len(types) {
		return nil, fmt.Errorf("the result has %d columns, the query declares %d (%s)", res.Columns, len(types), types)
	}
	t := make(table, len(res.Rows))
	for i, row := range res.Rows {
		t[i] = make([]string, len(row))
		for j, v := range row {
			if v != nil && !fits(types[j], *v) {
				return nil, fmt.Errorf("row %d, column %d: %q is not of type %c", i+1, j+1, *v, types[j])
			}
			t[i][j] = cell(v)
		}
	}
	return t, nil
}

func fits(kind byte, v string) bool {
	switch kind {
	case 'I':
		return integer.MatchString(v)
	case 'R':
		_, err := strconv.ParseFloat(v, 64)
		return err == nil
	case 'B':
		return v == "t" || v == "f"
	}
	return true
}

// cell writes one value so that it cannot be mistaken for another, nor hold a separator.
func cell(v *string) string {
	switch {
	case v == nil:
		return "NULL"
	case *v == "":
		return "(empty)"
	case plain(*v):
		return *v
	}
	return strings.ReplaceAll(strconv.Quote(*v), "  ", ` \x20`)
}

func plain(v string) bool {
	return v != "NULL" && v != "(empty)" && v[0] != '"' && v == strings.TrimSpace(v) &&
		!strings.Contains(v, "  ") && strings.IndexFunc(v, unicode.IsControl) < 0
}

// parseCells reads what a script expects.
func parseCells(lines []string) table {
	t := make(table, len(lines))
	for i, line := range lines {
		t[i] = separator.Split(strings.TrimSpace(line), -1)
	}
	return t
}

// sorted returns the table in the order in which it is compared, one value a row for ValueSort.
func (t table) sorted(s Sort) table {
	t = slices.Clone(t)
	if s == ValueSort {
		var values table
		for _, row := range t {
			for _, v := range row {
				values = append(values, []string{v})
			}
		}
		t = values
	}
	if s != NoSort {
		slices.SortFunc(t, slices.Compare[[]string])
	}
	return t
}

// lines writes the table with its columns aligned.
func (t table) lines() []string {
	var width []int
	for _, row := range t {
		for j, v := range row {
			if j == len(width) {
				width = append(width, 0)
			}
			width[j] = max(width[j], len([]rune(v)))
		}
	}
	out := make([]string, len(t))
	for i, row := range t {
		var b strings.Builder
		for j, v := range row {
			b.WriteString(v)
			if j < len(row)-1 {
				b.WriteString(strings.Repeat(" ", width[j]-len([]rune(v))+2))
			}
		}
		out[i] = b.String()
	}
	return out
}

// hash is sqllogictest's short form of a large result.
func (t table) hash() string {
	n, h := 0, md5.New()
	for _, row := range t {
		for _, v := range row {
			n++
			h.Write([]byte(v + "\n"))
		}
	}
	return fmt.Sprintf("%d values hashing to %s", n, hex.EncodeToString(h.Sum(nil)))
}

func (t table) size() int {
	n := 0
	for _, row := range t {
		n += len(row)
	}
	return n
}

// judge compares a result with the expectation. It returns "" when they agree, else what to tell the
// reader. actual is what -rewrite would put in the script.
func judge(want Expectation, res Result, threshold int) (complaint string, actual []string) {
	switch want := want.(type) {
	case Failure:
		return judgeFailure(want, res)
	case Rows:
		if !res.Failed {
			return judgeRows(want, res, threshold)
		}
	case Count:
		if !res.Failed && res.Affected != want.N {
			return fmt.Sprintf("expected %d rows in the command tag, got %d", want.N, res.Affected), nil
		}
	}
	if res.Failed {
		return "unexpected error\n" + indent(res.Error), nil
	}
	return "", nil
}

func judgeFailure(want Failure, res Result) (string, []string) {
	actual := strings.Split(res.Error, "\n")
	switch {
	case !res.Failed && want.Pattern != nil:
		return fmt.Sprintf("succeeded, expected an error like %v", patternText(want)), nil
	case !res.Failed:
		return "succeeded, expected the error\n" + indent(want.Text), nil
	case want.Pattern != nil && !want.Pattern.MatchString(res.Error):
		return fmt.Sprintf("expected an error like\n    %s\nactual error\n%s", patternText(want), indent(res.Error)), actual
	case want.Pattern == nil && want.Text != res.Error:
		return "errors differ\n" + diff(strings.Split(want.Text, "\n"), actual), actual
	}
	return "", actual
}

// patternText is the pattern as the script has it.
func patternText(f Failure) string { return strings.TrimPrefix(f.Pattern.String(), "(?s)") }

func judgeRows(want Rows, res Result, threshold int) (string, []string) {
	got, err := cells(want.Types, res)
	if err != nil {
		return err.Error(), nil
	}
	got = got.sorted(want.Sort)
	expected := parseCells(want.Lines)
	if want.Sort != NoSort {
		slices.SortFunc(expected, slices.Compare[[]string])
	}
	hashed := table{{got.hash()}}
	if threshold > 0 && got.size() > threshold {
		got = hashed
	}
	if slices.EqualFunc(expected, got, slices.Equal) || slices.EqualFunc(expected, hashed, slices.Equal) {
		return "", got.lines()
	}
	return "results differ\n" + diff(expected.lines(), got.lines()), got.lines()
}

func indent(s string) string { return "    " + strings.ReplaceAll(s, "\n", "\n    ") }

// diff shows how to come from want (-) to got (+), by their longest common subsequence.
func diff(want, got []string) string {
	const most = 2000 // lines for which the quadratic table below is affordable
	if len(want) > most || len(got) > most {
		return fmt.Sprintf("    - %d rows\n    + %d rows", len(want), len(got))
	}
	common := make([][]int, len(want)+1) // common[i][j]: length for want[i:], got[j:]
	for i := range common {
		common[i] = make([]int, len(got)+1)
	}
	for i := len(want) - 1; i >= 0; i-- {
		for j := len(got) - 1; j >= 0; j-- {
			if want[i] == got[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var b strings.Builder
	b.WriteString("    (- expected, + actual)")
	for i, j := 0, 0; i < len(want) || j < len(got); {
		switch {
		case i < len(want) && j < len(got) && want[i] == got[j]:
			b.WriteString("\n      " + want[i])
			i, j = i+1, j+1
		case j == len(got) || i < len(want) && common[i+1][j] >= common[i][j+1]:
			b.WriteString("\n    - " + want[i])
			i++
		default:
			b.WriteString("\n    + " + got[j])
			j++
		}
	}
	return b.String()
}
