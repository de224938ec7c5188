package catalog

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"walle/engine"
	"walle/replication"
)

// log is a system stream that a test writes by hand.
type log struct {
	t    testing.TB
	fold *fold
	next requestID
}

func newLog(t testing.TB) *log {
	return &log{t: t, fold: newFold([]Node{{ID: 11, Name: "n1"}, {ID: 13, Name: "n3"}, {ID: 12, Name: "n2"}})}
}

// add appends c as a request of its own and folds it in.
func (l *log) add(c change) outcome {
	l.next++
	return l.addAs(l.next, c)
}

func (l *log) addAs(req requestID, c change) outcome {
	l.t.Helper()
	e := &replication.Entry{ID: l.fold.now.version + 1, AppendedAt: 1e15, Data: encodeChange(req, c)}
	_, got, out, err := l.fold.apply(e)
	if err != nil {
		l.t.Fatal(err)
	}
	if !reflect.DeepEqual(got, c) {
		l.t.Fatalf("decoded %+v, encoded %+v", got, c)
	}
	return out
}

func (l *log) wantKind(out outcome, kind engine.Kind) {
	l.t.Helper()
	if out.err == nil || engine.KindOf(out.err) != kind {
		l.t.Fatalf("outcome %v, want %v", out.err, kind)
	}
}

func names(s *Snapshot) []string {
	var list []string
	for d := range s.Streams() {
		list = append(list, d.Name)
	}
	return list
}

func created(name string) *streamCreated {
	return &streamCreated{Name: name, Members: []replication.NodeID{11, 12, 13}, Lease: LeaseDefault}
}

// Were an entry to do something else than the changes before it allow, two
// nodes could hold two catalogs.
func TestFold(t *testing.T) {
	l := newLog(t)
	a := l.add(created("a")).desc
	if want := replication.StreamID(1 + firstStream); a.ID != want {
		t.Fatalf("first stream has id %d, want %d", a.ID, want)
	}
	l.wantKind(l.add(created("a")), engine.KindExists)
	b := l.add(created("b")).desc
	l.wantKind(l.add(&streamAltered{ID: b.ID, Name: "a"}), engine.KindExists)
	if d := l.add(&streamAltered{ID: b.ID, Name: "c", Lease: time.Second}).desc; d.Name != "c" || d.Lease != time.Second || d.ID != b.ID {
		t.Fatalf("altered to %+v", d)
	}
	if d := l.add(&streamAltered{ID: b.ID, Lease: time.Minute}).desc; d.Name != "c" || d.Lease != time.Minute {
		t.Fatalf("altered to %+v", d)
	}
	l.add(&streamDropped{ID: a.ID})
	l.wantKind(l.add(&streamDropped{ID: a.ID}), engine.KindNoStream)
	l.wantKind(l.add(&streamAltered{ID: a.ID, Name: "x"}), engine.KindNoStream)
	if again := l.add(created("a")).desc; again.ID <= b.ID {
		t.Fatalf("stream id %d was used before", again.ID)
	}
	l.wantKind(l.add(&streamCreated{Name: "z", Members: []replication.NodeID{11, 99}}), engine.KindInvalid)

	s := l.fold.snapshot()
	if got := names(s); !slices.Equal(got, []string{"a", "c"}) {
		t.Fatalf("streams %v", got)
	}
	if s.Version() != 11 {
		t.Fatalf("version %d after 11 entries", s.Version())
	}
}

// A retry whose first try was applied after all must not be applied again, even
// if what it did has been undone since.
func TestFoldCountsRequestOnce(t *testing.T) {
	l := newLog(t)
	first := l.addAs(77, created("a"))
	l.add(&streamDropped{ID: first.desc.ID})
	if out := l.addAs(77, created("a")); !out.repeats {
		t.Fatalf("retry did %+v", out)
	}
	if s := l.fold.snapshot(); s.Len() != 0 {
		t.Fatalf("the dropped stream is back: %v", names(s))
	}
}

func TestFoldNodes(t *testing.T) {
	l := newLog(t)
	l.add(&nodeAnnounced{Node{ID: 12, Name: "n2", PeerAddr: "h2:7433", SQLAddr: "h2:7432", Version: "1"}})
	l.add(&nodeAnnounced{Node{ID: 14, Name: "n0"}})
	l.wantKind(l.add(&nodeAnnounced{Node{ID: 15, Name: "n2"}}), engine.KindExists)
	s := l.fold.snapshot()
	var got []string
	for _, n := range s.Nodes() {
		got = append(got, n.Name)
	}
	if !slices.Equal(got, []string{"n0", "n1", "n2", "n3"}) {
		t.Fatalf("nodes %v", got)
	}
	if n, _ := s.Node("n2"); n.SQLAddr != "h2:7432" || n.ID != 12 {
		t.Fatalf("n2 is %+v", n)
	}
	if _, ok := s.NodeByID(15); ok {
		t.Fatal("an impostor is a node")
	}
}

// A snapshot must stay what it was while the fold goes on.
func TestSnapshotStays(t *testing.T) {
	l := newLog(t)
	var kept []*Snapshot
	for i := range 500 {
		kept = append(kept, l.fold.snapshot())
		l.add(created(fmt.Sprintf("s%03d", i)))
	}
	for i, s := range kept {
		if s.Len() != i || len(names(s)) != i || s.nodes[0].streams != i {
			t.Fatalf("snapshot %d shows %d streams, counts %d, load %d", i, len(names(s)), s.Len(), s.nodes[0].streams)
		}
		if _, ok := s.Stream(fmt.Sprintf("s%03d", i)); ok {
			t.Fatalf("snapshot %d shows the stream made after it", i)
		}
	}
}

func TestSavedFold(t *testing.T) {
	l := newLog(t)
	for i := range 100 {
		d := l.add(created(fmt.Sprint("s", i))).desc
		if i%3 == 0 {
			l.add(&streamDropped{ID: d.ID})
		}
	}
	back, err := decodeFold(l.fold.encode())
	if err != nil {
		t.Fatal(err)
	}
	was, is := l.fold.snapshot(), back.snapshot()
	if was.Version() != is.Version() || !slices.Equal(names(was), names(is)) || !reflect.DeepEqual(was.nodes, is.nodes) {
		t.Fatalf("saved %d %v %v, restored %d %v %v", was.Version(), names(was), was.nodes, is.Version(), names(is), is.nodes)
	}
	for d := range was.Streams() {
		if r, _ := is.StreamByID(d.ID); !reflect.DeepEqual(r, d) {
			t.Fatalf("saved %+v, restored %+v", d, r)
		}
	}
	restored := &log{t: t, fold: back, next: 1000}
	if out := restored.addAs(1, created("again")); !out.repeats {
		t.Fatal("the restored fold forgot the requests it had seen")
	}
}

func TestSeenRequestsForgetsTheOldest(t *testing.T) {
	var s seenRequests
	for r := range requestID(seenMax + 10) {
		s.add(r)
	}
	if !s.add(0) || s.add(seenMax) || len(s.set) != seenMax {
		t.Fatalf("%d remembered", len(s.set))
	}
	if o := s.inOrder(); o[0] != 11 || o[len(o)-1] != 0 {
		t.Fatalf("order begins with %d and ends with %d", o[0], o[len(o)-1])
	}
}

func FuzzDecodeChange(f *testing.F) {
	for _, c := range []change{created("s"), &streamDropped{ID: 20}, &streamAltered{ID: 3, Name: "x"}, &nodeAnnounced{Node{ID: 4, Name: "n"}}} {
		f.Add(encodeChange(9, c))
	}
	f.Fuzz(func(t *testing.T, buf []byte) {
		req, c, err := decodeChange(buf)
		if err != nil {
			return
		}
		_, again, err := decodeChange(encodeChange(req, c))
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Fatalf("%+v came back as %+v, %v", c, again, err)
		}
	})
}

func FuzzDecodeFold(f *testing.F) {
	l := newLog(f)
	l.add(created("a"))
	f.Add(l.fold.encode())
	f.Fuzz(func(t *testing.T, buf []byte) {
		fold, err := decodeFold(buf)
		if err != nil {
			return
		}
		if _, err := decodeFold(fold.encode()); err != nil {
			t.Fatal(err)
		}
	})
}

// The 100,000th change must cost what the first did.
func BenchmarkFold(b *testing.B) {
	for _, n := range []int{100, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			l := newLog(b)
			for i := range n {
				l.add(created(fmt.Sprintf("s%09d", i)))
			}
			b.ResetTimer()
			for i := range b.N {
				l.add(created(fmt.Sprintf("t%09d", i)))
				_ = l.fold.snapshot()
			}
		})
	}
}
