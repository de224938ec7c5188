package replication

import (
	"fmt"
	"time"
)

// A machine is a Replica or a Writer. Its owner calls Step for everything that
// happens, and owes it what stands in Output:
//
//  1. do Writes, in order, and report each as Synced once it is durable
//  2. send Sends; any may be lost, doubled or reordered
//  3. answer each of Reads with a ReadDone
//  4. hand Replies to whoever waits for their Ref
//
// and one Tick when the clock reaches Deadline. Until a write is reported
// Synced, the machine acknowledges nothing that rests on it: durability is part
// of what a script tests.
type Input interface{ input() }

// Received is a message that arrived.
type Received struct{ Envelope Envelope }

// Synced reports that every write up to Seq is durable.
type Synced struct{ Seq uint64 }

// ReadDone answers a Read.
type ReadDone struct {
	Ref     uint64
	Err     error    // entry To cannot be read: damage, or a failing disk
	Bad     EntryID  // with or without Err: an entry found damaged on the way; 0 if none was
	Prev    Position // what Entries[0] follows, as the log says; zero if it can't tell
	PrevAt  int64    // AppendedAt of Prev, 0 if not known
	Entries []Entry  // dense, up to Read.To
}

// Tick says that time has passed, and that what was put off may now be done.
type Tick struct{}

// Propose asks a Writer to append one group. It is answered by one Reply.
type Propose struct {
	Ref      uint64
	Payloads [][]byte // one entry each, at least one; the machine keeps them
	First    EntryID  // the id the first must get, else it is not applied; 0 takes the next
	Wall     int64    // wall clock, microseconds since 1970
	Deadline Time     // when to answer Unknown; Never to wait for ever
}

// TrimTo asks a Writer to pass a trim on to its replicas; it needs no answer.
type TrimTo struct{ First EntryID }

// GiveUp tells a Writer that its owner wants it no more: with Release it gives
// its lease back once nothing is in flight, else it just stops.
type GiveUp struct{ Release bool }

// LetGo tells a Writer that memory is short: of what it keeps for replicas that
// are behind, only the newest Keep bytes may stay.
type LetGo struct{ Keep int }

// Renew asks a Writer to renew its lease now.
type Renew struct{}

func (Renew) input()    {}
func (Received) input() {}
func (Synced) input()   {}
func (ReadDone) input() {}
func (Tick) input()     {}
func (Propose) input()  {}
func (TrimTo) input()   {}
func (GiveUp) input()   {}
func (LetGo) input()    {}

// Output collects what a step asks its owner to do. The owner reuses it.
type Output struct {
	Writes  []Write
	Sends   []Envelope
	Reads   []Read
	Replies []Reply
}

// Reset empties o and keeps its memory.
func (o *Output) Reset() {
	clear(o.Writes)
	clear(o.Sends)
	clear(o.Replies)
	*o = Output{Writes: o.Writes[:0], Sends: o.Sends[:0], Reads: o.Reads[:0], Replies: o.Replies[:0]}
}

// Write is one atomic change of a replica's durable state: all of it or none
// survives a crash. Done in the order of the fields.
type Write struct {
	Stream   StreamID
	Seq      uint64  // dense per replica, from 1
	State    *State  // the new state, nil when it stays
	Truncate bool    // drop every entry above TruncateTo
	Above    EntryID // with Truncate: the last entry to keep
	Below    EntryID // drop every entry below; 0 drops none
	Entries  []Entry
	Commit   EntryID // the commit to remember; 0 leaves it
	Lazy     bool    // nobody waits for this write: it needs no sync of its own
}

// State is what a replica keeps beside its entries. It is small and written
// whole.
type State struct {
	Config   Configuration
	Promised Term
	Claim    ClaimID // to whom
	Holder   string
	Lease    time.Duration // that Promised renews
	Wait     time.Duration // the longest lease of earlier terms that may still have run when Promised was promised
	Released bool          // Promised's lease was given back
	History  History
	First    EntryID  // the lowest entry kept, >= 1
	Base     Position // the entry before First
	BaseAt   int64    // Base's AppendedAt
	Gaps     []Gap    // ascending, disjoint, not adjacent
}

// Gap is a range of committed entries that a replica does not hold. Back-fill
// closes it from the high end down, so that each chunk is checked against what is
// known of Hi. Where that is not its chain, which is so after damage, entry Hi+1
// is here: its chain is Hi's chain and its own sum.
type Gap struct {
	Lo, Hi  EntryID // missing, both included
	LoChain Chain   // of entry Lo-1, 0 if not known
	HiChain Chain   // of entry Hi, 0 if not known
	HiAt    int64   // AppendedAt of entry Hi, 0 if not known
}

// Read asks for the entries From..To of the replica's own log: the highest that
// fit into MaxBytes (at least one), dense up to To.
type Read struct {
	Stream   StreamID
	Ref      uint64
	From, To EntryID
	MaxBytes int
}

// Loaded is what storage holds of a replica at a start.
type Loaded struct {
	State  State
	Commit EntryID
	Tail   *Entry // the last entry stored, nil if there is none; its Data may be missing
}

// Reply answers a Propose, or tells a Writer's owner that something changed.
type Reply struct {
	Ref     uint64 // of the Propose; 0 for news of the writer as a whole
	Outcome Outcome
	First   EntryID // Applied: the group's entries First..Last
	Last    EntryID
	Term    Term  // Applied: the term they were appended in
	At      int64 // Applied: their AppendedAt
	// Why is set on outcomes other than Applied.
	Why Cause
}

// Outcome is what became of a group. The three are never confused (I9).
type Outcome uint8

const (
	Applied    Outcome = iota + 1 // durable at a majority
	NotApplied                    // in no log, and never will be
	Unknown                       // only a later claim can tell
)

// Cause says why a group was not applied, or its outcome is not known.
type Cause uint8

const (
	CauseNone     Cause = iota
	CauseFenced         // another claim has a greater term
	CauseNoQuorum       // no majority answers
	CauseTimeout        // the deadline passed
	CauseClosed         // the writer was released or dropped
	CauseFull           // too much is in flight
	CauseHeld           // a claim: another holds the lease
	CauseMoved          // the next id is not the one that was asked for
	CauseNoSpace        // fewer than a majority have room on their disks
)

func (o Outcome) String() string {
	switch o {
	case Applied:
		return "applied"
	case NotApplied:
		return "not applied"
	case Unknown:
		return "unknown"
	}
	return fmt.Sprintf("outcome %d", uint8(o))
}

func (c Cause) String() string {
	return [...]string{"", "fenced", "no quorum", "timeout", "closed", "full", "held", "moved", "no space"}[c]
}

func (g Gap) String() string { return fmt.Sprintf("%d..%d", g.Lo, g.Hi) }
