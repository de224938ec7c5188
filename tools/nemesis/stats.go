package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// stats counts what happens in a run.
type stats struct {
	mu        sync.Mutex // guards what follows
	faults    map[string]int
	applied   int // entries
	unknown   int
	reads     int
	leased    int // reads of a program's own memory
	claims    int
	refused   map[string]int // operation and SQLSTATE
	exits     map[string]int
	recovered map[string][]time.Duration // kind of fault: from each until the next acknowledged append
}

func newStats() *stats {
	return &stats{faults: map[string]int{}, refused: map[string]int{}, exits: map[string]int{}, recovered: map[string][]time.Duration{}}
}

func (s *stats) struck(kind string) { s.count(func() { s.faults[kind]++ }) }

func (s *stats) count(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// line is how it stands, in one line.
func (s *stats) line() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("%d acknowledged, %d unknown; refused: %s; %d claims, %d reads, %d under a lease; exits: %s",
		s.applied, s.unknown, counts(s.refused), s.claims, s.reads, s.leased, counts(s.exits))
}

// table is the summary of the faults.
func (s *stats) table() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "| fault | struck | writers hit | until the next acknowledged append: median | max |\n|---|---|---|---|---|\n")
	for _, kind := range slices.Sorted(maps.Keys(union(s.faults, s.recovered))) {
		times := slices.Sorted(slices.Values(s.recovered[kind]))
		struck := fmt.Sprint(s.faults[kind])
		if s.faults[kind] == 0 {
			struck = "" // the kind of what came at once with others
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %s | %s |\n", kind, struck, len(times), quantile(times, 0.5), quantile(times, 1))
	}
	return b.String()
}

func union(a map[string]int, b map[string][]time.Duration) map[string]bool {
	keys := map[string]bool{}
	for k := range a {
		keys[k] = true
	}
	for k := range b {
		keys[k] = true
	}
	return keys
}

// quantile of sorted times, for people.
func quantile(times []time.Duration, q float64) string {
	if len(times) == 0 {
		return ""
	}
	t := times[int(q*float64(len(times)-1))]
	if t < 10*time.Millisecond {
		return t.Round(10 * time.Microsecond).String()
	}
	return t.Round(time.Millisecond).String()
}

func counts(m map[string]int) string {
	if len(m) == 0 {
		return "none"
	}
	var list []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		list = append(list, fmt.Sprintf("%s %d", k, m[k]))
	}
	return strings.Join(list, ", ")
}
