package store

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"

	"walle/replication"
)

// Read returns entries for a machine: the highest of From..To that fit, dense
// up to To, each checked, each chained to the one before. The run ends early
// above what the state says is not here (below its first, or in a gap), and
// above what can't be read; what is before it is then said if the state says it. If nothing can be returned, the error says why: a
// CorruptError, or a MissingError for an entry that is just not there.
func (s *Store) Read(r replication.Read) replication.ReadDone {
	out := replication.ReadDone{Ref: r.Ref}
	if err := s.enter(); err != nil {
		out.Err = err
		return out
	}
	defer s.users.leave()
	run, err := s.readRun(r)
	out.Bad = max(run.bad, unreadable(err))
	if err != nil {
		out.Err = err
		return out
	}
	out.Prev, out.PrevAt, out.Entries = run.prev, run.prevAt, run.entries
	return out
}

// run is a dense run of entries and what it follows.
type run struct {
	prev    replication.Position
	prevAt  int64
	entries []replication.Entry
	bad     replication.EntryID // a damaged entry below the run; 0 if none was met
}

// unreadable is the entry that err says is damaged, or gone; 0 if it says no
// such thing.
func unreadable(err error) replication.EntryID {
	var c *CorruptError
	var m *MissingError
	switch {
	case errors.As(err, &c):
		return c.Entry
	case errors.As(err, &m):
		return m.Entry
	}
	return 0
}

// readRun reads from the high end down, one entry further than it returns: that
// one's chain is what the run is checked against.
func (s *Store) readRun(r replication.Read) (out run, err error) {
	from := max(r.From, 1)
	if r.To < from {
		return out, fmt.Errorf("stream %d: read of %d..%d", r.Stream, r.From, r.To)
	}
	c, err := s.newCursor(r.Stream, from-1, r.To)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, c.close()) }()

	var (
		data arena
		size int
		next = r.To // the entry that has to come
	)
	ok := c.last()
	for ; ok && next >= from && c.entry.ID == next; ok = c.prev() {
		if size += c.entry.Size(); size > r.MaxBytes && len(out.entries) > 0 {
			break
		}
		e := c.entry
		e.Data = data.copy(e.Data)
		out.entries = append(out.entries, e)
		next--
	}
	out.bad = unreadable(c.err)
	if len(out.entries) == 0 {
		return run{}, cmp.Or(c.err, error(&MissingError{Stream: r.Stream, Entry: r.To}))
	}
	slices.Reverse(out.entries)
	if id := out.entries[0].ID - 1; c.err == nil && c.entry.ID == id {
		out.prev, out.prevAt = c.entry.Position(), c.entry.AppendedAt
	} else {
		damage := c.err
		c.err = nil
		out.prev, out.prevAt, err = c.positionFromState(id)
		if c.err == nil {
			c.err = damage // out.bad tells of it
		}
		if out.prev.ID != id {
			out.bad = max(out.bad, id)
		}
	}
	return out, cmp.Or(err, checkRun(r.Stream, out))
}

// checkRun finds the first entry of a run that does not follow what is before it,
// as far as that is known.
func checkRun(stream replication.StreamID, r run) error {
	prev := r.prev
	for i := range r.entries {
		e := &r.entries[i]
		if c := prev.Chain.Next(e.Sum); c != e.Chain && prev.ID == e.ID-1 {
			return &CorruptError{Stream: stream, Entry: e.ID,
				Err: fmt.Errorf("chain is %016x, and %016x after %v", uint64(e.Chain), uint64(c), prev)}
		}
		prev = e.Position()
	}
	return nil
}

// positionFromState returns where entry id stands by what the stream's state
// says of entries that are not here: id is the last below first, or of a gap. It
// is the zero position if the state says nothing.
// The cursor is of no use for entries after this, but what it reads is of the
// same moment as they were.
func (c *cursor) positionFromState(id replication.EntryID) (replication.Position, int64, error) {
	key := appendStreamKey(nil, stateSpace, c.stream)
	c.it.SetBounds(key, append(key[:len(key):len(key)], 0))
	var st replication.State
	if c.it.First() {
		value, err := c.it.ValueAndErr()
		if err == nil {
			st, err = decodeState(c.stream, value)
		}
		if err != nil {
			c.err = &CorruptError{Stream: c.stream, Err: err}
		}
	} else if err := c.it.Error(); err != nil {
		c.err = c.store.readError(c.stream, 0, err)
	}
	if c.err != nil {
		return replication.Position{}, 0, c.err
	}
	at, wall, _ := stateAt(&st, id)
	return at, wall, nil
}

// stateAt is what a state says of entry id: that it is the last that was
// trimmed, the last of a gap, or before the first of all.
func stateAt(st *replication.State, id replication.EntryID) (at replication.Position, wall int64, ok bool) {
	if id == 0 {
		return replication.Position{}, 0, true
	}
	if id == st.Base.ID {
		return st.Base, st.BaseAt, true
	}
	for _, g := range st.Gaps {
		if g.Hi == id && g.HiChain != 0 {
			return replication.Position{ID: id, Chain: g.HiChain}, g.HiAt, true
		}
	}
	return replication.Position{}, 0, false
}

// arena gives out copies of small byte slices that share larger allocations:
// each twice as large as the one before, up to a bound, because one slice that
// is kept keeps all of them.
type arena struct{ free []byte }

const (
	arenaFirst = 1 << 10
	arenaLast  = 64 << 10
)

func (a *arena) copy(b []byte) []byte {
	if len(b) > arenaLast/4 {
		return bytes.Clone(b)
	}
	if len(b) > cap(a.free)-len(a.free) {
		size := min(max(2*cap(a.free), arenaFirst), arenaLast)
		a.free = make([]byte, 0, max(size, len(b)))
	}
	n := len(a.free)
	a.free = append(a.free, b...)
	return a.free[n:len(a.free):len(a.free)]
}
