package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"walle/replication"
)

// ClaimMode is how a claim treats the writer that there is.
type ClaimMode uint8

const (
	ClaimWait   ClaimMode = iota // leave a live writer alone: wait until its lease ends
	ClaimNoWait                  // refuse at once if a lease still runs
	ClaimForce                   // fence the writer now; the claim still waits for its lease
)

// ClaimRequest asks to become the writer of a stream.
type ClaimRequest struct {
	Stream replication.StreamID
	Config replication.Configuration
	Mode   ClaimMode
	Lease  time.Duration
	Holder string // who claims, for people
}

// ClaimError says why a claim failed.
type ClaimError struct {
	Cause     replication.Cause // CauseHeld, CauseFenced, CauseNoQuorum, CauseClosed
	Holder    string            // who has the stream, if that is known
	Remaining time.Duration     // of the holder's lease
	Term      replication.Term  // the holder's
}

func (e *ClaimError) Error() string {
	if e.Holder == "" {
		return fmt.Sprintf("claim failed: %v", e.Cause)
	}
	return fmt.Sprintf("claim failed: %v: term %d of %s, lease %v left", e.Cause, e.Term, e.Holder, e.Remaining)
}

// Claim becomes the writer of a stream. It returns once the writer serves. If
// ctx ends first, the claim is dropped and the context's cause returned; if it
// failed, a *ClaimError.
func (n *Node) Claim(ctx context.Context, req ClaimRequest) (*Writer, error) {
	return nil, errors.ErrUnsupported
}
