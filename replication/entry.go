package replication

import (
	"encoding/binary"
	"fmt"

	"github.com/cespare/xxhash/v2"
)

// Sum is the checksum of one entry: of everything but its chain.
type Sum uint64

// Chain is the checksum of a whole log up to an entry: the chain before it,
// mixed with the entry's sum. The chain before entry 1 is 0.
type Chain uint64

// Entry is one append. Once made by its writer it is never changed: it keeps
// its term through every recovery (I2).
type Entry struct {
	ID         EntryID
	Term       Term  // the term in which it was first appended
	AppendedAt int64 // the writer's wall clock, microseconds since 1970, non-decreasing along the stream
	GroupEnd   bool  // the last entry of its group
	Sum        Sum
	Chain      Chain
	Data       []byte // never changed once the entry exists
}

// entryHeaderSize is what sumOf hashes before the data:
//
//	0        8        16          24         25
//	| id     | term   | appended  | flags    |   little endian
const entryHeaderSize = 25

// sumOf returns the checksum that e must carry.
func sumOf(e *Entry) Sum {
	var head [entryHeaderSize]byte
	binary.LittleEndian.PutUint64(head[0:], uint64(e.ID))
	binary.LittleEndian.PutUint64(head[8:], uint64(e.Term))
	binary.LittleEndian.PutUint64(head[16:], uint64(e.AppendedAt))
	if e.GroupEnd {
		head[24] = 1
	}
	return Sum(mix(xxhash.Sum64(head[:]), xxhash.Sum64(e.Data)))
}

// Next returns the chain after an entry with sum s.
func (c Chain) Next(s Sum) Chain { return Chain(mix(uint64(c), uint64(s))) }

// mix hashes two words into one; the order matters.
func mix(a, b uint64) uint64 {
	var w [16]byte
	binary.LittleEndian.PutUint64(w[0:], a)
	binary.LittleEndian.PutUint64(w[8:], b)
	return xxhash.Sum64(w[:])
}

// Seal computes e's checksum and chain, given the chain before it.
func (e *Entry) Seal(prev Chain) {
	e.Sum = sumOf(e)
	e.Chain = prev.Next(e.Sum)
}

// Position is the end of a log whose last entry is e.
func (e *Entry) Position() Position { return Position{ID: e.ID, Chain: e.Chain} }

// Check returns an error if e's bytes are not those that were sealed. It says
// nothing of what comes before e: that is CheckRun's.
func (e *Entry) Check() error {
	if s := sumOf(e); s != e.Sum {
		return fmt.Errorf("entry %d: checksum is %016x, sealed with %016x", e.ID, uint64(s), uint64(e.Sum))
	}
	return nil
}

// CheckRun returns an error unless entries follow prev without a hole, each
// with the checksum it was sealed with, each chained to the one before (I6).
func CheckRun(prev Position, entries []Entry) error {
	for i := range entries {
		e := &entries[i]
		if e.ID != prev.ID+1 {
			return fmt.Errorf("entry %d does not follow %v", e.ID, prev)
		}
		if err := e.Check(); err != nil {
			return err
		}
		if c := prev.Chain.Next(e.Sum); c != e.Chain {
			return fmt.Errorf("entry %d: chain is %016x, sealed with %016x", e.ID, uint64(c), uint64(e.Chain))
		}
		prev = e.Position()
	}
	return nil
}

// checkPiece is CheckRun of entries which may follow something unknown: then prev
// is the zero Position.
func checkPiece(prev Position, entries []Entry) error {
	if len(entries) > 0 && !follows(prev, entries) {
		if err := entries[0].Check(); err != nil {
			return err
		}
		prev, entries = entries[0].Position(), entries[1:]
	}
	return CheckRun(prev, entries)
}

// follows reports whether prev is what comes right before entries.
func follows(prev Position, entries []Entry) bool { return prev.ID+1 == entries[0].ID }

// Size is how many bytes e counts against limits: its data and what is stored
// beside them.
func (e *Entry) Size() int { return len(e.Data) + 48 }

func (e Entry) String() string {
	end := ""
	if e.GroupEnd {
		end = "."
	}
	return fmt.Sprintf("%d@%d%s", e.ID, e.Term, end)
}
