package replication

import (
	"fmt"
	"strings"
)

// Segment says that a term's entries start at Start and go on to the next
// segment's start.
type Segment struct {
	Term  Term
	Start EntryID
}

// History is the term history of a log: which term each entry was written in.
// Terms and starts both rise strictly. It is a value: never changed in place.
//
// Two logs that have the same term at an entry are equal up to that entry (I4),
// so histories, never lengths, tell where two logs part.
type History []Segment

// TermAt is the term of entry id, or 0 before the first segment.
func (h History) TermAt(id EntryID) Term {
	for i := len(h) - 1; i >= 0; i-- {
		if h[i].Start <= id {
			return h[i].Term
		}
	}
	return 0
}

// LastTerm is the term of a log that ends at tail: that of the last segment
// which the log has reached. A segment that starts at tail+1 counts: its writer
// made this log exactly the log it goes on from.
func (h History) LastTerm(tail EntryID) Term { return h.TermAt(tail + 1) }

// UpTo is the history of a log that ends at tail: without the segments which
// it has not reached.
func (h History) UpTo(tail EntryID) History {
	n := len(h)
	for n > 0 && h[n-1].Start > tail+1 {
		n--
	}
	return h[:n:n]
}

// Extend returns h with a segment for term t that starts at start. A segment of
// h that starts there too has no entries and gives way.
func (h History) Extend(t Term, start EntryID) History {
	n := len(h)
	for n > 0 && h[n-1].Start >= start {
		n--
	}
	out := make(History, n, n+1)
	copy(out, h[:n])
	return append(out, Segment{Term: t, Start: start})
}

// Common is the last entry up to which a log with history a that ends at aEnd
// and one with history b that ends at bEnd are the same; 0 if they share none.
func Common(a History, aEnd EntryID, b History, bEnd EntryID) EntryID {
	end := min(aEnd, bEnd)
	for end > 0 {
		i, j := a.segmentAt(end), b.segmentAt(end)
		if i >= 0 && j >= 0 && a[i].Term == b[j].Term {
			return end
		}
		// They differ at end. Go back to before whichever segment began
		// later: above that point the pair of terms stays as it is.
		var start EntryID
		if i >= 0 {
			start = max(start, a[i].Start)
		}
		if j >= 0 {
			start = max(start, b[j].Start)
		}
		if start == 0 {
			return end // neither has a segment here: before the first term
		}
		end = start - 1
	}
	return 0
}

// Trimmed returns h without the segments whose entries all lie below id.
func (h History) Trimmed(id EntryID) History {
	n := 0
	for n+1 < len(h) && h[n+1].Start <= id {
		n++
	}
	return h[n:]
}

// segmentAt is the index of the segment that entry id lies in, or -1.
func (h History) segmentAt(id EntryID) int {
	for i := len(h) - 1; i >= 0; i-- {
		if h[i].Start <= id {
			return i
		}
	}
	return -1
}

// check returns an error unless terms and starts rise strictly.
func (h History) check() error {
	for i := 1; i < len(h); i++ {
		if h[i].Term <= h[i-1].Term || h[i].Start <= h[i-1].Start {
			return fmt.Errorf("history %v does not rise", h)
		}
	}
	return nil
}

func (h History) String() string {
	parts := make([]string, len(h))
	for i, s := range h {
		parts[i] = fmt.Sprintf("%d:%d", s.Term, s.Start)
	}
	return "[" + strings.Join(parts, " ") + "]"
}
