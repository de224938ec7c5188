package engine

import (
	"context"
	"errors"
	"fmt"

	"walle/engine/store"
	"walle/replication"
	"walle/replication/node"
)

// This file is the one place where what happened below becomes a Kind.

// kindOfReply is the kind of what became of a group; ok says that it was
// applied. What is not known is never given a kind that claims to know.
func kindOfReply(r replication.Reply) (kind Kind, ok bool) {
	switch r.Outcome {
	case replication.Applied:
		return KindInternal, true
	case replication.Unknown:
		return KindUnknown, false
	}
	switch r.Why {
	case replication.CauseFenced:
		return KindFenced, false
	case replication.CauseNoQuorum, replication.CauseTimeout:
		return KindNoQuorum, false
	case replication.CauseClosed:
		return KindNotClaimed, false
	case replication.CauseNoSpace:
		return KindDiskFull, false
	case replication.CauseFull, replication.CauseMoved:
		// CauseMoved: the group would have got another id than was foretold,
		// because one before it was refused.
		return KindBusy, false
	}
	return KindInternal, false
}

// kindOfCause is the kind of a claim that failed.
func kindOfCause(c replication.Cause) Kind {
	switch c {
	case replication.CauseHeld:
		return KindHeld
	case replication.CauseFenced:
		return KindFenced
	case replication.CauseNoQuorum, replication.CauseTimeout:
		return KindNoQuorum
	case replication.CauseClosed:
		return KindShuttingDown
	case replication.CauseFull:
		return KindBusy
	}
	return KindInternal
}

// failure makes an *Error of what an attempt of op ran into.
func (e *Engine) failure(op string, id replication.StreamID, err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	out := &Error{Op: op, Stream: id, Kind: KindInternal, Err: err}
	var claim *node.ClaimError
	var corrupt *store.CorruptError
	var missing *store.MissingError
	switch {
	case errors.As(err, &claim):
		out.Kind, out.Term, out.Holder, out.Remaining = kindOfCause(claim.Cause), claim.Term, claim.Holder, claim.Remaining
		out.Node = claim.Claim.Node
		if claim.Reason == replication.RefusedUnknown {
			out.Kind = KindNoStream
		}
	case errors.As(err, &corrupt):
		out.Kind, out.Entry = KindCorrupt, corrupt.Entry
	case errors.As(err, &missing):
		out.Kind, out.Entry = KindCorrupt, missing.Entry
	case errors.Is(err, node.ErrFull):
		out.Kind = KindBusy
	case e.closing.Err() != nil, errors.Is(err, node.ErrClosed), errors.Is(err, store.ErrClosed):
		out.Kind = KindShuttingDown
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		out.Kind = KindCancelled
	}
	return out
}

// ended is the error of an op whose context, or the engine, has ended.
func (e *Engine) ended(ctx context.Context, op string, id replication.StreamID) *Error {
	if e.closing.Err() != nil {
		return &Error{Op: op, Stream: id, Kind: KindShuttingDown}
	}
	return &Error{Op: op, Stream: id, Kind: KindCancelled, Err: context.Cause(ctx)}
}

func noStream(op string, id replication.StreamID) *Error {
	return &Error{Op: op, Stream: id, Kind: KindNoStream}
}

// absent says why there is no replica of a stream here.
func (e *Engine) absent(op string, id replication.StreamID) *Error {
	if why := e.node.Quarantined(id); why != nil {
		return &Error{Op: op, Stream: id, Kind: KindCorrupt, Node: e.cfg.Self, Err: why}
	}
	return noStream(op, id)
}

func trimmed(op string, id replication.StreamID, first replication.EntryID) *Error {
	return &Error{Op: op, Stream: id, Kind: KindTrimmed, First: first,
		Detail: fmt.Sprintf("The lowest entry kept is %d.", first)}
}
