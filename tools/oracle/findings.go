package main

import (
	"cmp"
	_ "embed"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// A kind groups differences that likely have one cause.
type kind struct {
	name    string
	count   int
	reason  string // why it is listed, empty if it is not
	example string
	first   int64 // the case
}

// findings is what a campaign has found so far.
type findings struct {
	mu      sync.Mutex
	total   int
	agreed  int
	kinds   map[string]*kind
	refused map[string]int
}

func (f *findings) ran(agreed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.total++
	if agreed {
		f.agreed++
	}
}

func (f *findings) refuse(what string) {
	f.ran(false)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refused[what]++
}

func (f *findings) add(known listed, n int64, small *node, d difference) {
	f.ran(false)
	f.mu.Lock()
	defer f.mu.Unlock()
	name := d.kind + ": " + small.label
	k := f.kinds[name]
	if k == nil {
		k = &kind{name: name, reason: known.reason(name, small.String()), first: n}
		f.kinds[name] = k
	}
	k.count++
	example := fmt.Sprintf("  %s\n    PostgreSQL: %v\n    WALLE:      %v", small, d.theirs, d.ours)
	if k.example == "" || len(example) < len(k.example) {
		k.example = example
		k.reason = known.reason(name, small.String())
	}
}

// unlisted counts the kinds that have no reason.
func (f *findings) unlisted() int {
	n := 0
	for _, k := range f.kinds {
		if k.reason == "" {
			n++
		}
	}
	return n
}

func (f *findings) print(w io.Writer, refused bool) {
	kinds := slices.SortedFunc(maps.Values(f.kinds), func(a, b *kind) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.name, b.name))
	})
	for _, k := range kinds {
		if k.reason == "" {
			fmt.Fprintf(w, "%5d  %s (case %d)\n%s\n", k.count, k.name, k.first, k.example)
		}
	}
	listed, all := 0, 0
	for _, k := range kinds {
		if k.reason != "" {
			listed += k.count
		}
	}
	for _, what := range slices.SortedFunc(maps.Keys(f.refused), func(a, b string) int { return cmp.Compare(f.refused[b], f.refused[a]) }) {
		all += f.refused[what]
		if refused {
			fmt.Fprintf(w, "%5d  refused: %s\n", f.refused[what], what)
		}
	}
	fmt.Fprintf(w, "%d statements: %d agree, %d refused by name, %d listed differences, %d kinds of others\n", f.total, f.agreed, all, listed, f.unlisted())
}

//go:embed listed.tsv
var listedTSV string

// listed are the differences that have a reason: a pattern over "kind: label TAB statement".
type listed []struct {
	match  *regexp.Regexp
	reason string
}

// loadListed parses listed.tsv, which is part of the program: a bad line panics.
func loadListed() listed {
	var list listed
	for line := range strings.Lines(listedTSV) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		reason, pattern, ok := strings.Cut(line, "\t")
		if !ok {
			panic("listed.tsv: " + line)
		}
		list = append(list, struct {
			match  *regexp.Regexp
			reason string
		}{regexp.MustCompile(pattern), reason})
	}
	return list
}

func (l listed) reason(name, sql string) string {
	for _, d := range l {
		if d.match.MatchString(name + "\t" + sql) {
			return d.reason
		}
	}
	return ""
}
