package catalog

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"walle/engine"
	"walle/replication"
)

// Config is what a catalog is made of. Engine, Meta, Peers, Self, Founders and
// Random are required.
type Config struct {
	Engine *engine.Engine
	Meta   Meta
	Peers  Peers
	// Self is this node, as it is to be known.
	Self Node
	// Founders are the nodes that the cluster began with: the same on all its
	// nodes for ever, but for the addresses.
	Founders []Node
	Random   func() uint64
	// OnFatal is called, at most once, when the catalog cannot follow the system
	// stream any more.
	OnFatal func(error)
	Logger  *slog.Logger
	// Timeout is how long a change is tried whose context has no deadline; 0: 15 s.
	Timeout time.Duration
	// Lease is that under which this node writes the system stream: for so long
	// nobody can change the catalog after the node has died; 0: 3 s.
	Lease time.Duration
}

// Meta keeps small records on the node's disk.
type Meta interface {
	Meta(name string) (value []byte, ok bool, err error)
	SetMeta(name string, value []byte) error
}

// Peers is how a change is handed to the node that can write it.
type Peers interface {
	Call(ctx context.Context, to replication.NodeID, method string, body []byte) ([]byte, error)
}

func (c *Config) complete() error {
	if c.Engine == nil || c.Meta == nil || c.Peers == nil || c.Self.ID == 0 || c.Random == nil {
		return errors.New("catalog: Engine, Meta, Peers, Self and Random are required")
	}
	if len(c.Founders) == 0 {
		return errors.New("catalog: a cluster has at least one founder")
	}
	if c.OnFatal == nil {
		c.OnFatal = func(error) {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Timeout == 0 {
		c.Timeout = 15 * time.Second
	}
	if c.Lease == 0 {
		c.Lease = 3 * time.Second
	}
	return nil
}

// Catalog is one node's copy of the catalog, and its way to change it. Any
// goroutine may call it.
type Catalog struct {
	cfg     Config
	system  replication.Configuration // of the system stream
	current atomic.Pointer[current]

	writer  writer
	waiting waiting

	closing   context.Context // ends at Close
	stop      context.CancelFunc
	running   sync.WaitGroup
	announced chan struct{}
}

// current is a snapshot and the word that there is a newer one.
type current struct {
	snapshot *Snapshot
	replaced chan struct{}
}

// systemReplicas is how many of the founders hold the system stream.
const systemReplicas = 5

// SystemConfiguration is the configuration of the system stream of the cluster
// with these founders.
func SystemConfiguration(founders []Node) replication.Configuration {
	byName := slices.SortedFunc(slices.Values(founders), func(a, b Node) int { return strings.Compare(a.Name, b.Name) })
	c := replication.Configuration{Number: 1}
	for _, n := range byName[:min(len(byName), systemReplicas)] {
		c.Members = append(c.Members, n.ID)
	}
	slices.Sort(c.Members)
	return c
}

// Open takes up the catalog where this node left it, hosts the streams of which
// this node is a member, and follows the system stream from there on.
func Open(cfg Config) (*Catalog, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	c := &Catalog{cfg: cfg, system: SystemConfiguration(cfg.Founders), announced: make(chan struct{}), writer: writer{claiming: make(chan struct{}, 1)}}
	f, err := c.load()
	if err != nil {
		return nil, err
	}
	if err := c.hostAll(f); err != nil {
		return nil, err
	}
	c.current.Store(&current{snapshot: f.snapshot(), replaced: make(chan struct{})})
	c.closing, c.stop = context.WithCancel(context.Background())
	c.running.Go(func() { c.follow(c.closing, f) })
	c.running.Go(func() { c.announce(c.closing) })
	return c, nil
}

// hostAll hosts the system stream and the streams of f that lie here.
func (c *Catalog) hostAll(f *fold) error {
	if c.system.Has(c.cfg.Self.ID) {
		if err := c.cfg.Engine.Host(replication.SystemStream, c.system); err != nil {
			return err
		}
	}
	for d := range f.now.Streams() {
		if err := c.host(d); err != nil {
			return err
		}
	}
	return nil
}

func (c *Catalog) host(d Desc) error {
	if !d.Config.Has(c.cfg.Self.ID) {
		return nil
	}
	return c.cfg.Engine.Host(d.ID, d.Config)
}

// Close stops following, and gives the system stream back if this node has it.
// Changes under way end with KindShuttingDown or KindUnknown.
func (c *Catalog) Close() error {
	c.stop()
	err := c.writer.release()
	c.running.Wait()
	return err
}

// Snapshot returns the catalog as this node knows it.
func (c *Catalog) Snapshot() *Snapshot { return c.current.Load().snapshot }

// Watch returns a channel that is closed when the snapshot that is current now
// is replaced. Call it before Snapshot, so as to miss nothing.
func (c *Catalog) Watch() <-chan struct{} { return c.current.Load().replaced }

// Announced is closed once the cluster knows this node as it is now. That takes
// a majority of the system stream's members.
func (c *Catalog) Announced() <-chan struct{} { return c.announced }

// Refresh returns a snapshot that shows every change which had been made on any
// node when the call began.
func (c *Catalog) Refresh(ctx context.Context) (*Snapshot, error) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	point, err := c.cfg.Engine.ReadPoint(ctx, replication.SystemStream, c.system)
	if err != nil {
		return nil, err
	}
	return c.waitVersion(ctx, point)
}

// waitVersion waits for a snapshot of at least version v.
func (c *Catalog) waitVersion(ctx context.Context, v replication.EntryID) (*Snapshot, error) {
	for {
		now := c.current.Load()
		if now.snapshot.Version() >= v {
			return now.snapshot, nil
		}
		select {
		case <-now.replaced:
		case <-ctx.Done():
			return nil, c.ended(ctx, "read")
		}
	}
}

// bounded returns a context that ends with ctx, at Close, and if ctx has no
// deadline after the catalog's own timeout.
func (c *Catalog) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); !ok {
		timeout, cancel := context.WithTimeoutCause(ctx, c.cfg.Timeout, errTimeout)
		stop := context.AfterFunc(c.closing, cancel)
		return timeout, func() { stop(); cancel() }
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(c.closing, cancel)
	return ctx, func() { stop(); cancel() }
}

var errTimeout = errors.New("the system stream could not be reached in time")

// ended is the error of an op whose context has ended before anything was done.
func (c *Catalog) ended(ctx context.Context, op string) error {
	cause := context.Cause(ctx)
	kind := engine.KindCancelled
	switch {
	case c.closing.Err() != nil:
		kind = engine.KindShuttingDown
	case errors.Is(cause, errTimeout):
		kind = engine.KindNoQuorum
	}
	return &engine.Error{Op: op, Stream: replication.SystemStream, Kind: kind, Err: cause}
}

// nodeNames lists the names of nodes for a message.
func nodeNames(s *Snapshot) string {
	var names []string
	for i := range s.nodes {
		names = append(names, s.nodes[i].Name)
	}
	return cmp.Or(strings.Join(names, ", "), "none")
}
