package history

import (
	"strings"
	"testing"
	"time"
)

const ms = time.Millisecond

// good is a record of three entries in which nothing is wrong: two single ones of
// term 1, and of term 2 the first of a group that was tried twice.
func good() *Stream {
	s := &Stream{Name: "s"}
	s.View(View{Span: Span{0, 1 * ms}, Who: "w1", Claim: 1})
	s.Appended(Attempt{Span: Span{2 * ms, 3 * ms}, Who: "w1", Digests: []uint64{11}, First: 1, Term: 1})
	s.Appended(Attempt{Span: Span{4 * ms, 5 * ms}, Who: "w1", Digests: []uint64{12}, Outcome: Unknown})
	s.Appended(Attempt{Span: Span{5 * ms, 6 * ms}, Who: "w1", Digests: []uint64{99}, Outcome: NotApplied})
	s.Leased(Lease{Who: "w1", Term: 1, From: 1 * ms, Until: 10 * ms})
	s.Observe(2, Entry{1, 12}, "r")
	s.View(View{Span: Span{8 * ms, 9 * ms}, Who: "r", Tail: 2, Hash: s.hashLocked(2), Recent: true})
	s.View(View{Span: Span{7 * ms, 20 * ms}, Who: "w2", Tail: 2, Claim: 2})
	s.Leased(Lease{Who: "w2", Term: 2, From: 20 * ms, Until: 40 * ms})
	s.Appended(Attempt{Span: Span{21 * ms, 22 * ms}, Who: "w2", Digests: []uint64{13, 14}, Outcome: Unknown})
	s.Appended(Attempt{Span: Span{23 * ms, 24 * ms}, Who: "w2", Digests: []uint64{13, 14}, First: 3, Term: 2})
	s.View(View{Span: Span{30 * ms, 31 * ms}, Who: "w2", Tail: 4, Hash: s.hashLocked(4), Recent: true})
	return s
}

// TestCheck fails where a checker would pass over what it is there for, or
// complains about what is right. Each case makes one thing wrong.
func TestCheck(t *testing.T) {
	late := Span{50 * ms, 51 * ms}
	for _, c := range []struct {
		name  string
		spoil func(*Stream)
		tail  int64
		want  string
	}{
		{"nothing", func(*Stream) {}, 4, ""},
		{"an acknowledged entry is lost", func(*Stream) {}, 3, "the log ends at 3"},
		{"an entry is seen by nobody", func(*Stream) {}, 5, "nobody has seen entry 5"},
		{"two nodes differ", func(s *Stream) { s.Observe(2, Entry{1, 77}, "n3") }, 4, "entry 2 is 4d of term 1 for n3, but was c of term 1"},
		{"a term is changed", func(s *Stream) { s.Observe(2, Entry{2, 12}, "n3") }, 4, "entry 2 is c of term 2"},
		{"an entry is doubled", func(s *Stream) { s.Observe(5, Entry{2, 12}, "n3") }, 5, "entries 2 and 5 are the same append"},
		{"what was not applied is there", func(s *Stream) { s.Observe(5, Entry{2, 99}, "n3") }, 5, "entry 5 was said not to be applied"},
		{"nobody appended it", func(s *Stream) { s.Observe(5, Entry{2, 98}, "n3") }, 5, "entry 5 was appended by nobody"},
		{"terms fall", func(s *Stream) {
			s.Appended(Attempt{Span: late, Who: "w1", Digests: []uint64{15}, First: 5, Term: 1})
		}, 5, "entry 5 is of term 1, the one before it of term 2"},
		{"half a group", func(s *Stream) {
			s.Appended(Attempt{Span: late, Who: "w2", Digests: []uint64{15, 16}, Outcome: Unknown})
			s.Observe(5, Entry{2, 15}, "n1")
		}, 5, "is not whole"},
		{"a group in pieces", func(s *Stream) {
			s.Appended(Attempt{Span: late, Who: "w2", Digests: []uint64{15, 17}, Outcome: Unknown})
			s.Appended(Attempt{Span: late, Who: "w2", Digests: []uint64{16}, Outcome: Unknown})
			for i, d := range []uint64{15, 16, 17} {
				s.Observe(5+int64(i), Entry{2, d}, "n1")
			}
		}, 7, "is not whole"},
		{"the end of a group without its beginning", func(s *Stream) {
			s.Appended(Attempt{Span: late, Who: "w2", Digests: []uint64{15, 16}, Outcome: Unknown})
			s.Observe(5, Entry{2, 16}, "n1")
		}, 5, "is not whole"},
		{"a reader saw another log", func(s *Stream) {
			s.View(View{Span: late, Who: "r", Tail: 3, Hash: 5})
		}, 4, "r saw other entries up to 3"},
		{"a reader saw what is gone", func(s *Stream) {
			s.View(View{Span: late, Who: "r", Tail: 9, Hash: 5})
		}, 4, "r saw 9 entries, but the log ends at 4"},
		{"a stale read", func(s *Stream) {
			s.View(View{Span: Span{40 * ms, 41 * ms}, Who: "r", Tail: 2, Hash: s.hashLocked(2), Recent: true})
		}, 4, "r saw 2 at 40ms, although w2 saw 4"},
		{"a read of the future", func(s *Stream) {
			s.View(View{Span: Span{22 * ms, 22500 * time.Microsecond}, Who: "r", Tail: 4, Hash: s.hashLocked(4), Recent: true})
		}, 4, "although r saw 4"},
		{"a claim that recovered too little", func(s *Stream) {
			s.View(View{Span: late, Who: "w3", Tail: 3, Claim: 3})
		}, 4, "w3 claimed at 3 at 50ms, although"},
		{"a term that another claim was before", func(s *Stream) {
			s.View(View{Span: late, Who: "w3", Tail: 4, Claim: 2})
		}, 4, "not linearizable"},
		{"an append of a writer that was replaced", func(s *Stream) {
			s.View(View{Span: Span{40 * ms, 41 * ms}, Who: "w3", Tail: 4, Claim: 3})
			s.Appended(Attempt{Span: late, Who: "w2", Digests: []uint64{15}, First: 5, Term: 2})
		}, 5, "at term 2, although w3 claimed at 4"},
		{"leases overlap", func(s *Stream) {
			s.Leased(Lease{Who: "w3", Term: 3, From: 39 * ms, Until: 60 * ms})
		}, 4, "the lease of w2 (term 2) runs until 40ms"},
		{"a lease outlasts the one after the next", func(s *Stream) {
			s.Leased(Lease{Who: "w0", Term: 0, From: 0, Until: 30 * ms})
		}, 4, "the lease of w0 (term 0) runs until 30ms"},
		{"two claims of one term", func(s *Stream) {
			s.Leased(Lease{Who: "w3", Term: 2, From: 70 * ms, Until: 80 * ms})
		}, 4, "have both claimed it at term 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := good()
			c.spoil(s)
			s.Check(c.tail)
			found := strings.Join(s.Violations(), "\n")
			if (c.want == "") != (found == "") || !strings.Contains(found, c.want) {
				t.Errorf("found %q, want %q", found, c.want)
			}
		})
	}
}

// TestModel fails where porcupine, without the direct checks, would accept a
// history that no log can have.
func TestModel(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*Stream)
		legal bool
	}{
		{"nothing", func(*Stream) {}, true},
		{"a stale read", func(s *Stream) {
			s.View(View{Span: Span{40 * ms, 41 * ms}, Who: "r", Tail: 2, Hash: s.hashLocked(2), Recent: true})
		}, false},
		{"a read that may lag", func(s *Stream) {
			s.View(View{Span: Span{40 * ms, 41 * ms}, Who: "r", Tail: 2, Hash: s.hashLocked(2)})
		}, true},
		{"a read of other bytes", func(s *Stream) {
			s.View(View{Span: Span{8 * ms, 9 * ms}, Who: "r", Tail: 2, Hash: 5, Recent: true})
		}, false},
		{"an append after its successor has claimed", func(s *Stream) {
			s.View(View{Span: Span{40 * ms, 41 * ms}, Who: "w3", Tail: 4, Claim: 3})
			s.Appended(Attempt{Span: Span{50 * ms, 51 * ms}, Who: "w2", Digests: []uint64{15}, First: 5, Term: 2})
		}, false},
		{"an append that happened long after its call", func(s *Stream) {
			s.Appended(Attempt{Span: Span{6 * ms, 7 * ms}, Who: "w2", Digests: []uint64{15}, Outcome: Unknown})
			s.Observe(5, Entry{2, 15}, "r")
			s.View(View{Span: Span{60 * ms, 61 * ms}, Who: "r", Tail: 4, Hash: s.hashLocked(4), Recent: true})
			s.View(View{Span: Span{70 * ms, 71 * ms}, Who: "r", Tail: 5, Hash: s.hashLocked(5), Recent: true})
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := good()
			c.spoil(s)
			s.checkModel(s.operations(s.checkUnique()))
			if found := s.Violations(); (len(found) == 0) != c.legal {
				t.Errorf("found %q", found)
			}
		})
	}
}

// TestWindows fails where a long history is not checked to its end, or a window
// does not begin where the one before it has ended.
func TestWindows(t *testing.T) {
	const entries = 5 * windowSize
	history := func() *Stream {
		s := &Stream{Name: "s"}
		s.View(View{Span: Span{0, 1}, Who: "w", Claim: 1})
		for i := int64(1); i <= entries; i++ {
			at := time.Duration(10 * i)
			s.Appended(Attempt{Span: Span{at, at + 1}, Who: "w", Digests: []uint64{uint64(i)}, First: i, Term: 1})
			s.View(View{Span: Span{at + 2, at + 3}, Who: "r", Tail: i, Hash: s.hashLocked(i), Recent: true})
		}
		return s
	}
	s := history()
	s.Check(entries)
	if found := s.Violations(); len(found) > 0 {
		t.Fatal(found)
	}
	for _, id := range []int64{1, entries / 2, entries} {
		s := history()
		at := time.Duration(10*id + 4)
		s.View(View{Span: Span{at, at + 1}, Who: "r", Tail: id - 1, Hash: s.hashLocked(id - 1), Recent: true})
		s.checkModel(s.operations(s.checkUnique()))
		if len(s.Violations()) == 0 {
			t.Errorf("a stale read after entry %d is passed over", id)
		}
	}
}
