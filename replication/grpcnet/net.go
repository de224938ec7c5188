package grpcnet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"walle/replication"
	"walle/replication/node"
)

// Config says who this node is. What is zero gets a default, except Self.
type Config struct {
	Self    Peer   // this node; its Addr is what it tells others
	Cluster uint64 // 0: it belongs to none yet, and only Hello works. See SetCluster
	Version string // of the program, for people
	Logger  *slog.Logger

	// Credentials are used to be dialled and to dial; nil means plain text.
	ServerCredentials credentials.TransportCredentials
	ClientCredentials credentials.TransportCredentials

	// How many bytes may wait for one peer, by what they are: small messages,
	// the log's entries, back-fill. What comes on top is dropped.
	ControlBytes int
	LogBytes     int
	BulkBytes    int
	FrameBytes   int // what a writer takes from a queue at once

	Ping        time.Duration // how often the live lane is probed
	DeadAfter   time.Duration // how long a peer may be silent before its lane is opened anew
	OpenTimeout time.Duration // for a connection and its admission
	RetryMin    time.Duration // after a failure; doubles to RetryMax, jittered
	RetryMax    time.Duration
}

func (c Config) withDefaults() Config {
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	c.ControlBytes = cmp.Or(c.ControlBytes, 8<<20)
	c.LogBytes = cmp.Or(c.LogBytes, 48<<20) // as much as all writers of a node have in flight
	c.BulkBytes = cmp.Or(c.BulkBytes, 32<<20)
	c.FrameBytes = cmp.Or(c.FrameBytes, 256<<10)
	c.Ping = cmp.Or(c.Ping, time.Second)
	c.DeadAfter = cmp.Or(c.DeadAfter, 5*time.Second)
	c.OpenTimeout = cmp.Or(c.OpenTimeout, 5*time.Second)
	c.RetryMin = cmp.Or(c.RetryMin, 50*time.Millisecond)
	c.RetryMax = cmp.Or(c.RetryMax, time.Second)
	if c.ServerCredentials == nil {
		c.ServerCredentials = insecure.NewCredentials()
	}
	if c.ClientCredentials == nil {
		c.ClientCredentials = insecure.NewCredentials()
	}
	return c
}

// Handlers is what a Net does with what comes in. All are called from many
// goroutines at once, and must return when Close is called. What a node has no
// handler for it refuses.
type Handlers struct {
	// Deliver takes messages that arrived; the slice is the caller's again
	// afterwards, the messages are the handler's for good. The Data of entries
	// aliases what arrived with them: who keeps one entry of many clones it.
	// While Deliver blocks, its lane stands still and so, soon, does its sender.
	Deliver func([]replication.Envelope)
	// Scan gives send the entries asked for, in order. send blocks while the
	// caller is slow, and keeps nothing of an entry.
	Scan func(ctx context.Context, req node.ScanRequest, send func(*replication.Entry) error) error
	// Call answers a Call of another node.
	Call func(ctx context.Context, from replication.NodeID, method string, body []byte) ([]byte, error)
	// Hello answers a Hello of any node, of this cluster or not.
	Hello func(context.Context, Hello) (Hello, error)
}

func (h Handlers) withDefaults() Handlers {
	refused := &Error{Message: "this node does not serve that"}
	if h.Deliver == nil {
		h.Deliver = func([]replication.Envelope) {}
	}
	if h.Scan == nil {
		h.Scan = func(context.Context, node.ScanRequest, func(*replication.Entry) error) error { return refused }
	}
	if h.Call == nil {
		h.Call = func(context.Context, replication.NodeID, string, []byte) ([]byte, error) { return nil, refused }
	}
	if h.Hello == nil {
		h.Hello = func(context.Context, Hello) (Hello, error) { return Hello{}, refused }
	}
	return h
}

// Net is one node's connections to all others. All methods may be called from
// any goroutine.
type Net struct {
	cfg      Config
	log      *slog.Logger
	start    time.Time // of the clock now
	listener net.Listener
	server   *grpc.Server
	codec    *codec
	handlers Handlers // set before the first goroutine that reads it
	cluster  atomic.Uint64
	peers    atomic.Pointer[map[replication.NodeID]*peer] // replaced whole, under mu

	ctx     context.Context // ends at Close
	cancel  context.CancelCauseFunc
	running sync.WaitGroup

	mu       sync.Mutex // guards what follows
	serving  bool
	closed   bool
	changed  chan struct{}
	refusals map[string]struct{} // that have been logged
}

var _ node.Transport = (*Net)(nil)

// Listen binds addr, without answering there before Serve.
func Listen(cfg Config, addr string) (*Net, error) {
	if cfg.Self.ID == 0 {
		return nil, errors.New("grpcnet: this node has no identity")
	}
	cfg = cfg.withDefaults()
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("grpcnet: %w", err)
	}
	n := &Net{
		cfg: cfg, log: cfg.Logger, start: time.Now(), listener: listener, codec: new(codec),
		changed: make(chan struct{}), refusals: make(map[string]struct{}),
	}
	n.ctx, n.cancel = context.WithCancelCause(context.Background())
	n.cluster.Store(cfg.Cluster)
	n.peers.Store(new(map[replication.NodeID]*peer))
	n.server = n.newServer()
	return n, nil
}

// Addr is where the Net listens.
func (n *Net) Addr() string { return n.listener.Addr().String() }

// Serve starts to answer and to dial. It is called once.
func (n *Net) Serve(h Handlers) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return
	}
	n.handlers, n.serving = h.withDefaults(), true
	n.running.Go(func() {
		if err := n.server.Serve(n.listener); err != nil && n.ctx.Err() == nil {
			n.log.Error("cannot accept connections of peers any more", "addr", n.Addr(), "reason", err)
		}
	})
	for _, p := range *n.peers.Load() {
		p.start(n)
	}
}

// SetCluster tells which cluster this node has become a member of.
func (n *Net) SetCluster(cluster uint64) { n.cluster.Store(cluster) }

// SetPeers replaces the set of the other nodes; this node may be among them.
// Connections to those that stay as they were are kept.
func (n *Net) SetPeers(peers []Peer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return
	}
	old, set := *n.peers.Load(), make(map[replication.NodeID]*peer, len(peers))
	var fresh []*peer
	for _, info := range peers {
		if info.ID == n.cfg.Self.ID || set[info.ID] != nil {
			continue
		}
		p := old[info.ID]
		if p == nil || p.Peer != info {
			p = n.newPeer(info)
			fresh = append(fresh, p)
		}
		set[info.ID] = p
	}
	n.peers.Store(&set)
	for id, p := range old {
		if set[id] != p {
			p.end(errRemoved)
		}
	}
	if n.serving {
		for _, p := range fresh {
			p.start(n)
		}
	}
}

// Send implements node.Transport. Messages to a node that is not connected, or
// no peer, are lost. The Data of entries is read later: it must never change.
func (n *Net) Send(envelopes []replication.Envelope) {
	peers := *n.peers.Load()
	for i := range envelopes {
		if p := peers[envelopes[i].To]; p != nil {
			p.send(&envelopes[i])
		}
	}
}

// Peers tells how the connections stand, by name.
func (n *Net) Peers() []PeerStatus {
	var out []PeerStatus
	for _, p := range *n.peers.Load() {
		out = append(out, p.status())
	}
	slices.SortFunc(out, func(a, b PeerStatus) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// Changed returns a channel that is closed when a lane comes up or goes down.
// Take it before Peers, so that nothing is missed.
func (n *Net) Changed() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.changed
}

// Close ends everything, and returns when no goroutine of the Net is left. The
// handlers must be able to return until then.
func (n *Net) Close() error {
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		n.running.Wait()
		return nil
	}
	n.closed = true
	n.mu.Unlock()
	n.cancel(errClosed)
	for _, p := range *n.peers.Load() {
		p.end(errClosed)
	}
	n.server.Stop()
	err := n.listener.Close()
	n.running.Wait()
	if errors.Is(err, net.ErrClosed) {
		err = nil // by the server
	}
	return err
}

// peer returns the peer with this identity, or nil.
func (n *Net) peer(id replication.NodeID) *peer { return (*n.peers.Load())[id] }

// now is the time of this package's own pings.
func (n *Net) now() replication.Time { return replication.Time(time.Since(n.start)) }

// announce closes the channel of Changed.
func (n *Net) announce() {
	n.mu.Lock()
	defer n.mu.Unlock()
	close(n.changed)
	n.changed = make(chan struct{})
}

// Flow-control windows: how much of one stream may be on its way, and lies in
// memory when its reader is slow. A lane has its connection for itself; scans
// share one, and there are many.
const (
	laneWindow = 16 << 20
	askWindow  = 1 << 20
	connWindow = 32 << 20
	ioBuffer   = 128 << 10
)

// deadTime is how long TCP connections without a ping of our own may be dead
// before gRPC notices.
const deadTime = 10 * time.Second

func (n *Net) newServer() *grpc.Server {
	s := grpc.NewServer(
		grpc.Creds(n.cfg.ServerCredentials),
		grpc.ForceServerCodecV2(n.codec),
		grpc.MaxRecvMsgSize(maxFrame), grpc.MaxSendMsgSize(maxFrame),
		grpc.MaxHeaderListSize(64<<10),
		grpc.MaxConcurrentStreams(1000),
		grpc.StaticStreamWindowSize(laneWindow), grpc.StaticConnWindowSize(connWindow),
		grpc.ReadBufferSize(ioBuffer), grpc.WriteBufferSize(ioBuffer),
		grpc.ConnectionTimeout(n.cfg.OpenTimeout),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: deadTime, Timeout: deadTime}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: deadTime / 2, PermitWithoutStream: true}),
		grpc.WaitForHandlers(true),
	)
	s.RegisterService(service(), n)
	return s
}

// newConn prepares a connection to addr; it is dialled when first used.
func (n *Net) newConn(addr string, window int32) (*grpc.ClientConn, error) {
	retry := backoff.Config{BaseDelay: n.cfg.RetryMin, Multiplier: 2, Jitter: 0.5, MaxDelay: n.cfg.RetryMax}
	return grpc.NewClient("passthrough:///"+addr,
		grpc.WithTransportCredentials(n.cfg.ClientCredentials),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(n.codec), grpc.MaxCallRecvMsgSize(maxFrame), grpc.MaxCallSendMsgSize(maxFrame)),
		grpc.WithStaticStreamWindowSize(window), grpc.WithStaticConnWindowSize(connWindow),
		grpc.WithReadBufferSize(ioBuffer), grpc.WithWriteBufferSize(ioBuffer),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: deadTime, Timeout: deadTime, PermitWithoutStream: true}),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: retry, MinConnectTimeout: n.cfg.OpenTimeout}),
		grpc.WithDisableRetry(), grpc.WithDisableServiceConfig(), grpc.WithNoProxy(), grpc.WithIdleTimeout(0),
	)
}
