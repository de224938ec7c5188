package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"walle/replication"
)

// Status asks every member how its replica stands, in the order of the
// configuration. It returns within the engine's question timeout, whoever hangs.
func (e *Engine) Status(ctx context.Context, id replication.StreamID, config replication.Configuration) ([]ReplicaStatus, error) {
	answers := e.ask(ctx, id, config, replication.Probe{}, len(config.Members))
	if ctx.Err() != nil || e.closing.Err() != nil {
		return nil, e.ended(ctx, "status", id)
	}
	list := make([]ReplicaStatus, len(config.Members))
	for i, m := range config.Members {
		list[i].Node = m
		switch a := answers[m].(type) {
		case replication.Status:
			list[i].Reached, list[i].Hosted, list[i].Status = true, true, a
		case replication.Refused:
			list[i].Reached = true
			if a.Reason == replication.RefusedDamaged {
				list[i].Damage = e.damageOf(ctx, m, id)
			}
		}
	}
	return list, nil
}

// trimPatience is how long Trim repeats itself for replicas that have yet to
// learn that what is to go is committed.
const trimPatience = 2 * time.Second

// Trim drops the entries below req.First, as far as they are committed, and
// returns the lowest entry kept once that is durable on a majority.
func (e *Engine) Trim(ctx context.Context, req TrimRequest) (replication.EntryID, error) {
	b, err := e.Bounds(ctx, req.Stream, req.Config)
	if err == nil && req.First > b.Commit+1 { // it may have been committed without this node knowing
		b.Commit, err = e.ReadPoint(ctx, req.Stream, req.Config)
	}
	if err != nil {
		return 0, err
	}
	if req.First > b.Commit+1 {
		return 0, &Error{Op: "trim", Stream: req.Stream, Kind: KindInvalid, Tail: b.Commit,
			Detail: fmt.Sprintf("The last committed entry is %d.", b.Commit)}
	}
	if req.First <= b.First {
		return b.First, nil
	}
	e.tellWriter(req)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.NewTimer(trimPatience)
	defer end.Stop()
	for {
		first, err := e.trimOnce(ctx, req)
		if err != nil || first >= req.First {
			return first, err
		}
		select {
		case <-tick.C:
		case <-end.C:
			return first, nil
		case <-ctx.Done():
			return 0, e.ended(ctx, "trim", req.Stream)
		}
	}
}

// tellWriter lets the stream's writer, if it is on this node, pass the trim on
// to members that cannot be reached now.
func (e *Engine) tellWriter(req TrimRequest) {
	e.mu.Lock()
	c := e.claims[req.Stream]
	e.mu.Unlock()
	if c != nil {
		c.writer.TrimTo(req.First)
	}
}

// trimOnce returns the lowest entry that a majority keeps, after one try.
func (e *Engine) trimOnce(ctx context.Context, req TrimRequest) (replication.EntryID, error) {
	answers := e.ask(ctx, req.Stream, req.Config, replication.Trim{First: req.First}, req.Config.Quorum())
	if ctx.Err() != nil || e.closing.Err() != nil {
		return 0, e.ended(ctx, "trim", req.Stream)
	}
	var firsts []replication.EntryID
	for _, a := range answers {
		if t, ok := a.(replication.Trimmed); ok {
			firsts = append(firsts, t.First)
		}
	}
	quorum := req.Config.Quorum()
	if len(firsts) < quorum {
		return 0, &Error{Op: "trim", Stream: req.Stream, Kind: KindUnknown,
			Err:  fmt.Errorf("%d of %d members answer", len(firsts), len(req.Config.Members)),
			Hint: "Say it again: a trim may be repeated."}
	}
	slices.Sort(firsts)
	slices.Reverse(firsts)
	return firsts[quorum-1], nil
}
