package engine

import (
	"context"
	"time"

	"walle/replication"
)

// Claim is what a writer holds. Its methods may be called by any goroutine,
// but ids are predicted for one caller of Append at a time.
type Claim struct{}

// Term is the claim's term as of now: it rises when the writer has to promise
// itself anew to a replica that a claim which died half-way left behind.
func (c *Claim) Term() replication.Term { return 0 }

// Tail is the last entry that there was when the claim began to serve.
func (c *Claim) Tail() replication.EntryID { return 0 }

// Next is the id that the next append will get, if all in flight succeed.
func (c *Claim) Next() replication.EntryID { return 0 }

// Commit is the highest entry known to be committed.
func (c *Claim) Commit() replication.EntryID { return 0 }

// Lease is the lease that the claim renews.
func (c *Claim) Lease() time.Duration { return 0 }

// Valid is for how long from now the holder may trust that there is no other
// writer: 0 once it must not.
func (c *Claim) Valid() time.Duration { return 0 }

// Lost is closed when the claim is over without its holder's doing: fenced, or
// the node closes. Err says why.
func (c *Claim) Lost() <-chan struct{} { return nil }

// Err is why the claim was lost (KindFenced with Term and Holder, …), nil while
// it holds.
func (c *Claim) Err() error { return nil }

// Append starts to append one group, behind all that is in flight. It blocks
// only while the claim's window in bytes is full. If it returns an error,
// nothing was started and done is not called; else done is called once, in the
// order of the appends, and must not block.
func (c *Claim) Append(ctx context.Context, req AppendRequest, done func(AppendResult)) error {
	return errNotYet
}

// Renew returns once a majority has renewed the lease after the call began.
func (c *Claim) Renew(ctx context.Context) error { return errNotYet }

// Release waits for what is in flight and gives the lease back, so that the
// next claim need not wait.
func (c *Claim) Release(ctx context.Context) error { return errNotYet }

// Drop lets go without a word: the lease runs out by itself.
func (c *Claim) Drop() {}
