package node

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"

	"walle/replication"
)

// Config is what a node is made of. Self, Storage, Transport, Clock and Random
// are required.
type Config struct {
	Self      replication.NodeID
	Storage   Storage
	Transport Transport
	Clock     Clock
	Random    func() uint64 // nonces of claims; called by any goroutine
	Shards    int           // owner goroutines; 0: one for every four processors
	Limits    Limits
	Writers   replication.Limits // of each writer's machine
	// OnFatal is called once, by a goroutine of its own, when the storage has
	// failed and the node acknowledges nothing any more. It must not call
	// Close, which waits for it.
	OnFatal func(error)
	Logger  *slog.Logger
}

// Limits bounds the node's queues. A zero field takes its default.
type Limits struct {
	// Messages and MessageBytes bound what has arrived for one shard and waits
	// for its owner. What does not fit is dropped: to the protocol it is a lost
	// message.
	Messages     int // 8192
	MessageBytes int // 64 MiB; only entries count
	// WindowBytes bounds what all writers of the node have in flight, with what
	// groups and entries take beside their data. What does not fit is refused
	// with ErrFull before it is queued. A writer alone gets half of it.
	WindowBytes int // 16 MiB
	// KeepBytes bounds what all writers of the node keep of committed entries for
	// replicas that are behind. What is above it goes, beginning with those who keep
	// most: such a replica goes on behind a gap.
	KeepBytes int // 32 MiB
	// DiskBytes bounds the entries of all shards that wait to be applied.
	// While they are more, messages that carry entries are dropped.
	DiskBytes int // 128 MiB, but at most a quarter of Space.Reserve
	// Batches is how many batches may have been applied and wait for their
	// sync. While they are as many, writes collect into the next batch.
	Batches int // 4
	// BatchBytes is how many bytes of entries make a batch, unless one write has
	// more: after a stall of the disk, what has queued is not one huge batch.
	BatchBytes int // 8 MiB
	// Readers is how many reads of the machines run at a time. The rest wait;
	// a machine has only a few outstanding.
	Readers int // 4
}

const processorsPerShard = 4

func (c *Config) complete() error {
	switch {
	case c.Self == 0:
		return errors.New("node: Self is not set")
	case c.Storage == nil || c.Transport == nil || c.Clock == nil || c.Random == nil:
		return errors.New("node: Storage, Transport, Clock and Random are required")
	case c.Shards < 0:
		return fmt.Errorf("node: %d shards", c.Shards)
	}
	if c.Shards == 0 {
		// An owner takes about a fifth of what its streams cost a node. A second one
		// before the first is busy only makes more and smaller batches, each with its
		// own wake-ups.
		c.Shards = max(1, runtime.GOMAXPROCS(0)/processorsPerShard)
	}
	if c.OnFatal == nil {
		c.OnFatal = func(error) {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c.Limits.complete()
}

func (l *Limits) complete() error {
	for _, f := range []struct {
		name  string
		value *int
		std   int
	}{
		{"Messages", &l.Messages, 8192},
		{"MessageBytes", &l.MessageBytes, 64 << 20},
		{"WindowBytes", &l.WindowBytes, 16 << 20},
		{"KeepBytes", &l.KeepBytes, 32 << 20},
		{"DiskBytes", &l.DiskBytes, 128 << 20},
		{"Batches", &l.Batches, 4},
		{"BatchBytes", &l.BatchBytes, 8 << 20},
		{"Readers", &l.Readers, 4},
	} {
		if *f.value < 0 {
			return fmt.Errorf("node: limit %s is %d", f.name, *f.value)
		}
		if *f.value == 0 {
			*f.value = f.std
		}
	}
	return nil
}
