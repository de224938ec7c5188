package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"walle/engine/store"
	"walle/replication"
	"walle/replication/node"
)

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

// The chain before a run is in the state when its entry isn't there. If it is not
// there either, the run is given without.
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
	// Entry 2 of stream 2 is there, and nothing says what it follows; nor does the
	// gap of stream 3.
	state.Gaps[0].HiChain, state.Gaps[0].HiAt = 0, 0
	s.apply(replication.Write{Stream: 3, State: &state, Entries: entries[12:]})
	for _, test := range []struct {
		stream   replication.StreamID
		from, to replication.EntryID
		want     string
	}{
		{2, 1, 3, "2-3"}, {2, 2, 2, "2"}, {3, 1, 14, "13-14"},
	} {
		d := s.storage.Read(replication.Read{Stream: test.stream, From: test.from, To: test.to, MaxBytes: 1 << 20})
		if d.Err != nil || Ranges(d.Entries) != test.want || d.Prev.ID != 0 || d.PrevAt != 0 {
			s.Errorf("%+v: %+v", test, d)
		}
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
	log := Log{Term: 1}
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
