package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"

	"walle/replication/node"
)

// space is how much room the disk has, as last seen.
type space struct {
	reserve uint64     // what is kept free; 0: nobody looks
	mu      sync.Mutex // held while somebody looks; guards ballast
	ballast bool       // is there
	seen    atomic.Pointer[node.Space]
}

// Space is what CheckSpace saw last.
func (s *Store) Space() node.Space {
	if seen := s.space.seen.Load(); seen != nil {
		return *seen
	}
	return node.Space{}
}

// CheckSpace looks how much room the disk has, and takes off it what has been
// trimmed. When there gets little room, it has what is in memory written out,
// while it still fits: after that, little is left to write when a full disk has
// to be opened again.
func (s *Store) CheckSpace() node.Space {
	s.space.mu.Lock()
	defer s.space.mu.Unlock()
	before := s.Space()
	if s.space.reserve == 0 || s.enter() != nil {
		return before
	}
	defer s.users.leave()
	usage, err := s.config.FS.GetDiskUsage(s.config.Dir)
	if err != nil {
		s.config.Logger.Warn("cannot tell how much of the disk is free", "error", err)
		return before
	}
	now := node.Space{Free: usage.AvailBytes, Total: usage.TotalBytes, Reserve: s.space.reserve}
	now.Room = roomOf(now.Free, now.Reserve, before.Room)
	s.space.seen.Store(&now)
	if now.Room != before.Room {
		s.logRoom(now, before.Room)
	}
	if now.Room == node.RoomEnough {
		s.refillBallast(now)
		s.reclaim(min(muchTrimmed, now.Reserve/4))
		return now
	}
	if now.Free < ballastSize(now.Reserve)/4 {
		if err := s.dropBallast(now.Free); err != nil {
			s.config.Logger.Error("the disk is full", "error", err)
		}
	}
	if before.Room == node.RoomEnough {
		s.trims.lookAgain()
		if _, err := s.db.AsyncFlush(); err != nil {
			s.failure.fail(fmt.Errorf("flush: %w", err))
		}
	}
	s.reclaim(1)
	return now
}

func (s *Store) logRoom(now node.Space, before node.Room) {
	level, message := slog.LevelWarn, "the disk is nearly full: no new entries are taken"
	switch {
	case now.Room == node.RoomEnough:
		level, message = slog.LevelInfo, "the disk has room again"
	case now.Room == node.RoomNone:
		message = "the disk is full: no changes of the catalog are taken either"
	case before == node.RoomNone:
		message = "the disk is nearly full: changes of the catalog are taken again"
	}
	s.config.Logger.Log(context.Background(), level, message,
		"dir", s.config.Dir, "free_bytes", now.Free, "min_free_bytes", now.Reserve, "total_bytes", now.Total)
}

// lastOf is the part of a reserve that is left to what must go on, when all else
// has to stop: compactions, too.
func lastOf(reserve uint64) uint64 { return reserve / 8 }

// roomOf is what free bytes of a disk mean. What has been used up counts as
// there again only when a little more is, so that it does not come and go with
// every file.
func roomOf(free, reserve uint64, before node.Room) node.Room {
	low, none := reserve, lastOf(reserve)
	if before >= node.RoomLow {
		low += low / 8
	}
	if before >= node.RoomNone {
		none += none / 8
	}
	switch {
	case free < none:
		return node.RoomNone
	case free < low:
		return node.RoomLow
	}
	return node.RoomEnough
}

const (
	mostReserve = 1 << 30
	// reserveOfGroup is what the largest group needs, in the log and as a table,
	// beside the memtables.
	reserveOfGroup = 64 << 20
	// memTablesOfReserve is how many memtables the reserve is: four may wait to
	// be written as tables, and the rest is for what is on its way, and for
	// compactions.
	memTablesOfReserve = 16
)

// reserveOf is how much of the disk to keep free.
func reserveOf(c Config) uint64 {
	switch {
	case c.MinFree > 0:
		return uint64(c.MinFree)
	case c.MinFree < 0 || c.ReadOnly:
		return 0
	}
	usage, err := c.FS.GetDiskUsage(c.Dir)
	if err != nil {
		if !errors.Is(err, vfs.ErrUnsupported) {
			c.Logger.Warn("cannot tell how large the disk is", "error", err)
		}
		return 0
	}
	return defaultReserve(usage.TotalBytes)
}

// defaultReserve is how much of a disk of total bytes is kept free: an eighth,
// but not more than all that may ever be on its way, and not less than what a
// large group needs, unless the disk is tiny.
func defaultReserve(total uint64) uint64 {
	return min(mostReserve, max(total/8, min(reserveOfGroup, total/4)))
}

// memTableBytes is how large memtables may be beside a reserve, if there is one.
func memTableBytes(reserve uint64) uint64 {
	if reserve == 0 {
		return defaultMemTableBytes
	}
	return max(leastMemTableBytes, min(defaultMemTableBytes, reserve/memTablesOfReserve))
}
