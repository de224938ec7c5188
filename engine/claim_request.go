package engine

import (
	"time"

	"walle/replication"
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
}

// AppendResult is what became of an AppendRequest.
type AppendResult struct {
	First, Last replication.EntryID // the group's entries, once applied
	AppendedAt  time.Time
	Term        replication.Term
	Err         error // an *Error; nil says durable at a majority
}
