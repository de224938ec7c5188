package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"walle/tools/nemesis/history"
)

// TestRun fails where a short run on loopback, which needs no privileges, finds
// something wrong, or tests nothing.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	dir := t.TempDir()
	walle, err := build(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	kinds, err := chooseFaults("kill,pause")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	r := &run{began: time.Now(), stats: newStats(), cfg: config{
		cluster:  clusterConfig{walle: walle, dir: dir, nodes: 3, loopback: true, logLevel: "warn"},
		duration: 3 * time.Second, kinds: kinds, seed: 1, streams: 2, pace: 5 * time.Millisecond, report: time.Minute, out: &out,
	}}
	if err := r.execute(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, v := range r.violations() {
		t.Error(v)
	}
	if r.stats.applied == 0 || r.stats.reads == 0 || r.stats.leased == 0 || len(r.stats.faults) == 0 {
		t.Errorf("nothing was tested: %s", r.stats.line())
	}
	t.Log(out.String())
}

// TestOutcomeOf fails where an append that may be in the log would pass for one
// that is not, or the other way round.
func TestOutcomeOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want history.Outcome
	}{
		{nil, history.Applied},
		{&pgconn.PgError{Code: "WA001"}, history.NotApplied},
		{&pgconn.PgError{Code: "53100"}, history.NotApplied},
		{&pgconn.PgError{Code: "08007"}, history.Unknown},
		{&pgconn.PgError{Code: "57P01"}, history.Unknown},
		{fmt.Errorf("append: %w", &pgconn.PgError{Code: "08007"}), history.Unknown},
		{errNotSent{&pgconn.PgError{Code: "57P01"}}, history.NotApplied},
		{errNotSent{net.ErrClosed}, history.NotApplied},
		{net.ErrClosed, history.Unknown},
		{errUnanswered, history.Unknown},
		{errRolledBack, history.NotApplied},
	} {
		if got := outcomeOf(c.err); got != c.want {
			t.Errorf("%v: %d, want %d", c.err, got, c.want)
		}
	}
	if !isBug(fmt.Errorf("read: %w", &pgconn.PgError{Code: "XX000"})) || isBug(errors.New("broken")) {
		t.Error("a bug of WALLE passes for something else, or the other way round")
	}
}

// TestPayload fails where a payload that was changed would pass.
func TestPayload(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 200 {
		p := newPayload(fmt.Sprintf("name/%d", i), r)
		if err := checkPayload(p); err != nil {
			t.Fatal(err)
		}
		p[r.IntN(len(p))] ^= 1
		if checkPayload(p) == nil {
			t.Fatalf("a changed payload passes: %q", p)
		}
	}
	if checkPayload(nil) == nil {
		t.Error("an empty payload passes")
	}
}

// TestBelief fails where a program would answer from its memory when it must not.
func TestBelief(t *testing.T) {
	now := time.Second
	s := &stream{Stream: &history.Stream{Name: "s"}, stats: newStats()}
	b := belief{stream: s, who: "w", now: func() time.Duration { return now }}
	answers := func() bool {
		before := s.stats.leased
		b.answer()
		return s.stats.leased > before
	}
	for _, step := range []struct {
		name string
		do   func()
		want bool
	}{
		{"no claim", func() {}, false},
		{"a claim, and nothing read", func() { b.claimed(1, now, now+time.Second) }, false},
		{"all is read", func() { b.is(cursor{}) }, true},
		{"something is in flight", b.unsure, false},
		{"it is answered", func() { b.is(cursor{}) }, true},
		{"the lease is over", func() { now += time.Second }, false},
		{"it is renewed", func() { b.renewed(now + time.Second) }, true},
		{"an old renewal comes late", func() { b.renewed(now) }, true},
		{"it is given up", b.giveUp, false},
	} {
		step.do()
		if got := answers(); got != step.want {
			t.Errorf("%s: it answers: %t, want %t", step.name, got, step.want)
		}
	}
}

// TestLinks fails where a rule would cut other links than its fault says.
func TestLinks(t *testing.T) {
	link := between(map[int]bool{1: true, 2: true})
	for _, c := range []struct {
		from, to int
		want     bool
	}{{1, 3, true}, {3, 2, true}, {1, 2, false}, {3, 4, false}, {0, 1, false}, {1, 0, false}, {0, 3, false}} {
		if got := link(c.from, c.to); got != c.want {
			t.Errorf("from %d to %d is cut: %t, want %t", c.from, c.to, got, c.want)
		}
	}
}

// TestRecovered fails where a fault would count as survived by an append that was
// under way before it.
func TestRecovered(t *testing.T) {
	s := &stream{Stream: &history.Stream{Name: "s"}, stats: newStats()}
	s.hit("kill", 10*time.Second)
	s.acknowledged(history.Span{Call: 9 * time.Second, Return: 11 * time.Second})
	if !s.suffers() {
		t.Fatal("an append from before the fault ends it")
	}
	s.acknowledged(history.Span{Call: 12 * time.Second, Return: 13 * time.Second})
	if got := s.stats.recovered["kill"]; s.suffers() || len(got) != 1 || got[0] != 3*time.Second {
		t.Errorf("recovered after %v, want 3s", got)
	}
}
