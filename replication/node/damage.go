package node

import "walle/replication"

// Damaged tells the replica of a stream that some of its entries cannot be read,
// so that it fetches them from another member. Progress.Gaps shows what it makes
// of that.
func (n *Node) Damaged(stream replication.StreamID, first, last replication.EntryID) {
	s := n.shardOf(stream)
	s.inbox.putCall(func() {
		if r := s.replicas[stream]; r != nil {
			s.step(&r.slot, replication.Damaged{First: first, Last: last})
		}
	})
}
