package sql

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// TestParse reads the texts of testdata/parse. Commands:
//
//	parse     a query of the simple protocol: dumps every statement, or the error
//	one       a query of the extended protocol: the statement's type, or the error
func TestParse(t *testing.T) {
	datadriven.Walk(t, "testdata/parse", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "parse":
				return parseAndDump(d.Input)
			case "one":
				statement, err := ParseOne(d.Input)
				if err != nil {
					return dumpError(d.Input, err)
				}
				return fmt.Sprintf("%T %q\n", statement, statement.Text())
			}
			d.Fatalf(t, "unknown command %q", d.Cmd)
			return ""
		})
	})
}

func parseAndDump(query string) string {
	statements, err := Parse(query)
	if err != nil {
		return dumpError(query, err)
	}
	if len(statements) == 0 {
		return "nothing\n"
	}
	var b strings.Builder
	for _, s := range statements {
		b.WriteString(dump(s) + "\n")
	}
	return b.String()
}

// dumpError shows an error with what is found at its position.
func dumpError(query string, err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return fmt.Sprintf("not an *Error: %v\n", err)
	}
	out := fmt.Sprintf("error %s: %s\n", e.Code, e.Message)
	if e.Detail != "" {
		out += "  detail: " + e.Detail + "\n"
	}
	if e.Hint != "" {
		out += "  hint: " + e.Hint + "\n"
	}
	if e.Position > 0 {
		rest := []rune(query)[e.Position-1:]
		out += fmt.Sprintf("  at %d: %q\n", e.Position, string(rest[:min(len(rest), 12)]))
	}
	return out
}
