package memstore

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"walle/engine/store"
	"walle/replication"
	"walle/replication/node"
)

// Store keeps replicas in memory. All that is applied is durable at once. The
// zero value is empty and ready.
type Store struct {
	mu      sync.Mutex // guards below
	streams map[replication.StreamID]*replica
}

// replica is what is stored of one stream.
type replica struct {
	state   *replication.State
	commit  replication.EntryID
	entries []replication.Entry // ascending; what a scanner saw of it is never overwritten
}

// Streams implements node.Storage.
func (s *Store) Streams() ([]replication.StreamID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []replication.StreamID
	for id, r := range s.streams {
		if r.state != nil {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// Load implements node.Storage.
func (s *Store) Load(stream replication.StreamID) (l replication.Loaded, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.streams[stream]
	if r == nil || r.state == nil {
		return l, false, nil
	}
	l = replication.Loaded{State: copyState(r.state), Commit: r.commit}
	if n := len(r.entries); n > 0 {
		tail := r.entries[n-1]
		l.Tail = &tail
	}
	return l, true, nil
}

// CheckSpace implements node.Storage: there is always room.
func (s *Store) CheckSpace() node.Space { return node.Space{} }

// Space implements node.Storage.
func (s *Store) Space() node.Space { return node.Space{} }

// Apply implements node.Storage.
func (s *Store) Apply(writes []replication.Write, sync bool) (node.Pending, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams == nil {
		s.streams = make(map[replication.StreamID]*replica)
	}
	for i := range writes {
		w := &writes[i]
		r := s.streams[w.Stream]
		if r == nil {
			r = &replica{}
			s.streams[w.Stream] = r
		}
		r.apply(w)
	}
	return done{}, nil
}

func (r *replica) apply(w *replication.Write) {
	if w.State != nil {
		st := copyState(w.State)
		r.state = &st
	}
	if w.Truncate {
		n := len(r.upTo(w.Above))
		r.entries = r.entries[:n:n]
	}
	if w.Below > 0 {
		r.entries = r.entries[len(r.upTo(w.Below-1)):]
	}
	if len(w.Entries) > 0 {
		r.put(w.Entries)
	}
	if w.Commit != 0 {
		r.commit = w.Commit
	}
}

// upTo returns the entries up to and with id.
func (r *replica) upTo(id replication.EntryID) []replication.Entry {
	i, found := r.find(id)
	if found {
		i++
	}
	return r.entries[:i]
}

func (r *replica) find(id replication.EntryID) (int, bool) {
	return slices.BinarySearchFunc(r.entries, id, func(e replication.Entry, id replication.EntryID) int {
		return cmp.Compare(e.ID, id)
	})
}

// put adds entries, which replace those with the same ids.
func (r *replica) put(entries []replication.Entry) {
	if n := len(r.entries); n == 0 || r.entries[n-1].ID < entries[0].ID {
		r.entries = append(r.entries, entries...)
		return
	}
	r.entries = slices.Clone(r.entries)
	for _, e := range entries {
		if i, found := r.find(e.ID); found {
			r.entries[i] = e
		} else {
			r.entries = slices.Insert(r.entries, i, e)
		}
	}
}

// Read implements node.Storage, as Store.Read of the real one does.
func (s *Store) Read(q replication.Read) replication.ReadDone {
	s.mu.Lock()
	defer s.mu.Unlock()
	done := replication.ReadDone{Ref: q.Ref}
	r := s.streams[q.Stream]
	if r == nil {
		r = &replica{}
	}
	end, found := r.find(q.To)
	if !found {
		done.Err = &store.MissingError{Stream: q.Stream, Entry: q.To}
		return done
	}
	end++
	start, size, next := end, 0, q.To
	for start > 0 && next >= max(q.From, 1) && r.entries[start-1].ID == next {
		if size += r.entries[start-1].Size(); size > q.MaxBytes && start < end {
			break
		}
		start--
		next--
	}
	done.Prev, done.PrevAt = r.position(start, next)
	done.Entries = slices.Clone(r.entries[start:end])
	return done
}

// position is where entry id stands, which is entries[i-1] if it is stored; zero
// if that can't be told.
func (r *replica) position(i int, id replication.EntryID) (p replication.Position, at int64) {
	if i > 0 && r.entries[i-1].ID == id {
		e := &r.entries[i-1]
		return e.Position(), e.AppendedAt
	}
	if r.state == nil {
		return p, 0
	}
	if r.state.Base.ID == id {
		return r.state.Base, r.state.BaseAt
	}
	for _, g := range r.state.Gaps {
		if g.Hi == id && g.HiChain != 0 {
			return replication.Position{ID: id, Chain: g.HiChain}, g.HiAt
		}
	}
	return p, 0
}

// SeekTime returns the first entry of from..to that was appended at or after
// wall; ok is false if there is none.
func (s *Store) SeekTime(stream replication.StreamID, from, to replication.EntryID, wall int64) (id replication.EntryID, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.streams[stream]
	if r == nil {
		return 0, false, nil
	}
	for i := range r.entries {
		if e := &r.entries[i]; e.ID >= from && e.ID <= to && e.AppendedAt >= wall {
			return e.ID, true, nil
		}
	}
	return 0, false, nil
}

// Scan implements node.Storage.
func (s *Store) Scan(q node.ScanRequest) node.Scanner {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.streams[q.Stream]
	if r == nil || q.From > q.To {
		return &scanner{}
	}
	low, _ := r.find(q.From)
	return &scanner{rest: r.upTo(q.To)[low:], descending: q.Descending, noData: q.NoData}
}

// Drop implements node.Storage.
func (s *Store) Drop(stream replication.StreamID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.streams, stream)
	return nil
}

// Clone returns a copy that shares nothing that changes.
func (s *Store) Clone() *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &Store{streams: maps.Clone(s.streams)}
	for id, r := range c.streams {
		c.streams[id] = &replica{state: r.state, commit: r.commit, entries: slices.Clip(r.entries)}
	}
	return c
}

// Close does nothing: the store can be used as if opened again.
func (s *Store) Close() error { return nil }

// copyState returns a copy that whoever gave st can't change.
func copyState(st *replication.State) replication.State {
	c := *st
	c.Config.Members = slices.Clone(st.Config.Members)
	c.History = slices.Clone(st.History)
	c.Gaps = slices.Clone(st.Gaps)
	return c
}

type done struct{}

func (done) Wait() error { return nil }

// scanner iterates over the entries that were there when it was made.
type scanner struct {
	rest       []replication.Entry
	descending bool
	noData     bool
	entry      replication.Entry
}

func (s *scanner) Next() bool {
	n := len(s.rest)
	if n == 0 {
		return false
	}
	if s.descending {
		s.entry, s.rest = s.rest[n-1], s.rest[:n-1]
	} else {
		s.entry, s.rest = s.rest[0], s.rest[1:]
	}
	if s.noData {
		s.entry.Data = nil
	}
	return true
}

func (s *scanner) Entry() *replication.Entry { return &s.entry }
func (s *scanner) Err() error                { return nil }
func (s *scanner) Close() error              { return nil }
