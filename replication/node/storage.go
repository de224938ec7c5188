package node

import (
	"errors"

	"walle/replication"
)

// ErrDamaged is in the chain of a Storage's error when what is stored is there,
// but is not what was written. Any other error says that reading failed.
var ErrDamaged = errors.New("stored data is damaged")

// Storage keeps the durable state of one node's replicas. One goroutine calls
// Apply and Drop, any may call the rest. An error of Apply or Wait is final:
// the node stops and the storage is only closed after it.
type Storage interface {
	// Streams lists the streams that have a replica here, ascending. One may be
	// missing whose name cannot be read: Load knows it all the same.
	Streams() ([]replication.StreamID, error)
	// Load returns the durable state of one replica; ok is false if there is none.
	// ErrDamaged says that there is, or was.
	Load(replication.StreamID) (l replication.Loaded, ok bool, err error)
	// Apply does the writes of all streams in order, as one batch, visible to
	// Read and Scan when it returns. It does not wait for the disk: that does
	// Wait of what it returns. With sync false nobody will wait.
	Apply(writes []replication.Write, sync bool) (Pending, error)
	// Read returns entries for a machine. ReadDone.Err is ErrDamaged, or says
	// why nothing could be read.
	Read(replication.Read) replication.ReadDone
	// Scan iterates over the entries From..To that are stored. It does not know
	// what is committed: the caller bounds To by that.
	Scan(ScanRequest) Scanner
	// Drop removes a replica for good.
	Drop(replication.StreamID) error
	// CheckSpace looks how much room the disk has, and does what the storage
	// owes to that. One goroutine calls it, now and then. Space is what it saw
	// last.
	CheckSpace() Space
	Space() Space
}

// Pending is a batch on its way to the disk.
type Pending interface {
	// Wait returns once the batch is durable, or can't be.
	Wait() error
}

// ScanRequest says what to scan: entries From..To, both included, ascending or
// Descending.
type ScanRequest struct {
	Stream     replication.StreamID
	From, To   replication.EntryID
	Descending bool
	NoData     bool // Entry.Data may stay nil: the caller wants the header columns only
}

// Scanner is an iterator over stored entries. A missing entry (trimmed, or in a
// gap) is skipped: the caller, who knows first and the gaps, compares ids.
type Scanner interface {
	// Next moves on; false at the end or at an error.
	Next() bool
	// Entry is valid until the next call of Next; its Data too. Its checksum
	// has been checked.
	Entry() *replication.Entry
	Err() error
	Close() error
}
