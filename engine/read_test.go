package engine_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"walle/engine"
	"walle/replication"
)

// A read that follows gives every entry once, in order, as it commits, on
// members and on others; and goes on after a call that was cut short.
func TestFollow(t *testing.T) {
	f := newFixture(t, 4, 0, 1, 2)
	c := f.claim(0, engine.Wait, long)
	f.mustAppend(c, 10)
	for _, node := range []int{0, 2, 3} {
		next := c.Next()
		s, err := f.Nodes[node].Engine.Read(f.ctx, engine.ReadRequest{Stream: stream, Config: f.config, From: next - 5, Follow: true})
		if err != nil {
			t.Fatal(err)
		}
		expect := func(from, to replication.EntryID) {
			t.Helper()
			for id := from; id <= to; id++ {
				if !s.Next(f.ctx) || s.Entry().ID != id || string(s.Entry().Data) != string(payload(id)) {
					t.Fatalf("n%d: want entry %d, got %v, %v", node+1, id, s.Entry(), s.Err())
				}
			}
		}
		expect(next-5, next-1)
		short, cancel := context.WithTimeout(f.ctx, 20*time.Millisecond)
		if s.Next(short) {
			t.Fatalf("n%d: entry %v before it was appended", node+1, s.Entry())
		}
		cancel()
		wantKind(t, s.Err(), engine.KindCancelled)
		f.mustAppend(c, 500)
		expect(next, next+499)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// Trimmed entries are gone everywhere, and a read of them says so rather than
// giving fewer.
func TestTrim(t *testing.T) {
	f := newFixture(t, 4, 0, 1, 2)
	c := f.claim(0, engine.Wait, long)
	f.mustAppend(c, 100)
	trim := func(node int, first replication.EntryID) (replication.EntryID, error) {
		return f.Nodes[node].Engine.Trim(f.ctx, engine.TrimRequest{Stream: stream, Config: f.config, First: first})
	}
	_, err := trim(1, 102)
	wantKind(t, err, engine.KindInvalid)
	for _, node := range []int{1, 0, 3} { // the second and third find it done
		if first, err := trim(node, 41); err != nil || first != 41 {
			t.Fatalf("trimmed to %d, %v", first, err)
		}
	}
	for node := range f.Nodes {
		waitFirst(f, node, 41)
		f.read(node, engine.ReadRequest{}, 41, 100)
		f.read(node, engine.ReadRequest{Descending: true}, 41, 100)
		_, err := f.tryRead(node, engine.ReadRequest{From: 1, To: 50}, 1, 50)
		if e := wantKind(t, err, engine.KindTrimmed); e.First != 41 {
			t.Fatalf("%+v", e)
		}
	}
	if first, err := trim(0, 101); err != nil || first != 101 {
		t.Fatalf("trimmed to %d, %v", first, err)
	}
	f.mustAppend(c, 1)
	waitFirst(f, 0, 101)
	f.read(0, engine.ReadRequest{}, 101, 101)
}

func waitFirst(f *fixture, node int, first replication.EntryID) {
	f.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		b, err := f.Nodes[node].Engine.Bounds(f.ctx, stream, f.config)
		if err != nil {
			f.t.Fatal(err)
		}
		if b.First >= first {
			return
		}
		select {
		case <-tick.C:
		case <-f.ctx.Done():
			f.t.Fatalf("first on n%d is %d, want %d", node+1, b.First, first)
		}
	}
}

// Entries that are trimmed while a reader is on its way to them must not be
// passed over in silence.
func TestTrimOvertakesReader(t *testing.T) {
	f := newFixture(t, 3)
	c := f.claim(0, engine.Wait, long)
	const entries = 6000 // several pages
	f.mustAppendGroups(c, entries)
	s, err := f.Nodes[0].Engine.Read(f.ctx, engine.ReadRequest{Stream: stream, Config: f.config})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if !s.Next(f.ctx) || s.Entry().ID != 1 {
		t.Fatal(s.Err())
	}
	if _, err := f.Nodes[0].Engine.Trim(f.ctx, engine.TrimRequest{Stream: stream, Config: f.config, First: entries - 99}); err != nil {
		t.Fatal(err)
	}
	waitFirst(f, 0, entries-99)
	last := replication.EntryID(1)
	for s.Next(f.ctx) {
		if last++; s.Entry().ID != last {
			t.Fatalf("entry %d after %d", s.Entry().ID, last-1)
		}
	}
	wantKind(t, s.Err(), engine.KindTrimmed)
}

// A replica that missed entries must not hide them: it gives what it lacks from
// another member.
func TestReadAcrossGap(t *testing.T) {
	f := newFixture(t, 3)
	c := f.claim(0, engine.Wait, long)
	f.mustAppend(c, 10)
	f.Nodes[2].Stop()
	f.mustAppendGroups(c, 5000)
	f.Nodes[2].Start()
	f.mustAppend(c, 10)
	f.read(2, engine.ReadRequest{}, 1, 5020)
	f.read(2, engine.ReadRequest{Descending: true}, 1, 5020)
}

// A reader of a member that goes away goes on with another.
func TestReadOutlivesMember(t *testing.T) {
	f := newFixture(t, 4, 0, 1, 2)
	c := f.claim(0, engine.Wait, long)
	const entries = 8000
	f.mustAppendGroups(c, entries)
	if _, err := f.Nodes[3].Engine.WaitCommit(f.ctx, stream, f.config, entries-1); err != nil {
		t.Fatal(err)
	}
	s, err := f.Nodes[3].Engine.Read(f.ctx, engine.ReadRequest{Stream: stream, Config: f.config, To: entries})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for id := replication.EntryID(1); id <= entries; id++ {
		if !s.Next(f.ctx) || s.Entry().ID != id {
			t.Fatalf("want entry %d, got %v, %v", id, s.Entry(), s.Err())
		}
		if id == 100 {
			f.Nodes[1].Stop()
		}
		if id == 3000 {
			f.Nodes[2].Stop()
		}
	}
	if s.Next(f.ctx) {
		t.Fatalf("entry %d after the last", s.Entry().ID)
	}
}

// A linearizable read shows what was acknowledged on any node, also when the
// writer has died since and the others have not heard that it was committed.
func TestReadPoint(t *testing.T) {
	f := newFixture(t, 3)
	c := f.claim(0, engine.Wait, 3*time.Second)
	for n := replication.EntryID(1); n <= 50; n++ {
		f.mustAppend(c, 1)
		point, err := f.Nodes[2].Engine.ReadPoint(f.ctx, stream, f.config)
		if err != nil || point < n {
			t.Fatalf("entry %d is acknowledged, the read point is %d, %v", n, point, err)
		}
		if got, err := f.tryRead(2, engine.ReadRequest{}, 1, n); err != nil || got < int(n) {
			t.Fatalf("entry %d is acknowledged, a read gives %d entries, %v", n, got, err)
		}
	}
	f.mustAppend(c, 1)
	f.Nodes[0].Stop()
	point, err := f.Nodes[2].Engine.ReadPoint(f.ctx, stream, f.config)
	if err != nil || point < 51 {
		t.Fatalf("the read point is %d, %v", point, err)
	}
	f.read(2, engine.ReadRequest{}, 1, 51)
}

// Nor does a node that holds no replica show less: the member that it reads from
// may be behind the one that told it the point.
func TestReadPointWithoutReplica(t *testing.T) {
	f := newFixture(t, 4, 0, 1, 2)
	c := f.claim(0, engine.Wait, time.Minute) // a lease that ends lets ReadPoint claim the stream itself
	entries := uint64(4000)
	if testing.Short() {
		entries = 500
	}
	var acknowledged atomic.Uint64
	done := make(chan struct{})
	defer func() { <-done }()
	go func() {
		defer close(done)
		for acknowledged.Load() < entries && !t.Failed() {
			for _, r := range f.append(c, 3) {
				if r.Err != nil {
					t.Errorf("append: %v", r.Err)
					return
				}
			}
			acknowledged.Add(3)
		}
	}()
	for n := uint64(0); n < entries && !t.Failed(); {
		n = acknowledged.Load()
		if _, err := f.Nodes[3].Engine.ReadPoint(f.ctx, stream, f.config); err != nil {
			t.Fatal(err)
		}
		from := replication.EntryID(max(1, n))
		got, err := f.tryRead(3, engine.ReadRequest{From: from}, from, 0)
		if err != nil || n > 0 && got == 0 {
			t.Fatalf("entry %d is acknowledged, a read from there on gives %d entries, %v", n, got, err)
		}
	}
}

func TestStatus(t *testing.T) {
	f := newFixture(t, 3)
	f.mustAppend(f.claim(0, engine.Wait, time.Minute), 10)
	for node := range f.Nodes {
		if _, err := f.Nodes[node].Engine.WaitCommit(f.ctx, stream, f.config, 9); err != nil {
			t.Fatal(err)
		}
	}
	f.Nodes[2].Stop()
	list, err := f.Nodes[1].Engine.Status(f.ctx, stream, f.config)
	if err != nil {
		t.Fatal(err)
	}
	reached := 0
	for i, r := range list {
		if r.Node != f.config.Members[i] {
			t.Fatalf("member %d is %v, want %v", i, r.Node, f.config.Members[i])
		}
		if r.Node == f.Nodes[2].Peer.ID && (r.Reached || r.Hosted) {
			t.Fatalf("a stopped node answered %+v", r)
		}
		if r.Reached {
			reached++
			if s := r.Status; !r.Hosted || s.Holder != "test on n1" || s.Lease != time.Minute || s.Flush != 10 {
				t.Fatalf("%+v", r)
			}
		}
	}
	if reached != 2 {
		t.Fatalf("%d members were reached", reached)
	}
}

// A replica that its writer never reached must not pass for the stream: a read
// on it shows what the others have, and their trim, also when no writer is left.
func TestReadOnStraggler(t *testing.T) {
	f := newFixture(t, 3)
	f.Nodes[2].Stop()
	f.mustAppend(f.brief(0), 100)
	if _, err := f.Nodes[1].Engine.Trim(f.ctx, engine.TrimRequest{Stream: stream, Config: f.config, First: 10}); err != nil {
		t.Fatal(err)
	}
	f.Nodes[0].Stop()
	f.Nodes[1].Stop()
	for _, n := range f.Nodes {
		n.Start()
	}
	f.read(0, engine.ReadRequest{}, 10, 100) // the others know the commit
	if _, err := f.Nodes[2].Engine.ReadPoint(f.ctx, stream, f.config); err != nil {
		t.Fatal(err)
	}
	f.read(2, engine.ReadRequest{}, 10, 100)
	f.read(2, engine.ReadRequest{Descending: true}, 10, 100)
}
