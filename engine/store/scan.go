package store

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"walle/replication"
	"walle/replication/node"
)

// cursor iterates over the stored entries of a stream in some range. What it
// sees is the store as it was when the cursor was made. It does not count as a
// user: its maker does.
type cursor struct {
	store  *Store
	stream replication.StreamID
	it     *pebble.Iterator
	noData bool
	entry  replication.Entry // where it stands; Data until the next move
	err    error
	from   replication.EntryID
	to     replication.EntryID
	low    [entryKeySize]byte
	high   [entryKeySize + 1]byte
}

func (s *Store) newCursor(stream replication.StreamID, from, to replication.EntryID) (*cursor, error) {
	c := &cursor{store: s, stream: stream, from: from, to: to}
	appendEntryKey(c.low[:0], stream, from)
	appendEntryKeyAfter(c.high[:0], stream, to)
	var err error
	c.it, err = s.db.NewIter(&pebble.IterOptions{LowerBound: c.low[:], UpperBound: c.high[:]})
	if err != nil {
		return nil, s.readError(stream, to, err)
	}
	return c, nil
}

// The moves return false at the end of the range, and at an error, which they
// leave in c.err. The entry next in the move's direction is the one that an
// error is about if no entry could be reached.
func (c *cursor) first() bool { return c.at(c.it.First(), c.from) }
func (c *cursor) last() bool  { return c.at(c.it.Last(), c.to) }
func (c *cursor) next() bool  { return c.at(c.it.Next(), c.entry.ID+1) }
func (c *cursor) prev() bool  { return c.at(c.it.Prev(), c.entry.ID-1) }

// seek moves to the first entry at or above id.
func (c *cursor) seek(id replication.EntryID) bool {
	var key [entryKeySize]byte
	return c.at(c.it.SeekGE(appendEntryKey(key[:0], c.stream, id)), id)
}

// at decodes and checks the entry on which the iterator stands, if valid.
func (c *cursor) at(valid bool, sought replication.EntryID) bool {
	if c.err != nil {
		return false
	}
	if !valid {
		if err := c.it.Error(); err != nil {
			c.err = c.store.readError(c.stream, sought, err)
		}
		return false
	}
	id, ok := entryOfKey(c.it.Key())
	if !ok {
		c.err = &CorruptError{Stream: c.stream, Entry: sought, Err: fmt.Errorf("key %x is not an entry's", c.it.Key())}
		return false
	}
	value, err := c.it.ValueAndErr()
	if err != nil {
		c.err = c.store.readError(c.stream, id, err)
		return false
	}
	err = decodeEntry(&c.entry, id, value)
	if err == nil && c.noData {
		c.entry.Data = nil
	} else if err == nil {
		err = c.entry.Check()
	}
	if err != nil {
		c.err = &CorruptError{Stream: c.stream, Entry: id, Err: err}
		return false
	}
	return true
}

// close returns an error that c.err does not tell already.
func (c *cursor) close() error {
	if err := c.it.Close(); err != nil && c.err == nil {
		return c.store.readError(c.stream, c.entry.ID, err)
	}
	return nil
}

// Scan iterates over the entries of a range that are stored.
// With NoData an entry's checksum is not compared, because it covers the data.
func (s *Store) Scan(r node.ScanRequest) node.Scanner {
	if err := s.enter(); err != nil {
		return &scanner{err: err}
	}
	c, err := s.newCursor(r.Stream, r.From, r.To)
	if err != nil {
		s.users.leave()
		return &scanner{err: err}
	}
	c.noData = r.NoData
	return &scanner{store: s, cursor: c, descending: r.Descending}
}

// scanner is a cursor that goes one way.
type scanner struct {
	store      *Store
	cursor     *cursor // nil if there is nothing to scan, or no more
	descending bool
	started    bool
	err        error
}

func (s *scanner) Next() bool {
	c := s.cursor
	switch {
	case c == nil:
		return false
	case s.started && s.descending:
		return c.prev()
	case s.started:
		return c.next()
	}
	s.started = true
	if s.descending {
		return c.last()
	}
	return c.first()
}

func (s *scanner) Entry() *replication.Entry { return &s.cursor.entry }

func (s *scanner) Err() error {
	if s.cursor != nil {
		return s.cursor.err
	}
	return s.err
}

func (s *scanner) Close() error {
	if s.cursor == nil {
		return nil
	}
	s.err = s.cursor.err
	err := s.cursor.close()
	s.cursor = nil
	s.store.users.leave()
	return errors.Join(err)
}
