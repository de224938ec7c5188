package node

import "walle/replication"

// order is what a handle asks of the owner.
type order struct {
	writer *Writer
	kind   orderKind

	// Of an append.
	payloads [][]byte
	size     int64
	opts     AppendOptions
	done     func(replication.Reply)

	first replication.EntryID // of a trim
}

type orderKind uint8

const (
	orderAppend orderKind = iota
	orderTrim
	orderRenew
	orderRelease
	orderDrop
)

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
	if o.opts.Trace != nil {
		w.trace = o.opts.Trace
		w.trace.begin(s.now, o.opts.First, len(o.payloads))
	}
	deadline := replication.Never
	if o.opts.Timeout > 0 {
		deadline = s.now.Add(o.opts.Timeout)
	}
	s.step(&w.slot, replication.Propose{
		Ref:      ref,
		Payloads: o.payloads,
		First:    o.opts.First,
		Wall:     s.wall,
		Deadline: deadline,
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
	if w.settled() {
		w.giveUnknown()
	}
	switch w.machine.Phase() {
	case replication.Claiming:
		w.publish()
	case replication.Serving, replication.Releasing:
		w.publish()
		w.becomeReady()
	case replication.Closed:
		s.end(w, errReleased, replication.CauseClosed)
	case replication.Fenced:
		s.fail(w, replication.CauseFenced)
	case replication.Failed:
		s.fail(w, refusedCause(w.machine.Refusal()))
	}
}

// fail ends a claim that others did not let go on.
func (s *shard) fail(w *Writer, cause replication.Cause) {
	s.end(w, claimError(cause, w.machine.Refusal()), cause)
}

// end is the end of a claim: it is not stepped any more. What the machine has
// left unanswered is unknown.
func (s *shard) end(w *Writer, err error, cause replication.Cause) {
	w.over, w.cause = true, cause
	w.waiting.answerRest(replication.Reply{Outcome: replication.Unknown, Why: cause})
	s.tellLater(w)
	delete(s.writers, w.id)

	s.countKept(w, 0)
	w.giveUnknown()
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
