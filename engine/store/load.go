package store

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"walle/replication"
)

// Streams lists the streams that have a state here, ascending.
func (s *Store) Streams() (ids []replication.StreamID, err error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.users.leave()
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{stateSpace}, UpperBound: []byte{stateSpace + 1}})
	if err != nil {
		return nil, err
	}
	for it.First(); it.Valid(); it.Next() {
		id, ok := streamOfKey(it.Key())
		if !ok {
			return nil, errors.Join(fmt.Errorf("key %x is not a state's", it.Key()), it.Close())
		}
		ids = append(ids, id)
	}
	return ids, errors.Join(it.Error(), it.Close())
}

// Load returns what is stored of one replica. Tail has its Data.
func (s *Store) Load(stream replication.StreamID) (l replication.Loaded, ok bool, err error) {
	if err := s.enter(); err != nil {
		return l, false, err
	}
	defer s.users.leave()
	err = s.getOf(stream, stateSpace, func(value []byte) (err error) {
		ok = true
		l.State, err = decodeState(stream, value)
		return err
	})
	if err == nil {
		err = s.getOf(stream, commitSpace, func(value []byte) (err error) {
			l.Commit, err = decodeCommit(stream, value)
			return err
		})
	}
	if err != nil {
		return replication.Loaded{}, false, err
	}
	if !ok {
		return l, false, nil
	}
	s.trims.trimmed(stream, l.State.First)
	l.Tail, err = s.tail(stream)
	return l, true, err
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

// tail returns the last entry of a stream, nil if there is none.
func (s *Store) tail(stream replication.StreamID) (*replication.Entry, error) {
	c, err := s.newCursor(stream, 0, lastEntryID)
	if err != nil {
		return nil, err
	}
	var tail *replication.Entry
	if c.last() {
		e := c.entry
		e.Data = bytes.Clone(e.Data)
		tail = &e
	}
	return tail, errors.Join(c.err, c.close())
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
