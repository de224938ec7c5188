package grpcnet

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"walle/replication"
)

// TestSlowReceiver would fail if Send blocked or the queue grew while a peer
// takes nothing, or if what arrives afterwards were out of order.
func TestSlowReceiver(t *testing.T) {
	hold, took := make(chan struct{}), make(chan replication.EntryID, 10_000)
	const bound = 1 << 20
	a := listen(t, Config{Self: Peer{ID: 1, Name: "a"}, LogBytes: bound}, "127.0.0.1:0", Handlers{})
	b := newHost(t, 2, Handlers{Deliver: func(list []replication.Envelope) {
		<-hold
		for _, id := range ids(list) {
			took <- id
		}
	}})
	join(t, a, b)
	const size = 64 << 10
	last := replication.EntryID(0)
	for a.Peers()[0].Live.Dropped < 100 {
		last++
		if last*size > 4<<30 {
			t.Fatal("nothing dropped after 4 GiB")
		}
		a.Send([]replication.Envelope{appendOf(last, size)})
		if queued := a.Peers()[0].Live.Queued; queued > bound {
			t.Fatalf("%d bytes queued, bound is %d", queued, bound)
		}
	}
	close(hold)
	var before, count replication.EntryID
	for dropped := replication.EntryID(a.Peers()[0].Live.Dropped); count < last-dropped; count++ {
		select {
		case id := <-took:
			if id <= before {
				t.Fatalf("entry %d after %d", id, before)
			}
			before = id
		case <-time.After(patience):
			t.Fatalf("%d of %d messages arrived, %d were dropped", count, last, dropped)
		}
	}
}

// TestBulkDoesNotDelayLive would fail if a message that somebody waits for had
// to wait until back-fill is taken, which here it never is.
func TestBulkDoesNotDelayLive(t *testing.T) {
	hold := make(chan struct{})
	live := make(chan replication.Message, 10)
	a := listen(t, Config{Self: Peer{ID: 1, Name: "a"}, BulkBytes: 1 << 20}, "127.0.0.1:0", Handlers{})
	b := newHost(t, 2, Handlers{Deliver: func(list []replication.Envelope) {
		for _, e := range list {
			if _, ok := e.Msg.(replication.Fetched); ok {
				<-hold
				continue
			}
			live <- e.Msg
		}
	}})
	defer close(hold)
	join(t, a, b)
	chunk := replication.Envelope{To: 2, Msg: replication.Fetched{Entries: []replication.Entry{{ID: 1, Data: make([]byte, 256<<10)}}}}
	for sent := 0; a.Peers()[0].Bulk.Dropped == 0; sent++ {
		if sent == 4000 {
			t.Fatal("1 GiB of back-fill and nothing dropped")
		}
		a.Send([]replication.Envelope{chunk})
	}
	want := replication.Prepare{Term: 9}
	a.Send([]replication.Envelope{{To: 2, Msg: want}})
	select {
	case got := <-live:
		if got != want {
			t.Errorf("got %v", got)
		}
	case <-time.After(patience):
		t.Error("a live message did not pass a full bulk lane")
	}
}

// TestBusyReceiver would fail if a node took its peer for dead because it was
// itself too busy to listen.
func TestBusyReceiver(t *testing.T) {
	const deadAfter = 200 * time.Millisecond
	busy, hold := make(chan struct{}, 1), make(chan struct{})
	a := listen(t, Config{Self: Peer{ID: 1, Name: "n1"}, Ping: deadAfter / 20}, "127.0.0.1:0", Handlers{})
	b := listen(t, Config{Self: Peer{ID: 2, Name: "n2"}, Ping: deadAfter / 20, DeadAfter: deadAfter}, "127.0.0.1:0", Handlers{
		Deliver: func([]replication.Envelope) { busy <- struct{}{}; <-hold },
	})
	defer close(hold)
	join(t, a, b)
	a.Send([]replication.Envelope{{To: 2, Msg: replication.Probe{}}})
	<-busy
	select {
	case <-b.Changed():
		t.Errorf("while it delivers, a's lanes stand as %+v", b.Peers())
	case <-time.After(3 * deadAfter):
	}
}

// TestSilentPeer would fail if a peer that hangs without closing its connection
// stayed connected, or did not come back once it answers again.
func TestSilentPeer(t *testing.T) {
	quick := func(id replication.NodeID) Config {
		return Config{Self: Peer{ID: id, Name: id.String()}, Ping: 10 * time.Millisecond, DeadAfter: 200 * time.Millisecond, OpenTimeout: 200 * time.Millisecond}
	}
	a := listen(t, quick(1), "127.0.0.1:0", Handlers{})
	b := listen(t, quick(2), "127.0.0.1:0", Handlers{})
	wire := newWire(t, b.Addr())
	a.SetPeers([]Peer{{ID: 2, Name: "n2", Addr: wire.Addr().String()}})
	b.SetPeers([]Peer{a.asPeer()})
	a.await(t, "connected", func(s PeerStatus) bool { return s.Connected })
	b.await(t, "connected", func(s PeerStatus) bool { return s.Connected })
	wire.stop()
	down := func(s PeerStatus) bool { return !s.Connected }
	a.await(t, "b is silent", down)
	b.await(t, "a is silent", down)
	if reason := a.Peers()[0].Reason; !strings.Contains(reason, errSilent.Error()) {
		t.Errorf("reason is %q", reason)
	}
	wire.resume()
	a.await(t, "connected again", func(s PeerStatus) bool { return s.Connected })
	b.await(t, "connected again", func(s PeerStatus) bool { return s.Connected })
}

// TestSuccession would fail if the end of one stream of a lane stopped the next
// one, which waits for it.
func TestSuccession(t *testing.T) {
	n := newHost(t, 1, Handlers{})
	lane := n.newPeer(Peer{ID: 2, Name: "b"}).bulk
	var runs sync.WaitGroup
	run := func(s *fakeStream) {
		runs.Go(func() { lane.run(t.Context(), s, func() error { close(s.ready); return nil }) })
		<-s.ready
	}
	last := newFakeStream()
	defer func() { close(last.broken); runs.Wait() }()
	run(last)
	for i := range replication.EntryID(500) {
		close(last.broken)
		last = newFakeStream()
		run(last)
		lane.queue.put(&replication.Envelope{Msg: replication.Trim{First: i}})
		select {
		case got := <-last.sent:
			if got.Msg != (replication.Trim{First: i}) {
				t.Fatalf("stream %d sent %v", i, got)
			}
		case <-time.After(patience):
			t.Fatalf("stream %d sent nothing", i)
		}
		lane.queue.put(&replication.Envelope{Msg: replication.Probe{}}) // the writer is in SendMsg when the stream breaks
	}
}

// fakeStream is a stream that tells what is sent until it breaks.
type fakeStream struct {
	ready  chan struct{}
	sent   chan replication.Envelope
	broken chan struct{}
}

func newFakeStream() *fakeStream {
	return &fakeStream{ready: make(chan struct{}), sent: make(chan replication.Envelope), broken: make(chan struct{})}
}

func (s *fakeStream) SendMsg(m any) error {
	for _, e := range m.(*envelopes).list {
		select {
		case s.sent <- e:
		case <-s.broken:
			return io.EOF
		}
	}
	return nil
}

func (s *fakeStream) RecvMsg(any) error {
	<-s.broken
	return io.EOF
}

// wire forwards connections to an address, until it is stopped: then bytes just
// stay where they are, as with a process that was stopped.
type wire struct {
	net.Listener
	mu   sync.Mutex // held while the wire is stopped
	join sync.WaitGroup
}

func newWire(t *testing.T, to string) *wire {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{Listener: l}
	w.join.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				in.Close()
				continue
			}
			w.join.Go(func() { w.forward(in, out) })
			w.join.Go(func() { w.forward(out, in) })
		}
	})
	t.Cleanup(func() { l.Close() })
	return w
}

func (w *wire) stop()   { w.mu.Lock() }
func (w *wire) resume() { w.mu.Unlock() }

func (w *wire) forward(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		w.mu.Lock()
		_, bad := to.Write(buf[:n])
		w.mu.Unlock()
		if err != nil || bad != nil {
			return
		}
	}
}

// BenchmarkAppend sends Appends of one entry of 1 KiB as fast as they are taken.
func BenchmarkAppend(b *testing.B) {
	taken := make(chan int, 1000)
	sender := newHost(b, 1, Handlers{})
	taker := newHost(b, 2, Handlers{Deliver: func(list []replication.Envelope) { taken <- len(list) }})
	join(b, sender, taker)
	e := appendOf(1, 1024)
	b.SetBytes(1024)
	b.ReportAllocs()
	b.ResetTimer()
	const window = 1000
	for sent, got := 0, 0; got < b.N; {
		for sent < b.N && sent-got < window {
			sender.Send([]replication.Envelope{e})
			sent++
		}
		got += <-taken
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

// BenchmarkRoundTrip sends one small message and waits for its answer.
func BenchmarkRoundTrip(b *testing.B) {
	var here, there *host
	back := make(chan struct{}, 1)
	here = newHost(b, 1, Handlers{Deliver: func([]replication.Envelope) { back <- struct{}{} }})
	there = newHost(b, 2, Handlers{Deliver: func([]replication.Envelope) {
		there.Send([]replication.Envelope{{To: 1, Msg: replication.Appended{Term: 1}}})
	}})
	join(b, here, there)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		here.Send([]replication.Envelope{{To: 2, Msg: replication.Append{Term: 1}}})
		<-back
	}
}
