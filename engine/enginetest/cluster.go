// Package enginetest runs engines for tests: real stores in memory, real
// networks on loopback, in one process.
package enginetest

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"walle/engine"
	"walle/engine/store"
	"walle/replication"
	"walle/replication/grpcnet"
	"walle/replication/node"
)

// Cluster is a set of nodes, all of which know each other.
type Cluster struct {
	t     testing.TB
	Nodes []*Node
}

// Node is one of them.
type Node struct {
	Peer   grpcnet.Peer
	Store  *store.Store   // nil while the node is down
	Net    *grpcnet.Net   // nil while the node is down
	Engine *engine.Engine // nil while the node is down
	// Wrap, if set, is put around the store at the next start.
	Wrap func(node.Storage) node.Storage
	// Tune, if set, changes the engine's configuration at the next start.
	Tune func(*engine.Config)

	cluster *Cluster
	fs      *vfs.MemFS
	hosted  map[replication.StreamID]replication.Configuration // what Host told the node, also before its last start
	calls   atomic.Pointer[Calls]
	up      atomic.Pointer[engine.Engine]
}

// Calls answers calls that are not the engine's.
type Calls func(ctx context.Context, method string, body []byte) ([]byte, error)

// number is the number of every test's cluster.
const number = 7

// New starts a cluster of n nodes, n1, n2, ... They are closed with the test.
func New(t testing.TB, n int) *Cluster {
	c := &Cluster{t: t}
	for i := range n {
		c.Nodes = append(c.Nodes, &Node{cluster: c, fs: vfs.NewMem(), hosted: make(map[replication.StreamID]replication.Configuration), Peer: grpcnet.Peer{Name: fmt.Sprintf("n%d", i+1), Addr: "127.0.0.1:0"}})
	}
	for _, node := range c.Nodes {
		node.listen()
	}
	for _, node := range c.Nodes {
		node.serve()
	}
	t.Cleanup(func() {
		for _, node := range c.Nodes {
			node.Stop()
		}
	})
	return c
}

// Configuration is one of which the nodes with these indices are members, or
// all of them.
func (c *Cluster) Configuration(indices ...int) replication.Configuration {
	config := replication.Configuration{Number: 1}
	for i, n := range c.Nodes {
		if len(indices) == 0 || slices.Contains(indices, i) {
			config.Members = append(config.Members, n.Peer.ID)
		}
	}
	slices.Sort(config.Members)
	return config
}

// Host has the members of config host a stream.
func (c *Cluster) Host(id replication.StreamID, config replication.Configuration) {
	c.t.Helper()
	for _, n := range c.Nodes {
		if config.Has(n.Peer.ID) {
			n.hosted[id] = config
			n.host()
		}
	}
}

// logger writes to standard error with WALLE_TEST_LOG, else nowhere.
func logger(name string) *slog.Logger {
	if os.Getenv("WALLE_TEST_LOG") == "" {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo})).With("node", name)
}

func (n *Node) fail(err error) { n.cluster.t.Errorf("node %s failed: %v", n.Peer.Name, err) }

func (n *Node) listen() {
	t := n.cluster.t
	t.Helper()
	s, err := store.Open(store.Config{Dir: "/" + n.Peer.Name, FS: n.fs, OnFatal: n.fail})
	if err != nil {
		t.Fatal(err)
	}
	n.Store, n.Peer.ID = s, s.Identity().NodeID
	n.Net, err = grpcnet.Listen(grpcnet.Config{Self: n.Peer, Cluster: number, Logger: logger(n.Peer.Name)}, n.Peer.Addr)
	if err != nil {
		t.Fatal(err)
	}
	n.Peer.Addr = n.Net.Addr()
}

func (n *Node) serve() {
	t := n.cluster.t
	t.Helper()
	clock, err := node.NewSystemClock()
	if err != nil {
		t.Fatal(err)
	}
	var storage node.Storage = n.Store
	if n.Wrap != nil {
		storage = n.Wrap(storage)
	}
	config := engine.Config{
		Self: n.Peer.ID, Storage: storage, Transport: n.Net, Peers: n.Net, Clock: clock,
		Random: rand.Uint64, OnFatal: n.fail, Logger: logger(n.Peer.Name),
	}
	if n.Tune != nil {
		n.Tune(&config)
	}
	n.Engine, err = engine.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	n.up.Store(n.Engine)
	var peers []grpcnet.Peer
	for _, p := range n.cluster.Nodes {
		peers = append(peers, p.Peer)
	}
	n.Net.SetPeers(peers)
	n.Net.Serve(grpcnet.Handlers{
		Deliver: n.Engine.Deliver,
		Scan:    n.Engine.ServeScan,
		Call:    n.call,
		Hello:   func(context.Context, grpcnet.Hello) (grpcnet.Hello, error) { return grpcnet.Hello{}, nil },
	})
}

func (n *Node) call(ctx context.Context, _ replication.NodeID, method string, body []byte) ([]byte, error) {
	if e := n.up.Load(); e.Serves(method) {
		return e.ServeCall(ctx, method, body)
	}
	if calls := n.calls.Load(); calls != nil {
		return (*calls)(ctx, method, body)
	}
	return nil, fmt.Errorf("no method %q", method)
}

// host hosts what the node was told to. A replica that has written nothing yet
// is not known to the store after a restart: that is the catalog's to tell.
func (n *Node) host() {
	n.cluster.t.Helper()
	if n.Engine == nil {
		return
	}
	for id, config := range n.hosted {
		if err := n.Engine.Host(id, config); err != nil {
			n.cluster.t.Fatal(err)
		}
	}
}

// Disk is where a node keeps its data, and in which directory.
func (n *Node) Disk() (fs *vfs.MemFS, dir string) { return n.fs, "/" + n.Peer.Name }

// Handle has calls answer what is not the engine's.
func (n *Node) Handle(calls Calls) { n.calls.Store(&calls) }

// Stop takes a node down. Its data stays.
func (n *Node) Stop() {
	if n.Engine == nil {
		return
	}
	for _, close := range []func() error{n.Engine.Close, n.Net.Close, n.Store.Close} {
		if err := close(); err != nil {
			n.cluster.t.Errorf("close node %s: %v", n.Peer.Name, err)
		}
	}
	n.Engine, n.Net, n.Store = nil, nil, nil
}

// Start brings a node back where it was.
func (n *Node) Start() {
	n.cluster.t.Helper()
	n.listen()
	n.serve()
	n.host()
}
