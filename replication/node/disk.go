package node

import (
	"fmt"
	"sync/atomic"

	"walle/replication"
)

// disk does the writes of all shards: one goroutine applies what is queued as
// one batch, a second one waits for batch after batch to be durable and tells
// the shards. So a batch is applied while the one before is synced, and what
// comes in the meantime makes the next batch: alone, a write waits for nothing;
// under load batches grow by themselves.
//
// The queue is bounded by Limits.DiskBytes: above that, shards lose the messages
// that would add entries to it (full). An error is final: nothing is reported
// durable any more and the node stops.
type disk struct {
	storage    Storage
	shards     []*shard
	fail       func(error) // tells the node
	limit      int64       // of queued
	batchBytes int         // bytes of entries that make a batch

	jobs    *queue[diskJob]
	queued  atomic.Int64  // bytes of entries in jobs
	free    chan *batch   // batches to fill; empty while all are on their way
	applied chan *batch   // to be waited for; has room for all
	failed  chan struct{} // closed when a sync has failed: apply nothing more
	written written
}

// diskJob is a write, or the end of a replica.
type diskJob struct {
	owner *replica
	write replication.Write
	drop  chan error // not nil: drop the replica and say how that went
}

// diskMark is where a replica stands in the batch that is being filled.
type diskMark struct {
	batch uint64
	index int
}

// batch is writes that are made durable together.
type batch struct {
	pending Pending
	synced  [][]synced // a list for each shard, with one item for each replica
}

func newDisk(c *Config, fail func(error)) *disk {
	d := &disk{
		storage:    c.Storage,
		fail:       fail,
		limit:      int64(c.Limits.DiskBytes),
		batchBytes: c.Limits.BatchBytes,
		jobs:       newQueue[diskJob](),
		free:       make(chan *batch, c.Limits.Batches),
		applied:    make(chan *batch, c.Limits.Batches),
		failed:     make(chan struct{}),
		written:    written{much: make(chan struct{}, 1)},
	}
	for range c.Limits.Batches {
		d.free <- &batch{synced: make([][]synced, c.Shards)}
	}
	return d
}

// put queues jobs in order.
func (d *disk) put(jobs []diskJob) {
	bytes := 0
	for i := range jobs {
		bytes += sizeOf(jobs[i].write.Entries)
	}
	d.queued.Add(int64(bytes))
	d.jobs.put(jobs)
}

// full reports whether no more entries should be queued.
func (d *disk) full() bool { return d.queued.Load() > d.limit }

// apply runs until the queue is closed and empty, or the storage fails.
func (d *disk) apply() {
	defer close(d.applied)
	a := applier{disk: d}
	for {
		// Have a batch first: until one is free, the queue collects.
		if !a.haveBatch() {
			return
		}
		jobs, ok := d.jobs.takeAll(a.jobs)
		if !ok {
			return
		}
		a.jobs = jobs
		if err := a.do(jobs); err != nil {
			d.fail(err)
			return
		}
	}
}

// applier is the state of the applying goroutine.
type applier struct {
	disk    *disk
	batch   *batch // being filled, or nil
	batches uint64 // how many were filled so far
	jobs    []diskJob
	writes  []replication.Write
}

// haveBatch waits until there is a batch to fill; false if the storage failed.
func (a *applier) haveBatch() bool {
	if a.batch == nil {
		select {
		case a.batch = <-a.disk.free:
		case <-a.disk.failed:
		}
	}
	select {
	case <-a.disk.failed:
		return false
	default:
		return true
	}
}

// do applies jobs. A replica is dropped behind its own last write, and before
// the first of a new replica of the same stream.
func (a *applier) do(jobs []diskJob) error {
	for len(jobs) > 0 {
		if first := &jobs[0]; first.drop != nil {
			first.drop <- a.disk.storage.Drop(first.owner.stream)
			jobs = jobs[1:]
			continue
		}
		if !a.haveBatch() {
			return nil // reported by who saw it
		}
		n, bytes := batchOf(jobs, a.disk.batchBytes)
		if err := a.apply(jobs[:n]); err != nil {
			return err
		}
		a.disk.queued.Add(-int64(bytes))
		a.disk.written.add(bytes)
		jobs = jobs[n:]
	}
	return nil
}

// batchOf is how many of jobs, from the first, make a batch of at least limit
// bytes of entries, and how many bytes that is. It ends before a drop.
func batchOf(jobs []diskJob, limit int) (n, bytes int) {
	for n < len(jobs) && jobs[n].drop == nil && bytes < limit {
		bytes += sizeOf(jobs[n].write.Entries)
		n++
	}
	return n, bytes
}

// apply applies writes as one batch, and passes it on if it has to be synced.
// One of lazy writes only needs none: they are durable with the next that does.
func (a *applier) apply(jobs []diskJob) error {
	a.batches++
	b, sync := a.batch, false
	for i := range jobs {
		w := &jobs[i].write
		a.writes = append(a.writes, *w)
		a.mark(jobs[i].owner, w.Seq)
		sync = sync || !w.Lazy
	}
	pending, err := a.disk.storage.Apply(a.writes, sync)
	if err != nil {
		return fmt.Errorf("apply a batch of %d writes: %w", len(jobs), err)
	}
	clear(a.writes)
	a.writes = a.writes[:0]
	if !sync {
		b.reset()
		return nil
	}
	b.pending, a.batch = pending, nil
	a.disk.applied <- b
	return nil
}

// mark notes in the batch that owner's writes go up to seq.
func (a *applier) mark(owner *replica, seq uint64) {
	list := &a.batch.synced[owner.shard.index]
	if owner.disk.batch != a.batches {
		owner.disk = diskMark{batch: a.batches, index: len(*list)}
		*list = append(*list, synced{owner: owner})
	}
	(*list)[owner.disk.index].seq = seq
}

// wait waits for batches in order until there are no more, or one fails.
func (d *disk) wait() {
	for b := range d.applied {
		if err := b.pending.Wait(); err != nil {
			close(d.failed)
			d.fail(fmt.Errorf("sync a batch: %w", err))
			return
		}
		for i, s := range d.shards {
			s.inbox.putSynced(b.synced[i])
		}
		b.reset()
		d.free <- b
	}
}

func (b *batch) reset() {
	b.pending = nil
	for i := range b.synced {
		clear(b.synced[i])
		b.synced[i] = b.synced[i][:0]
	}
}
