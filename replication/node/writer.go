package node

import (
	"context"
	"errors"

	"walle/replication"
)

// Phase is where a writer stands.
type Phase uint8

const (
	Claiming Phase = iota + 1
	Serving
	Fenced
	Failed
	Released
)

var (
	// ErrFull refuses an append: as much as Limits allows is in flight.
	ErrFull = errors.New("too much is in flight")
	// ErrClosed says that the node, or the writer, has been closed.
	ErrClosed = errors.New("closed")
)

// Writer is the handle of a claim that serves. Any goroutine may call it.
type Writer struct{}

// WriterStatus is how a writer stands at the end of its owner's last round.
type WriterStatus struct {
	Phase      Phase
	Term       replication.Term
	Next       replication.EntryID // the id that the next group gets, after all that the machine has seen
	Commit     replication.EntryID
	ValidUntil replication.Time // until when no other claim can have finished, on this node's Clock
}

// AppendOptions says how to append.
type AppendOptions struct {
	// First, if not 0, is the id that the group's first entry must get. If it
	// would get another the answer is NotApplied with CauseNone, and
	// Reply.First the id that is next.
	First replication.EntryID
	// Deadline is when to answer Unknown; 0 is Never.
	Deadline replication.Time
}

// ID names the claim.
func (w *Writer) ID() replication.ClaimID { return replication.ClaimID{} }

// Status is how the writer stands.
func (w *Writer) Status() WriterStatus { return WriterStatus{} }

// Append starts to append payloads, one entry each, as one group behind all
// that were appended before. It never blocks. If it returns an error (ErrFull,
// ErrClosed) nothing was started and done is not called. Else done is called
// exactly once, in the order of the appends, by the goroutine that owns the
// stream: it must not block, and may call Append. The writer keeps payloads.
func (w *Writer) Append(payloads [][]byte, opts AppendOptions, done func(replication.Reply)) error {
	return errors.ErrUnsupported
}

// TrimTo passes on to the replicas that entries below first may go, as far as
// they are committed.
func (w *Writer) TrimTo(first replication.EntryID) {}

// Changed is closed when Status changes next. Take the channel first, look
// second, wait third.
func (w *Writer) Changed() <-chan struct{} { return nil }

// Lost is closed when the claim is over: fenced, released, dropped, or the node
// has closed or failed. Err says why.
func (w *Writer) Lost() <-chan struct{} { return nil }

// Err is nil until Lost is closed: then a *ClaimError with CauseFenced and who
// fenced, or an error that wraps ErrClosed.
func (w *Writer) Err() error { return nil }

// Release finishes what is in flight and gives the lease back, so that the next
// claim need not wait. If ctx ends first, the writer is dropped.
func (w *Writer) Release(ctx context.Context) error { return errors.ErrUnsupported }

// Drop stops the writer. What is in flight is answered as unknown, and the
// lease runs out by itself.
func (w *Writer) Drop() {}
