package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"walle/replication"
)

// Bounds returns what is committed, as this node knows it, or a member if it
// holds no replica.
func (e *Engine) Bounds(ctx context.Context, id replication.StreamID, config replication.Configuration) (Bounds, error) {
	p, ok := e.node.Progress(id)
	if !ok {
		return e.boundsThere(ctx, id, config, 0, 0)
	}
	b, fresh := e.recall(id, p.Commit())
	if !fresh && len(config.Members) > 1 {
		look, cancel := context.WithTimeout(ctx, lookPatience)
		defer cancel()
		answers := statuses(e.ask(look, id, config, replication.Probe{}, config.Quorum()))
		if ctx.Err() != nil {
			return Bounds{}, e.ended(ctx, "read", id)
		}
		b = e.note(id, p.Commit(), answers)
	}
	// The local first comes last: a trim may have come between.
	return Bounds{First: max(b.First, p.First()), Commit: b.Commit}, nil
}

// Known returns what this node knows of a stream's bounds without asking
// anybody; ok is false if it holds no replica. It is for lists of many streams.
func (e *Engine) Known(id replication.StreamID) (b Bounds, ok bool) {
	p, ok := e.node.Progress(id)
	if !ok {
		return Bounds{}, false
	}
	b, _ = e.recall(id, p.Commit())
	return Bounds{First: max(b.First, p.First()), Commit: b.Commit}, true
}

// look is what this node has learned of a stream by asking its members.
//
// A replica that hears its writer is behind it by about a millisecond. One that
// does not may be behind by anything: say that a claim and its appends went
// through A and B while C was cut off, and that all three died then. C is back
// with nothing, and nobody tells it. So, unless the commit here moves, a read
// asks the others, once in a while. If they do not answer, what is known here
// has to do.
type look struct {
	at     replication.Time
	local  replication.EntryID // the commit of the replica here, then
	bounds Bounds              // the highest that anybody knew of each
}

const (
	lookEvery    = time.Second
	lookPatience = 250 * time.Millisecond
	longestLook  = 30 * time.Second
)

// recall returns the bounds of a stream with a replica here, whose commit is
// local. They are fresh if the replica hears its writer, or the others have
// been asked not long ago.
func (e *Engine) recall(id replication.StreamID, local replication.EntryID) (b Bounds, fresh bool) {
	now := e.cfg.Clock.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	l, ok := e.looked[id]
	if ok && local > l.local {
		l.at, l.local = now, local
		e.looked[id] = l
	}
	l.bounds.Commit = max(l.bounds.Commit, local)
	return l.bounds, ok && now.Sub(l.at) < lookEvery
}

// note keeps what members have answered, and returns the bounds.
func (e *Engine) note(id replication.StreamID, local replication.EntryID, answers []replication.Status) Bounds {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := look{at: e.cfg.Clock.Now(), local: local, bounds: e.looked[id].bounds}
	l.bounds.Commit = max(l.bounds.Commit, local)
	for _, s := range answers {
		l.bounds.Commit = max(l.bounds.Commit, s.Commit)
		l.bounds.First = max(l.bounds.First, s.First)
	}
	e.looked[id] = l
	return l.bounds
}

// remember keeps what one member has answered to a node without a replica, and
// returns the bounds. A member may be behind what another has said before: then
// a read that asks it would go back behind the point that ReadPoint or
// WaitCommit has promised.
func (e *Engine) remember(id replication.StreamID, b Bounds) Bounds {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.looked[id]
	l.bounds.First = max(l.bounds.First, b.First)
	l.bounds.Commit = max(l.bounds.Commit, b.Commit)
	e.looked[id] = l
	return l.bounds
}

// WaitCommit waits until an entry above after is known committed here, and
// returns the commit.
func (e *Engine) WaitCommit(ctx context.Context, id replication.StreamID, config replication.Configuration, after replication.EntryID) (replication.EntryID, error) {
	// A replica that no writer has reached is told nothing: then the others are
	// asked, ever more rarely.
	for wait := lookEvery; ; wait = min(2*wait, longestLook) {
		b, err := e.waitHere(ctx, id, config, after, wait)
		if k := KindOf(err); (k == KindNoStream || k == KindCorrupt) && ctx.Err() == nil { // no replica here
			b, err = e.boundsThere(ctx, id, config, after, longestWait)
		}
		if err != nil || b.Commit > after {
			return b.Commit, err
		}
	}
}

// waitHere waits for the commit of this node's replica, and then asks the
// others for theirs.
func (e *Engine) waitHere(ctx context.Context, id replication.StreamID, config replication.Configuration, after replication.EntryID, wait time.Duration) (Bounds, error) {
	if b, ok := e.Known(id); ok && b.Commit > after {
		return b, nil
	}
	b, err := e.boundsHere(ctx, id, after, wait)
	if err != nil || b.Commit > after {
		return b, err
	}
	return e.Bounds(ctx, id, config)
}

// boundsHere waits until the commit of this node's replica is above after, or
// wait is over, and returns its bounds.
func (e *Engine) boundsHere(ctx context.Context, id replication.StreamID, after replication.EntryID, wait time.Duration) (Bounds, error) {
	over := time.NewTimer(wait)
	defer over.Stop()
	p, ok := e.node.Progress(id)
	if !ok {
		return Bounds{}, e.absent("read", id)
	}
	for {
		changed := p.Changed()
		b := Bounds{Commit: p.Commit(), First: p.First()}
		if b.Commit > after || wait == 0 {
			return b, nil
		}
		if p.Gone() {
			if e.closing.Err() != nil {
				return Bounds{}, e.ended(ctx, "read", id)
			}
			return Bounds{}, noStream("read", id)
		}
		select {
		case <-changed:
		case <-over.C:
			return b, nil
		case <-ctx.Done():
			return Bounds{}, e.ended(ctx, "read", id)
		case <-e.closing.Done():
			return Bounds{}, e.ended(ctx, "read", id)
		}
	}
}

// boundsThere asks the members for their bounds, one after the other until one
// answers.
func (e *Engine) boundsThere(ctx context.Context, id replication.StreamID, config replication.Configuration, after replication.EntryID, wait time.Duration) (Bounds, error) {
	failed := e.absent("read", id)
	for _, m := range otherMembers(config, e.cfg.Self) {
		b, err := e.askBounds(ctx, m, id, after, wait)
		if err == nil {
			return e.remember(id, b), nil
		}
		if ctx.Err() != nil || e.closing.Err() != nil {
			return Bounds{}, e.ended(ctx, "read", id)
		}
		switch f := e.failure("read", id, err); f.Kind {
		case KindNoStream:
		case KindCorrupt:
			failed = f
		default:
			failed = &Error{Op: "read", Stream: id, Kind: KindNoQuorum, Err: err}
		}
	}
	return Bounds{}, failed
}

// ReadPoint returns an entry which is at or above everything that had been
// acknowledged anywhere when the call began, and which this node knows to be
// committed: what a Read shows from then on is linearizable.
//
// An acknowledged entry is durable on a majority, so of the entries that enough
// members may have, the highest bounds them all. It may be above what anybody
// knows committed when a writer has just died. Then nobody will say whether it
// is until somebody claims the stream, so this does.
func (e *Engine) ReadPoint(ctx context.Context, id replication.StreamID, config replication.Configuration) (replication.EntryID, error) {
	for {
		answers := statuses(e.ask(ctx, id, config, replication.Probe{}, config.Quorum()))
		if ctx.Err() != nil {
			return 0, e.ended(ctx, "read", id)
		}
		if len(answers) < config.Quorum() {
			return 0, &Error{Op: "read", Stream: id, Kind: KindNoQuorum,
				Err: fmt.Errorf("%d of %d members answer", len(answers), len(config.Members))}
		}
		point := acknowledgedAtMost(answers, config)
		local := replication.EntryID(0)
		if p, ok := e.node.Progress(id); ok {
			local = p.Commit()
		}
		if e.note(id, local, answers).Commit >= point {
			return point, nil
		}
		done, err := e.settled(ctx, id, config, point, answers)
		if done || err != nil {
			return point, err
		}
	}
}

// acknowledgedAtMost is the highest entry that a majority may hold, given what
// some members say and the others may hide.
func acknowledgedAtMost(answers []replication.Status, config replication.Configuration) replication.EntryID {
	var flushed []replication.EntryID
	for _, s := range answers {
		flushed = append(flushed, s.Flush)
	}
	slices.Sort(flushed)
	slices.Reverse(flushed)
	silent := len(config.Members) - len(answers)
	return flushed[max(0, config.Quorum()-silent-1)]
}

// settled waits until point is committed here. It returns false if it is not
// after a while, in which it may have been cut off by a new claim.
func (e *Engine) settled(ctx context.Context, id replication.StreamID, config replication.Configuration, point replication.EntryID, answers []replication.Status) (bool, error) {
	lease := 50 * time.Millisecond
	for _, s := range answers {
		lease = max(lease, s.Remaining)
	}
	wait, cancel := context.WithTimeout(ctx, lease)
	defer cancel()
	_, err := e.WaitCommit(wait, id, config, point-1)
	if err == nil || ctx.Err() != nil || KindOf(err) != KindCancelled {
		return err == nil, err
	}
	c, err := e.Claim(ctx, ClaimRequest{Stream: id, Config: config, Mode: NoWait, Lease: resolverLease, Writer: "resolver"})
	switch {
	case err == nil:
		return false, c.Release(ctx)
	case KindOf(err) == KindHeld, KindOf(err) == KindFenced:
		return false, nil // somebody else settles it
	}
	return false, err
}

// resolverLease is the lease of a claim whose only use is to settle a tail.
const resolverLease = 100 * time.Millisecond

// ask asks all members, and returns once enough have answered, or the question
// timeout has passed.
func (e *Engine) ask(ctx context.Context, id replication.StreamID, config replication.Configuration, m replication.Message, enough int) map[replication.NodeID]replication.Message {
	ctx, cancel := context.WithTimeout(ctx, e.cfg.QuestionTimeout)
	defer cancel()
	defer context.AfterFunc(e.closing, cancel)()
	return e.node.Ask(ctx, id, config, m, enough)
}

func statuses(answers map[replication.NodeID]replication.Message) []replication.Status {
	var out []replication.Status
	for _, a := range answers {
		if s, ok := a.(replication.Status); ok {
			out = append(out, s)
		}
	}
	return out
}
