package main

import (
	"context"
	"sync"

	"walle/catalog"
	"walle/replication"
	"walle/replication/grpcnet"
)

// addressBook keeps the network told of where the other nodes are. It begins
// with what --cluster said at this start, or what was written down; an address
// that the catalog announces later than that is newer.
type addressBook struct {
	net     *grpcnet.Net
	catalog *catalog.Catalog
	stop    context.CancelFunc
	running sync.WaitGroup

	known     map[replication.NodeID]grpcnet.Peer // owned by follow
	announced map[replication.NodeID]string       // what the catalog said last
}

func keepPeers(net *grpcnet.Net, c *catalog.Catalog, founders []grpcnet.Peer) *addressBook {
	b := &addressBook{
		net: net, catalog: c,
		known:     make(map[replication.NodeID]grpcnet.Peer),
		announced: make(map[replication.NodeID]string),
	}
	for _, f := range founders {
		b.known[f.ID] = f
	}
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	b.running.Go(func() { b.follow(ctx) })
	return b
}

func (b *addressBook) close() {
	b.stop()
	b.running.Wait()
}

func (b *addressBook) follow(ctx context.Context) {
	for {
		changed := b.catalog.Watch()
		if b.update(b.catalog.Snapshot()) {
			peers := make([]grpcnet.Peer, 0, len(b.known))
			for _, p := range b.known {
				peers = append(peers, p)
			}
			b.net.SetPeers(peers)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// update takes over what s announces anew, and reports whether that is
// anything.
func (b *addressBook) update(s *catalog.Snapshot) (changed bool) {
	for _, n := range s.Nodes() {
		before, seen := b.announced[n.ID]
		b.announced[n.ID] = n.PeerAddr
		p, known := b.known[n.ID]
		if n.PeerAddr == "" || known && (!seen || before == n.PeerAddr) || p.Addr == n.PeerAddr {
			continue
		}
		b.known[n.ID] = grpcnet.Peer{ID: n.ID, Name: n.Name, Addr: n.PeerAddr}
		changed = true
	}
	return changed
}
