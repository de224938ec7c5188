package store

import (
	"errors"

	"walle/replication"
)

// SeekTime returns the first entry of from..to that was appended at or after
// wall; ok is false if there is none. It looks at about as many entries as the
// range's size has bits: AppendedAt never falls along a stream. Entries that
// are missing are passed over.
func (s *Store) SeekTime(stream replication.StreamID, from, to replication.EntryID, wall int64) (id replication.EntryID, ok bool, err error) {
	if err := s.enter(); err != nil {
		return 0, false, err
	}
	defer s.users.leave()
	c, err := s.newCursor(stream, from, to)
	if err != nil {
		return 0, false, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	c.noData = true

	if !c.last() || c.entry.AppendedAt < wall {
		return 0, false, c.err
	}
	high := c.entry.ID
	if !c.first() {
		return 0, false, c.err
	}
	// The entry at or next above high is late enough, all those below low are
	// too early.
	for low := c.entry.ID; low < high; {
		mid := low + (high-low)/2
		if !c.seek(mid) {
			return 0, false, c.err
		}
		if c.entry.AppendedAt < wall {
			low = c.entry.ID + 1
		} else {
			high = mid
		}
	}
	if !c.seek(high) {
		return 0, false, c.err
	}
	return c.entry.ID, true, nil
}
