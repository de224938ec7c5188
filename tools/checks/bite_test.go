package checks

import (
	"go/importer"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// TestChecksBite fails where a check would pass over the offence that it is for.
func TestChecksBite(t *testing.T) {
	fset := token.NewFileSet()
	from := importer.ForCompiler(fset, "source", nil)
	all := func(text string) []string {
		f := source(t, fset, text)
		found, err := leaks(from, []goFile{f})
		if err != nil {
			t.Fatal(err)
		}
		return slices.Concat(found, impurities(f), foreignWords(f), houseRules(f), errorTexts(f))
	}
	for offence, want := range map[string]string{
		`import "os"; var x = os.Args`:                      "imports os",
		`import "time"; func f() any { return time.Now() }`: "time.Now in the core",
		`func f() { go f() }`:                               "goroutines",
		`var c chan int`:                                    "goroutines",
		`func f(m map[int]int) (s []int) { for k := range m { s = append(s, k) }; return s }`:          "ranges over a map in f",
		`import "maps"; func f(m map[int]int) { for range maps.Keys(m) {} }`:                           "ranges over a map in f",
		`import ("maps"; "slices"); func f(m map[int]int) any { return slices.Collect(maps.Keys(m)) }`: "maps.Keys without",
		`var n int; func f() { n++ }`:                                     "assigns to the global n",
		`var m = map[int]struct{ a []int }{}; func f() { m[1].a[2] = 3 }`: "assigns to the global m",
		`type leaderEpoch int`:                                            "the word is writer",
		`import "time"; func f() { time.Sleep(1) }`:                       "time.Sleep",
		`func init() {}`:                                                  "func init",
		"// TO" + "DO: later\nvar x int":                                  "show it by a test",
		`import "errors"; var e = errors.New("The disk failed")`:          "lower case",
		`import "fmt"; var e = fmt.Errorf("no.")`:                         "lower case",
	} {
		if found := all(offence); !slices.ContainsFunc(found, func(s string) bool { return strings.Contains(s, want) }) {
			t.Errorf("%s\nfound %q, want one with %q", offence, found, want)
		}
	}
	for _, fine := range []string{
		`import ("maps"; "slices"); func f(m map[int]int) []int { return slices.Sorted(maps.Keys(m)) }`,
		`func sortedKeys(m map[int]int) (s []int) { for k := range m { s = append(s, k) }; return s }`,
		`import "time"; func f(now, then time.Duration) bool { n := 1; n++; return now > then }`,
	} {
		if found := all(fine); len(found) > 0 {
			t.Errorf("%s\nfound %q", fine, found)
		}
	}
}

// source is a file of package core with that text.
func source(t *testing.T, fset *token.FileSet, text string) goFile {
	t.Helper()
	f, err := parser.ParseFile(fset, "x.go", "package core\n"+text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return goFile{name: core + "/x_test.go", ast: f, fset: fset}
}
