package store

import (
	"cmp"
	"context"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"walle/replication"
)

// trims remembers what has been deleted of streams from their low ends.
//
// It is deleted twice. The batch of the trim has a range deletion, which costs
// nothing and hides the entries; but Pebble would take them off the disk when
// compactions come by, and tables that lie beside each other, as those of a log
// do, it has no reason to compact. So reclaim cuts dead ranges out of the tables
// later, when that gives back much space, or when the disk is full.
type trims struct {
	mu sync.Mutex // guards below
	// below is up to where a stream has been trimmed, so that the next trim
	// deletes only what is new: range deletions that overlap are dear, in every
	// read until they are compacted away.
	below map[replication.StreamID]replication.EntryID
	dead  map[replication.StreamID]deadEntries

	cut     replication.StreamID // is being reclaimed
	cutting chan struct{}        // closed when it has been
}

// deadEntries are those of a stream that were trimmed or dropped and may still
// be on the disk.
type deadEntries struct {
	upTo   replication.EntryID
	looked replication.EntryID // up to where they were found not to be worth the work
}

// advance returns the lowest entry that a trim below id still has to delete; ok
// is false if there is none.
func (t *trims) advance(stream replication.StreamID, id replication.EntryID) (low replication.EntryID, ok bool) {
	if id == 0 {
		return 0, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	low = t.below[stream]
	if id <= low {
		return 0, false
	}
	if t.below == nil {
		t.below = make(map[replication.StreamID]replication.EntryID)
	}
	t.below[stream] = id
	return low, true
}

// trimmed notes that what deletes the entries below first has been applied.
func (t *trims) trimmed(stream replication.StreamID, first replication.EntryID) {
	if first <= 1 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dead == nil {
		t.dead = make(map[replication.StreamID]deadEntries)
	}
	d := t.dead[stream]
	d.upTo = max(d.upTo, first-1)
	t.dead[stream] = d
}

// dropped notes that what deletes a stream has been applied.
func (t *trims) dropped(stream replication.StreamID) {
	t.mu.Lock()
	delete(t.below, stream)
	t.mu.Unlock()
	t.trimmed(stream, lastEntryID)
}

// written notes that entry id, and those above, are about to be written. Those
// of a stream that was dropped, and is hosted again, are not dead.
func (t *trims) written(stream replication.StreamID, id replication.EntryID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if id < t.below[stream] {
		t.below[stream] = id
	}
	if t.dead[stream].upTo < id {
		return
	}
	delete(t.dead, stream)
	for t.cut == stream {
		done := t.cutting
		t.mu.Unlock()
		<-done
		t.mu.Lock()
	}
}

// muchTrimmed is how many bytes are worth reclaiming while there is room, on a
// disk that is not small.
const muchTrimmed = 64 << 20

// reclaim takes dead entries off the disk, of each stream that has as many bytes
// of them.
func (s *Store) reclaim(bytes uint64) {
	for _, stream := range s.trims.streams() {
		dead, ok := s.trims.begin(stream)
		if !ok {
			continue
		}
		done, err := s.cut(stream, dead, bytes)
		s.trims.end(stream, dead, done)
		if err != nil {
			s.config.Logger.Warn("trimmed entries stay on the disk for now", "stream", stream, "error", cmp.Or(s.failure.first(), err))
		}
	}
}

// cut cuts the entries up to dead out of the tables of a stream, if they have as
// many bytes. That needs no room, and tables as a whole are removed unread.
//
// No crash leaves a state that knows nothing of a trim, and no entries: the range
// deletion, and the state that was written with it, lie in the same memtable, or
// in tables already. Pebble writes down a memtable that has anything of the range
// before it cuts.
func (s *Store) cut(stream replication.StreamID, dead replication.EntryID, bytes uint64) (done bool, err error) {
	span := pebble.KeyRange{Start: appendEntryKey(nil, stream, 0), End: appendEntryKeyAfter(nil, stream, dead)}
	used, err := s.db.EstimateDiskUsage(span.Start, span.End)
	if err != nil || used < bytes {
		return false, err
	}
	return true, s.db.Excise(context.Background(), span)
}

// streams lists the streams of which more is dead than when last looked at.
func (t *trims) streams() (ids []replication.StreamID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, d := range t.dead {
		if d.upTo > d.looked {
			ids = append(ids, id)
		}
	}
	return ids
}

// lookAgain has all that is dead looked at again.
func (t *trims) lookAgain() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, d := range t.dead {
		t.dead[id] = deadEntries{upTo: d.upTo}
	}
}

// begin returns up to where to cut a stream, and holds up whoever writes there
// until end.
func (t *trims) begin(stream replication.StreamID) (dead replication.EntryID, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d, ok := t.dead[stream]
	if ok {
		t.cut, t.cutting = stream, make(chan struct{})
	}
	return d.upTo, ok
}

// end says whether the entries up to dead have been cut.
func (t *trims) end(stream replication.StreamID, dead replication.EntryID, done bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d, ok := t.dead[stream]
	switch {
	case !ok:
	case done && d.upTo == dead:
		delete(t.dead, stream)
	case !done:
		t.dead[stream] = deadEntries{upTo: d.upTo, looked: dead}
	}
	t.cut = 0
	close(t.cutting)
}
