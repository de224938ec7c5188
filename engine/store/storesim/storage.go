package storesim

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"walle/engine/store"
	"walle/replication"
	"walle/replication/node"
	"walle/replication/sim"
)

const (
	stream    replication.StreamID = 7 // the world's
	directory                      = "data"
)

// Storage is a sim.Storage.
type Storage struct {
	rand  *rand.Rand
	disk  *disk
	store *store.Store
	stats *Stats

	// The batches since the first, counted. What the store holds is what some
	// number of them wrote: between synced and applied.
	applied int
	synced  int
	opened  int      // when it was opened
	last    []uint64 // of each batch since then, the last write of the world's stream

	witnesses [2]witness // right before and behind the world's stream
}

var _ sim.Storage = (*Storage)(nil)

// Open makes a new, empty storage for a node of the world of a seed, and counts
// what happens to it. It is for sim.Options.
func (s *Stats) Open(node replication.NodeID, seed uint64) (sim.Storage, error) {
	n := &Storage{
		rand:      rand.New(rand.NewPCG(seed, uint64(node))),
		disk:      newDisk(vfs.NewCrashableMem()),
		stats:     s,
		witnesses: [2]witness{{stream: stream - 1}, {stream: stream + 1}},
	}
	return n, n.open()
}

// open opens the store on the disk.
func (s *Storage) open() (err error) {
	s.store, err = store.Open(store.Config{
		Dir: directory, FS: s.disk, OnFatal: s.disk.onFatal,
		// From a page of a table to all that a world writes.
		MemTableBytes: 16 << 10 << (2 * s.rand.IntN(4)),
		CacheBytes:    64 << 10,
	})
	if err != nil {
		return err
	}
	s.disk.begin()
	s.stats.Opens.Add(1)
	return nil
}

// Apply implements sim.Storage. Sometimes the batch is synced at once, though
// nobody has waited for it yet.
func (s *Storage) Apply(writes []replication.Write) error {
	batch := make([]replication.Write, 0, len(writes)+len(s.witnesses))
	batch = append(batch, s.witnesses[0].next())
	batch = append(batch, writes...)
	batch = append(batch, s.witnesses[1].next())
	s.applied++
	s.last = append(s.last, writes[len(writes)-1].Seq)
	s.stats.Batches.Add(1)

	sync := !writes[len(writes)-1].Lazy && s.rand.IntN(3) == 0
	err := s.apply(batch, sync)
	if s.disk.settle() {
		s.stats.Flushes.Add(1)
	}
	return errors.Join(err, s.disk.failure())
}

// apply applies a batch and, with sync, waits for it.
func (s *Storage) apply(batch []replication.Write, sync bool) error {
	p, err := s.store.Apply(batch, sync)
	if err != nil || !sync {
		return err
	}
	if err := p.Wait(); err != nil {
		return err
	}
	s.synced = s.applied
	return nil
}

// Sync implements sim.Storage.
func (s *Storage) Sync() error {
	s.stats.Syncs.Add(1)
	return s.apply(nil, true)
}

// Load implements sim.Storage.
func (s *Storage) Load() (replication.Loaded, bool, error) { return s.store.Load(stream) }

// Read implements sim.Storage.
func (s *Storage) Read(r replication.Read) replication.ReadDone { return s.store.Read(r) }

// Stored implements sim.Storage.
func (s *Storage) Stored() ([]replication.Entry, error) { return readable(s.store, stream) }

// Break implements sim.Storage: a change of the log, of what is flushed next, or
// a read.
func (s *Storage) Break() {
	s.stats.Breaks.Add(1)
	s.disk.fail(faults[s.rand.IntN(len(faults))])
}

// Repair implements sim.Storage.
func (s *Storage) Repair() bool {
	s.disk.fail(nil)
	return s.disk.failure() == nil
}

// Close implements sim.Storage. A store that has not failed closes without an
// error.
func (s *Storage) Close() error {
	if s.store == nil { // it could not be opened
		return nil
	}
	err := s.store.Close()
	if s.disk.failure() != nil || s.disk.hit() {
		return nil
	}
	return err
}

// checkFailed says what is wrong with a store whose disk has failed: it has to
// say which file it was, and to do nothing any more.
func (s *Storage) checkFailed() error {
	fatal := s.disk.failure()
	if fatal == nil {
		return nil
	}
	s.stats.Failures.Add(1)
	if !errors.Is(fatal, errorfs.ErrInjected) {
		return fmt.Errorf("the store failed by itself: %w", fatal)
	}
	if _, err := s.store.Apply(nil, true); !errors.Is(err, errorfs.ErrInjected) {
		return fmt.Errorf("the store goes on (%w) after it failed with: %w", err, fatal)
	}
	return nil
}

// readable returns copies of all entries of a stream that can be read.
func readable(s node.Storage, stream replication.StreamID) (entries []replication.Entry, err error) {
	for from := replication.EntryID(0); ; {
		more, err := scan(s, stream, from, 1<<64-1)
		entries = append(entries, more...)
		var damage *store.CorruptError
		if !errors.As(err, &damage) {
			return entries, err
		}
		if damage.Stream != stream || damage.Entry < from || damage.Entry == 0 {
			return entries, fmt.Errorf("a scan of stream %d from %d ends with %w", stream, from, err)
		}
		from = damage.Entry + 1
	}
}

// scan returns copies of the entries from..to, up to the first that can't be read.
func scan(s node.Storage, stream replication.StreamID, from, to replication.EntryID) (entries []replication.Entry, err error) {
	scan := s.Scan(node.ScanRequest{Stream: stream, From: from, To: to})
	for scan.Next() {
		e := *scan.Entry()
		e.Data = append([]byte(nil), e.Data...)
		entries = append(entries, e)
	}
	err = scan.Err()
	return entries, errors.Join(err, scan.Close())
}
