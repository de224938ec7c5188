package sql

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	pg_query "github.com/pganalyze/pg_query_go/v5"
)

// seeds are the inputs of the scripts.
func seeds(f *testing.F) {
	input := regexp.MustCompile(`(?s)(?:parse|one)\n(.*?)\n----\n`)
	files, err := filepath.Glob("testdata/parse/*")
	if err != nil || len(files) == 0 {
		f.Fatal("no scripts: ", err)
	}
	for _, file := range files {
		script, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, m := range input.FindAllSubmatch(script, -1) {
			f.Add(string(m[1]))
		}
	}
	for _, q := range []string{"\x00", "\xff", "SELECT E'a\\'b' 'c'\n'd'", "$1_0 1..2 a:=b =>c ~!@- +-+- 1.e5 .5 0x1F $a$ $1 U&\"x\" N'x' b''"} {
		f.Add(q)
	}
}

// FuzzParse: no text may panic, be refused without an *Error, or have an error
// or a statement that lies outside of it.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, query string) {
		statements, err := Parse(query)
		if err != nil {
			checkError(t, query, err)
			return
		}
		end := 0
		for _, s := range statements {
			if s.Offset() < end || s.Text() == "" || !strings.HasPrefix(query[s.Offset():], s.Text()) {
				t.Fatalf("%q at %d, after %d", s.Text(), s.Offset(), end)
			}
			end = s.Offset() + len(s.Text())
		}
	})
}

func checkError(t *testing.T, query string, err error) {
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%T: %v", err, err)
	}
	if len(e.Code) != 5 || e.Message == "" || !utf8.ValidString(e.Error()) {
		t.Fatalf("bad error %+v", e)
	}
	if e.Position < 0 || e.Position > utf8.RuneCountInString(query)+1 {
		t.Fatalf("position %d is outside of %q", e.Position, query)
	}
}

// FuzzScan compares the two scanners. If they saw different tokens, then a text
// could be harmless to ours and deadly to PostgreSQL's, or end at a semicolon
// in a string.
func FuzzScan(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, query string) {
		if checkText(query) != nil {
			return
		}
		theirs, err := pg_query.Scan(query)
		if err != nil {
			return
		}
		ours, failed := scan(query, maxTokens)
		if failed != nil {
			t.Fatal(failed)
		}
		next := 0
		for _, token := range theirs.Tokens {
			if token.Token == pg_query.Token_SQL_COMMENT || token.Token == pg_query.Token_C_COMMENT {
				continue
			}
			if got := ours.tokens[next]; got.start != token.Start {
				t.Fatalf("%q: token %d starts at %d, theirs %v at %d", query, next, got.start, token.Token, token.Start)
			}
			next++
		}
		if last := ours.tokens[next]; last.kind != tokenEnd {
			t.Fatalf("%q: %q is no token for PostgreSQL", query, ours.text(last))
		}
	})
}
