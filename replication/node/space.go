package node

import (
	"sync/atomic"
	"time"

	"walle/replication"
)

// Space is how much room the disk under a Storage has.
type Space struct {
	Free, Total uint64
	Reserve     uint64 // what is kept free of entries; 0: nobody looks
	Room        Room
}

// Room is what Space means for replicas.
type Room uint8

const (
	// RoomEnough: everything is taken.
	RoomEnough Room = iota
	// RoomLow: less than the reserve is free. Replicas take what is on its way,
	// and what is small, but ask for no new entries.
	RoomLow
	// RoomNone: most of the reserve is used up. This holds for the catalog's
	// stream, too. Until here its few bytes go on, because a DROP STREAM that
	// gives back the space of a whole stream is one of its entries.
	RoomNone
)

func (r Room) String() string {
	return [...]string{"enough", "low", "none"}[r]
}

// lowFor reports whether a stream's replica counts the disk as nearly full.
func (r Room) lowFor(stream replication.StreamID) bool {
	if stream == replication.SystemStream {
		return r == RoomNone
	}
	return r != RoomEnough
}

// limitDisk makes what waits for the disk a part of the reserve, so that all of
// it still fits when there turns out to be no room for more. It is written
// twice: to the storage's log, and to its tables.
func limitDisk(c *Config) {
	if reserve := c.Storage.CheckSpace().Reserve; reserve > 0 {
		c.Limits.DiskBytes = min(c.Limits.DiskBytes, int(reserve/4))
	}
}

const (
	// spaceEvery is how often the disk is looked at while it is written to, or
	// has little room; every idleTicks-th time else, since others write, too.
	spaceEvery = 100 * time.Millisecond
	idleTicks  = 10
	// spaceBytes is how much may be written between two looks.
	spaceBytes = 16 << 20
)

// written counts what is written.
type written struct {
	bytes atomic.Int64  // since the last look at the disk
	much  chan struct{} // capacity 1: that is spaceBytes
}

func (w *written) add(bytes int) {
	if w.bytes.Add(int64(bytes)) < spaceBytes {
		return
	}
	select {
	case w.much <- struct{}{}:
	default: // it has been said
	}
}

// watchSpace looks at the disk until the node stops, and tells the replicas.
func (n *Node) watchSpace() {
	space := n.config.Storage.Space()
	if space.Reserve == 0 {
		return
	}
	tick := time.NewTicker(spaceEvery)
	defer tick.Stop()
	for ticks := 0; ; {
		select {
		case <-n.stopping:
			return
		case <-n.disk.written.much:
		case <-tick.C:
			ticks++
			if space.Room == RoomEnough && n.disk.written.bytes.Load() == 0 && ticks < idleTicks {
				continue
			}
		}
		ticks = 0
		n.disk.written.bytes.Store(0)
		before := space.Room
		space = n.config.Storage.CheckSpace()
		if space.Room != before {
			n.tellSpace(space.Room)
		}
	}
}

// tellSpace tells every replica how much room there is.
func (n *Node) tellSpace(room Room) {
	for _, s := range n.shards {
		s.inbox.putCall(func() {
			s.room = room
			for _, r := range s.replicas {
				s.tellReplica(r)
			}
		})
	}
}

// tellReplica tells one replica how much room there is. Only the owner calls it.
func (s *shard) tellReplica(r *replica) {
	s.step(&r.slot, replication.Space{Low: s.room.lowFor(r.stream)})
}
