package engine

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"walle/replication"
)

// Kind is what went wrong, in the words that a client can act on. Kinds are
// compared, texts never are. pgfront has one table from Kind to SQLSTATE. They
// travel between nodes as numbers: a new one goes to the end.
type Kind uint8

const (
	KindInternal     Kind = iota // our bug
	KindNoStream                 // the stream does not exist, or exists no more
	KindNotClaimed               // this session is not its writer
	KindFenced                   // a newer term has the stream; surely not applied
	KindHeld                     // another holds the lease (NOWAIT, lock_timeout); Error.Holder says who
	KindNoQuorum                 // no majority answers; surely not applied
	KindUnknown                  // outcome of an append unknown
	KindEntryExists              // an explicit entry_id is taken; Error.Tail says up to where
	KindHole                     // an explicit entry_id would leave a hole; Error.Tail says after what
	KindTooLarge                 // an entry or a group over its limit
	KindBusy                     // a bounded queue is full; surely not applied
	KindDiskFull                 // the disks of a majority are nearly full; surely not applied
	KindCancelled                // the caller's context ended
	KindShuttingDown             // the node closes
	KindCorrupt                  // stored bytes are not what was written; Error.Entry says where
	KindTrimmed                  // the entries asked for are gone; Error.First says what is kept
	KindExists                   // a name is taken
	KindInvalid                  // a bad value
	KindUnsupported              // known, but not built
	KindIO                       // the disk could not be read; what is on it is not known
)

var kindNames = map[Kind]string{
	KindInternal: "internal error", KindNoStream: "no such stream", KindNotClaimed: "not claimed", KindFenced: "fenced",
	KindHeld: "held by another writer", KindNoQuorum: "no quorum", KindUnknown: "outcome unknown", KindEntryExists: "entry exists",
	KindHole: "would leave a hole", KindTooLarge: "too large", KindBusy: "too much in flight", KindDiskFull: "disk full",
	KindCancelled: "cancelled", KindShuttingDown: "shutting down", KindCorrupt: "corrupt", KindTrimmed: "trimmed",
	KindExists: "exists", KindInvalid: "invalid", KindUnsupported: "not supported", KindIO: "I/O error",
}

func (k Kind) String() string {
	if s, ok := kindNames[k]; ok {
		return s
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Kinds lists every kind, for the tests of tables over them.
func Kinds() []Kind {
	var ks []Kind
	for k := KindInternal; k <= KindIO; k++ {
		ks = append(ks, k)
	}
	return ks
}

// Error is the one error of this package and of catalog. Fields that do not
// apply to its Kind are zero.
type Error struct {
	Op     string // what was attempted: "claim", "append", …
	Stream replication.StreamID
	Name   string // the stream's name, where it is known
	Kind   Kind
	Err    error // the cause, may be nil

	Term      replication.Term    // KindFenced, KindHeld: the term in force
	Holder    string              // KindFenced, KindHeld: who has it
	Node      replication.NodeID  // KindFenced, KindHeld: on which node; KindCorrupt: whose whole replica is damaged
	Remaining time.Duration       // KindHeld: of the lease
	Entry     replication.EntryID // KindCorrupt, KindEntryExists, KindHole: which
	Tail      replication.EntryID // KindEntryExists, KindHole: the last entry
	First     replication.EntryID // KindTrimmed: the lowest kept
	Detail    string              // more, as a sentence
	Hint      string              // what to do next, as a sentence
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	switch {
	case e.Name != "":
		fmt.Fprintf(&b, " stream %q", e.Name)
	case e.Stream != 0:
		fmt.Fprintf(&b, " stream %d", e.Stream)
	}
	fmt.Fprintf(&b, ": %v", e.Kind)
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf is the kind of the first *Error in err's chain; KindInternal without one.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindInternal
}
