package replication

import (
	"fmt"
	"strings"
	"time"
)

// StreamID names a stream for ever; it is never reused. 0 is no stream, 1 is
// the system stream.
type StreamID uint64

// SystemStream is the stream whose entries are the catalog's changes.
const SystemStream StreamID = 1

// NodeID is the persistent random identity of a node's data directory. A wiped
// disk comes back with another identity. 0 is no node.
type NodeID uint64

// Term is the number of a claim. At most one writer ever has it: a replica
// promises a term once, to one claim. 0 is before the first claim.
type Term uint64

// EntryID numbers the entries of a stream, dense, from 1. 0 is before the
// first entry.
type EntryID uint64

// ConfigNumber numbers the configurations of a stream, from 1.
type ConfigNumber uint64

// Time is a reading of one node's monotonic clock, in nanoseconds. Times of
// two nodes, or of two runs of one node, are never compared.
type Time int64

// Never is later than every deadline.
const Never Time = 1<<63 - 1

// Add returns t+d; Never stays Never.
func (t Time) Add(d time.Duration) Time {
	if t == Never {
		return Never
	}
	return t + Time(d)
}

// Sub returns the time from u to t.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t - u) }

// ClaimID names one attempt to be the writer: the node it runs on and a random
// nonce. The writer that the attempt becomes keeps it through all its terms.
type ClaimID struct {
	Node  NodeID
	Nonce uint64
}

// IsZero reports whether c names no claim.
func (c ClaimID) IsZero() bool { return c == ClaimID{} }

// Configuration is who holds replicas of a stream.
type Configuration struct {
	Number  ConfigNumber
	Members []NodeID // sorted, without doubles, never changed in place
}

// Has reports whether n is a member.
func (c Configuration) Has(n NodeID) bool {
	for _, m := range c.Members {
		if m == n {
			return true
		}
	}
	return false
}

// Quorum is how many members make a majority.
func (c Configuration) Quorum() int { return len(c.Members)/2 + 1 }

// Position is the end of a log, or a point in it: the entry at which it lies
// and the chain of all entries up to and with that one (source of I6).
type Position struct {
	ID    EntryID
	Chain Chain
}

func (n NodeID) String() string {
	if n < 1000 { // scripts and simulations number their nodes
		return fmt.Sprintf("n%d", uint64(n))
	}
	return fmt.Sprintf("%016x", uint64(n))
}

func (c ClaimID) String() string { return fmt.Sprintf("%v/%d", c.Node, c.Nonce) }

func (p Position) String() string { return fmt.Sprintf("%d#%04x", p.ID, uint64(p.Chain)&0xffff) }

func (c Configuration) String() string {
	names := make([]string, len(c.Members))
	for i, m := range c.Members {
		names[i] = m.String()
	}
	return fmt.Sprintf("config %d {%s}", c.Number, strings.Join(names, " "))
}
