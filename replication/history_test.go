package replication

import (
	"fmt"
	"math/rand"
	"reflect"
	"slices"
	"testing"
	"testing/quick"
)

// modelLog is a log as a list of what wrote its entries: entry i+1 was written in
// term[i]. Entries of two logs are the same if term and id are, since a term has
// one writer (I1).
type modelLog []Term

// history is the obvious one: a segment wherever the term changes.
func (l modelLog) history() History {
	var h History
	for i, t := range l {
		if i == 0 || l[i-1] != t {
			h = append(h, Segment{Term: t, Start: EntryID(i + 1)})
		}
	}
	return h
}

// modelLogs are logs as they come to be: each term's writer goes on from a prefix
// of a log that there was, and a replica holds a prefix of some writer's log.
type modelLogs []modelLog

func (modelLogs) Generate(r *rand.Rand, size int) reflect.Value {
	logs := modelLogs{nil}
	for t := Term(1); t < Term(2+r.Intn(size+1)); t++ {
		from := logs[r.Intn(len(logs))]
		l := slices.Clone(from[:r.Intn(len(from)+1)])
		for range r.Intn(4) {
			l = append(l, t)
		}
		logs = append(logs, l)
	}
	return reflect.ValueOf(logs)
}

// If Common were too low, a replica would drop what is committed; if it were too
// high, it would keep what is in nobody's log (I4, I5).
func TestCommonIsTheLongestCommonPrefix(t *testing.T) {
	check := func(logs modelLogs) bool {
		for _, a := range logs {
			for _, b := range logs {
				same := 0
				for same < min(len(a), len(b)) && a[same] == b[same] {
					same++
				}
				if got := Common(a.history(), EntryID(len(a)), b.history(), EntryID(len(b))); got != EntryID(same) {
					t.Errorf("logs %v and %v: common up to %d, want %d", a, b, got, same)
					return false
				}
			}
		}
		return true
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}

// Replicas that are behind the start of their writer's term have a history that
// goes beyond their end, and trimmed ones lack its beginning. What lies outside
// must not change the answer for what lies inside.
func TestCommonOfPartsOfLogs(t *testing.T) {
	check := func(logs modelLogs, cut uint8) bool {
		for _, a := range logs {
			for _, b := range logs {
				aEnd := min(len(a), int(cut))
				same := 0
				for same < min(aEnd, len(b)) && a[same] == b[same] {
					same++
				}
				if got := Common(a.history(), EntryID(aEnd), b.history(), EntryID(len(b))); got != EntryID(same) {
					t.Errorf("logs %v to %d and %v: common up to %d, want %d", a, aEnd, b, got, same)
					return false
				}
				if same == 0 {
					continue
				}
				// What is trimmed is committed, so it is the same in both.
				first := EntryID(1 + int(cut)%same)
				got := Common(a.history().Trimmed(first), EntryID(aEnd), b.history().Trimmed(first), EntryID(len(b)))
				if got != EntryID(same) {
					t.Errorf("logs %v to %d and %v, trimmed to %d: common up to %d, want %d", a, aEnd, b, first, got, same)
					return false
				}
			}
		}
		return true
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}

func TestCommon(t *testing.T) {
	for _, c := range []struct {
		name       string
		a          History
		aEnd       EntryID
		b          History
		bEnd, want EntryID
	}{
		{"two empty logs", nil, 0, nil, 0, 0},
		{"one is empty", History{{1, 1}}, 3, nil, 0, 0},
		{"the same term, of other lengths", History{{1, 1}}, 3, History{{1, 1}}, 5, 3},
		{"parted at the first entry", History{{1, 1}}, 3, History{{2, 1}}, 3, 0},
		{"parted after a common term", History{{1, 1}, {2, 4}}, 9, History{{1, 1}, {3, 6}}, 9, 3},
		{"one went on from a part of the other", History{{1, 1}}, 9, History{{1, 1}, {3, 6}}, 9, 5},
		{"a term without entries yet", History{{1, 1}, {2, 4}}, 3, History{{1, 1}, {3, 4}}, 3, 3},
		{"one is behind the start of its last term", History{{1, 1}, {5, 9}}, 4, History{{1, 1}, {3, 3}}, 6, 2},
		{"trimmed above the other's end", History{{1, 1}}, 4, History{{5, 10}, {6, 20}}, 19, 0},
		{"both trimmed above the end: all of it is committed", History{{5, 10}}, 3, History{{7, 30}}, 29, 3},
	} {
		if got := Common(c.a, c.aEnd, c.b, c.bEnd); got != c.want {
			t.Errorf("%s: common of %v to %d and %v to %d is %d, want %d", c.name, c.a, c.aEnd, c.b, c.bEnd, got, c.want)
		}
		if got := Common(c.b, c.bEnd, c.a, c.aEnd); got != c.want {
			t.Errorf("%s, the other way round: %d, want %d", c.name, got, c.want)
		}
	}
}

// LastTerm decides which log a claim goes on from. A log that has not reached the
// start of its last term is of an older one: else two of eight acknowledged
// entries would win over all eight (testdata/recovery/restamping).
func TestLastTerm(t *testing.T) {
	h := History{{1, 1}, {3, 5}, {4, 9}}
	for tail, want := range map[EntryID]Term{0: 1, 3: 1, 4: 3, 7: 3, 8: 4, 20: 4} {
		if got := h.LastTerm(tail); got != want {
			t.Errorf("%v to %d: last term %d, want %d", h, tail, got, want)
		}
	}
	if got := (History{}).LastTerm(5); got != 0 {
		t.Errorf("an empty history has last term %d", got)
	}
}

// Each operation is checked entry by entry against what it is to change, and must
// leave the history that it is given as it was: histories are shared.
func TestHistoryOperations(t *testing.T) {
	check := func(logs modelLogs, at uint8) error {
		for _, l := range logs {
			h := l.history()
			before := slices.Clone(h)
			id, end := EntryID(int(at)%(len(l)+2)), EntryID(len(l)+5)

			upTo := h.UpTo(id)
			extended := h.Extend(99, id+1)
			trimmed := h.Trimmed(id)
			for i := EntryID(1); i <= end; i++ {
				slow := Term(0)
				if int(i) <= len(l) {
					slow = l[i-1]
				} else if len(l) > 0 {
					slow = l[len(l)-1]
				}
				if got := h.TermAt(i); got != slow {
					return fmt.Errorf("%v: entry %d is of term %d, want %d", l, i, got, slow)
				}
				if got := upTo.TermAt(i); i <= id+1 && got != slow {
					return fmt.Errorf("%v up to %d: entry %d is of term %d, want %d", h, id, i, got, slow)
				}
				want := slow
				if i > id {
					want = 99
				}
				if got := extended.TermAt(i); got != want {
					return fmt.Errorf("%v extended at %d: entry %d is of term %d, want %d", h, id+1, i, got, want)
				}
				if got := trimmed.TermAt(i); i >= id && got != slow {
					return fmt.Errorf("%v trimmed to %d: entry %d is of term %d, want %d", h, id, i, got, slow)
				}
			}
			if n := len(upTo); n > 0 && upTo[n-1].Start > id+1 {
				return fmt.Errorf("%v up to %d is %v", h, id, upTo)
			}
			if len(trimmed) > 1 && trimmed[1].Start <= id {
				return fmt.Errorf("%v trimmed to %d keeps %v", h, id, trimmed)
			}
			for _, x := range []History{h, upTo, extended, trimmed} {
				if err := x.check(); err != nil {
					return err
				}
			}
			_ = append(upTo, Segment{Term: 77, Start: 77}) // must not write into h
			if !slices.Equal(h, before) {
				return fmt.Errorf("%v became %v", before, h)
			}
		}
		return nil
	}
	if err := quick.Check(func(logs modelLogs, at uint8) bool {
		err := check(logs, at)
		if err != nil {
			t.Error(err)
		}
		return err == nil
	}, nil); err != nil {
		t.Error(err)
	}
}

// A history that does not rise is a bug of ours, and must not pass for one.
func TestHistoryCheck(t *testing.T) {
	for _, c := range []struct {
		h  History
		ok bool
	}{
		{nil, true},
		{History{{4, 7}}, true},
		{History{{1, 1}, {2, 2}, {7, 3}}, true},
		{History{{1, 1}, {1, 2}}, false},
		{History{{2, 1}, {1, 2}}, false},
		{History{{1, 2}, {2, 2}}, false},
		{History{{1, 3}, {2, 2}}, false},
	} {
		if err := c.h.check(); (err == nil) != c.ok {
			t.Errorf("%v: %v", c.h, err)
		}
	}
}
