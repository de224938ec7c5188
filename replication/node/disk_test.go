package node

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"walle/replication"
)

// journal is a Storage that only notes what is asked of it. Each batch that is
// to be synced waits for one value from sync.
type journal struct {
	Storage

	mu   sync.Mutex // guards log
	log  []string
	sync chan error
}

func (j *journal) note(s string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.log = append(j.log, s)
}

func (j *journal) Apply(writes []replication.Write, sync bool) (Pending, error) {
	s := "apply"
	for _, w := range writes {
		s += fmt.Sprintf(" %d:%d", w.Stream, w.Seq)
	}
	if !sync {
		s += " lazily"
	}
	j.note(s)
	return j, nil
}

func (j *journal) Wait() error { return <-j.sync }

func (j *journal) Drop(id replication.StreamID) error {
	j.note(fmt.Sprintf("drop %d", id))
	return nil
}

// expect checks what was asked for so far.
func (j *journal) expect(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	j.mu.Lock()
	defer j.mu.Unlock()
	if !slices.Equal(j.log, want) {
		t.Fatalf("the storage was asked for %q, want %q", j.log, want)
	}
}

// newTestDisk runs a disk with two batches, for one shard that nobody owns.
func newTestDisk(t *testing.T) (*disk, *journal, *shard) {
	j := &journal{sync: make(chan error)}
	c := Config{Storage: j, Shards: 1, Limits: Limits{Batches: 2, BatchBytes: 150, DiskBytes: 200, Messages: 1}}
	d := newDisk(&c, func(error) {})
	s := &shard{inbox: newInbox(c.Limits)}
	d.shards = []*shard{s}
	var running sync.WaitGroup
	running.Go(d.apply)
	running.Go(d.wait)
	t.Cleanup(func() {
		d.jobs.close()
		close(j.sync)
		running.Wait()
	})
	return d, j, s
}

func write(r *replica, seq uint64) diskJob {
	return diskJob{owner: r, write: replication.Write{Stream: r.stream, Seq: seq}}
}

// While two batches wait for their sync, writes collect into the third, and
// each sync reports how far it brought each replica.
func TestDiskBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, j, s := newTestDisk(t)
		a, b := &replica{shard: s, stream: 1}, &replica{shard: s, stream: 2}
		for seq := range uint64(5) {
			d.put([]diskJob{write(a, 10*seq+1), write(b, seq+1), write(a, 10*seq+2)})
			synctest.Wait()
		}
		first := []string{"apply 1:1 2:1 1:2", "apply 1:11 2:2 1:12"}
		j.expect(t, first...)
		j.sync <- nil
		third := append(first, "apply 1:21 2:3 1:22 1:31 2:4 1:32 1:41 2:5 1:42")
		j.expect(t, third...)
		j.sync <- nil
		j.sync <- nil
		j.expect(t, third...)
		want := []synced{{a, 2}, {b, 1}, {a, 12}, {b, 2}, {a, 42}, {b, 5}}
		if got := s.inbox.take(arrivals{}).synced; !slices.Equal(got, want) {
			t.Fatalf("synced %v, want %v", got, want)
		}
	})
}

// What has queued behind a stall is applied in batches of bounded size.
func TestDiskBatchBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, j, s := newTestDisk(t)
		a := &replica{shard: s, stream: 1}
		var jobs []diskJob
		for seq := range uint64(5) {
			job := write(a, seq+1)
			job.write.Entries = []replication.Entry{{Data: make([]byte, 60)}}
			jobs = append(jobs, job)
		}
		d.put(jobs)
		j.expect(t, "apply 1:1 1:2", "apply 1:3 1:4")
		j.sync <- nil
		j.expect(t, "apply 1:1 1:2", "apply 1:3 1:4", "apply 1:5")
		j.sync <- nil
		j.sync <- nil
	})
}

// Lazy writes alone are not synced, and take no batch from those that are.
func TestDiskLazy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, j, s := newTestDisk(t)
		a := &replica{shard: s, stream: 1}
		var log []string
		for seq := range uint64(5) {
			lazy := write(a, seq+1)
			lazy.write.Lazy = true
			d.put([]diskJob{lazy})
			log = append(log, fmt.Sprintf("apply 1:%d lazily", seq+1))
			j.expect(t, log...)
		}
		lazy := write(a, 6)
		lazy.write.Lazy = true
		d.put([]diskJob{lazy, write(a, 7)})
		j.expect(t, append(log, "apply 1:6 1:7")...)
		j.sync <- nil
		synctest.Wait()
		if got := s.inbox.take(arrivals{}).synced; !slices.Equal(got, []synced{{a, 7}}) {
			t.Fatalf("synced %v", got)
		}
	})
}

// A replica is dropped behind what it wrote, and before what comes after it.
func TestDiskDrop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, j, s := newTestDisk(t)
		old, now := &replica{shard: s, stream: 1}, &replica{shard: s, stream: 1}
		dropped := make(chan error, 1)
		d.put([]diskJob{write(old, 57), {owner: old, drop: dropped}, write(now, 1)})
		j.expect(t, "apply 1:57", "drop 1", "apply 1:1")
		if err := <-dropped; err != nil {
			t.Fatal(err)
		}
		j.sync <- nil
		j.sync <- nil
		synctest.Wait()
		if got := s.inbox.take(arrivals{}).synced; !slices.Equal(got, []synced{{old, 57}, {now, 1}}) {
			t.Fatalf("synced %v", got)
		}
	})
}

// After a failed sync nothing more is applied, or reported.
func TestDiskSyncFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, j, s := newTestDisk(t)
		var failed error
		d.fail = func(err error) { failed = err }
		a := &replica{shard: s, stream: 1}
		for seq := range uint64(3) {
			d.put([]diskJob{write(a, seq+1)})
			synctest.Wait()
		}
		broken := errors.New("broken disk")
		j.sync <- broken
		synctest.Wait()
		d.put([]diskJob{write(a, 4)})
		j.expect(t, "apply 1:1", "apply 1:2")
		if got := s.inbox.take(arrivals{}).synced; len(got) > 0 || !errors.Is(failed, broken) {
			t.Fatalf("failed with %v, and then synced %v", failed, got)
		}
	})
}

// The disk is full while more bytes are queued than it may hold.
func TestDiskFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, j, s := newTestDisk(t)
		a := &replica{shard: s, stream: 1}
		job := write(a, 1)
		job.write.Entries = []replication.Entry{{Data: make([]byte, 60)}}
		for range 2 {
			d.put([]diskJob{write(a, 1)})
			synctest.Wait()
		}
		d.put([]diskJob{job})
		if d.full() {
			t.Fatal("full with one entry")
		}
		d.put([]diskJob{job})
		if !d.full() {
			t.Fatal("not full with two")
		}
		j.sync <- nil
		synctest.Wait()
		if d.full() {
			t.Fatal("still full when all is applied")
		}
		j.sync <- nil
		j.sync <- nil
	})
}
