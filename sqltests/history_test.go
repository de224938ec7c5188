package sqltests_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"walle/sqltests"
)

// A history is what clients know of the appends to one stream. Payloads are unique; those of one
// group are "GROUP/i/n". A history may be used by several goroutines.
type history struct {
	mu      sync.Mutex
	acked   map[string]int64 // payload to entry_id, as acknowledged or as read since
	unknown map[string]bool  // sent, and never answered or answered with 08007
	refused map[string]bool  // surely not applied
	changed chan struct{}    // closed, and made anew, at each change
}

func newHistory() *history {
	return &history{acked: map[string]int64{}, unknown: map[string]bool{}, refused: map[string]bool{}, changed: make(chan struct{})}
}

// record notes the outcome of one append of payloads; ids are theirs when err is nil.
func (h *history) record(payloads []string, ids []int64, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, p := range payloads {
		delete(h.unknown, p) // what was said of an earlier attempt counts no more
		delete(h.refused, p)
		switch {
		case err == nil:
			h.acked[p] = ids[i]
		case notApplied(err):
			h.refused[p] = true
		default:
			h.unknown[p] = true
		}
	}
	close(h.changed)
	h.changed = make(chan struct{})
}

// notApplied reports whether an append that ended with err is surely in no log. A connection that
// broke, 08007 and 57P01 leave it open. pgconn.SafeToRetry is not asked: it says yes of a COMMIT that
// was sent (pgx 5.12.0).
func notApplied(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) &&
		slices.Contains([]string{"WA001", "57P03", "55000", "55P03", "23505", "22023", "42P01", "25P02", "53100", "53200"}, pgErr.Code)
}

// await returns when n payloads are acknowledged.
func (h *history) await(ctx context.Context, n int) error {
	for {
		h.mu.Lock()
		have, changed := len(h.acked), h.changed
		h.mu.Unlock()
		if have >= n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d appends acknowledged: %w", have, n, ctx.Err())
		}
	}
}

func (h *history) size() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.acked)
}

// open lists which of payloads are not acknowledged.
func (h *history) open(payloads []string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var rest []string
	for _, p := range payloads {
		if _, ok := h.acked[p]; !ok {
			rest = append(rest, p)
		}
	}
	return rest
}

// An entry is a row of a stream.
type entry struct {
	EntryID    int64     `db:"entry_id"`
	Term       int64     `db:"term"`
	AppendedAt time.Time `db:"appended_at"`
	Data       []byte    `db:"data"`
}

// check compares a stream with what is known of it and returns what is wrong.
func (h *history) check(stream []entry) (wrong []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	at := map[string]int64{}
	groups := map[string]int{}
	for i, e := range stream {
		payload := string(e.Data)
		if e.EntryID != int64(i)+1 {
			complain("row %d is entry %d: ids are not dense", i+1, e.EntryID)
		}
		if i > 0 && (e.Term < stream[i-1].Term || e.AppendedAt.Before(stream[i-1].AppendedAt)) {
			complain("entry %d goes back: %+v after %+v", e.EntryID, e, stream[i-1])
		}
		if first, ok := at[payload]; ok {
			complain("%q is entry %d and entry %d", payload, first, e.EntryID)
		}
		if h.refused[payload] {
			complain("%q is entry %d, but was said not to be applied", payload, e.EntryID)
		}
		if _, acked := h.acked[payload]; !acked && !h.unknown[payload] && !h.refused[payload] {
			complain("%q is entry %d, but nobody appended it", payload, e.EntryID)
		}
		at[payload] = e.EntryID
		if group, _, ok := strings.Cut(payload, "/"); ok {
			groups[group]++
		}
	}
	for _, payload := range slices.Sorted(maps.Keys(h.acked)) {
		if at[payload] != h.acked[payload] {
			complain("%q was acknowledged as entry %d, and is entry %d (0: lost)", payload, h.acked[payload], at[payload])
		}
		if group, rest, ok := strings.Cut(payload, "/"); ok && rest[strings.Index(rest, "/")+1:] != fmt.Sprint(groups[group]) {
			complain("group %s has %d entries: %s", group, groups[group], payload)
		}
	}
	return wrong[:min(len(wrong), 20)]
}

// verify claims the stream once more, which settles what is in it, and fails the test unless every node
// returns the same stream, which is as the history says.
func (h *history) verify(t *testing.T, c *sqltests.Cluster, stream string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := h.reclaim(ctx, c.AnyDSN(), stream, "FORCE")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var tail int64
	if err := conn.QueryRow(ctx, "SELECT coalesce(max(entry_id), 0) FROM "+stream).Scan(&tail); err != nil {
		t.Fatal(err)
	}
	var first []entry
	for node := 1; node <= c.Nodes(); node++ {
		entries := readAll(t, c.DSN(node), stream, tail)
		for _, w := range h.check(entries) {
			t.Errorf("node %d: %s", node, w)
		}
		if node == 1 {
			first = entries
		} else if !slices.EqualFunc(first, entries, same) {
			t.Errorf("nodes 1 and %d return different streams, of %d and %d entries", node, len(first), len(entries))
		}
	}
	t.Logf("%s: %d entries, %d acknowledged, %d unknown, %d refused", stream, len(first), len(h.acked), len(h.unknown), len(h.refused))
}

func same(a, b entry) bool {
	return a.EntryID == b.EntryID && a.Term == b.Term && a.AppendedAt.Equal(b.AppendedAt) && string(a.Data) == string(b.Data)
}

// readAll reads a stream once the node knows at least of entry tail.
func readAll(t *testing.T, dsn, stream string, tail int64) []entry {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	poll(t, ctx, "the node to know the tail", func() error {
		var have int64
		err := conn.QueryRow(ctx, "SELECT coalesce(max(entry_id), 0) FROM "+stream).Scan(&have)
		if err == nil && have < tail {
			err = fmt.Errorf("entry %d of %d", have, tail)
		}
		return err
	})
	rows, err := conn.Query(ctx, "SELECT entry_id, term, appended_at, data FROM "+stream+" ORDER BY entry_id")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := pgx.CollectRows(rows, pgx.RowToStructByName[entry])
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// poll repeats try until it succeeds or ctx ends.
func poll(t *testing.T, ctx context.Context, what string, try func() error) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s: %v", what, err)
		case <-tick.C:
		}
	}
}

// TestHistory fails where the checker of the tests below would pass over a lost or doubled append.
func TestHistory(t *testing.T) {
	h := newHistory()
	h.record([]string{"a"}, []int64{1}, nil)
	h.record([]string{"g/0/2", "g/1/2"}, []int64{2, 3}, nil)
	h.record([]string{"u"}, nil, errors.New("broken"))
	h.record([]string{"r"}, nil, &pgconn.PgError{Code: "WA001"})
	stream := func(payloads ...string) (s []entry) {
		for i, p := range payloads {
			s = append(s, entry{EntryID: int64(i) + 1, Term: 1, Data: []byte(p)})
		}
		return s
	}
	hole := stream("a", "g/0/2", "g/1/2", "u")
	hole[3].EntryID = 5
	back := stream("a", "g/0/2", "g/1/2", "u")
	back[3].Term = 0
	for want, s := range map[string][]entry{
		"":                             stream("a", "g/0/2", "g/1/2", "u"),
		"is entry 0 (0: lost)":         stream("a", "g/0/2"),
		"is entry 2":                   stream("u", "a", "g/0/2", "g/1/2"),
		`"u" is entry 4 and entry 5`:   stream("a", "g/0/2", "g/1/2", "u", "u"),
		"was said not to be applied":   stream("a", "g/0/2", "g/1/2", "r"),
		"but nobody appended it":       stream("a", "g/0/2", "g/1/2", "x"),
		"ids are not dense":            hole,
		"goes back":                    back,
		"group g has 1 entries: g/0/2": stream("a", "g/0/2"),
	} {
		wrong := strings.Join(h.check(s), "\n")
		if (want == "") != (wrong == "") || !strings.Contains(wrong, want) {
			t.Errorf("found %q, want %q", wrong, want)
		}
	}
}
