package pgfront

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"walle/engine"
	"walle/replication"
)

// An outbox is what a session has to say to its client, in order: bytes, and
// answers of appends that wait for their quorum. It owns the writing half of the
// connection.
//
// While nothing waits, the session's goroutine writes by itself; else the
// outbox's goroutine does, and puts all that has been answered into one write.
type outbox struct {
	conn    net.Conn
	limit   outboxLimits
	failure func(error) []byte // makes what is sent for an append that has failed
	running sync.WaitGroup

	mu       sync.Mutex // guards what follows
	work     sync.Cond  // wakes the writer
	room     sync.Cond  // wakes a session that waits for room
	items    []*item    // in order; those before head are gone
	head     int
	bytes    int               // of items
	aside    []byte            // messages that belong to no place in the order
	latest   map[string][]byte // such messages, of which a later one takes the place of one not sent
	held     bool              // latest waits
	writing  bool              // somebody is in conn.Write
	inFlight int               // items that are not answered
	settled  chan struct{}
	closed   bool
	err      error         // of the connection; it sticks
	patience time.Duration // how long a write may make no progress; 0 is for ever
	unsent   []byte        // the rest of a write that has run out of patience
}

// outboxLimits bound an outbox: the session waits while either is exceeded, and
// with it the client, whose messages are not read any more.
type outboxLimits struct {
	items int
	bytes int
}

var outboxDefault = outboxLimits{items: 16384, bytes: 4 << 20}

// item is one place in the order. The outbox's mutex guards waits and err.
type item struct {
	bytes  []byte
	keep   int                  // how many of bytes are sent even if the append fails
	stream replication.StreamID // that is appended to
	waits  bool                 // for answer
	err    error
}

func newOutbox(conn net.Conn, limit outboxLimits, failure func(error) []byte) *outbox {
	o := &outbox{conn: conn, limit: limit, failure: failure}
	o.work.L, o.room.L = &o.mu, &o.mu
	o.running.Go(o.write)
	return o
}

// send adds whole messages. The caller may use the slice again.
func (o *outbox) send(messages []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(messages) == 0 || o.err != nil {
		return o.err
	}
	if o.lenLocked() == 0 && !o.writing && len(o.aside) == 0 {
		o.writeLocked(messages)
		if o.lenLocked() > 0 || len(o.aside) > 0 || len(o.latest) > 0 || o.err != nil {
			o.work.Signal()
		}
		return o.err
	}
	o.addLocked(&item{bytes: append([]byte(nil), messages...)})
	return o.err
}

// sendWhen adds a place for what an append will be answered. The caller starts
// the append after it, and hands the answer to answer.
func (o *outbox) sendWhen(it *item) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return o.err
	}
	it.waits = true
	if o.inFlight == 0 {
		o.settled = make(chan struct{})
	}
	o.inFlight++
	o.addLocked(it)
	return o.err
}

func (o *outbox) addLocked(it *item) {
	if o.head > len(o.items)/2 { // what is gone takes more room than what is there
		o.items = o.items[:copy(o.items, o.items[o.head:])]
		o.head = 0
	}
	o.items = append(o.items, it)
	o.bytes += len(it.bytes)
	if o.lenLocked() == 1 && !it.waits {
		o.work.Signal()
	}
	for o.err == nil && (o.lenLocked() > o.limit.items || o.bytes > o.limit.bytes) {
		o.room.Wait()
	}
}

func (o *outbox) lenLocked() int { return len(o.items) - o.head }

// answer settles it. Any goroutine may call it; only the first call counts.
func (o *outbox) answer(it *item, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answerLocked(it, err)
}

func (o *outbox) answerLocked(it *item, err error) {
	if !it.waits {
		return
	}
	it.waits, it.err = false, err
	if o.inFlight--; o.inFlight == 0 {
		close(o.settled)
	}
	if o.lenLocked() > 0 && o.items[o.head] == it {
		o.work.Signal()
	}
}

// abandon answers all that waits: its outcome will not be waited for.
func (o *outbox) abandon() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, it := range o.items[o.head:] {
		o.answerLocked(it, errAbandoned(it.stream))
	}
}

// errAbandoned is the answer to a client that does not wait for its append.
func errAbandoned(stream replication.StreamID) error {
	return &engine.Error{Op: "append", Stream: stream, Kind: engine.KindUnknown,
		Detail: "The statement was cancelled while it waited for its quorum."}
}

// settle waits until everything in flight has been answered.
func (o *outbox) settle(ctx context.Context) error {
	o.mu.Lock()
	n, settled := o.inFlight, o.settled
	o.mu.Unlock()
	if n == 0 {
		return nil
	}
	select {
	case <-settled:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// notify sends whole messages as soon as may be, ahead of what waits. Any
// goroutine may call it.
func (o *outbox) notify(messages []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	o.aside = append(o.aside, messages...)
	o.work.Signal()
}

// notifyLatest is notify for a message that says it all: of those with one key
// that were not sent, the last one is. So a client that does not read costs one
// message a key.
func (o *outbox) notifyLatest(key string, message []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	if o.latest == nil {
		o.latest = make(map[string][]byte)
	}
	o.latest[key] = message
	o.work.Signal()
}

// forgetLatest takes back what was not sent yet.
func (o *outbox) forgetLatest(key string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.latest, key)
}

// hold keeps the messages of notifyLatest back, or lets them go again.
func (o *outbox) hold(held bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.held != held {
		o.held = held
		o.work.Signal()
	}
}

// close sends what is left, after all that waits has been answered, and ends
// the writer. With broken set nothing is sent any more.
func (o *outbox) close(broken error) {
	o.mu.Lock()
	o.closed = true
	if o.err == nil {
		o.err = broken
	}
	o.work.Signal()
	o.mu.Unlock()
	o.running.Wait()
}

// broken is the connection's error, if it has one.
func (o *outbox) broken() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// write is the writer's goroutine.
func (o *outbox) write() {
	o.mu.Lock()
	defer o.mu.Unlock()
	var buf []byte
	for o.err == nil {
		buf = o.takeLocked(buf[:0])
		switch {
		case len(buf) > 0:
			o.room.Broadcast()
			o.writeLocked(buf)
		case o.closed && o.lenLocked() == 0 && !o.writing:
			return
		default:
			o.work.Wait()
		}
		if cap(buf) > o.limit.bytes {
			buf = nil
		}
	}
	o.items, o.head, o.bytes, o.aside = nil, 0, 0, nil
	o.room.Broadcast()
}

// takeLocked appends to buf what can be sent now, unless somebody is writing.
func (o *outbox) takeLocked(buf []byte) []byte {
	if o.writing {
		return buf
	}
	buf = append(buf, o.aside...)
	o.aside = o.aside[:0]
	if !o.held {
		for _, message := range o.latest {
			buf = append(buf, message...)
		}
		clear(o.latest)
	}
	for o.lenLocked() > 0 && !o.items[o.head].waits {
		it := o.items[o.head]
		if it.err == nil {
			buf = append(buf, it.bytes...)
		} else {
			buf = append(buf, it.bytes[:it.keep]...)
			buf = append(buf, o.failure(it.err)...)
		}
		o.bytes -= len(it.bytes)
		o.items[o.head] = nil
		o.head++
	}
	if o.head == len(o.items) {
		o.items, o.head = o.items[:0], 0
	}
	return buf
}

// demand makes the client read: one that takes nothing for so long is given up.
func (o *outbox) demand(patience time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.patience = patience
}

// writeLocked writes with mu released.
func (o *outbox) writeLocked(messages []byte) {
	o.writing = true
	patience := o.patience
	o.mu.Unlock()
	rest, err := writeWithin(o.conn, messages, patience)
	o.mu.Lock()
	o.writing = false
	if o.err == nil && err != nil {
		o.err, o.unsent = err, bytes.Clone(rest)
	}
}

// writeWithin writes as long as the client takes something within patience. It
// returns what it could not write.
func writeWithin(conn net.Conn, messages []byte, patience time.Duration) (rest []byte, err error) {
	if patience == 0 {
		_, err = conn.Write(messages)
		return nil, err
	}
	for len(messages) > 0 && err == nil {
		if err = conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
			break
		}
		var n int
		n, err = conn.Write(messages)
		messages = messages[n:]
		switch {
		case !errors.Is(err, os.ErrDeadlineExceeded):
		case n > 0:
			err = nil
		default:
			return messages, errSlow(patience)
		}
	}
	return nil, errors.Join(err, conn.SetWriteDeadline(time.Time{}))
}

// lastWordsMost is how long a client that was too slow may take to hear why it
// was cut off. That costs no more than the connection.
const lastWordsMost = 30 * time.Second

// lastWords sends what a client that was too slow has not been sent of the
// message in the making, and then why that was all.
func (o *outbox) lastWords(why []byte) {
	if o.conn.SetWriteDeadline(time.Now().Add(lastWordsMost)) == nil {
		_, _ = o.conn.Write(append(o.unsent, why...)) // it is about to be closed
	}
}

// waiting is how many answers wait for their append.
func (o *outbox) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.inFlight
}
