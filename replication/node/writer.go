package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"walle/replication"
)

var (
	// ErrFull refuses an append: the node's window is full. See AwaitRoom.
	ErrFull = errors.New("too much is in flight")
	// ErrClosed says that the node, or the writer, has been closed.
	ErrClosed = errors.New("closed")

	errReleased = fmt.Errorf("claim was released: %w", ErrClosed)
	errDropped  = fmt.Errorf("claim was dropped: %w", ErrClosed)
)

// Writer is the handle of a claim. Any goroutine may call its methods; the
// machine behind it belongs to the owner of the stream's shard.
type Writer struct {
	shard  *shard
	stream replication.StreamID
	id     replication.ClaimID

	flight inFlight // its node's window guards it

	ready chan struct{} // closed once the claim serves or has failed
	lost  chan struct{} // closed once it is over

	mu      sync.Mutex // guards the next three
	status  WriterStatus
	err     error
	changed chan struct{} // nil while nobody waits

	// The owner's.
	machine  *replication.Writer
	slot     slot
	waiting  waiters
	over     bool
	cause    replication.Cause // why appends are refused once it is over
	answered bool              // queued to have its waiters told
	trace    *Trace            // of an append that somebody watches; mostly nil
	kept     int               // as it is counted in the node's
	unknown  int64             // of what is in flight: answered as unknown already
}

// WriterStatus is how a writer stood at the end of its owner's last round.
type WriterStatus struct {
	Phase      replication.Phase
	Term       replication.Term
	Next       replication.EntryID // the id that the next group gets, after all that the machine has seen
	Commit     replication.EntryID
	ValidUntil replication.Time // until when no other claim can have finished, on this node's Clock
}

// AppendOptions says how to append.
type AppendOptions struct {
	// First, if not 0, is the id that the group's first entry must get. If it
	// would get another, the answer is NotApplied with CauseMoved.
	First replication.EntryID
	// Timeout is how long after it was taken an append is answered Unknown; 0 is
	// never.
	Timeout time.Duration
	// Trace, if there is one, is told how the append goes. It needs First. A
	// writer traces one append at a time: the last that asked.
	Trace *Trace
}

// ID names the claim.
func (w *Writer) ID() replication.ClaimID { return w.id }

// Status is how the writer stands.
func (w *Writer) Status() WriterStatus {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status
}

// Changed is closed when Status changes next. Take the channel first, look
// second, wait third.
func (w *Writer) Changed() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.changed == nil {
		w.changed = make(chan struct{})
	}
	return w.changed
}

// Lost is closed when the claim is over: fenced, released, dropped, or the node
// has closed or failed. Err says why.
func (w *Writer) Lost() <-chan struct{} { return w.lost }

// Err is nil until Lost is closed: then a *ClaimError with CauseFenced and who
// fenced, or an error that wraps ErrClosed.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Append starts to append payloads, one entry each, as one group behind all
// that were appended before. It never blocks. If it returns an error (ErrFull,
// ErrClosed) nothing was started and done is not called. Else done is called
// exactly once, in the order of the appends, by the goroutine that owns the
// stream: it must not block, and may call Append. The writer keeps payloads.
func (w *Writer) Append(payloads [][]byte, opts AppendOptions, done func(replication.Reply)) error {
	size := sizeOfGroup(payloads)
	if !w.window().take(&w.flight, size) {
		return ErrFull
	}
	if !w.shard.inbox.putOrder(order{writer: w, payloads: payloads, size: size, opts: opts, done: done}) {
		w.window().give(&w.flight, size)
		return w.shard.node.stopCause()
	}
	return nil
}

// AwaitRoom returns when there may be room for an append that was refused with
// ErrFull, or the writer is over, or ctx is.
func (w *Writer) AwaitRoom(ctx context.Context) error {
	w.window().await(ctx, &w.flight, w.lost)
	return ctx.Err()
}

func (w *Writer) window() *window { return &w.shard.node.window }

// giveUnknown gives back what was answered as unknown, once it is in flight no
// more. Only the owner calls it.
func (w *Writer) giveUnknown() {
	w.window().give(&w.flight, w.unknown)
	w.unknown = 0
}

// settled reports whether all that was appended is committed. Only the owner
// calls it.
func (w *Writer) settled() bool { return w.machine.Commit()+1 >= w.machine.Next() }

// TrimTo passes on to the replicas that entries below first may go, as far as
// they are committed.
func (w *Writer) TrimTo(first replication.EntryID) {
	w.shard.inbox.putOrder(order{writer: w, kind: orderTrim, first: first})
}

// Renew has the lease renewed now, without waiting for that: ValidUntil tells.
func (w *Writer) Renew() {
	w.shard.inbox.putOrder(order{writer: w, kind: orderRenew})
}

// Release finishes what is in flight and gives the lease back, so that the next
// claim need not wait. If ctx ends first, the writer is dropped.
func (w *Writer) Release(ctx context.Context) error {
	w.shard.inbox.putOrder(order{writer: w, kind: orderRelease})
	select {
	case <-w.lost:
	case <-ctx.Done():
		w.Drop()
		return context.Cause(ctx)
	}
	if err := w.Err(); !errors.Is(err, errReleased) {
		return err
	}
	return nil
}

// Drop stops the writer. What is in flight is answered as unknown, and the
// lease runs out by itself.
func (w *Writer) Drop() {
	w.shard.inbox.putOrder(order{writer: w, kind: orderDrop})
}

// due is when the owner has to step the machine next.
func (w *Writer) due() replication.Time {
	if w.over {
		return replication.Never
	}
	return w.machine.Deadline()
}

// publish shows holders how the writer stands. Only the owner calls it.
func (w *Writer) publish() {
	w.setStatus(WriterStatus{
		Phase:      w.machine.Phase(),
		Term:       w.machine.Term(),
		Next:       w.machine.Next(),
		Commit:     w.machine.Commit(),
		ValidUntil: w.machine.ValidUntil(),
	}, nil)
}

func (w *Writer) setStatus(s WriterStatus, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s == w.status && err == nil {
		return
	}
	w.status, w.err = s, err
	if w.changed != nil {
		close(w.changed)
		w.changed = nil
	}
}
