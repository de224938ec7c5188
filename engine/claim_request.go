package engine

import (
	"time"

	"walle/replication"
	"walle/replication/node"
)

// Mode is how a claim treats the writer that there is.
type Mode uint8

const (
	Wait   Mode = iota // leave a live writer alone: wait until its lease ends
	NoWait             // KindHeld at once if a lease still runs
	Force              // fence the writer now; the claim still waits for its lease to end
)

func (m Mode) String() string { return [...]string{"wait", "nowait", "force"}[m] }

// ClaimRequest asks to become the writer of a stream.
type ClaimRequest struct {
	Stream replication.StreamID
	Config replication.Configuration
	Mode   Mode
	Lease  time.Duration
	Writer string // who claims, for people; shown to whoever is refused
	// Quiet leaves it to appends and Renew to keep the lease: without them the
	// claim lapses, so that a holder that hangs loses it.
	Quiet bool
}

// AppendRequest asks to append one group.
type AppendRequest struct {
	// Payloads are the data of the entries, at least one. Engine keeps them:
	// they must not change any more.
	Payloads [][]byte
	// First says which id the first entry must get: else KindEntryExists or
	// KindHole. 0 is whatever comes next.
	First replication.EntryID
	// Timeout is after how long to give up on an outcome, 0 for the engine's
	// default.
	Timeout time.Duration
	// Trace, if there is one, is told how the append goes: NewTrace makes it.
	Trace *Trace
}

// Trace is how one append went.
type Trace struct {
	asked replication.Time
	inner *node.Trace
}

// NewTrace begins the trace of an append to a stream with so many members.
func (c *Claim) NewTrace(members int) *Trace {
	return &Trace{asked: c.engine.cfg.Clock.Now(), inner: node.NewTrace(members)}
}

// Queued is how long the append waited for the stream's owner; ok is false if
// it waits still.
func (t *Trace) Queued() (d time.Duration, ok bool) { return t.since(t.inner.Taken()) }

// Durable is how long it took until the word came that a member has it on its
// disk; ok is false if it has not come.
func (t *Trace) Durable(member replication.NodeID) (d time.Duration, ok bool) {
	return t.since(t.inner.Durable(member))
}

// All is closed once every member has it on its disk.
func (t *Trace) All() <-chan struct{} { return t.inner.All() }

func (t *Trace) since(at replication.Time) (time.Duration, bool) { return at.Sub(t.asked), at != 0 }

// AppendResult is what became of an AppendRequest.
type AppendResult struct {
	First, Last replication.EntryID // the group's entries, once applied
	AppendedAt  time.Time
	Term        replication.Term
	Err         error // an *Error; nil says durable at a majority
}
