package grpcnet

import (
	"context"
	"testing"

	"walle/replication"
)

type host struct {
	*Net
	got chan replication.Envelope
}

func newHost(t testing.TB, cfg Config) *host {
	n, err := Listen(cfg, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &host{Net: n, got: make(chan replication.Envelope, 1000)}
	n.Serve(Handlers{Deliver: func(list []replication.Envelope) {
		for _, e := range list {
			h.got <- e
		}
	}})
	t.Cleanup(func() { n.Close() })
	return h
}

func (h *host) waitFor(t testing.TB, what string, ok func(PeerStatus) bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 10e9)
	defer cancel()
	for {
		changed := h.Changed()
		all := true
		for _, s := range h.Peers() {
			all = all && ok(s)
		}
		if all {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("%s: %+v", what, h.Peers())
		}
	}
}

func TestPair(t *testing.T) {
	a := newHost(t, Config{Self: Peer{ID: 1, Name: "a"}, Cluster: 7})
	b := newHost(t, Config{Self: Peer{ID: 2, Name: "b"}, Cluster: 7})
	a.SetPeers([]Peer{{2, "b", b.Addr()}})
	b.SetPeers([]Peer{{1, "a", a.Addr()}})
	up := func(s PeerStatus) bool { return s.Connected && s.Bulk.Connected }
	a.waitFor(t, "connect", up)
	b.waitFor(t, "connect", up)
	a.Send([]replication.Envelope{{Stream: 3, To: 2, Msg: replication.Probe{}}})
	b.Send([]replication.Envelope{{Stream: 4, To: 1, Msg: replication.Fetch{From: 1, To: 2}}})
	t.Log(<-b.got)
	t.Log(<-a.got)
}
