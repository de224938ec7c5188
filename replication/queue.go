package replication

// queue holds the proposals that wait for their quorum, in log order.
type queue struct {
	waiting []proposal
	due     Time // the earliest deadline among them
}

type proposal struct {
	ref         uint64
	first, last EntryID
	at          int64
	term        Term
	deadline    Time
	answered    bool // Unknown was answered at its deadline
}

func (q *queue) push(p proposal) {
	q.waiting = append(q.waiting, p)
	q.due = min(q.due, p.deadline)
}

// commit answers what is durable at a majority.
func (q *queue) commit(commit EntryID, out *Output) {
	n := 0
	for n < len(q.waiting) && q.waiting[n].last <= commit {
		p := &q.waiting[n]
		n++
		if !p.answered {
			out.Replies = append(out.Replies, Reply{Ref: p.ref, Outcome: Applied, First: p.first, Last: p.last, Term: p.term, At: p.at})
		}
	}
	q.waiting = q.waiting[n:]
	if len(q.waiting) == 0 {
		q.waiting, q.due = q.waiting[:0], Never
	}
}

// expire answers Unknown to those whose deadline has passed. Their entries stay
// in the log and may yet commit.
func (q *queue) expire(now Time, why Cause, out *Output) {
	q.due = Never
	for i := range q.waiting {
		p := &q.waiting[i]
		switch {
		case p.answered:
		case now >= p.deadline:
			p.answered = true
			out.Replies = append(out.Replies, Reply{Ref: p.ref, Outcome: Unknown, Why: why})
		default:
			q.due = min(q.due, p.deadline)
		}
	}
}

// failAll answers all: those with entries up to maxSent may have been applied.
func (q *queue) failAll(maxSent EntryID, why Cause, out *Output) {
	for i := range q.waiting {
		p := &q.waiting[i]
		o := NotApplied
		if p.first <= maxSent {
			o = Unknown
		}
		if !p.answered {
			out.Replies = append(out.Replies, Reply{Ref: p.ref, Outcome: o, Why: why})
		}
	}
	*q = queue{due: Never}
}
