package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"walle/engine/store"
	"walle/replication"
	"walle/replication/node"
)

// Storage is what the suite tests.
type Storage interface {
	node.Storage
	SeekTime(stream replication.StreamID, from, to replication.EntryID, wall int64) (id replication.EntryID, ok bool, err error)
	Close() error
}

// Run runs the suite. Each call of newDisk makes a new empty disk and returns
// what opens it, each time with what it held when it was closed.
func Run(t *testing.T, newDisk func(*testing.T) (open func() Storage)) {
	for _, test := range []struct {
		name string
		run  func(*suite)
	}{
		{"empty", testEmpty},
		{"reopen", testReopen},
		{"order within a write", testOrder},
		{"order within a batch", testBatch},
		{"truncate and rewrite", testRewrite},
		{"trim", testTrim},
		{"gap and back-fill", testGap},
		{"read", testRead},
		{"read needs what comes before", testReadPrev},
		{"scan", testScan},
		{"scan sees one moment", testScanMoment},
		{"drop", testDrop},
		{"neighbours", testNeighbours},
		{"seek by time", testSeekTime},
		{"readers beside a writer", testReaders},
	} {
		t.Run(test.name, func(t *testing.T) {
			open := newDisk(t)
			s := &suite{T: t, open: open, storage: open()}
			test.run(s)
			s.check(s.storage.Close())
		})
	}
}

// suite is one test at work.
type suite struct {
	*testing.T
	open    func() Storage
	storage Storage
}

func (s *suite) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *suite) reopen() {
	s.Helper()
	s.check(s.storage.Close())
	s.storage = s.open()
}

// apply does writes and waits for them.
func (s *suite) apply(writes ...replication.Write) {
	s.Helper()
	p, err := s.storage.Apply(writes, true)
	s.check(err)
	s.check(p.Wait())
}

// ids scans a stream and lists the ids of what it holds, as in "1-3 7".
func (s *suite) ids(stream replication.StreamID) string {
	s.Helper()
	entries, err := Collect(s.storage.Scan(node.ScanRequest{Stream: stream, To: AllEntries}))
	s.check(err)
	return Ranges(entries)
}

func (s *suite) wantIDs(stream replication.StreamID, want string) {
	s.Helper()
	if got := s.ids(stream); got != want {
		s.Fatalf("stream %d holds %q, want %q", stream, got, want)
	}
}

// Ranges lists the ids of entries in their order, runs as first-last.
func Ranges(entries []replication.Entry) string {
	var parts []string
	for i := 0; i < len(entries); {
		j := i + 1
		for j < len(entries) && entries[j].ID == entries[j-1].ID+1 {
			j++
		}
		part := fmt.Sprint(entries[i].ID)
		if j > i+1 {
			part = fmt.Sprintf("%d-%d", entries[i].ID, entries[j-1].ID)
		}
		parts = append(parts, part)
		i = j
	}
	return strings.Join(parts, " ")
}

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

// A read returns the top of its range, whole and no larger than asked.
func testRead(s *suite) {
	log := Log{Term: 1}
	entries := log.Sized(10, 52) // Size is 100
	s.apply(replication.Write{Stream: 1, State: &replication.State{First: 1}, Entries: entries})
	for _, test := range []struct {
		from, to replication.EntryID
		max      int
		want     string
	}{
		{1, 10, 1 << 20, "1-10"},
		{0, 10, 1 << 20, "1-10"},
		{3, 5, 1 << 20, "3-5"},
		{1, 10, 300, "8-10"},
		{1, 10, 299, "9-10"},
		{1, 10, 1, "10"},
		{4, 4, 0, "4"},
	} {
		d := s.storage.Read(replication.Read{Stream: 1, Ref: 5, From: test.from, To: test.to, MaxBytes: test.max})
		if got := Ranges(d.Entries); got != test.want || d.Err != nil || d.Ref != 5 {
			s.Errorf("%+v: got %q, ref %d, %v", test, got, d.Ref, d.Err)
			continue
		}
		prev, prevAt := replication.Position{}, int64(0)
		if first := d.Entries[0].ID; first > 1 {
			prev, prevAt = entries[first-2].Position(), entries[first-2].AppendedAt
		}
		if d.Prev != prev || d.PrevAt != prevAt {
			s.Errorf("%+v: follows %v at %d, want %v at %d", test, d.Prev, d.PrevAt, prev, prevAt)
		}
	}
	d := s.storage.Read(replication.Read{Stream: 1, From: 9, To: 11, MaxBytes: 1 << 20})
	if missing, ok := errors.AsType[*store.MissingError](d.Err); !ok || missing.Entry != 11 || d.Entries != nil {
		s.Errorf("read above the tail: %+v", d)
	}
}

// The chain before a run is in the state when its entry isn't there: a run
// without it could not be verified by whoever gets it.
func testReadPrev(s *suite) {
	log := Log{Term: 1}
	entries := log.Next(20)
	at := func(id replication.EntryID) *replication.Entry { return &entries[id-1] }
	state := replication.State{
		First: 4, Base: at(3).Position(), BaseAt: at(3).AppendedAt,
		Gaps: []replication.Gap{{Lo: 8, Hi: 12, LoChain: at(7).Chain, HiChain: at(12).Chain, HiAt: at(12).AppendedAt}},
	}
	s.apply(replication.Write{Stream: 1, State: &state, Entries: entries[3:7]},
		replication.Write{Stream: 1, Entries: entries[12:]})
	s.apply(replication.Write{Stream: 2, Entries: entries[1:3]})
	s.apply(replication.Write{Stream: 1, Entries: entries[1:2]})
	for _, test := range []struct {
		from, to replication.EntryID
		want     string
	}{
		{4, 7, "4-7"}, {1, 6, "4-6"}, {13, 20, "13-20"}, {1, 20, "13-20"}, {15, 20, "15-20"},
	} {
		d := s.storage.Read(replication.Read{Stream: 1, From: test.from, To: test.to, MaxBytes: 1 << 20})
		if got := Ranges(d.Entries); got != test.want || d.Err != nil {
			s.Errorf("%+v: got %q, %v", test, got, d.Err)
			continue
		}
		prev := at(d.Entries[0].ID - 1)
		if d.Prev != prev.Position() || d.PrevAt != prev.AppendedAt {
			s.Errorf("%+v: follows %v at %d, want %v at %d", test, d.Prev, d.PrevAt, prev.Position(), prev.AppendedAt)
		}
		s.check(replication.CheckRun(d.Prev, d.Entries))
	}
	// Entry 2 of stream 2 is there, and nothing says what it follows. Entry 3
	// follows it.
	d := s.storage.Read(replication.Read{Stream: 2, From: 1, To: 3, MaxBytes: 1 << 20})
	if d.Err != nil || Ranges(d.Entries) != "3" || d.Prev != at(2).Position() {
		s.Errorf("read above an entry that follows nothing: %+v", d)
	}
	d = s.storage.Read(replication.Read{Stream: 1, From: 1, To: 2, MaxBytes: 1 << 20})
	if missing, ok := errors.AsType[*store.MissingError](d.Err); !ok || missing.Entry != 1 {
		s.Errorf("read after nothing: %+v", d)
	}
}

// A scan gives every stored entry of its range once, in order.
func testScan(s *suite) {
	log := Log{Term: 1}
	entries := log.Next(30)
	s.apply(replication.Write{Stream: 1, Entries: entries[:10]}, replication.Write{Stream: 1, Entries: entries[20:]})
	for _, test := range []struct {
		from, to replication.EntryID
		want     string
	}{
		{0, AllEntries, "1-10 21-30"}, {1, 30, "1-10 21-30"}, {3, 3, "3"}, {5, 25, "5-10 21-25"},
		{11, 20, ""}, {31, AllEntries, ""}, {0, 0, ""}, {8, 7, ""},
	} {
		for _, noData := range []bool{false, true} {
			request := node.ScanRequest{Stream: 1, From: test.from, To: test.to, NoData: noData}
			up, err := Collect(s.storage.Scan(request))
			s.check(err)
			request.Descending = true
			down, err := Collect(s.storage.Scan(request))
			s.check(err)
			slices.Reverse(down)
			if Ranges(up) != test.want || Ranges(down) != test.want {
				s.Errorf("%+v: up %q, down %q", test, Ranges(up), Ranges(down))
			}
			for i := range up {
				want := entries[up[i].ID-1]
				if noData {
					want.Data, up[i].Data, down[i].Data = nil, nil, nil
				}
				if Show(&up[i]) != Show(&want) || Show(&down[i]) != Show(&want) {
					s.Errorf("up %s, down %s, want %s", Show(&up[i]), Show(&down[i]), Show(&want))
				}
			}
		}
	}
}

// A scanner sees what was there when it was made: else a trim in its middle
// would look like missing entries.
func testScanMoment(s *suite) {
	log := Log{Term: 1}
	s.apply(replication.Write{Stream: 1, State: &replication.State{First: 1}, Entries: log.Next(6)})
	scan := s.storage.Scan(node.ScanRequest{Stream: 1, To: AllEntries})
	if !scan.Next() {
		s.Fatal(scan.Err())
	}
	s.apply(replication.Write{Stream: 1, Truncate: true, Above: 4, Below: 3})
	fork := Log{Term: 2, Prev: log.Prev}
	s.apply(replication.Write{Stream: 1, Entries: fork.Next(3)})
	rest, err := Collect(scan)
	s.check(err)
	if Ranges(rest) != "2-6" {
		s.Fatalf("scan went on with %s", Ranges(rest))
	}
	s.wantIDs(1, "3-4 7-9")
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

// Time finds the entry that a scan would find.
func testSeekTime(s *suite) {
	log := Log{Term: 1}
	entries := log.Next(40) // at 10, 20, …
	for i := 10; i < 20; i++ {
		entries[i].AppendedAt = 150
		entries[i].Seal(entries[i-1].Chain)
	}
	stored := slices.Concat(entries[2:22], entries[33:])
	s.apply(replication.Write{Stream: 1, Entries: stored[:20]}, replication.Write{Stream: 1, Entries: stored[20:]})
	for _, bounds := range [][2]replication.EntryID{{0, AllEntries}, {1, 40}, {5, 15}, {25, 30}, {30, 36}, {12, 12}} {
		for wall := int64(-5); wall <= 410; wall += 5 {
			var want replication.EntryID
			for i := range stored {
				if e := &stored[i]; want == 0 && e.ID >= bounds[0] && e.ID <= bounds[1] && e.AppendedAt >= wall {
					want = e.ID
				}
			}
			got, ok, err := s.storage.SeekTime(1, bounds[0], bounds[1], wall)
			if err != nil || got != want || ok != (want != 0) {
				s.Fatalf("in %v at %d: got %d, %v, %v; want %d", bounds, wall, got, ok, err, want)
			}
		}
	}
}

// Whatever a reader meets while a writer appends and trims is a dense run.
func testReaders(s *suite) {
	const total = 300
	stop := make(chan struct{})
	finished := make(chan error, 2)
	read := func(once func() error) {
		for {
			select {
			case <-stop:
				finished <- nil
				return
			default:
				if err := once(); err != nil {
					finished <- err
					return
				}
			}
		}
	}
	go read(func() error {
		entries, err := Collect(s.storage.Scan(node.ScanRequest{Stream: 1, To: AllEntries}))
		if err != nil || strings.Contains(Ranges(entries), " ") {
			return fmt.Errorf("scan: %s, %w", Ranges(entries), err)
		}
		return nil
	})
	go read(func() error {
		l, ok, err := s.storage.Load(1)
		if err != nil || !ok || l.Tail == nil {
			return err
		}
		d := s.storage.Read(replication.Read{Stream: 1, From: 1, To: l.Tail.ID, MaxBytes: 1000})
		if _, missing := errors.AsType[*store.MissingError](d.Err); missing {
			return nil // trimmed since Load
		}
		if d.Err != nil {
			return d.Err
		}
		return replication.CheckRun(d.Prev, d.Entries)
	})
	log := Log{Term: 1}
	for range total / 3 {
		entries := log.Next(3)
		state := replication.State{First: 1}
		if id := entries[0].ID; id > 30 {
			d := s.storage.Read(replication.Read{Stream: 1, From: id - 20, To: id - 20})
			s.check(d.Err)
			state = replication.State{First: id - 20, Base: d.Prev, BaseAt: d.PrevAt}
		}
		s.apply(replication.Write{Stream: 1, State: &state, Below: state.First, Entries: entries})
	}
	close(stop)
	s.check(errors.Join(<-finished, <-finished))
}
