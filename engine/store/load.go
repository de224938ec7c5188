package store

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"walle/replication"
	"walle/replication/node"
)

// Streams lists the streams that have a state here, ascending. If not all of the
// states' keys can be read, those are added of which there are entries; Load has
// the word on what is wrong with them. A stream that has not even an entry is
// still known to Load.
func (s *Store) Streams() (ids []replication.StreamID, err error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.users.leave()
	damage := s.list(stateSpace, func(id replication.StreamID) { ids = append(ids, id) })
	if damage == nil {
		return ids, nil
	}
	if !errors.Is(damage, node.ErrDamaged) {
		return nil, damage
	}
	s.config.Logger.Error("the list of streams is damaged", "error", damage.Error())
	if err := s.list(entrySpace, func(id replication.StreamID) { ids = append(ids, id) }); err != nil {
		s.config.Logger.Error("the list of streams with entries is damaged", "error", err.Error())
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// list calls found with the streams that have keys in a space, ascending. Keys
// that are none are passed over, and told in the end.
func (s *Store) list(space byte, found func(replication.StreamID)) error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{space}, UpperBound: []byte{space + 1}})
	if err != nil {
		return s.listError(err)
	}
	var damage error
	for valid := it.First(); valid; {
		id, ok := streamOfPrefix(it.Key())
		if ok && (space != stateSpace || len(it.Key()) == streamKeySize) {
			found(id)
		} else {
			damage = errors.Join(damage, fmt.Errorf("%w: key %x", node.ErrDamaged, it.Key()))
		}
		if !ok || space == stateSpace || id == math.MaxUint64 {
			valid = it.Next()
		} else {
			valid = it.SeekGE(appendStreamKey(nil, space, id+1))
		}
	}
	if err := it.Error(); err != nil {
		damage = errors.Join(damage, s.listError(err))
		it.Close() // which says the same
		return damage
	}
	return errors.Join(damage, it.Close())
}

// listError is what to say when Pebble could not read a list of keys.
func (s *Store) listError(err error) error {
	if first := s.failure.first(); first != nil {
		return first
	}
	if pebble.IsCorruptionError(err) {
		return fmt.Errorf("%w: %s", node.ErrDamaged, firstLine(err))
	}
	return err
}

// Load returns what is stored of one replica. Tail has its Data, unless that is
// damaged: where the log ends is known all the same.
func (s *Store) Load(stream replication.StreamID) (l replication.Loaded, ok bool, err error) {
	if err := s.enter(); err != nil {
		return l, false, err
	}
	defer s.users.leave()
	state := func(value []byte) (err error) {
		ok = true
		l.State, err = decodeState(stream, value)
		return err
	}
	err = s.getOf(stream, stateSpace, state)
	if err == nil {
		err = s.getOf(stream, commitSpace, func(value []byte) (err error) {
			l.Commit, err = decodeCommit(stream, value)
			return err
		})
	}
	if err == nil {
		l.Tail, err = s.tail(stream, &l.State)
	}
	found := l.Tail != nil || l.Commit > 0
	if err == nil && !ok && found { // its first write may have come in between
		err = s.getOf(stream, stateSpace, state)
	}
	if err == nil && !ok && found {
		err = &CorruptError{Stream: stream, Err: errors.New("there are entries, but no state")}
	}
	if err != nil || !ok {
		return replication.Loaded{}, false, err
	}
	s.trims.trimmed(stream, l.State.First)
	return l, true, nil
}

// getOf calls decode with a stream's value in a space, if there is one. An error
// of decode is damage.
func (s *Store) getOf(stream replication.StreamID, space byte, decode func(value []byte) error) error {
	var damage error
	err := s.get(appendStreamKey(nil, space, stream), func(value []byte) error {
		damage = decode(value)
		return nil
	})
	if damage != nil {
		return &CorruptError{Stream: stream, Err: damage}
	}
	if err != nil {
		return s.readError(stream, 0, err)
	}
	return nil
}

// readError is what to say when Pebble could not read an entry (0: state).
func (s *Store) readError(stream replication.StreamID, id replication.EntryID, err error) error {
	if first := s.failure.first(); first != nil {
		return first // Pebble misses files that it believes to have written
	}
	if pebble.IsCorruptionError(err) {
		return &CorruptError{Stream: stream, Entry: id, Err: err}
	}
	return fmt.Errorf("stream %d: %w", stream, err)
}

// tail returns the last entry of a stream, nil if there is none. If its data are
// damaged it comes without them, if its header follows from the entry before: an
// end of the log that is not known would keep the replica out of everything,
// while an entry that is damaged is fetched from other members.
func (s *Store) tail(stream replication.StreamID, st *replication.State) (tail *replication.Entry, err error) {
	c, err := s.newCursor(stream, 0, lastEntryID)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	var damage *CorruptError
	if c.last() {
		e := c.entry
		e.Data = bytes.Clone(e.Data)
		tail = &e
	} else if errors.As(c.err, &damage) {
		c.err, c.noData = nil, true
		if !c.last() {
			return nil, &CorruptError{Stream: stream, Err: fmt.Errorf("its last entry cannot be read: %w", damage.Err)}
		}
		e := c.entry
		tail = &e
	}
	if tail == nil {
		return nil, c.err
	}
	if before, ok := c.before(st); ok && before.Chain.Next(tail.Sum) != tail.Chain || !ok && damage != nil {
		return nil, &CorruptError{Stream: stream, Entry: tail.ID, Err: errors.New("the last entry does not follow from the one before")}
	}
	return tail, nil
}

// before returns the position of the entry before the one on which the cursor
// stands, if it can be told.
func (c *cursor) before(st *replication.State) (at replication.Position, ok bool) {
	id := c.entry.ID - 1
	if at, _, ok = stateAt(st, id); ok {
		return at, true
	}
	ok = c.prev() && c.entry.ID == id
	c.err = nil // not what was asked for
	return c.entry.Position(), ok
}

// Drop removes all of a stream, and returns once that is durable.
func (s *Store) Drop(stream replication.StreamID) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.users.leave()
	b := s.db.NewBatch()
	err := errors.Join(
		b.Delete(appendStreamKey(nil, stateSpace, stream), nil),
		b.Delete(appendStreamKey(nil, commitSpace, stream), nil),
		deleteEntries(b, stream, 0, lastEntryID))
	if err != nil {
		return err
	}
	if err := s.commitAndWait(b); err != nil {
		return err
	}
	s.trims.dropped(stream)
	return nil
}
