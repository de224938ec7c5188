package node

import (
	"errors"
	"fmt"
	"time"

	"walle/replication"
)

// readers do the reads that machines ask for, so that no owner waits for the
// disk. A machine has only a few reads outstanding, which bounds the queue: none
// is ever refused, since to a machine a read that fails is damage.
//
// So damage is all that it is told. A read that fails otherwise (a device that
// did not answer, no file descriptors left) says nothing of what is stored, and
// may succeed the next time. If it does not, the disk is out of order, and the
// node stops.
type readers struct {
	storage  Storage
	jobs     *queue[readJob]
	stopping <-chan struct{}
	fail     func(error) // tells the node
}

// readPauses are those before a read that failed is tried again.
var readPauses = [...]time.Duration{10 * time.Millisecond, 100 * time.Millisecond, time.Second}

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
		done, err := r.read(j.read)
		if err != nil {
			r.fail(err)
			continue // the node stops, and nobody waits any more
		}
		j.owner.shard.inbox.putRead(readAnswer{owner: j.owner, done: done})
	}
}

// read reads, several times if that fails.
func (r *readers) read(read replication.Read) (replication.ReadDone, error) {
	for tries := 0; ; tries++ {
		done := r.storage.Read(read)
		done.Ref = read.Ref
		if done.Err == nil || errors.Is(done.Err, ErrDamaged) {
			return done, nil
		}
		if tries == len(readPauses) {
			return done, fmt.Errorf("read entries up to %d of stream %d, %d times: %w", read.To, read.Stream, tries+1, done.Err)
		}
		pause := time.NewTimer(readPauses[tries])
		select {
		case <-pause.C:
		case <-r.stopping:
			pause.Stop()
			return done, done.Err
		}
	}
}
