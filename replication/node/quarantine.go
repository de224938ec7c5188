package node

import "walle/replication"

// A replica that cannot be loaded is damaged, and keeps out of the protocol. It
// may have promised a term that it no longer knows, and acknowledged entries
// that it no longer has. Were it to start anew, a claim could be given the
// promise that another has already, or miss what a majority held: it would be a
// wiped disk under an old name. So it says so to whoever asks, and nothing else;
// to the others it is a member that is down. What is stored stays, until the
// stream is dropped.

// Quarantined is why the replica of a stream on this node keeps out of everything;
// nil if it does not.
func (n *Node) Quarantined(stream replication.StreamID) error {
	if why, ok := n.shardOf(stream).quarantine.Load(stream); ok {
		return why.(error)
	}
	return nil
}

// addRestored runs what was restored of a replica, if there is anything.
func (s *shard) addRestored(stream replication.StreamID, r restored) {
	switch {
	case r.damage != nil:
		s.quarantine.Store(stream, r.damage)
		s.node.config.Logger.Error("a replica is damaged and keeps out of everything", "stream", stream, "error", r.damage.Error())
	case r.machine != nil:
		s.add(stream, r.machine, r.gaps)
	}
}
