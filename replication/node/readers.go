package node

import "walle/replication"

// readers do the reads that machines ask for, so that no owner waits for the
// disk. A machine has only a few reads outstanding, which bounds the queue: none
// is ever refused, since to a machine a read that fails is damage.
type readers struct {
	storage Storage
	jobs    *queue[readJob]
}

type readJob struct {
	owner *replica
	read  replication.Read
}

// run is one of the goroutines; it ends when the queue is closed and empty.
func (r *readers) run() {
	for {
		j, ok := r.jobs.takeOne()
		if !ok {
			return
		}
		done := r.storage.Read(j.read)
		done.Ref = j.read.Ref
		j.owner.shard.inbox.putRead(readAnswer{owner: j.owner, done: done})
	}
}
