package store_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"walle/engine/store"
	"walle/engine/store/storetest"
	"walle/replication"
)

// verify returns what is found wrong with a stream, a line each, checking as
// many bytes at a time.
func verify(t *testing.T, s *store.Store, stream replication.StreamID, bytes int64) string {
	t.Helper()
	v, err := s.Verify(stream, store.Checkpoint{})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for done := false; !done; {
		var found []store.Damage
		if _, found, done, err = v.Step(bytes); err != nil {
			t.Fatal(err)
		}
		for _, d := range found {
			lines = append(lines, fmt.Sprintf("%d-%d %s", d.First, d.Last, d.What))
		}
	}
	if left := v.Left(); left != 0 {
		t.Errorf("%d entries are left", left)
	}
	return strings.Join(lines, "\n")
}

// Each way in which a stored stream can be wrong must be told, with its entries,
// and nothing else.
func TestVerify(t *testing.T) {
	log := storetest.Log{Term: 1}
	good := log.Next(7) // groups end at 1, 4, 7, …
	log.Term = 2
	good = append(good, log.Next(6)...)
	history := replication.History{{Term: 1, Start: 1}, {Term: 2, Start: 8}}
	type stored struct {
		state   replication.State
		entries []replication.Entry
		commit  replication.EntryID
	}
	at := func(id int) *replication.Entry { return &good[id-1] }
	gap := func(lo, hi int) replication.Gap {
		return replication.Gap{Lo: at(lo).ID, Hi: at(hi).ID, LoChain: at(lo - 1).Chain, HiChain: at(hi).Chain, HiAt: at(hi).AppendedAt}
	}
	for _, test := range []struct {
		name  string
		spoil func(*stored)
		want  string
	}{
		{"nothing", func(*stored) {}, ""},
		{"data", func(s *stored) { s.entries[4].Data = []byte("x") }, "5-5 entry 5: checksum"},
		{"neighbours", func(s *stored) { s.entries[4].Data, s.entries[5].Data = nil, nil }, "5-6 entry 5: checksum"},
		{"the last", func(s *stored) { s.entries[12].Data = nil }, "13-13 entry 13: checksum"},
		{"chain", func(s *stored) { s.entries[4].Chain++ }, "5-5 its chain is"},
		{"a hole", func(s *stored) { s.entries = slices.Delete(s.entries, 4, 6) }, "5-6 missing"},
		{"the end", func(s *stored) { s.entries = s.entries[:10] }, "11-13 missing"},
		{"the first", func(s *stored) { s.entries = s.entries[2:] }, "1-2 missing"},
		{"half a group", func(s *stored) { s.entries, s.commit = s.entries[:12], 10 }, "12-12 it is the last entry, and its group"},
		{"half a group committed", func(s *stored) { s.commit = 12 }, "12-12 it is the last that is committed"},
		{"history", func(s *stored) { s.state.History = replication.History{{Term: 1, Start: 1}, {Term: 2, Start: 9}} }, "8-8 its term is 2, and 1 by the history"},
		{"a history of what is to come", func(s *stored) {
			s.state.History, s.state.Promised = append(slices.Clone(history), replication.Segment{Term: 3, Start: 20}), 3
		}, ""},
		{"promise", func(s *stored) { s.state.Promised = 1 }, "0-0 the history [1:1 2:8] has a greater term"},
		{"base", func(s *stored) { s.state.Base.Chain = 1 }, "1-1 its chain is"},
		{"a gap", func(s *stored) {
			s.entries, s.state.Gaps = slices.Delete(s.entries, 4, 10), []replication.Gap{gap(5, 10)}
		}, ""},
		{"a gap and more", func(s *stored) {
			s.entries, s.state.Gaps = slices.Delete(s.entries, 3, 10), []replication.Gap{gap(5, 10)}
		}, "4-4 missing"},
		{"behind a gap", func(s *stored) {
			s.entries[10].Data = nil
			s.entries, s.state.Gaps = slices.Delete(s.entries, 4, 10), []replication.Gap{gap(5, 10)}
		}, "11-11 entry 11: checksum"},
		{"before a gap", func(s *stored) {
			g := gap(5, 10)
			g.LoChain++
			s.entries, s.state.Gaps = slices.Delete(s.entries, 4, 10), []replication.Gap{g}
		}, "4-4 its chain is"},
		{"a gap that is not committed", func(s *stored) {
			s.entries, s.state.Gaps, s.commit = slices.Delete(s.entries, 4, 10), []replication.Gap{gap(5, 10)}, 4
		}, "0-0 the gap 5..10 is not committed"},
		{"no state", func(s *stored) { s.state.First = 0 }, "0-0 there is no state, but entries"},
	} {
		t.Run(test.name, func(t *testing.T) {
			fs := vfs.NewMem()
			s := open(t, fs)
			defer func() { closeStore(t, s) }()
			w := stored{replication.State{First: 1, Promised: 2, History: history}, slices.Clone(good), 13}
			test.spoil(&w)
			write := replication.Write{Stream: 5, State: &w.state, Entries: w.entries, Commit: w.commit}
			if w.state.First == 0 {
				write.State = nil
			}
			if _, err := s.Apply([]replication.Write{write}, false); err != nil {
				t.Fatal(err)
			}
			if ids, err := s.VerifiedStreams(); err != nil || !slices.Equal(ids, []replication.StreamID{5}) {
				t.Fatalf("streams %v, %v", ids, err)
			}
			for _, bytes := range []int64{1, math.MaxInt64} {
				got := verify(t, s, 5, bytes)
				if !strings.HasPrefix(got, test.want) || (test.want == "") != (got == "") || strings.Contains(got, "\n") {
					t.Errorf("by %d bytes: %q, want %q", bytes, got, test.want)
				}
			}
		})
	}
}
