package node_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"walle/replication"
	"walle/replication/node"
)

// cluster is nodes n1.. in one process, over a network that loses nothing but
// what is cut off.
type cluster struct {
	t      testing.TB
	config replication.Configuration
	nodes  map[replication.NodeID]*node.Node
	stores map[replication.NodeID]*memory
	net    *network
	clock  *clock
	nonce  atomic.Uint64

	mu    sync.Mutex // guards fatal
	fatal []error
}

// network delivers at once.
type network struct {
	mu    sync.RWMutex // guards the rest
	peers map[replication.NodeID]*node.Node
	loses func() bool // called for each message, by many; nil loses none
}

// wire is the network as one node sees it.
type wire struct {
	net  *network
	self replication.NodeID
}

func (w wire) Send(envelopes []replication.Envelope) {
	w.net.mu.RLock()
	defer w.net.mu.RUnlock()
	if w.net.peers[w.self] == nil {
		return
	}
	for i := range envelopes {
		if to := w.net.peers[envelopes[i].To]; to != nil && (w.net.loses == nil || !w.net.loses()) {
			to.Deliver(envelopes[i : i+1])
		}
	}
}

func (n *network) connect(id replication.NodeID, to *node.Node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.peers[id] = to
}

// lose makes the network lose messages.
func (n *network) lose(loses func() bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.loses = loses
}

// cut takes a node off the network.
func (n *network) cut(id replication.NodeID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.peers, id)
}

// clock is package time's, which testing/synctest fakes. It counts how often it
// is read: an owner reads it once a round.
type clock struct {
	start time.Time
	reads atomic.Int64
}

func (c *clock) Now() replication.Time {
	c.reads.Add(1)
	return replication.Time(time.Since(c.start))
}

func (c *clock) Wall() int64 { return time.Now().UnixMicro() }

// newCluster opens n nodes; n1 is the first. The configuration is of all.
func newCluster(t testing.TB, n int) *cluster {
	t.Helper()
	c := &cluster{
		t:      t,
		config: replication.Configuration{Number: 1},
		nodes:  make(map[replication.NodeID]*node.Node),
		stores: make(map[replication.NodeID]*memory),
		net:    &network{peers: make(map[replication.NodeID]*node.Node)},
		clock:  &clock{start: time.Now()},
	}
	for i := range n {
		id := replication.NodeID(i + 1)
		c.config.Members = append(c.config.Members, id)
		c.stores[id] = newMemory()
	}
	for _, id := range c.config.Members {
		c.open(id, node.Limits{})
	}
	t.Cleanup(c.close)
	return c
}

// open starts a node on what its storage holds.
func (c *cluster) open(id replication.NodeID, limits node.Limits) *node.Node {
	c.t.Helper()
	n, err := node.Open(node.Config{
		Self:      id,
		Storage:   c.stores[id],
		Transport: wire{net: c.net, self: id},
		Clock:     c.clock,
		Random:    func() uint64 { return c.nonce.Add(1) },
		Shards:    2,
		Limits:    limits,
		OnFatal: func(err error) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.fatal = append(c.fatal, err)
		},
	})
	if err != nil {
		c.t.Fatal(err)
	}
	c.nodes[id] = n
	c.net.connect(id, n)
	return n
}

// kill takes a node off the network and stops it. Its storage stays.
func (c *cluster) kill(id replication.NodeID) {
	c.net.cut(id)
	if err := c.nodes[id].Close(); err != nil {
		c.t.Errorf("close %v: %v", id, err)
	}
	delete(c.nodes, id)
}

func (c *cluster) close() {
	for _, n := range c.nodes {
		n.Close()
	}
}

// host makes a stream on every node.
func (c *cluster) host(stream replication.StreamID) {
	c.t.Helper()
	for id, n := range c.nodes {
		if err := n.Host(stream, c.config); err != nil {
			c.t.Fatalf("host on %v: %v", id, err)
		}
	}
}

// claim claims a stream on one node, as it is or by force.
func (c *cluster) claim(id replication.NodeID, stream replication.StreamID, mode node.ClaimMode) *node.Writer {
	c.t.Helper()
	w, err := c.nodes[id].Claim(c.t.Context(), node.ClaimRequest{
		Stream: stream, Config: c.config, Mode: mode, Lease: 10 * time.Second, Holder: id.String(),
	})
	if err != nil {
		c.t.Fatalf("claim on %v: %v", id, err)
	}
	return w
}

// fatals are the errors that nodes stopped with.
func (c *cluster) fatals() []error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fatal
}

// replies collects the answers of appends, in the order in which they came.
type replies struct {
	mu    sync.Mutex // guards the rest
	got   []answer
	added chan struct{}
}

// answer is the reply to the append with a number.
type answer struct {
	number int
	replication.Reply
}

func newReplies() *replies { return &replies{added: make(chan struct{}, 1)} }

// to is the done of the append with a number.
func (r *replies) to(number int) func(replication.Reply) {
	return func(reply replication.Reply) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got = append(r.got, answer{number: number, Reply: reply})
		select {
		case r.added <- struct{}{}:
		default:
		}
	}
}

// wait returns once there are n.
func (r *replies) wait(n int) []answer {
	for {
		if got := r.sofar(); len(got) >= n {
			return got
		}
		<-r.added
	}
}

func (r *replies) sofar() []answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got
}
