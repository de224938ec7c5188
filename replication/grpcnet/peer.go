package grpcnet

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"walle/replication"
)

// Peer is another node.
type Peer struct {
	ID   replication.NodeID
	Name string
	Addr string // host:port of its Listen
}

// PeerStatus is how the connection to a peer stands.
type PeerStatus struct {
	Peer
	Version   string // of its program; empty before the first connection
	Connected bool   // the live lane is up
	Since     time.Time
	Reason    string        // why it is not connected
	RTT       time.Duration // of the newest ping on the live lane
	Live      LaneStatus
	Bulk      LaneStatus
}

// LaneStatus counts what goes over a lane.
type LaneStatus struct {
	Connected bool
	Queued    int    // bytes
	Dropped   uint64 // messages not sent: the queue was full, or the lane down
	Received  uint64 // messages
}

// peer is what this node keeps for another one.
type peer struct {
	Peer
	live, bulk *lane
	version    atomic.Pointer[string]

	ctx  context.Context // ends when the peer is removed or the Net closed
	stop context.CancelCauseFunc

	mu  sync.Mutex       // guards ask
	ask *grpc.ClientConn // for scans and calls, made when first needed
}

func (n *Net) newPeer(info Peer) *peer {
	p := &peer{Peer: info}
	p.ctx, p.stop = context.WithCancelCause(n.ctx)
	p.live = &lane{net: n, peer: p, err: errNotYet, name: "live", method: methodLive, probed: true, queue: newQueue(n.cfg.ControlBytes, n.cfg.LogBytes)}
	p.bulk = &lane{net: n, peer: p, err: errNotYet, name: "bulk", method: methodBulk, queue: newQueue(0, n.cfg.BulkBytes)}
	return p
}

// start dials the peer's lanes if that is up to this node.
func (p *peer) start(n *Net) {
	if n.cfg.Self.ID > p.ID {
		return
	}
	for _, l := range []*lane{p.live, p.bulk} {
		n.running.Go(func() { l.dial(p.ctx) })
	}
}

// end stops everything that has to do with the peer, without waiting for it.
func (p *peer) end(why error) {
	p.stop(why)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ask != nil {
		p.ask.Close()
	}
}

// send queues e for the peer.
func (p *peer) send(e *replication.Envelope) {
	if classOf(e) == classBulk {
		p.bulk.queue.put(e)
		return
	}
	p.live.queue.put(e)
}

// asking returns the connection for scans and calls.
func (p *peer) asking(n *Net) (*grpc.ClientConn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := context.Cause(p.ctx); err != nil {
		return nil, err
	}
	if p.ask == nil {
		conn, err := n.newConn(p.Addr, askWindow)
		if err != nil {
			return nil, err
		}
		p.ask = conn
	}
	return p.ask, nil
}

func (p *peer) status() PeerStatus {
	s := PeerStatus{Peer: p.Peer, RTT: time.Duration(p.live.rtt.Load()), Live: p.live.status(), Bulk: p.bulk.status()}
	if v := p.version.Load(); v != nil {
		s.Version = *v
	}
	p.live.mu.Lock()
	defer p.live.mu.Unlock()
	s.Connected, s.Since = p.live.up, p.live.since
	if p.live.err != nil {
		s.Reason = p.live.err.Error()
	}
	return s
}

func (l *lane) status() LaneStatus {
	queued, dropped := l.queue.stand()
	l.mu.Lock()
	defer l.mu.Unlock()
	return LaneStatus{Connected: l.up, Queued: queued, Dropped: dropped, Received: l.received.Load()}
}
