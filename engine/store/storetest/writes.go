package storetest

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"walle/replication"
	"walle/replication/node"
)

// fullState is a state with something in every field.
func fullState() replication.State {
	return replication.State{
		Config:   replication.Configuration{Number: 3, Members: []replication.NodeID{5, 6, 1 << 63}},
		Promised: 12, Claim: replication.ClaimID{Node: 6, Nonce: 99}, Holder: "app@10.0.0.1 «ü»",
		Lease: 10 * time.Second, Wait: 20 * time.Second, Released: true,
		History: replication.History{{Term: 1, Start: 1}, {Term: 12, Start: 40}},
		First:   7, Base: replication.Position{ID: 6, Chain: 1 << 63}, BaseAt: -5,
		Gaps: []replication.Gap{{Lo: 10, Hi: 20, LoChain: 1, HiChain: 2, HiAt: 3}, {Lo: 30, Hi: 30, LoChain: 4, HiChain: 5, HiAt: 6}},
	}
}

// A new disk that claims to hold something would answer for it.
func testEmpty(s *suite) {
	if ids, err := s.storage.Streams(); len(ids) != 0 || err != nil {
		s.Fatalf("streams %v, %v", ids, err)
	}
	if _, ok, err := s.storage.Load(1); ok || err != nil {
		s.Fatalf("loaded %v, %v", ok, err)
	}
	s.wantIDs(1, "")
	if d := s.storage.Read(replication.Read{Stream: 1, From: 1, To: 1, Ref: 7}); d.Err == nil || d.Ref != 7 {
		s.Fatalf("read %+v", d)
	}
	s.apply() // a batch of nothing can be waited for
}

// A promise that a restart forgets lets two writers live.
func testReopen(s *suite) {
	st := fullState()
	log := Log{Term: 12}
	entries := log.Next(5)
	s.apply(replication.Write{Stream: 9, State: &st, Entries: entries, Commit: 4},
		replication.Write{Stream: 2, State: &replication.State{First: 1}})
	s.reopen()
	if ids, err := s.storage.Streams(); !slices.Equal(ids, []replication.StreamID{2, 9}) || err != nil {
		s.Fatalf("streams %v, %v", ids, err)
	}
	l, ok, err := s.storage.Load(9)
	if !ok || err != nil || l.Commit != 4 || !reflect.DeepEqual(l.State, st) {
		s.Fatalf("loaded %v, %v, commit %d\n got %+v\nwant %+v", ok, err, l.Commit, l.State, st)
	}
	if l.Tail == nil || l.Tail.Position() != log.Prev {
		s.Fatalf("tail %v, want %v", l.Tail, log.Prev)
	}
	if l, ok, err := s.storage.Load(2); !ok || err != nil || l.Commit != 0 || l.Tail != nil {
		s.Fatalf("loaded %v, %v, %+v", ok, err, l)
	}
	got, err := Collect(s.storage.Scan(node.ScanRequest{Stream: 9, To: AllEntries}))
	s.check(err)
	for i := range got {
		if Show(&got[i]) != Show(&entries[i]) {
			s.Errorf("got %s, want %s", Show(&got[i]), Show(&entries[i]))
		}
	}
}

// One write that drops a tail, trims and adds does it in this order: else it
// would drop what it adds.
func testOrder(s *suite) {
	log := Log{Term: 1}
	old := log.Next(10)
	s.apply(replication.Write{Stream: 1, State: &replication.State{First: 1}, Entries: old})
	fork := Log{Term: 2, Prev: old[5].Position(), Wall: old[5].AppendedAt, Tag: "new"}
	added := fork.Next(2)
	s.apply(replication.Write{Stream: 1, State: &replication.State{First: 4}, Truncate: true, Above: 6, Below: 4, Entries: added, Commit: 7})
	s.wantIDs(1, "4-8")
	l, _, err := s.storage.Load(1)
	s.check(err)
	if l.Tail.Position() != fork.Prev || l.Commit != 7 || l.State.First != 4 {
		s.Fatalf("tail %v, commit %d, first %d", l.Tail, l.Commit, l.State.First)
	}
}

// Writes of one batch are done one after the other.
func testBatch(s *suite) {
	log := Log{Term: 1}
	s.apply(
		replication.Write{Stream: 1, State: &replication.State{First: 1}, Entries: log.Next(5), Commit: 1},
		replication.Write{Stream: 2, State: &replication.State{First: 1}},
		replication.Write{Stream: 1, Truncate: true, Above: 3, Commit: 2},
		replication.Write{Stream: 1, State: &replication.State{First: 2}, Below: 2, Commit: 3},
	)
	s.wantIDs(1, "2-3")
	if l, _, err := s.storage.Load(1); err != nil || l.Commit != 3 || l.State.First != 2 {
		s.Fatalf("%v, %+v", err, l)
	}
}

// What is written in place of a dropped tail must be read, not the tail, nor
// nothing.
func testRewrite(s *suite) {
	log := Log{Term: 1}
	first := log.Next(3)
	s.apply(replication.Write{Stream: 1, State: &replication.State{First: 1}, Entries: first})
	for term := replication.Term(2); term < 8; term++ {
		log = Log{Term: term, Prev: first[0].Position(), Wall: first[0].AppendedAt}
		s.apply(replication.Write{Stream: 1, Truncate: true, Above: 1, Entries: log.Next(3)})
		if term == 5 {
			s.reopen()
		}
		d := s.storage.Read(replication.Read{Stream: 1, From: 1, To: 4, MaxBytes: 1 << 20})
		s.check(d.Err)
		if err := replication.CheckRun(replication.Position{}, d.Entries); err != nil || d.Entries[3].Term != term {
			s.Fatalf("term %d: %v, %v", term, d.Entries, err)
		}
	}
	s.apply(replication.Write{Stream: 1, Truncate: true, Above: 0})
	s.wantIDs(1, "")
	if l, ok, err := s.storage.Load(1); !ok || err != nil || l.Tail != nil {
		s.Fatalf("%v, %v, %+v", ok, err, l)
	}
}

// Trimmed entries stay gone; what is written later stays.
func testTrim(s *suite) {
	log := Log{Term: 1}
	entries := log.Next(20)
	s.apply(replication.Write{Stream: 1, State: &replication.State{First: 1}, Entries: entries})
	for _, step := range []struct {
		below replication.EntryID
		want  string
	}{{5, "5-20"}, {3, "5-20"}, {9, "9-20"}, {9, "9-20"}} {
		s.apply(replication.Write{Stream: 1, Below: step.below})
		s.wantIDs(1, step.want)
	}
	s.reopen()
	s.apply(replication.Write{Stream: 1, Below: 10})
	s.wantIDs(1, "10-20")
	s.apply(replication.Write{Stream: 1, Entries: entries[5:7]}) // as no replica does
	s.wantIDs(1, "6-7 10-20")
	s.apply(replication.Write{Stream: 1, Below: 7})
	s.wantIDs(1, "7 10-20")
	s.apply(replication.Write{Stream: 1, Below: 100, Entries: entries[:1]})
	s.wantIDs(1, "1")
}

// A gap is filled from its high end; entries that arrive meanwhile go above it.
func testGap(s *suite) {
	log := Log{Term: 1}
	entries := log.Next(12)
	s.apply(replication.Write{Stream: 1, State: &replication.State{First: 1}, Entries: entries[:3]})
	s.apply(replication.Write{Stream: 1, Entries: entries[9:]})
	s.wantIDs(1, "1-3 10-12")
	s.apply(replication.Write{Stream: 1, Entries: entries[6:9]})
	s.wantIDs(1, "1-3 7-12")
	s.apply(replication.Write{Stream: 1, Entries: entries[3:6]})
	s.wantIDs(1, "1-12")
}

// A dropped stream leaves nothing, and takes nothing with it.
func testDrop(s *suite) {
	for id := replication.StreamID(1); id <= 3; id++ {
		log := Log{Term: 1}
		s.apply(replication.Write{Stream: id, State: &replication.State{First: 1}, Entries: log.Next(4), Commit: 2})
	}
	s.check(s.storage.Drop(2))
	s.check(s.storage.Drop(77))
	s.reopen()
	if ids, err := s.storage.Streams(); !slices.Equal(ids, []replication.StreamID{1, 3}) || err != nil {
		s.Fatalf("streams %v, %v", ids, err)
	}
	if _, ok, err := s.storage.Load(2); ok || err != nil {
		s.Fatalf("loaded %v, %v", ok, err)
	}
	s.wantIDs(1, "1-4")
	s.wantIDs(2, "")
	s.wantIDs(3, "1-4")
	// A replica that is hosted here again begins with nothing.
	s.apply(replication.Write{Stream: 2, State: &replication.State{First: 1}})
	if l, ok, err := s.storage.Load(2); !ok || err != nil || l.Commit != 0 || l.Tail != nil {
		s.Fatalf("loaded %v, %v, %+v", ok, err, l)
	}
}

// Nothing done to a stream touches those beside it, up to the last id of all.
func testNeighbours(s *suite) {
	streams := []replication.StreamID{1, 255, 256, 257, 1<<64 - 2, 1<<64 - 1}
	for _, id := range streams {
		log := Log{Term: 1, Tag: fmt.Sprint("s", id, " ")}
		top := Log{Term: 1, Prev: replication.Position{ID: AllEntries - 2}}
		s.apply(replication.Write{Stream: id, State: &replication.State{First: 1}, Entries: log.Next(4)},
			replication.Write{Stream: id, Entries: top.Next(2)})
	}
	s.apply(replication.Write{Stream: 256, Truncate: true, Above: 2, Below: 2})
	s.apply(replication.Write{Stream: 1<<64 - 1, Below: AllEntries})
	for _, id := range streams {
		want := fmt.Sprintf("1-4 %d-%d", AllEntries-1, AllEntries)
		switch id {
		case 256:
			want = "2"
		case 1<<64 - 1:
			want = fmt.Sprint(AllEntries)
		}
		s.wantIDs(id, want)
	}
}
