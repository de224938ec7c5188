package engine

import (
	"context"

	"walle/replication"
)

// ReadRequest says what to read: committed entries From..To, both included.
type ReadRequest struct {
	Stream replication.StreamID
	Config replication.Configuration
	// From is the lowest entry wanted; 0 is the lowest there is. One that has
	// been trimmed is KindTrimmed; one above the commit gives nothing.
	From replication.EntryID
	// To is the highest entry wanted; 0 is the highest committed when the read
	// begins. It is cut to that, except with Follow.
	To         replication.EntryID
	Descending bool
	// NoData leaves Entry.Data nil, for a caller that wants the other columns only.
	NoData bool
	// Follow waits for entries that are not committed yet, until To or, without
	// one, for ever. It excludes Descending.
	Follow bool
}

// Scanner is an iterator over committed entries: dense, in order, each with its
// checksum verified. It never skips: entries that cannot be had end it with an
// error (KindTrimmed, KindCorrupt, KindNoQuorum). One goroutine uses it.
type Scanner interface {
	// Next moves to the next entry. It returns false at the end, at an error,
	// and when ctx ends (KindCancelled: only then Next may be called again and
	// goes on where it was).
	Next(ctx context.Context) bool
	// Entry is valid until the next call of Next; so is its Data.
	Entry() *replication.Entry
	Err() error
	Close() error
}

// Bounds are the committed entries that a stream holds: First..Commit, none if
// First > Commit.
type Bounds struct {
	First  replication.EntryID
	Commit replication.EntryID
}

// TrimRequest asks to drop the entries below First.
type TrimRequest struct {
	Stream replication.StreamID
	Config replication.Configuration
	First  replication.EntryID
}

// ReplicaStatus is how one member of a stream stands.
type ReplicaStatus struct {
	Node    replication.NodeID
	Reached bool   // false: it did not answer, and Status is zero
	Hosted  bool   // false: it answered that it holds no replica, or a damaged one
	Damage  string // not "": why its replica keeps out of everything
	Status  replication.Status
}
