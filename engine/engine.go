package engine

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"walle/replication"
	"walle/replication/node"
)

// Config is what an engine is made of. Self, Storage, Transport, Peers, Clock
// and Random are required.
type Config struct {
	Self      replication.NodeID
	Storage   node.Storage
	Transport node.Transport
	Peers     Peers
	Clock     node.Clock
	Random    func() uint64
	OnFatal   func(error) // see node.Config
	Logger    *slog.Logger

	AppendTimeout   time.Duration // of an append that brings none; 0: 10 s
	QuestionTimeout time.Duration // after which a silent member counts as not reached; 0: 1 s
	WindowBytes     int           // that all claims may have in flight; 0: see node.Limits
	GroupBytes      int           // that one group may have; 0: 16 MiB
	GroupEntries    int           // that one group may have; 0: 65536

	ScrubBytes int64         // that the scrub reads in a second; 0: it is off
	ScrubEvery time.Duration // from the begin of one round of the scrub to that of the next, at least; 0: ten minutes
}

// Peers is how the engine asks other nodes what is no message of the protocol.
type Peers interface {
	Scan(ctx context.Context, to replication.NodeID, req node.ScanRequest) (node.Scanner, error)
	Call(ctx context.Context, to replication.NodeID, method string, body []byte) ([]byte, error)
}

func (c *Config) complete() error {
	if c.Self == 0 || c.Storage == nil || c.Transport == nil || c.Peers == nil || c.Clock == nil || c.Random == nil {
		return errors.New("engine: Self, Storage, Transport, Peers, Clock and Random are required")
	}
	if c.AppendTimeout == 0 {
		c.AppendTimeout = 10 * time.Second
	}
	if c.QuestionTimeout == 0 {
		c.QuestionTimeout = time.Second
	}
	if c.GroupBytes == 0 {
		c.GroupBytes = 16 << 20
	}
	if c.GroupEntries == 0 {
		c.GroupEntries = 65536
	}
	if c.ScrubEvery == 0 {
		c.ScrubEvery = 10 * time.Minute
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

// Engine is the streams of one node. Any goroutine may call it.
type Engine struct {
	cfg     Config
	node    *node.Node
	closing context.Context // ends at Close
	stop    context.CancelFunc
	scrub   scrub

	mu     sync.Mutex // guards what follows
	claims map[replication.StreamID]*Claim
	looked map[replication.StreamID]look
	spaces map[replication.NodeID]spaceSeen
}

// Open restores the replicas that the storage holds, and runs them. The storage
// and the network stay their owner's, who closes them after the engine.
func Open(c Config) (*Engine, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	n, err := node.Open(node.Config{
		Self: c.Self, Storage: c.Storage, Transport: c.Transport, Clock: c.Clock,
		Random: c.Random, OnFatal: c.OnFatal, Logger: c.Logger,
		Limits: node.Limits{WindowBytes: c.WindowBytes},
	})
	if err != nil {
		return nil, err
	}
	e := &Engine{
		cfg: c, node: n, claims: make(map[replication.StreamID]*Claim),
		looked: make(map[replication.StreamID]look), spaces: make(map[replication.NodeID]spaceSeen),
	}
	e.closing, e.stop = context.WithCancel(context.Background())
	e.scrub.start(e)
	return e, nil
}

// Close ends every claim, read and question, and stops the replicas.
func (e *Engine) Close() error {
	e.stop()
	e.scrub.running.Wait()
	return e.node.Close()
}

// Deliver takes envelopes that arrived from other nodes.
func (e *Engine) Deliver(envelopes []replication.Envelope) { e.node.Deliver(envelopes) }

// Host makes this node hold a replica of a stream from now on, with what was
// stored of it. It is idempotent.
func (e *Engine) Host(id replication.StreamID, config replication.Configuration) error {
	if err := e.node.Host(id, config); err != nil {
		return e.failure("host", id, err)
	}
	return nil
}

// Unhost drops this node's replica of a stream for good.
func (e *Engine) Unhost(id replication.StreamID) error {
	if err := e.node.Unhost(id); err != nil {
		return e.failure("unhost", id, err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.looked, id)
	return nil
}

// Held tells what the claims on this node hold in memory.
func (e *Engine) Held() node.Held { return e.node.Held() }

// Hosts reports whether this node holds a replica of a stream.
func (e *Engine) Hosts(id replication.StreamID) bool {
	_, ok := e.node.Progress(id)
	return ok
}
