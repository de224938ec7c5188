package grpcnet

import (
	"context"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"
	"walle/replication"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

const testCluster = 7

// host is a node of a test: a Net and what was delivered to it.
type host struct {
	*Net
	got chan replication.Envelope
}

func (h *host) deliver(list []replication.Envelope) {
	for _, e := range list {
		h.got <- e
	}
}

// listen starts a node at addr. What its handlers lack is filled in.
func listen(t testing.TB, cfg Config, addr string, handlers Handlers) *host {
	t.Helper()
	cfg.RetryMin, cfg.RetryMax = time.Millisecond, 20*time.Millisecond
	if cfg.Cluster == 0 {
		cfg.Cluster = testCluster
	}
	n, err := Listen(cfg, addr)
	if err != nil {
		t.Fatal(err)
	}
	h := &host{Net: n, got: make(chan replication.Envelope, 10_000)}
	if handlers.Deliver == nil {
		handlers.Deliver = h.deliver
	}
	n.Serve(handlers)
	t.Cleanup(func() { n.Close() })
	return h
}

func newHost(t testing.TB, id replication.NodeID, handlers Handlers) *host {
	t.Helper()
	return listen(t, Config{Self: Peer{ID: id, Name: id.String()}}, "127.0.0.1:0", handlers)
}

func (h *host) asPeer() Peer {
	return Peer{ID: h.cfg.Self.ID, Name: h.cfg.Self.Name, Addr: h.Addr()}
}

// join makes peers of all hosts and waits until all lanes are up.
func join(t testing.TB, hosts ...*host) {
	t.Helper()
	var peers []Peer
	for _, h := range hosts {
		peers = append(peers, h.asPeer())
	}
	for _, h := range hosts {
		h.SetPeers(peers)
	}
	for _, h := range hosts {
		h.await(t, "all lanes are up", allUp)
	}
}

func allUp(s PeerStatus) bool { return s.Connected && s.Bulk.Connected }

// await waits until all peers of h are as they should be.
func (h *host) await(t testing.TB, what string, is func(PeerStatus) bool) {
	t.Helper()
	timeout := time.After(patience)
	for {
		changed := h.Changed()
		count := 0
		peers := h.Peers()
		for _, s := range peers {
			if is(s) {
				count++
			}
		}
		if count == len(peers) {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("not so after %v: %s: %+v", patience, what, peers)
		}
	}
}

// receive waits for the next delivered message.
func (h *host) receive(t testing.TB) replication.Envelope {
	t.Helper()
	select {
	case e := <-h.got:
		return e
	case <-time.After(patience):
		t.Fatalf("nothing delivered to %v in %v", h.cfg.Self.ID, patience)
		panic("unreachable")
	}
}

// TestDelivery would fail if a message of either lane did not arrive in either
// direction, or not as it was sent.
func TestDelivery(t *testing.T) {
	hosts := []*host{newHost(t, 1, Handlers{}), newHost(t, 2, Handlers{}), newHost(t, 3, Handlers{})}
	join(t, hosts...)
	claim := replication.ClaimID{Node: 1, Nonce: 9}
	for _, from := range hosts {
		for _, to := range hosts {
			if from == to {
				continue
			}
			for _, msg := range []replication.Message{
				replication.Prepare{Term: 4, Holder: "somebody", Lease: time.Second},
				replication.Fetch{From: 1, To: 100, MaxBytes: 1000},
				replication.Begin{Term: 4, History: replication.History{{Term: 4, Start: 1}}},
			} {
				sent := replication.Envelope{Stream: 5, Config: 2, From: from.cfg.Self.ID, To: to.cfg.Self.ID, Claim: claim, Msg: msg}
				from.Send([]replication.Envelope{sent})
				if got := to.receive(t); got.String() != sent.String() {
					t.Errorf("sent %v, got %v", sent, got)
				}
			}
		}
	}
}

// TestOrder would fail if Appends of one stream arrived in another order than
// they were sent.
func TestOrder(t *testing.T) {
	a, b := newHost(t, 1, Handlers{}), newHost(t, 2, Handlers{})
	join(t, a, b)
	const n = 5000
	for id := replication.EntryID(1); id <= n; id++ {
		a.Send([]replication.Envelope{appendOf(id, 100)})
	}
	for id := replication.EntryID(1); id <= n; id++ {
		if got := ids([]replication.Envelope{b.receive(t)})[0]; got != id {
			t.Fatalf("got entry %d, want %d", got, id)
		}
	}
}

// TestRestart would fail if the side that dials, or the side that is dialled,
// did not come back after a restart at its address.
func TestRestart(t *testing.T) {
	a, b := newHost(t, 1, Handlers{}), newHost(t, 2, Handlers{})
	join(t, a, b)
	peers := []Peer{a.asPeer(), b.asPeer()}
	for _, h := range []**host{&a, &b, &a} {
		other := b
		if *h == b {
			other = a
		}
		self := (*h).asPeer()
		(*h).Close()
		other.await(t, "the peer is gone", func(s PeerStatus) bool { return !s.Connected && !s.Bulk.Connected })
		*h = listen(t, Config{Self: self}, self.Addr, Handlers{})
		(*h).SetPeers(peers)
		for _, up := range []*host{a, b} {
			up.await(t, "all lanes are up again", allUp)
		}
		a.Send([]replication.Envelope{{To: 2, Msg: replication.Trim{First: 7}}})
		b.Send([]replication.Envelope{{To: 1, Msg: replication.Trim{First: 8}}})
		if x, y := b.receive(t), a.receive(t); x.Msg != (replication.Trim{First: 7}) || y.Msg != (replication.Trim{First: 8}) {
			t.Fatalf("got %v and %v after a restart", x, y)
		}
	}
}

// TestPeersChange would fail if a node that is no peer any more stayed
// connected, or if the others were disturbed.
func TestPeersChange(t *testing.T) {
	a, b, c := newHost(t, 1, Handlers{}), newHost(t, 2, Handlers{}), newHost(t, 3, Handlers{})
	join(t, a, b, c)
	since := a.Peers()[0].Since
	a.SetPeers([]Peer{a.asPeer(), b.asPeer()})
	c.await(t, "a left c", func(s PeerStatus) bool { return s.Connected == (s.ID == 2) })
	if peers := a.Peers(); len(peers) != 1 || !peers[0].Connected || !peers[0].Since.Equal(since) {
		t.Errorf("peers of a are %+v", peers)
	}
	a.SetPeers([]Peer{a.asPeer(), b.asPeer(), c.asPeer()})
	a.await(t, "c is back", allUp)
}

// TestRefusal would fail if a node spoke with one of another cluster or
// identity, or did not say by name why not.
func TestRefusal(t *testing.T) {
	for name, c := range map[string]struct {
		dialler Config
		called  Peer // whom the dialler believes to reach
		reason  string
	}{
		"another cluster":   {Config{Self: Peer{ID: 1, Name: "a"}, Cluster: 99}, Peer{ID: 2, Name: "b"}, `node "a" belongs to cluster 0000000000000063, node "b" to cluster 0000000000000007`},
		"another identity":  {Config{Self: Peer{ID: 1, Name: "a"}}, Peer{ID: 3, Name: "b"}, `node "b" has identity n2, not n3`},
		"a wiped disk":      {Config{Self: Peer{ID: 0xbeef, Name: "a"}}, Peer{ID: 0xf00d, Name: "b"}, `node "b" has identity n2, not 000000000000f00d`},
		"not in the set":    {Config{Self: Peer{ID: 1, Name: "c"}}, Peer{ID: 2, Name: "b"}, `node "c" with identity n1 is no member of cluster 0000000000000007`},
		"nobody is at home": {Config{Self: Peer{ID: 1, Name: "a"}}, Peer{ID: 2, Name: "b", Addr: "127.0.0.1:1"}, `connection refused`},
	} {
		t.Run(name, func(t *testing.T) {
			b := listen(t, Config{Self: Peer{ID: 2, Name: "b"}}, "127.0.0.1:0", Handlers{})
			if name != "not in the set" {
				b.SetPeers([]Peer{{ID: c.dialler.Self.ID, Name: c.dialler.Self.Name, Addr: "127.0.0.1:1"}})
			}
			logged := new(logged)
			c.dialler.Logger = slog.New(logged)
			a := listen(t, c.dialler, "127.0.0.1:0", Handlers{})
			if c.called.Addr == "" {
				c.called.Addr = b.Addr()
			}
			a.SetPeers([]Peer{c.called})
			logged.await(t, "lane=live", c.reason)
			if s := a.Peers()[0]; s.Connected || !strings.Contains(s.Reason, c.reason) {
				t.Errorf("peer stands as %+v", s)
			}
			_, err := a.Call(context.Background(), c.called.ID, "anything", nil)
			if err == nil || !strings.Contains(err.Error(), c.reason) || !strings.Contains(err.Error(), ErrNotSent.Error()) {
				t.Errorf("call failed with %v", err)
			}
		})
	}
}

// TestRefusalsAreLoggedOnce would fail if a node that tries again and again
// filled the log, or another version were not refused by its name.
func TestRefusalsAreLoggedOnce(t *testing.T) {
	logged := new(logged)
	n := listen(t, Config{Self: Peer{ID: 2, Name: "b"}, Logger: slog.New(logged)}, "127.0.0.1:0", Handlers{})
	b := badge{wire: wireVersion + 1, name: "newer"}
	for range 3 {
		_, err := n.admit(metadata.NewIncomingContext(context.Background(), b.header()))
		if err == nil || !strings.Contains(err.Error(), `node "newer" speaks wire version 2, node "b" speaks 1`) {
			t.Errorf("admitted with %v", err)
		}
	}
	if lines := logged.all(); len(lines) != 1 {
		t.Errorf("logged %q", lines)
	}
	if _, err := n.admit(context.Background()); err == nil {
		t.Error("admitted without a badge")
	}
	garbage := metadata.NewIncomingContext(context.Background(), metadata.Pairs(badgeKey, "\x01\xffx"))
	if _, err := n.admit(garbage); err == nil {
		t.Error("admitted with garbage")
	}
}

// logged collects what is logged.
type logged struct {
	mu    sync.Mutex // guards what follows
	lines []string
	news  chan struct{}
}

func (l *logged) Enabled(context.Context, slog.Level) bool { return true }
func (l *logged) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *logged) WithGroup(string) slog.Handler            { return l }

func (l *logged) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(r.Message)
	r.Attrs(func(a slog.Attr) bool { b.WriteString(" " + a.String()); return true })
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, b.String())
	if l.news != nil {
		close(l.news)
		l.news = nil
	}
	return nil
}

func (l *logged) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.lines...)
}

// await waits until a line has both texts in it.
func (l *logged) await(t *testing.T, one, other string) {
	t.Helper()
	timeout := time.After(patience)
	for {
		l.mu.Lock()
		if l.news == nil {
			l.news = make(chan struct{})
		}
		news := l.news
		l.mu.Unlock()
		for _, line := range l.all() {
			if strings.Contains(line, one) && strings.Contains(line, other) {
				return
			}
		}
		select {
		case <-news:
		case <-timeout:
			t.Fatalf("nothing logged of %q and %q: %q", one, other, l.all())
		}
	}
}

// TestClose would fail if a goroutine of this package outlived Close, in
// whatever state its lanes are.
func TestClose(t *testing.T) {
	blocked := make(chan struct{})
	a := newHost(t, 1, Handlers{})
	b := newHost(t, 2, Handlers{Call: func(ctx context.Context, _ replication.NodeID, _ string, _ []byte) ([]byte, error) {
		close(blocked)
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	c := newHost(t, 3, Handlers{})
	join(t, a, b, c)
	a.SetPeers([]Peer{a.asPeer(), b.asPeer(), c.asPeer(), {ID: 4, Name: "nobody", Addr: "127.0.0.1:1"}})
	called := make(chan error)
	go func() {
		_, err := a.Call(context.Background(), 2, "hang", nil)
		called <- err
	}()
	<-blocked
	for _, h := range []*host{b, a, c} {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := <-called; err == nil {
		t.Error("a call to a node that closed was answered")
	}
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for _, stack := range strings.Split(string(stacks), "\n\n") {
		if strings.Contains(stack, "grpcnet.(*Net)") || strings.Contains(stack, "grpcnet.(*l") || strings.Contains(stack, "grpcnet.(*peer)") {
			t.Errorf("left behind:\n%s", stack)
		}
	}
	if _, err := a.Call(context.Background(), 2, "late", nil); err == nil {
		t.Error("a call through a closed Net was answered")
	}
	a.Send([]replication.Envelope{{To: 2, Msg: replication.Probe{}}})
}
