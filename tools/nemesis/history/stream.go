package history

import (
	"encoding/binary"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"
)

// Forever is the return time of what was never answered: it may happen at any
// later time, or not at all.
const Forever = time.Duration(math.MaxInt64)

// A Span is the time between the call of an operation and its answer.
type Span struct{ Call, Return time.Duration }

// An Entry is a committed entry as somebody saw it. The zero Entry is one that
// nobody has seen.
type Entry struct {
	Term   int64
	Digest uint64
}

// Digest names a payload.
func Digest(payload []byte) uint64 { return xxhash.Sum64(payload) }

// Chain is the hash of a log that ends in e, from that of the log before it.
func Chain(before uint64, e Entry) uint64 {
	var b [24]byte
	binary.LittleEndian.PutUint64(b[0:], before)
	binary.LittleEndian.PutUint64(b[8:], uint64(e.Term))
	binary.LittleEndian.PutUint64(b[16:], e.Digest)
	return xxhash.Sum64(b[:])
}

// An Outcome is what a client was told of an append.
type Outcome int

const (
	Applied    Outcome = iota // at First, in Term
	NotApplied                // surely in no log
	Unknown
)

// An Attempt is one try to append a group. The same payloads may be tried again.
type Attempt struct {
	Span
	Who     string
	Digests []uint64
	Outcome Outcome
	First   int64 // of an applied one
	Term    int64
}

// A View is a whole prefix of the stream as somebody saw it at one moment of Span.
type View struct {
	Span
	Who    string
	Tail   int64
	Hash   uint64 // Chain of all entries up to Tail; a claim does not see it
	Claim  int64  // the term, if this is a claim and Tail what it recovered; else 0
	Recent bool   // it promises to show all that was acknowledged before Call
}

// A Lease is a time in which a program may answer from its own memory.
type Lease struct {
	Who         string
	Term        int64
	From, Until time.Duration
}

// Stream is the record of one stream. It may be used by many goroutines.
type Stream struct {
	Name string

	mu         sync.Mutex // guards what follows
	entries    []Entry    // entry_id 1 is the first
	chain      []uint64   // Chain up to each entry, as far as all are known
	attempts   []Attempt
	views      []View
	leases     []Lease
	violations []string
}

// Observe records that somebody saw an entry, and reports whether all others who
// saw it saw the same.
func (s *Stream) Observe(id int64, e Entry, who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for int64(len(s.entries)) < id {
		s.entries = append(s.entries, Entry{})
	}
	switch was := &s.entries[id-1]; *was {
	case e:
	case Entry{}:
		*was = e
		for n := len(s.chain); n < len(s.entries) && s.entries[n] != (Entry{}); n++ {
			s.chain = append(s.chain, Chain(s.hashLocked(int64(n)), s.entries[n]))
		}
	default:
		s.complainLocked("entry %d is %x of term %d for %s, but was %x of term %d", id, e.Digest, e.Term, who, was.Digest, was.Term)
	}
}

// Known is the end of the prefix of which every entry was seen by somebody, and its hash.
func (s *Stream) Known() (tail int64, hash uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := int64(len(s.chain))
	return n, s.hashLocked(n)
}

// At is what was seen as entry id.
func (s *Stream) At(id int64) Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.atLocked(id)
}

func (s *Stream) atLocked(id int64) Entry {
	if id < 1 || id > int64(len(s.entries)) {
		return Entry{}
	}
	return s.entries[id-1]
}

// hashLocked is the chain up to entry id, which is known.
func (s *Stream) hashLocked(id int64) uint64 {
	if id == 0 {
		return 0
	}
	return s.chain[id-1]
}

// Appended records an attempt that has ended, and what it showed.
func (s *Stream) Appended(a Attempt) {
	s.mu.Lock()
	s.attempts = append(s.attempts, a)
	s.mu.Unlock()
	if a.Outcome == Applied {
		for i, d := range a.Digests {
			s.Observe(a.First+int64(i), Entry{a.Term, d}, a.Who)
		}
	}
}

// View records what somebody saw.
func (s *Stream) View(v View) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.views = append(s.views, v)
}

// Leased records a lease that has ended.
func (s *Stream) Leased(l Lease) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leases = append(s.leases, l)
}

// Complain records a violation that the caller has found.
func (s *Stream) Complain(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.complainLocked(format, args...)
}

func (s *Stream) complainLocked(format string, args ...any) {
	s.violations = append(s.violations, s.Name+": "+fmt.Sprintf(format, args...))
}

// Violations are those found so far.
func (s *Stream) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.violations[:len(s.violations):len(s.violations)]
}
