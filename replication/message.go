package replication

import (
	"fmt"
	"time"
)

// Envelope is a message on its way. Messages may be lost, doubled and
// reordered; none is ever changed.
type Envelope struct {
	Stream StreamID
	Config ConfigNumber // the sender's configuration of the stream
	From   NodeID
	To     NodeID
	// Claim is whom a request came from, and whom its answer goes to: a writer
	// or a one-off question of node Claim.Node. Zero when a replica asks for
	// itself.
	Claim ClaimID
	Msg   Message
}

// Message is one of the structs of this file: requests go to a replica, answers
// to the claim (or replica) that asked.
type Message interface {
	// IsRequest reports whether the message is for the replica of Envelope.To.
	IsRequest() bool
	fmt.Stringer
}

// Probe asks a replica how it stands, changing nothing.
type Probe struct{}

// Status answers Probe.
type Status struct {
	Promised  Term
	Claim     ClaimID       // to whom Promised was promised
	Holder    string        // that claim's description of itself
	Remaining time.Duration // of the lease; 0 when it has run out or was released
	Lease     time.Duration
	Last      Term // the term of the log: History.LastTerm
	Tail      EntryID
	Flush     EntryID // durable here
	Commit    EntryID // known committed here
	First     EntryID
	Missing   uint64 // how many entries its gaps miss
	Gaps      int
}

// Prepare asks for the promise to refuse every term below Term.
type Prepare struct {
	Term   Term
	Holder string        // who claims, for people
	Lease  time.Duration // that Appends of this term will renew
	// Force fences a writer whose lease still runs. The answer waits for that
	// lease all the same.
	Force bool
}

// Promise answers Prepare, once the promise is durable and every lease granted
// before it has run out.
type Promise struct {
	Term    Term
	History History // up to Tail
	Tail    Position
	TailAt  int64 // Tail's AppendedAt
	Commit  EntryID
	Base    Position // of the entry before the lowest kept
	BaseAt  int64    // Base's AppendedAt
}

// Refused answers a request that came with too small a term or, polite, into
// somebody's lease. It is an answer, not an error.
type Refused struct {
	Reason    Reason
	Term      Term // the term of the request
	Promised  Term
	Claim     ClaimID // who holds Promised
	Holder    string
	Remaining time.Duration // of the holder's lease
}

// Reason says why a request was refused.
type Reason uint8

const (
	RefusedTerm    Reason = iota + 1 // a greater term is promised, or this one to another claim
	RefusedLease                     // another's lease still runs
	RefusedConfig                    // sent in another configuration than the replica's
	RefusedUnknown                   // the node holds no replica of the stream
	RefusedDamaged                   // the node's replica cannot be loaded, and keeps out of everything
)

// Begin makes a replica's log a prefix of the writer's: what parts from History
// is dropped. Sent at the start of a term, before any Append of it.
type Begin struct {
	Term    Term
	History History // the writer's whole history; its last segment is Term's
	// Base is where the writer's log begins: everything up to it is committed and
	// trimmed, and History does not speak of it.
	Base   Position
	BaseAt int64 // Base's AppendedAt
	// Mark is where the replica's log and the writer's part; or, if the writer holds
	// that no more, the lowest point that it does, which is committed.
	Mark   Position
	MarkAt int64   // Mark's AppendedAt
	Commit EntryID // known committed by the writer
	SentAt Time    // the writer's clock, for its lease
}

// Append adds entries after Prev. Without entries it is a heartbeat.
type Append struct {
	Term    Term
	Prev    Position // what the entries follow
	PrevAt  int64    // Prev's AppendedAt
	Entries []Entry  // whole groups
	Commit  EntryID  // known committed by the writer
	First   EntryID  // entries below are trimmed
	SentAt  Time     // the writer's clock, for its lease
	// Jump says that the writer holds nothing below Prev any more, and that Prev
	// is committed: a replica that ends before it goes on from there over a gap.
	Jump bool
}

// Appended answers Begin and Append: the log is the writer's up to Flush, and
// that is durable.
type Appended struct {
	Term   Term
	Flush  EntryID
	Tail   EntryID // received, perhaps not yet durable
	Commit EntryID // known committed here
	SentAt Time    // of the newest message that this answers: the lease runs from its receipt
	// Hole says that an Append did not connect: send again from Tail+1.
	Hole bool
	Full bool // the disk is nearly full: send nothing new
}

// Fetch asks for entries From..To, the highest first to be kept when not all
// fit into MaxBytes. With a Term, it comes from that term's claim, which may
// see what is not committed; without one, only committed entries are given.
type Fetch struct {
	Term     Term
	From, To EntryID
	MaxBytes int
}

// Fetched answers Fetch with the entries First..To it could give, First >= From.
type Fetched struct {
	From, To EntryID  // as asked
	Answer   Answer   //
	Prev     Position // what Entries[0] follows, zero if not known; with HaveNot, what is before First
	PrevAt   int64    // Prev's AppendedAt, 0 if not known
	Entries  []Entry  // up to To, dense
	First    EntryID  // the replica's trim point
}

// Answer says what a replica knows of the entries it was asked for. Only Have
// and HaveNot speak of the log; CannotTell never counts toward anything.
type Answer uint8

const (
	Have       Answer = iota + 1 // here they are
	HaveNot                      // this log does not hold them: not written, or trimmed
	CannotTell                   // a gap, damage, or too high for what is known committed
)

// Summarize asks a replica what it knows to be committed.
type Summarize struct{}

// Summary answers Summarize: everything up to Commit was committed in terms up to
// Term. It stays true for ever.
type Summary struct {
	Term     Term
	History  History  // of the entries up to Commit
	Commit   Position // its chain is 0 if it cannot be read
	CommitAt int64    // Commit's AppendedAt
	Base     Position // of the entry before the lowest kept
	BaseAt   int64    // Base's AppendedAt
}

// Release gives the lease of Term back early. The writer appends no more.
type Release struct{ Term Term }

// Released answers Release.
type Released struct{ Term Term }

// Trim asks to drop the entries below First, as far as they are known
// committed.
type Trim struct{ First EntryID }

// Trimmed answers Trim, durable: entries below First are gone.
type Trimmed struct{ First EntryID }

func (Probe) IsRequest() bool     { return true }
func (Prepare) IsRequest() bool   { return true }
func (Begin) IsRequest() bool     { return true }
func (Append) IsRequest() bool    { return true }
func (Fetch) IsRequest() bool     { return true }
func (Release) IsRequest() bool   { return true }
func (Trim) IsRequest() bool      { return true }
func (Summarize) IsRequest() bool { return true }
func (Summary) IsRequest() bool   { return false }
func (Status) IsRequest() bool    { return false }
func (Promise) IsRequest() bool   { return false }
func (Refused) IsRequest() bool   { return false }
func (Appended) IsRequest() bool  { return false }
func (Fetched) IsRequest() bool   { return false }
func (Released) IsRequest() bool  { return false }
func (Trimmed) IsRequest() bool   { return false }

func (Probe) String() string { return "Probe" }
func (m Status) String() string {
	return fmt.Sprintf("Status{promised %d to %v, lease %v left, last %d, tail %d, flush %d, commit %d, first %d, gaps %d missing %d}",
		m.Promised, m.Claim, m.Remaining, m.Last, m.Tail, m.Flush, m.Commit, m.First, m.Gaps, m.Missing)
}
func (m Prepare) String() string {
	force := ""
	if m.Force {
		force = ", force"
	}
	return fmt.Sprintf("Prepare{term %d, lease %v%s}", m.Term, m.Lease, force)
}
func (m Promise) String() string {
	return fmt.Sprintf("Promise{term %d, history %v, tail %v, commit %d, base %v}", m.Term, m.History, m.Tail, m.Commit, m.Base)
}
func (m Refused) String() string {
	return fmt.Sprintf("Refused{%v, term %d, promised %d to %v, lease %v left}", m.Reason, m.Term, m.Promised, m.Claim, m.Remaining)
}
func (m Begin) String() string {
	return fmt.Sprintf("Begin{term %d, history %v, base %v, mark %v, commit %d}", m.Term, m.History, m.Base, m.Mark, m.Commit)
}
func (m Append) String() string {
	jump := ""
	if m.Jump {
		jump = ", jump"
	}
	return fmt.Sprintf("Append{term %d, prev %v, entries %v, commit %d, first %d%s}", m.Term, m.Prev, m.Entries, m.Commit, m.First, jump)
}
func (m Appended) String() string {
	hole := ""
	if m.Hole {
		hole = ", hole"
	}
	full := ""
	if m.Full {
		full = ", full"
	}
	return fmt.Sprintf("Appended{term %d, flush %d, tail %d, commit %d%s%s}", m.Term, m.Flush, m.Tail, m.Commit, hole, full)
}
func (m Fetch) String() string {
	return fmt.Sprintf("Fetch{term %d, %d..%d}", m.Term, m.From, m.To)
}
func (m Fetched) String() string {
	return fmt.Sprintf("Fetched{%d..%d: %v, prev %v, entries %v, first %d}", m.From, m.To, m.Answer, m.Prev, m.Entries, m.First)
}
func (Summarize) String() string { return "Summarize" }
func (m Summary) String() string {
	return fmt.Sprintf("Summary{term %d, history %v, commit %v, base %v}", m.Term, m.History, m.Commit, m.Base)
}
func (m Release) String() string  { return fmt.Sprintf("Release{term %d}", m.Term) }
func (m Released) String() string { return fmt.Sprintf("Released{term %d}", m.Term) }
func (m Trim) String() string     { return fmt.Sprintf("Trim{first %d}", m.First) }
func (m Trimmed) String() string  { return fmt.Sprintf("Trimmed{first %d}", m.First) }

func (r Reason) String() string {
	switch r {
	case RefusedTerm:
		return "term"
	case RefusedLease:
		return "lease"
	case RefusedConfig:
		return "config"
	case RefusedUnknown:
		return "unknown stream"
	case RefusedDamaged:
		return "damaged replica"
	}
	return fmt.Sprintf("reason %d", uint8(r))
}

func (a Answer) String() string {
	switch a {
	case Have:
		return "have"
	case HaveNot:
		return "have not"
	case CannotTell:
		return "cannot tell"
	}
	return fmt.Sprintf("answer %d", uint8(a))
}

func (e Envelope) String() string {
	return fmt.Sprintf("%v->%v s%d c%d %v: %v", e.From, e.To, e.Stream, e.Config, e.Claim, e.Msg)
}
