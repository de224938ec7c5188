package grpcnet

import (
	"sync"

	"walle/replication"
)

// class says which list of which queue a message waits in.
type class uint8

const (
	classControl class = iota // small, and somebody waits for it
	classLog                  // in order, and much: Begin, Append, entries for a recovery
	classBulk                 // back-fill
)

// classOf sorts messages. Control overtakes Log, which can only cost a resend;
// Begin and Append never overtake each other. A Fetch without a term, and an
// answer that goes to no claim, are back-fill's.
func classOf(e *replication.Envelope) class {
	switch m := e.Msg.(type) {
	case replication.Begin, replication.Append:
		return classLog
	case replication.Fetch:
		if m.Term == 0 {
			return classBulk
		}
	case replication.Fetched:
		if e.Claim.IsZero() {
			return classBulk
		}
		return classLog
	}
	return classControl
}

// queue holds what waits for one lane. Each list has a bound in bytes; what
// does not fit is dropped, the newest first, so that what is queued stays
// contiguous. While the lane is down nothing is queued.
type queue struct {
	ready chan struct{} // has a token when there is something to take, or the queue was shut

	mu      sync.Mutex // guards what follows
	open    bool
	first   list // control; empty in a bulk lane
	second  list // log or bulk
	dropped uint64
}

func newQueue(first, second int) *queue {
	return &queue{ready: make(chan struct{}, 1), first: list{limit: first}, second: list{limit: second}}
}

// put queues e, or drops it.
func (q *queue) put(e *replication.Envelope) {
	size, urgent := sizeOf(e), classOf(e) == classControl
	q.mu.Lock()
	l := &q.second
	if urgent {
		l = &q.first
	}
	// A list takes one message of any size, so that no bound can stop a group
	// for ever; but none that the other side would not read.
	ok := q.open && size <= maxFrame && (l.bytes == 0 || l.bytes+size <= l.limit)
	if ok {
		l.push(item{*e, size})
	} else {
		q.dropped++
	}
	q.mu.Unlock()
	if ok {
		q.wake()
	}
}

// take moves what waits, up to about max bytes and at least one message, to the
// end of list. It reports false once the queue is shut.
func (q *queue) take(list []replication.Envelope, max int) (_ []replication.Envelope, open bool) {
	for {
		<-q.ready
		q.mu.Lock()
		n := 0
		list, n = q.first.take(list, n, max)
		list, _ = q.second.take(list, n, max)
		open = q.open
		left := q.first.bytes+q.second.bytes > 0
		q.mu.Unlock()
		if left || !open {
			q.wake()
		}
		if len(list) > 0 || !open {
			return list, open
		}
	}
}

// start opens the queue for a new stream.
func (q *queue) start() {
	q.mu.Lock()
	q.open = true
	q.mu.Unlock()
}

// shut closes the queue and drops what is in it.
func (q *queue) shut() {
	q.mu.Lock()
	q.open = false
	q.dropped += uint64(q.first.reset() + q.second.reset())
	q.mu.Unlock()
	q.wake()
}

// stand tells how many bytes wait, and how many messages were dropped so far.
func (q *queue) stand() (bytes int, dropped uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.first.bytes + q.second.bytes, q.dropped
}

func (q *queue) wake() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

type item struct {
	envelope replication.Envelope
	size     int
}

// keptItems is how long a list may be to be used again once it is empty.
const keptItems = 4096

// list is a first-in first-out list of messages: items[head:].
type list struct {
	items []item
	head  int
	bytes int
	limit int
}

func (l *list) push(i item) {
	if len(l.items) == cap(l.items) && l.head > len(l.items)/2 {
		n := copy(l.items, l.items[l.head:])
		clear(l.items[n:])
		l.items, l.head = l.items[:n], 0
	}
	l.items = append(l.items, i)
	l.bytes += i.size
}

// take moves messages to the end of to, as long as the n bytes there are fewer
// than max and the next one fits or is the first.
func (l *list) take(to []replication.Envelope, n, max int) ([]replication.Envelope, int) {
	for l.head < len(l.items) {
		i := &l.items[l.head]
		if n > 0 && n+i.size > max {
			return to, n
		}
		to = append(to, i.envelope)
		n += i.size
		l.bytes -= i.size
		*i = item{}
		l.head++
	}
	l.items, l.head = l.items[:0], 0
	if cap(l.items) > keptItems {
		l.items = nil // a backlog that is gone
	}
	return to, n
}

// reset empties l and returns how many messages were in it.
func (l *list) reset() int {
	n := len(l.items) - l.head
	*l = list{limit: l.limit}
	return n
}
