package node

import (
	"context"
	"fmt"
	"time"

	"walle/replication"
)

// ClaimRequest asks to become the writer of a stream.
type ClaimRequest struct {
	Stream replication.StreamID
	Config replication.Configuration
	Mode   ClaimMode
	Lease  time.Duration
	Holder string // who claims, for people
	// Quiet says that only appends and Renew keep the lease, and no heartbeat.
	Quiet bool
}

// ClaimMode is how a claim treats the writer that there is.
type ClaimMode = replication.ClaimMode

// The modes, for those who know the machines by their runtime only.
const (
	ClaimWait   = replication.ClaimWait
	ClaimNoWait = replication.ClaimNoWait
	ClaimForce  = replication.ClaimForce
)

// ClaimError says why a claim failed, or was lost.
type ClaimError struct {
	Cause     replication.Cause   // CauseHeld, CauseFenced or CauseNoQuorum
	Reason    replication.Reason  // as the replica gave it, 0 if none did
	Holder    string              // who has the stream, if that is known
	Remaining time.Duration       // of the holder's lease
	Term      replication.Term    // the holder's
	Claim     replication.ClaimID // the holder's, and so its node
}

func (e *ClaimError) Error() string {
	if e.Holder == "" {
		return fmt.Sprintf("claim is not held: %v", e.Cause)
	}
	return fmt.Sprintf("claim is not held: %v: term %d of %s, lease %v left", e.Cause, e.Term, e.Holder, e.Remaining)
}

// claimError tells how a claim ended that a replica refused with r.
func claimError(r replication.Refused) *ClaimError {
	e := &ClaimError{
		Cause:     replication.CauseNoQuorum,
		Reason:    r.Reason,
		Holder:    r.Holder,
		Remaining: r.Remaining,
		Term:      r.Promised,
		Claim:     r.Claim,
	}
	switch r.Reason {
	case replication.RefusedTerm:
		e.Cause = replication.CauseFenced
	case replication.RefusedLease:
		e.Cause = replication.CauseHeld
	}
	return e
}

// Claim becomes the writer of a stream. It returns once the writer serves. If
// ctx ends first, the claim is dropped and the context's cause returned; if it
// failed, a *ClaimError.
func (n *Node) Claim(ctx context.Context, req ClaimRequest) (*Writer, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	s := n.shardOf(req.Stream)
	w := &Writer{
		shard:  s,
		stream: req.Stream,
		id:     replication.ClaimID{Node: n.config.Self, Nonce: n.config.Random()},
		ready:  make(chan struct{}),
		lost:   make(chan struct{}),
	}
	w.slot.writer = w
	if !s.inbox.putCall(func() { s.startWriter(w, req) }) {
		return nil, n.stopCause()
	}
	select {
	case <-w.ready:
	case <-s.stopped:
		return nil, n.stopCause()
	case <-ctx.Done():
		s.inbox.putOrder(order{writer: w, kind: orderRelease})
		return nil, context.Cause(ctx)
	}
	if err := w.Err(); err != nil {
		return nil, err
	}
	return w, nil
}

// startWriter begins the claim. Only the owner calls it.
func (s *shard) startWriter(w *Writer, req ClaimRequest) {
	w.machine = replication.NewWriter(replication.WriterConfig{
		Self:   s.node.config.Self,
		Stream: req.Stream,
		Config: req.Config,
		Claim:  w.id,
		Holder: req.Holder,
		Mode:   req.Mode,
		Lease:  req.Lease,
		Quiet:  req.Quiet,
		Limits: s.node.config.Writers,
	})
	s.writers[w.id] = w
	s.touch(&w.slot)
}

// obey does what a handle asks for. Only the owner calls it.
func (s *shard) obey(o *order) {
	w := o.writer
	if o.kind == orderAppend {
		s.propose(w, o)
		return
	}
	if w.over {
		return
	}
	switch o.kind {
	case orderTrim:
		s.step(&w.slot, replication.TrimTo{First: o.first})
	case orderRenew:
		s.step(&w.slot, replication.Renew{})
	case orderRelease:
		s.step(&w.slot, replication.GiveUp{Release: true})
	case orderDrop:
		s.drop(w)
	}
}

// propose hands one append to the machine. Its waiter is told at the end of the
// round in which it is answered.
func (s *shard) propose(w *Writer, o *order) {
	ref := w.waiting.add(o.done, o.size)
	if w.over {
		s.answer(w, replication.Reply{Ref: ref, Outcome: replication.NotApplied, Why: w.cause})
		return
	}
	s.step(&w.slot, replication.Propose{
		Ref:      ref,
		Payloads: o.payloads,
		First:    o.opts.First,
		Wall:     s.wall,
		Deadline: o.opts.Deadline,
	})
}

// answer notes a reply of w's.
func (s *shard) answer(w *Writer, r replication.Reply) {
	w.waiting.answer(r)
	s.tellLater(w)
}

// tellLater has the waiters of w told at the end of the round.
func (s *shard) tellLater(w *Writer) {
	if !w.answered {
		w.answered = true
		s.answered = append(s.answered, w)
	}
}

// drop stops w where it is.
func (s *shard) drop(w *Writer) {
	s.step(&w.slot, replication.GiveUp{})
	s.end(w, errDropped, replication.CauseClosed)
}

// settleWriter publishes w and notices that its claim serves, or is over.
func (s *shard) settleWriter(w *Writer) {
	if w.over {
		return
	}
	switch w.machine.Phase() {
	case replication.Claiming:
		w.publish()
	case replication.Serving, replication.Releasing:
		w.publish()
		w.becomeReady()
	case replication.Closed:
		s.end(w, errReleased, replication.CauseClosed)
	case replication.Fenced, replication.Failed:
		err := claimError(w.machine.Refusal())
		s.end(w, err, err.Cause)
	}
}

// end is the end of a claim: it is not stepped any more. What the machine has
// left unanswered is unknown.
func (s *shard) end(w *Writer, err error, cause replication.Cause) {
	w.over, w.cause = true, cause
	w.waiting.answerRest(replication.Reply{Outcome: replication.Unknown, Why: cause})
	s.tellLater(w)
	delete(s.writers, w.id)

	status := w.Status()
	status.Phase = w.machine.Phase()
	status.ValidUntil = 0
	w.setStatus(status, err)
	w.becomeReady()
	close(w.lost)
}

func (w *Writer) becomeReady() {
	select {
	case <-w.ready:
	default:
		close(w.ready)
	}
}
