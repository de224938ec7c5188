package node

import (
	"sync"

	"walle/replication"
)

// inbox is what waits for a shard's owner. Anyone may put, without blocking;
// the owner takes everything at once.
//
//	kind      bounded by                          when it is full
//	messages  Limits.Messages and .MessageBytes   the message is lost
//	orders    Limits.WindowBytes of the node      always fits: Append has said ErrFull
//	synced    Limits.Batches                      always fits
//	reads     what machines have outstanding      always fits
//	calls     one for each goroutine that waits   always fits
type inbox struct {
	wake chan struct{} // capacity 1: there is something to take

	maxMessages     int
	maxMessageBytes int

	mu       sync.Mutex // guards the rest
	arrived  arrivals
	signaled bool // wake was sent since the last take
	closed   bool
}

// arrivals is what a round takes from the inbox.
type arrivals struct {
	calls    []func()
	synced   []synced
	reads    []readAnswer
	messages []replication.Envelope
	bytes    int // of the messages' entries
	orders   []order
}

// synced says that owner's writes up to seq are durable.
type synced struct {
	owner *replica
	seq   uint64
}

// readAnswer is the answer to a read of owner's.
type readAnswer struct {
	owner *replica
	done  replication.ReadDone
}

func newInbox(l Limits) *inbox {
	return &inbox{wake: make(chan struct{}, 1), maxMessages: l.Messages, maxMessageBytes: l.MessageBytes}
}

// putMessage adds a message, or loses it.
func (b *inbox) putMessage(e *replication.Envelope) {
	size := entryBytes(e.Msg)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || len(b.arrived.messages) >= b.maxMessages || size > 0 && b.arrived.bytes+size > b.maxMessageBytes {
		return
	}
	b.arrived.messages = append(b.arrived.messages, *e)
	b.arrived.bytes += size
	b.signalLocked()
}

// putOrder adds what a writer's handle asks for; false after close.
func (b *inbox) putOrder(o order) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.arrived.orders = append(b.arrived.orders, o)
	b.signalLocked()
	return true
}

// putCall adds a call for the owner to run; false after close.
func (b *inbox) putCall(f func()) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.arrived.calls = append(b.arrived.calls, f)
	b.signalLocked()
	return true
}

// putSynced adds what became durable; it keeps the values, not the slice.
func (b *inbox) putSynced(s []synced) {
	if len(s) == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	b.arrived.synced = append(b.arrived.synced, s...)
	b.signalLocked()
}

// putRead adds the answer to a read.
func (b *inbox) putRead(a readAnswer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	b.arrived.reads = append(b.arrived.reads, a)
	b.signalLocked()
}

// take returns all that has arrived, and keeps spare's memory for the next.
func (b *inbox) take(spare arrivals) arrivals {
	spare.reset()
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := b.arrived
	b.arrived = spare
	b.signaled = false
	return taken
}

// close refuses everything from now on; what has arrived can still be taken.
func (b *inbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
}

func (b *inbox) signalLocked() {
	if b.signaled {
		return
	}
	b.signaled = true
	select {
	case b.wake <- struct{}{}:
	default: // the owner took what an earlier signal was for, but not yet the signal
	}
}

func (a *arrivals) reset() {
	clear(a.calls)
	clear(a.synced)
	clear(a.reads)
	clear(a.messages)
	clear(a.orders)
	*a = arrivals{
		calls:    a.calls[:0],
		synced:   a.synced[:0],
		reads:    a.reads[:0],
		messages: a.messages[:0],
		orders:   a.orders[:0],
	}
}

// entryBytes is how much memory a message's entries hold; 0 when it has none.
func entryBytes(m replication.Message) int {
	switch m := m.(type) {
	case replication.Append:
		return sizeOf(m.Entries)
	case replication.Fetched:
		return sizeOf(m.Entries)
	}
	return 0
}

func sizeOf(entries []replication.Entry) int {
	n := 0
	for i := range entries {
		n += entries[i].Size()
	}
	return n
}
