package node

import (
	"fmt"
	"sync"
	"sync/atomic"

	"walle/replication"
)

// Node runs the replicas and writers of one node. Any goroutine may call it.
type Node struct {
	config  Config
	shards  []*shard
	disk    *disk
	readers readers
	window  window
	kept    atomic.Int64 // by all writers, for replicas that are behind

	stopping chan struct{} // closed when the node stops, by Close or by failing
	stopOnce sync.Once
	cause    error // why it stopped; set before stopping is closed
	failed   bool

	owners   sync.WaitGroup // of shards
	servants sync.WaitGroup // disk, readers, and who calls OnFatal
	closing  sync.Once
}

// Open restores every replica that storage holds, and runs them.
func Open(c Config) (*Node, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	limitDisk(&c)
	n := &Node{config: c, stopping: make(chan struct{}), window: window{limit: int64(c.Limits.WindowBytes)}}
	n.readers = readers{storage: c.Storage, jobs: newQueue[readJob](), stopping: n.stopping, fail: n.fail}
	n.disk = newDisk(&n.config, n.fail)
	for i := range c.Shards {
		n.shards = append(n.shards, newShard(n, i))
	}
	n.disk.shards = n.shards
	if err := n.restore(); err != nil {
		return nil, err
	}
	n.tellSpace(c.Storage.Space().Room)
	n.start()
	return n, nil
}

// start starts every goroutine of the node.
func (n *Node) start() {
	for _, s := range n.shards {
		n.owners.Go(s.run)
	}
	n.servants.Go(n.disk.apply)
	n.servants.Go(n.disk.wait)
	n.servants.Go(n.watchSpace)
	for range n.config.Limits.Readers {
		n.servants.Go(n.readers.run)
	}
	n.servants.Go(n.reportFailure)
}

// Close stops everything and waits for it. Who still waits for an append gets
// NotApplied if no machine has seen it, else Unknown. The storage stays open.
func (n *Node) Close() error {
	n.stop(fmt.Errorf("node %v: %w", n.config.Self, ErrClosed), false)
	n.closing.Do(func() {
		n.owners.Wait()
		// Only owners fill these queues.
		n.disk.jobs.close()
		n.readers.jobs.close()
		n.servants.Wait()
	})
	if n.failed {
		return n.cause
	}
	return nil
}

// fail stops the node: what it holds cannot be made durable, or trusted.
func (n *Node) fail(err error) {
	n.stop(fmt.Errorf("node %v failed: %w: %w", n.config.Self, err, ErrClosed), true)
}

// stop begins the end, the first time it is called.
func (n *Node) stop(cause error, failed bool) {
	n.stopOnce.Do(func() {
		n.cause, n.failed = cause, failed
		close(n.stopping)
	})
}

// reportFailure tells the node's user when it fails.
func (n *Node) reportFailure() {
	<-n.stopping
	if n.failed {
		n.config.Logger.Error("node stopped", "node", n.config.Self, "err", n.cause)
		n.config.OnFatal(n.cause)
	}
}

// stopCause is why the node has stopped. It waits for that, so it is called
// only by who has seen a sign of it.
func (n *Node) stopCause() error {
	<-n.stopping
	return n.cause
}

// Host makes sure that there is a replica of a stream here. One that there is
// already stays as it is. One that turns out to be damaged is hosted as such.
func (n *Node) Host(stream replication.StreamID, config replication.Configuration) error {
	if stream == 0 || !config.Has(n.config.Self) {
		return fmt.Errorf("host stream %d on %v: it is no member of %v", stream, n.config.Self, config)
	}
	if _, ok := n.Progress(stream); ok {
		return nil
	}
	// The storage may know a stream that it could not list.
	r, err := n.load(stream)
	if err != nil {
		return err
	}
	s := n.shardOf(stream)
	if !s.call(func() { s.host(stream, config, r) }) {
		return n.stopCause()
	}
	return nil
}

// Unhost stops the replica of a stream and drops what it has stored. If the node
// stops first, it is dropped or still there.
func (n *Node) Unhost(stream replication.StreamID) error {
	s := n.shardOf(stream)
	dropped := make(chan error, 1)
	if !s.call(func() { s.unhost(stream, dropped) }) {
		return n.stopCause()
	}
	var err error
	select {
	case err = <-dropped:
	case <-n.stopping:
		err = n.cause
	}
	if err != nil {
		return fmt.Errorf("unhost stream %d: %w", stream, err)
	}
	return nil
}

// Deliver takes envelopes that arrived from other nodes. It never blocks; what
// does not fit is lost. It keeps the envelopes, not the slice.
func (n *Node) Deliver(envelopes []replication.Envelope) {
	for i := range envelopes {
		if e := &envelopes[i]; e.To == n.config.Self && e.Msg != nil {
			n.shardOf(e.Stream).inbox.putMessage(e)
		}
	}
}

// Progress is how far the replica of a stream has come; false if there is none.
func (n *Node) Progress(stream replication.StreamID) (*Progress, bool) {
	p, ok := n.shardOf(stream).progress.Load(stream)
	if !ok {
		return nil, false
	}
	return p.(*Progress), true
}

// Held is what a node holds in memory for its writers, in bytes.
type Held struct {
	InFlight int64 // bounded by Limits.WindowBytes and one group
	Kept     int64 // bounded by Limits.KeepBytes, or twice that with many shards
}

// Held tells what the node's writers hold.
func (n *Node) Held() Held { return Held{InFlight: n.window.inUse(), Kept: n.kept.Load()} }

// shardOf is the shard that owns a stream's machines. Ids are given out in
// sequence: the product spreads them, whatever pattern the busy ones have.
func (n *Node) shardOf(stream replication.StreamID) *shard {
	const golden = 0x9e3779b97f4a7c15
	return n.shards[uint64(stream)*golden>>32%uint64(len(n.shards))]
}
