package history

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"
)

// Check judges the record when the log can change no more: all of it up to tail
// has been read from every node.
func (s *Stream) Check(tail int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := int64(len(s.entries)); n > tail {
		s.complainLocked("entry %d was acknowledged or read, but the log ends at %d", n, tail)
	}
	if n := int64(len(s.chain)); n < tail {
		s.complainLocked("nobody has seen entry %d, although the log ends at %d", n+1, tail)
		return // nothing can be said of what comes after
	}
	s.checkTerms()
	where := s.checkUnique()
	s.checkAttempts(where)
	s.checkViews()
	s.checkLeases()
	ops := s.operations(where)
	s.checkOrder(ops)
	s.checkModel(ops)
}

// checkTerms finds entries of a smaller term than the one before them.
func (s *Stream) checkTerms() {
	for i := 1; i < len(s.entries); i++ {
		if s.entries[i].Term < s.entries[i-1].Term {
			s.complainLocked("entry %d is of term %d, the one before it of term %d", i+1, s.entries[i].Term, s.entries[i-1].Term)
		}
	}
}

// checkUnique finds payloads that are in the log twice, and returns where each is.
func (s *Stream) checkUnique() map[uint64]int64 {
	where := make(map[uint64]int64, len(s.entries))
	for i, e := range s.entries {
		id := int64(i) + 1
		if first, ok := where[e.Digest]; ok {
			s.complainLocked("entries %d and %d are the same append %x", first, id, e.Digest)
		}
		where[e.Digest] = id
	}
	return where
}

// checkAttempts compares the log with what its clients were told: what was
// applied is where it was said to be (Observe has seen to that), what was said
// not to be applied is nowhere, groups are whole, and nothing else is there.
func (s *Stream) checkAttempts(where map[uint64]int64) {
	hopeful := map[uint64]bool{} // may be in the log
	for _, a := range s.attempts {
		for _, d := range a.Digests {
			hopeful[d] = hopeful[d] || a.Outcome != NotApplied
		}
		first, there := where[a.Digests[0]]
		for i, d := range a.Digests {
			if id, ok := where[d]; ok != there || ok && id != first+int64(i) {
				s.complainLocked("the group of %s of %d entries is not whole: the first is entry %d, number %d is entry %d (0: nowhere)",
					a.Who, len(a.Digests), first, i+1, id)
				break
			}
		}
	}
	for i, e := range s.entries {
		switch may, known := hopeful[e.Digest]; {
		case !known:
			s.complainLocked("entry %d was appended by nobody: %x", i+1, e.Digest)
		case !may:
			s.complainLocked("entry %d was said not to be applied: %x", i+1, e.Digest)
		}
	}
}

// checkViews finds readers who saw something that is not a prefix of the log.
func (s *Stream) checkViews() {
	for _, v := range s.views {
		switch {
		case v.Tail > int64(len(s.chain)):
			s.complainLocked("%s saw %d entries, but the log ends at %d", v.Who, v.Tail, len(s.chain))
		case v.Claim == 0 && v.Hash != s.hashLocked(v.Tail):
			s.complainLocked("%s saw other entries up to %d than the log has", v.Who, v.Tail)
		}
	}
}

// checkLeases finds a program that had claimed a stream while an earlier one
// could still believe that nobody else had.
func (s *Stream) checkLeases() {
	leases := slices.SortedFunc(slices.Values(s.leases), func(a, b Lease) int { return cmp.Compare(a.Term, b.Term) })
	var last Lease // of those of smaller terms, the one that ends last
	for i, l := range leases {
		if i > 0 && leases[i-1].Term == l.Term {
			s.complainLocked("%s and %s have both claimed it at term %d", leases[i-1].Who, l.Who, l.Term)
		}
		if last.Until > l.From {
			s.complainLocked("%s (term %d) had claimed it at %v, but the lease of %s (term %d) runs until %v", l.Who, l.Term, l.From, last.Who, last.Term, last.Until)
		}
		if l.Until > last.Until {
			last = l
		}
	}
}

// operation is an append, a claim or a recent read, with its effect.
type operation struct {
	Span
	who     string
	kind    kind
	first   int64    // of an append
	tail    int64    // after it
	term    int64    // of an append or a claim
	hash    uint64   // of the log up to tail, for a claim or as a read saw it
	digests []uint64 // of an append
}

type kind int

const (
	appending kind = iota
	claiming
	reading
)

// operations are those that had an effect or saw one, in the log's order. An
// append of unknown outcome is there if the log has it; it may have happened at
// any time after its call. The log decides for a group that was tried twice: the
// try that was acknowledged is the one that did it.
func (s *Stream) operations(where map[uint64]int64) []operation {
	var ops []operation
	by := map[int64]int{} // first entry of an append: its place in ops
	for _, a := range s.attempts {
		first, ok := where[a.Digests[0]]
		if !ok || a.Outcome == NotApplied {
			continue
		}
		op := operation{
			Span: a.Span, who: a.Who, kind: appending, first: first, tail: first + int64(len(a.Digests)) - 1,
			term: s.atLocked(first).Term, digests: a.Digests,
		}
		if a.Outcome == Unknown {
			op.Return = Forever
		}
		i, again := by[first]
		switch {
		case !again:
			by[first] = len(ops)
			ops = append(ops, op)
		case a.Outcome == Applied:
			ops[i] = op
		case ops[i].Return == Forever:
			ops[i].Call = min(ops[i].Call, op.Call)
		}
	}
	for _, v := range s.views {
		switch {
		case v.Claim != 0:
			hash := s.hashLocked(min(v.Tail, int64(len(s.chain))))
			ops = append(ops, operation{Span: v.Span, who: v.Who, kind: claiming, tail: v.Tail, hash: hash, term: v.Claim})
		case v.Recent:
			ops = append(ops, operation{Span: v.Span, who: v.Who, kind: reading, tail: v.Tail, hash: v.Hash})
		}
	}
	slices.SortStableFunc(ops, before)
	return ops
}

// before orders operations as the log does: what makes an entry comes before
// what sees it.
func before(a, b operation) int {
	return cmp.Or(cmp.Compare(a.tail, b.tail), cmp.Compare(a.rank(), b.rank()))
}

func (o operation) rank() int {
	if o.kind == appending {
		return 0
	}
	return 1
}

// checkOrder finds operations that were over before another began, but come
// after it in the log: stale reads, entries that came in under what was
// acknowledged, and writers that go on after their successor has claimed.
func (s *Stream) checkOrder(ops []operation) {
	byCall := slices.SortedFunc(slices.Values(ops), func(a, b operation) int { return cmp.Compare(a.Call, b.Call) })
	byReturn := slices.SortedFunc(slices.Values(ops), func(a, b operation) int { return cmp.Compare(a.Return, b.Return) })
	over := operation{tail: -1} // the last in the log of those that were over
	claim := operation{term: math.MinInt64}
	next := 0
	for _, op := range byCall {
		for ; byReturn[next].Return < op.Call; next++ {
			r := byReturn[next]
			if before(r, over) > 0 {
				over = r
			}
			if r.kind == claiming && r.term > claim.term {
				claim = r
			}
		}
		if before(op, over) < 0 {
			s.complainLocked("%s%s, although %s", op, at(op.Call), over.done())
		}
		if op.kind != reading && op.term < claim.term {
			s.complainLocked("%s%s at term %d, although %s at term %d", op, at(op.Call), op.term, claim.done(), claim.term)
		}
	}
}

func (o operation) String() string {
	return o.who + [...]string{" appended up to ", " claimed at ", " saw "}[o.kind] + strconv.FormatInt(o.tail, 10)
}

func (o operation) done() string { return o.String() + " and was done" + at(o.Return) }

func at(t time.Duration) string { return " at " + t.Round(time.Microsecond).String() }
