package node

import "walle/replication"

// replica is a machine of package replication with what its owner keeps beside
// it. Its shard's owner owns it, but for progress and disk.
type replica struct {
	shard    *shard
	stream   replication.StreamID
	machine  *replication.Replica
	progress *Progress
	slot     slot
	gone     bool // unhosted: what the disk still reports is not for another replica of the stream

	// gaps are those that are durable; later are those of writes that are not
	// yet, oldest first.
	gaps  []replication.Gap
	later []gapsAt

	disk diskMark // the disk goroutine's
}

// gapsAt is the gaps that a replica has from its write seq on.
type gapsAt struct {
	seq  uint64
	gaps []replication.Gap
}

func newReplica(s *shard, stream replication.StreamID, m *replication.Replica, gaps []replication.Gap) *replica {
	r := &replica{shard: s, stream: stream, machine: m, progress: &Progress{}, gaps: gaps}
	r.slot.replica = r
	r.publish()
	return r
}

// due is when the owner has to step the machine next.
func (r *replica) due() replication.Time {
	if r.gone {
		return replication.Never
	}
	return r.machine.Deadline()
}

// wrote notes what w will have changed once it is durable.
func (r *replica) wrote(w *replication.Write) {
	if w.State != nil {
		r.later = append(r.later, gapsAt{seq: w.Seq, gaps: w.State.Gaps})
	}
}

// synced notes that the writes up to seq are durable.
func (r *replica) synced(seq uint64) {
	for len(r.later) > 0 && r.later[0].seq <= seq {
		r.gaps = r.later[0].gaps
		r.later = r.later[1:]
	}
}

// publish shows readers how far the replica has come. A commit that is ahead of
// the flush is not shown yet: its entries cannot be scanned.
func (r *replica) publish() {
	flush := r.machine.Flush()
	r.progress.publish(reached{
		first:  r.machine.First(),
		commit: min(r.machine.Commit(), flush),
		flush:  flush,
		tail:   r.machine.Tail().ID,
		gaps:   r.gaps,
	})
}
