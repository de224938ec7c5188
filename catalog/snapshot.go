package catalog

import (
	"iter"
	"slices"
	"strings"

	"github.com/tidwall/btree"

	"walle/replication"
)

// Snapshot is the catalog at one version. It is immutable; all methods may be
// called by anyone, without locks. Snapshots share what did not change between
// them, so that the next costs the same however many streams there are.
type Snapshot struct {
	version replication.EntryID
	byName  *btree.Map[string, *Desc]
	byID    *btree.Map[replication.StreamID, *Desc]
	nodes   []loadedNode // in the order of names
}

// loadedNode is a node with what lies on it.
type loadedNode struct {
	Node
	streams int
}

// Version is the entry of the system stream up to which the snapshot goes.
func (s *Snapshot) Version() replication.EntryID { return s.version }

// Stream finds a stream by its name.
func (s *Snapshot) Stream(name string) (Desc, bool) { return found(s.byName.Get(name)) }

// StreamByID finds a stream by its id.
func (s *Snapshot) StreamByID(id replication.StreamID) (Desc, bool) { return found(s.byID.Get(id)) }

func found(d *Desc, ok bool) (Desc, bool) {
	if !ok {
		return Desc{}, false
	}
	return *d, true
}

// Streams yields all streams in the order of their names.
func (s *Snapshot) Streams() iter.Seq[Desc] {
	return func(yield func(Desc) bool) {
		s.byName.Scan(func(_ string, d *Desc) bool { return yield(*d) })
	}
}

// Len is how many streams there are.
func (s *Snapshot) Len() int { return s.byID.Len() }

// Nodes lists the nodes in the order of their names.
func (s *Snapshot) Nodes() []Node {
	nodes := make([]Node, len(s.nodes))
	for i := range s.nodes {
		nodes[i] = s.nodes[i].Node
	}
	return nodes
}

// Node finds a node by its name.
func (s *Snapshot) Node(name string) (Node, bool) {
	i, ok := slices.BinarySearchFunc(s.nodes, name, func(n loadedNode, name string) int {
		return strings.Compare(n.Name, name)
	})
	if !ok {
		return Node{}, false
	}
	return s.nodes[i].Node, true
}

// NodeByID finds a node by its identity.
func (s *Snapshot) NodeByID(id replication.NodeID) (Node, bool) {
	if i := s.nodeIndex(id); i >= 0 {
		return s.nodes[i].Node, true
	}
	return Node{}, false
}

func (s *Snapshot) nodeIndex(id replication.NodeID) int {
	return slices.IndexFunc(s.nodes, func(n loadedNode) bool { return n.ID == id })
}
