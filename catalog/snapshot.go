package catalog

import (
	"iter"

	"walle/replication"
)

// Snapshot is the catalog at one version. It is immutable; all methods may be
// called by anyone, without locks.
type Snapshot struct{}

// Version is the entry of the system stream up to which the snapshot goes.
func (s *Snapshot) Version() replication.EntryID { return 0 }

// Stream finds a stream by its name.
func (s *Snapshot) Stream(name string) (Desc, bool) { return Desc{}, false }

// StreamByID finds a stream by its id.
func (s *Snapshot) StreamByID(id replication.StreamID) (Desc, bool) { return Desc{}, false }

// Streams yields all streams in the order of their names.
func (s *Snapshot) Streams() iter.Seq[Desc] { return func(func(Desc) bool) {} }

// Len is how many streams there are.
func (s *Snapshot) Len() int { return 0 }

// Nodes lists the nodes in the order of their names.
func (s *Snapshot) Nodes() []Node { return nil }

// Node finds a node by its name.
func (s *Snapshot) Node(name string) (Node, bool) { return Node{}, false }

// NodeByID finds a node by its identity.
func (s *Snapshot) NodeByID(id replication.NodeID) (Node, bool) { return Node{}, false }
