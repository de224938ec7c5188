package node

import "walle/replication"

// slot is a machine's place in its shard: it is due at a time, and takes part
// in a round. A zero slot is due never.
type slot struct {
	replica *replica // one of the two
	writer  *Writer

	deadline replication.Time // while queued
	index    int              // place among the deadlines, from 1; 0 is none
	touched  bool             // stepped in this round
	unticked bool             // stepped since it was last asked whether it is due
}

func (s *slot) queued() bool { return s.index > 0 }

// due is when the machine wants its Tick.
func (s *slot) due() replication.Time {
	if s.replica != nil {
		return s.replica.due()
	}
	return s.writer.due()
}
