package node

import (
	"sync"

	"walle/replication"
)

// Trace is how one append went, for who asks with AppendOptions. An append
// without one costs nothing for it.
type Trace struct {
	all chan struct{} // closed once every member has answered

	mu    sync.Mutex // guards what follows
	last  replication.EntryID
	left  int // members that have not answered
	taken replication.Time
	acked map[replication.NodeID]replication.Time
}

// NewTrace makes a trace of an append to so many members.
func NewTrace(members int) *Trace {
	return &Trace{all: make(chan struct{}), left: members, acked: make(map[replication.NodeID]replication.Time)}
}

// Taken is when the stream's owner took the append; 0 while it has not.
func (t *Trace) Taken() replication.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.taken
}

// Durable is when the word came that a member has the append on its disk; 0
// while it has not.
func (t *Trace) Durable(member replication.NodeID) replication.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.acked[member]
}

// All is closed once every member has the append on its disk.
func (t *Trace) All() <-chan struct{} { return t.all }

// begin notes that an append of n entries from first was taken. The owner calls
// it, as it does observe.
func (t *Trace) begin(now replication.Time, first replication.EntryID, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.taken, t.last = now, first+replication.EntryID(n)-1
}

// observe looks at a message to the writer, and returns whether more is awaited.
func (t *Trace) observe(now replication.Time, e *replication.Envelope) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	a, ok := e.Msg.(replication.Appended)
	if _, known := t.acked[e.From]; !ok || known || a.Flush < t.last {
		return true
	}
	t.acked[e.From] = now
	if t.left--; t.left == 0 {
		close(t.all)
	}
	return t.left > 0
}
