package node_test

import (
	"slices"
	"sync"

	"walle/replication"
	"walle/replication/node"
)

// memory is a Storage without a disk. Its syncs can be held back, and made to
// fail.
type memory struct {
	mu       sync.Mutex // guards the rest
	streams  map[replication.StreamID]*stored
	applies  []applied
	applyErr error
	waitErr  error
	hold     chan struct{} // not nil: Wait returns once it is closed
	forget   bool          // keep no entries: a benchmark would fill the memory
	space    node.Space
	looks    int // calls of CheckSpace
}

func (m *memory) CheckSpace() node.Space {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.looks++
	return m.space
}

func (m *memory) Space() node.Space {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.space
}

// setSpace says how much room there is from now on.
func (m *memory) setSpace(room node.Room) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.space = node.Space{Reserve: 64 << 20, Room: room}
}

// stored is the durable state of a replica.
type stored struct {
	state   replication.State
	commit  replication.EntryID
	entries []replication.Entry // ascending
}

// applied is what a test wants to know of one Apply.
type applied struct {
	writes  int
	sync    bool
	streams []replication.StreamID // of the writes
}

func newMemory() *memory {
	return &memory{streams: make(map[replication.StreamID]*stored)}
}

func (m *memory) Streams() ([]replication.StreamID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var ids []replication.StreamID
	for id := range m.streams {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids, nil
}

func (m *memory) Load(id replication.StreamID) (l replication.Loaded, ok bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.streams[id]
	if s == nil {
		return replication.Loaded{}, false, nil
	}
	l = replication.Loaded{State: s.state, Commit: s.commit}
	if n := len(s.entries); n > 0 {
		l.Tail = &s.entries[n-1]
	}
	return l, true, nil
}

func (m *memory) Apply(writes []replication.Write, sync bool) (node.Pending, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.applyErr != nil {
		return nil, m.applyErr
	}
	a := applied{writes: len(writes), sync: sync}
	for i := range writes {
		a.streams = append(a.streams, writes[i].Stream)
	}
	m.applies = append(m.applies, a)
	for i := range writes {
		m.applyLocked(&writes[i])
	}
	return &memoryPending{memory: m, hold: m.hold}, nil
}

func (m *memory) applyLocked(w *replication.Write) {
	s := m.streams[w.Stream]
	if s == nil {
		s = &stored{}
		m.streams[w.Stream] = s
	}
	if w.State != nil {
		s.state = *w.State
	}
	if w.Truncate {
		at, _ := s.find(w.Above + 1)
		s.entries = s.entries[:at:at]
	}
	if w.Below > 0 {
		at, _ := s.find(w.Below)
		s.entries = s.entries[at:]
	}
	if len(w.Entries) > 0 && !m.forget {
		at, _ := s.find(w.Entries[0].ID)
		s.entries = slices.Insert(s.entries, at, w.Entries...)
	}
	s.commit = max(s.commit, w.Commit)
}

// find is where the entry id is, or would be.
func (s *stored) find(id replication.EntryID) (int, bool) {
	if n := len(s.entries); n == 0 || s.entries[n-1].ID < id {
		return n, false
	}
	return slices.BinarySearchFunc(s.entries, id, func(e replication.Entry, id replication.EntryID) int {
		return int(e.ID) - int(id)
	})
}

func (m *memory) Read(r replication.Read) replication.ReadDone {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.streams[r.Stream]
	if s == nil {
		return replication.ReadDone{Ref: r.Ref, Err: node.ErrDamaged}
	}
	to, ok := s.find(r.To)
	if !ok {
		return replication.ReadDone{Ref: r.Ref, Err: node.ErrDamaged}
	}
	from, bytes := to, s.entries[to].Size()
	for from > 0 && s.entries[from-1].ID >= r.From && s.entries[from-1].ID == s.entries[from].ID-1 &&
		bytes+s.entries[from-1].Size() <= r.MaxBytes {
		from--
		bytes += s.entries[from].Size()
	}
	done := replication.ReadDone{Ref: r.Ref, Entries: slices.Clone(s.entries[from : to+1])}
	done.Prev, done.PrevAt = s.before(from)
	return done
}

// before is the position that the entry at index i follows.
func (s *stored) before(i int) (replication.Position, int64) {
	id := s.entries[i].ID - 1
	if i > 0 && s.entries[i-1].ID == id {
		return s.entries[i-1].Position(), s.entries[i-1].AppendedAt
	}
	for _, g := range s.state.Gaps {
		if g.Hi == id {
			return replication.Position{ID: id, Chain: g.HiChain}, g.HiAt
		}
	}
	return s.state.Base, s.state.BaseAt
}

func (m *memory) Scan(node.ScanRequest) node.Scanner { panic("the node does not scan") }

func (m *memory) Drop(id replication.StreamID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.streams, id)
	return nil
}

// failApply makes the next Apply fail, and all after it.
func (m *memory) failApply(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.applyErr = err
}

// failWait makes every Wait fail that has not returned yet.
func (m *memory) failWait(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waitErr = err
}

// holdSyncs lets what is applied from now on wait until release is called.
func (m *memory) holdSyncs() (release func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	hold := make(chan struct{})
	m.hold = hold
	return sync.OnceFunc(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.hold = nil
		close(hold)
	})
}

// entries are those stored of a stream, up to the commit stored or to.
func (m *memory) entries(id replication.StreamID, to replication.EntryID) []replication.Entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.streams[id]
	if s == nil {
		return nil
	}
	at, _ := s.find(to + 1)
	return slices.Clone(s.entries[:at])
}

func (m *memory) appliedSoFar() []applied {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.applies)
}

type memoryPending struct {
	memory *memory
	hold   chan struct{}
}

func (p *memoryPending) Wait() error {
	if p.hold != nil {
		<-p.hold
	}
	p.memory.mu.Lock()
	defer p.memory.mu.Unlock()
	return p.memory.waitErr
}
