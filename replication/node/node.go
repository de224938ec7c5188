package node

import (
	"errors"

	"walle/replication"
)

// Node runs the replicas and writers of one node. Any goroutine may call it.
type Node struct{}

// Open restores every replica that storage holds, and runs them.
func Open(c Config) (*Node, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	return nil, errors.ErrUnsupported
}

// Close stops everything and waits for it. Who still waits for an append gets
// NotApplied if no machine has seen it, else Unknown. The storage stays open.
func (n *Node) Close() error { return nil }

// Host makes sure that there is a replica of a stream here. One that there is
// already stays as it is.
func (n *Node) Host(stream replication.StreamID, config replication.Configuration) error {
	return errors.ErrUnsupported
}

// Unhost stops the replica of a stream and drops what it has stored.
func (n *Node) Unhost(stream replication.StreamID) error { return errors.ErrUnsupported }

// Deliver takes envelopes that arrived from other nodes. It never blocks; what
// does not fit is lost. It keeps the envelopes, not the slice.
func (n *Node) Deliver(envelopes []replication.Envelope) {}

// Progress is how far the replica of a stream has come; false if there is none.
func (n *Node) Progress(stream replication.StreamID) (*Progress, bool) { return nil, false }
