package store

import (
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"walle/replication"
	"walle/replication/node"
)

// Apply does writes as one batch: after a crash, all of them are there or none.
// See node.Storage.
func (s *Store) Apply(writes []replication.Write, sync bool) (node.Pending, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.users.leave()
	if s.damaged.due.Load() {
		s.replaceDamaged()
	}
	b := s.db.NewBatchWithSize(batchSize(writes))
	for i := range writes {
		if err := s.addWrite(b, &writes[i]); err != nil {
			return nil, s.failure.fail(fmt.Errorf("stream %d, write %d: %w", writes[i].Stream, writes[i].Seq, err))
		}
	}
	p, err := s.applyBatch(b, sync)
	if err != nil {
		return nil, err
	}
	for i := range writes {
		s.trims.trimmed(writes[i].Stream, writes[i].Below)
	}
	return p, nil
}

func (s *Store) applyBatch(b *pebble.Batch, sync bool) (node.Pending, error) {
	if sync {
		// An empty batch would not be synced at all, and the unsynced ones
		// before it neither.
		if b.Empty() {
			if err := b.LogData(nil, nil); err != nil {
				return nil, s.failure.fail(err)
			}
		}
		return s.commitSync(b)
	}
	if err := s.commit(b, pebble.NoSync); err != nil {
		return nil, err
	}
	return done{}, b.Close()
}

// addWrite adds w to b. Pebble numbers the operations of a batch in order, so
// an entry that is set after a range deletion over its key stays.
func (s *Store) addWrite(b *pebble.Batch, w *replication.Write) error {
	if w.Truncate && w.Above < lastEntryID {
		if err := deleteEntries(b, w.Stream, w.Above+1, lastEntryID); err != nil {
			return err
		}
	}
	if low, ok := s.trims.advance(w.Stream, w.Below); ok {
		if err := deleteEntries(b, w.Stream, low, w.Below-1); err != nil {
			return err
		}
	}
	for i := range w.Entries {
		if err := setEntry(b, w.Stream, &w.Entries[i]); err != nil {
			return err
		}
	}
	if len(w.Entries) > 0 {
		s.trims.written(w.Stream, w.Entries[0].ID)
	}
	if w.Commit != 0 {
		key := appendStreamKey(nil, commitSpace, w.Stream)
		if err := b.Set(key, encodeCommit(w.Stream, w.Commit), nil); err != nil {
			return err
		}
	}
	if w.State != nil {
		key := appendStreamKey(nil, stateSpace, w.Stream)
		return b.Set(key, encodeState(w.Stream, w.State), nil)
	}
	return nil
}

// setEntry adds one entry to b, encoded in place.
func setEntry(b *pebble.Batch, stream replication.StreamID, e *replication.Entry) error {
	op := b.SetDeferred(entryKeySize, entryValueSize(e))
	appendEntryKey(op.Key[:0], stream, e.ID)
	encodeEntry(op.Value, e)
	return op.Finish()
}

// deleteEntries adds the deletion of entries low..high, both included, to b.
func deleteEntries(b *pebble.Batch, stream replication.StreamID, low, high replication.EntryID) error {
	return b.DeleteRange(appendEntryKey(nil, stream, low), appendEntryKeyAfter(nil, stream, high), nil)
}

// batchSize is about how many bytes a batch of writes takes.
func batchSize(writes []replication.Write) int {
	n := 64
	for i := range writes {
		n += 64
		for j := range writes[i].Entries {
			n += entryKeySize + entryHeaderSize + 8 + len(writes[i].Entries[j].Data)
		}
	}
	return n
}

// commitSync puts b on its way to the disk.
func (s *Store) commitSync(b *pebble.Batch) (node.Pending, error) {
	if err := s.commit(b, pebble.Sync); err != nil {
		return nil, err
	}
	return &pending{batch: b, failure: s.failure}, nil
}

// commitAndWait puts b on the disk.
func (s *Store) commitAndWait(b *pebble.Batch) error {
	p, err := s.commitSync(b)
	if err != nil {
		return err
	}
	return p.Wait()
}

// commit applies b, and makes visible what it does. With pebble.Sync it has to
// be waited for. After an error b is left to the garbage collector, because
// Pebble may still hold it.
func (s *Store) commit(b *pebble.Batch, opts *pebble.WriteOptions) (err error) {
	if s.config.ReadOnly {
		return pebble.ErrReadOnly
	}
	if opts.Sync {
		err = s.db.ApplyNoSyncWait(b, opts)
	} else {
		err = s.db.Apply(b, opts)
	}
	if err != nil {
		return s.failure.fail(fmt.Errorf("apply: %w", err))
	}
	return s.failure.first()
}

// done is the Pending of a batch that nobody waits for.
type done struct{}

func (done) Wait() error { return nil }

// pending is a batch on its way to the disk.
type pending struct {
	failure *failure

	once  sync.Once // guards batch and err
	batch *pebble.Batch
	err   error
}

func (p *pending) Wait() error {
	p.once.Do(func() {
		if err := p.batch.SyncWait(); err != nil {
			p.failure.fail(fmt.Errorf("sync: %w", err))
		}
		// A sync that failed did so before SyncWait returned: see failstopFS.
		if p.err = p.failure.first(); p.err != nil {
			return
		}
		p.err = p.batch.Close()
		p.batch = nil
	})
	return p.err
}
