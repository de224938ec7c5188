package engine

import (
	"context"
	"errors"

	"walle/replication"
)

// Engine is the streams of one node.
type Engine struct{}

// Host makes this node hold a replica of a stream from now on, with what was
// stored of it. It is idempotent.
func (e *Engine) Host(id replication.StreamID, config replication.Configuration) error {
	return errNotYet
}

// Unhost drops this node's replica of a stream for good.
func (e *Engine) Unhost(id replication.StreamID) error { return errNotYet }

// Claim makes the caller the writer of a stream. It returns once the claim
// serves, or with KindHeld, KindFenced, KindNoQuorum or KindCancelled.
func (e *Engine) Claim(ctx context.Context, req ClaimRequest) (*Claim, error) {
	return nil, errNotYet
}

// Read opens a scan. On a node without a replica it reads a member's.
func (e *Engine) Read(ctx context.Context, req ReadRequest) (Scanner, error) {
	return nil, errNotYet
}

// Bounds returns what is committed, as this node knows it, or a member if it
// holds no replica.
func (e *Engine) Bounds(ctx context.Context, id replication.StreamID, config replication.Configuration) (Bounds, error) {
	return Bounds{}, errNotYet
}

// ReadPoint returns an entry which is at or above everything that had been
// acknowledged anywhere when the call began. Once it is committed here (see
// WaitCommit), a read is linearizable.
func (e *Engine) ReadPoint(ctx context.Context, id replication.StreamID, config replication.Configuration) (replication.EntryID, error) {
	return 0, errNotYet
}

// WaitCommit waits until an entry above after is known committed here, and
// returns the commit.
func (e *Engine) WaitCommit(ctx context.Context, id replication.StreamID, config replication.Configuration, after replication.EntryID) (replication.EntryID, error) {
	return 0, errNotYet
}

// Trim drops the entries below req.First, as far as they are committed, and
// returns the lowest entry kept once that is durable on a majority.
func (e *Engine) Trim(ctx context.Context, req TrimRequest) (replication.EntryID, error) {
	return 0, errNotYet
}

// Status asks every member how its replica stands, in the order of the
// configuration. It returns within the engine's question timeout, whoever hangs.
func (e *Engine) Status(ctx context.Context, id replication.StreamID, config replication.Configuration) ([]ReplicaStatus, error) {
	return nil, errNotYet
}

var errNotYet = errors.New("not built")
