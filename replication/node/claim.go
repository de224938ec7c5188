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
		return fmt.Sprintf("no claim: %v", e.Cause)
	}
	return fmt.Sprintf("no claim: %v by term %d of %s, whose lease has %v left", e.Cause, e.Term, e.Holder, e.Remaining)
}

// claimError says that a claim ended for cause, as a replica told it with r.
func claimError(cause replication.Cause, r replication.Refused) *ClaimError {
	return &ClaimError{
		Cause:     cause,
		Reason:    r.Reason,
		Holder:    r.Holder,
		Remaining: r.Remaining,
		Term:      r.Promised,
		Claim:     r.Claim,
	}
}

// refusedCause is what a claim failed of that r was the last word on.
func refusedCause(r replication.Refused) replication.Cause {
	switch r.Reason {
	case replication.RefusedTerm:
		return replication.CauseFenced
	case replication.RefusedLease:
		return replication.CauseHeld
	}
	return replication.CauseNoQuorum
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
