package replication

import (
	"slices"
	"time"
)

const (
	// measureAfter is how long an entry may stay uncommitted here, without a word
	// from the writer, before the replica asks the others.
	measureAfter = 250 * time.Millisecond
	// measureMax bounds the pause between two such questions.
	measureMax = 5 * time.Second
	// lookAfter is how long no writer is heard, before a replica that lacks nothing
	// that it knows of asks whether the others have come further.
	lookAfter = 5 * time.Second
	// lookMax bounds the pause between two such questions, and lookMaxAlone while
	// some do not answer them.
	lookMax      = 10 * time.Minute
	lookMaxAlone = 30 * time.Second
)

// measure finds the commit without a writer, so that what was acknowledged can
// be read after its writer died. An entry is committed if a majority holds it
// durably in logs of one term, each of them brought up to the start of that term
// (durableTerm): each took it from that term's writer before it promised a
// greater term, so no later claim can miss it. Nothing is changed anywhere by
// asking. Who answers to have come further is asked for a Summary.
type measure struct {
	at      Time
	pause   time.Duration
	answers []measured
}

type measured struct {
	node  NodeID
	last  Term
	flush EntryID
}

// measureDue is when to ask next.
func (r *Replica) measureDue() Time {
	switch {
	case r.flush > r.commit:
		return max(r.measure.at, r.heardAt.Add(measureAfter))
	case len(r.state.Config.Members) > 1:
		return max(r.measure.at, r.heardAt.Add(r.staggered(lookAfter)))
	}
	return Never
}

func (r *Replica) measureSoon(now Time, out *Output) {
	if now < r.measureDue() {
		return
	}
	m := &r.measure
	shortest, longest := measureAfter, measureMax
	if r.flush <= r.commit {
		shortest, longest = lookAfter, lookMax
		if len(m.answers) < len(r.state.Config.Members) {
			longest = lookMaxAlone
		}
	}
	m.pause = min(2*max(m.pause, shortest), longest)
	m.at = now.Add(r.staggered(m.pause))
	m.answers = append(m.answers[:0], measured{r.self, r.durableTerm(), r.flush})
	for _, to := range r.state.Config.Members {
		if to != r.self {
			r.answer(Envelope{From: to}, Probe{}, out)
		}
	}
	r.raiseCommit(now, min(r.measuredCommit(), r.tail.ID)) // enough for a single member
}

// staggered is d and up to a quarter more: streams that come back together do not
// ask together.
func (r *Replica) staggered(d time.Duration) time.Duration {
	return d + time.Duration(mix(uint64(r.stream), uint64(r.self))%uint64(d/4))
}

// measured takes one member's answer.
func (r *Replica) measured(now Time, env Envelope, m Status, out *Output) {
	a := &r.measure.answers
	if len(*a) == 0 || !r.state.Config.Has(env.From) || slices.ContainsFunc(*a, func(x measured) bool { return x.node == env.From }) {
		return
	}
	*a = append(*a, measured{env.From, m.Last, m.Flush})
	r.raiseCommit(now, min(r.measuredCommit(), r.tail.ID))
	if m.Commit > r.commit {
		r.answer(Envelope{From: env.From}, Summarize{}, out)
	}
}

// measuredCommit is the highest entry that a majority of the answers holds in
// logs of this replica's own term; 0 without a majority.
func (r *Replica) measuredCommit() EntryID {
	if r.measure.answers[0].last == 0 {
		return 0
	}
	var flushes []EntryID
	for _, x := range r.measure.answers {
		if x.last == r.measure.answers[0].last {
			flushes = append(flushes, x.flush)
		}
	}
	return quorumth(flushes, r.state.Config.Quorum())
}

// durableTerm is the term that this log's writer has made all of it a prefix of
// its own in, durably; 0 if there is none. A log that is still being brought up
// to the start of its last term counts for no term: what it lacks may be what
// the next claim goes by (testdata/commit/half_recovered).
func (r *Replica) durableTerm() Term {
	n := len(r.state.History)
	if n == 0 || !r.beginDurable() || r.state.History[n-1].Start > r.flush+1 {
		return 0
	}
	return r.state.History[n-1].Term
}

// quorumth is the q-th largest of values, 0 if there are fewer. It reorders
// values.
func quorumth[T EntryID | Time](values []T, q int) T {
	if len(values) < q {
		return 0
	}
	slices.Sort(values)
	return values[len(values)-q]
}
