package replication

import (
	"time"
)

// held reports whether a claim other than c must, out of politeness, leave the
// stream alone.
func (r *Replica) held(now Time, c ClaimID) bool {
	return c != r.state.Claim && r.remaining(now) > 0
}

// remaining is how long the stream is held by state.Claim: its lease, or the
// time a claim under way is given to begin.
func (r *Replica) remaining(now Time) time.Duration {
	return max(0, max(r.leaseEnd, r.courtesy).Sub(now))
}

// begun reports whether the writer of the promised term has made this log a
// prefix of its own.
func (r *Replica) begun() bool {
	n := len(r.state.History)
	return n > 0 && r.state.History[n-1].Term == r.state.Promised && !r.state.Claim.IsZero()
}

// obeys reports whether a message of term t from claim c is the promised
// writer's (I1).
func (r *Replica) obeys(t Term, c ClaimID) bool {
	return t == r.state.Promised && c == r.state.Claim && !c.IsZero()
}

func (r *Replica) prepare(now Time, env Envelope, m Prepare, out *Output) {
	switch {
	case r.obeys(m.Term, env.Claim):
		if !r.begun() { // asked again: the answer was lost, or still waits
			r.owed = &env
		}
	case m.Term <= r.state.Promised:
		r.refuse(now, env, RefusedTerm, out)
	case !m.Force && r.held(now, env.Claim):
		r.refuse(now, env, RefusedLease, out)
	default:
		r.promise(now, env, m, out)
	}
}

// promise makes the durable vow to refuse every smaller term. From here on the
// former writer is fenced on this replica; it is told so at once, and the new
// one is answered when its lease is over (I8).
func (r *Replica) promise(now Time, env Envelope, m Prepare, out *Output) {
	former, live := r.state.Claim, !r.state.Claim.IsZero() && !r.state.Released
	oldTerm := r.state.Promised
	r.vow(now, m.Term, env.Claim, m.Holder, m.Lease)
	r.courtesy = max(now, r.answerAt).Add(courtesyTime)
	r.write(Write{State: r.stateCopy()}, Envelope{}, out)
	r.vowedSeq, r.owed = r.lastSeq, &env
	if live && former != env.Claim {
		r.answer(Envelope{From: former.Node, Claim: former}, r.refusal(now, RefusedTerm, oldTerm), out)
	}
}

// vow makes t, of claim c, the greatest term that is obeyed. What was granted
// before is to be waited for.
func (r *Replica) vow(now Time, t Term, c ClaimID, holder string, lease time.Duration) {
	var wait time.Duration // what to wait for again after a restart
	if now < r.answerAt {
		wait = r.state.Wait
	}
	if now < r.leaseEnd {
		wait = max(wait, r.state.Lease)
	}
	if c != r.state.Claim {
		r.answerAt = max(r.answerAt, r.leaseEnd)
		r.leaseEnd = 0
	}
	r.state.Promised, r.state.Claim = t, c
	r.state.Holder, r.state.Lease = holder, lease
	r.state.Wait, r.state.Released = wait, false
}

// payPromise answers an owed promise once it is durable and older leases have
// run out. Entries of older terms were written before the promise, so all of
// the log is durable with it.
func (r *Replica) payPromise(now Time, out *Output) {
	if r.owed == nil || r.synced < r.vowedSeq || now < r.answerAt {
		return
	}
	env := *r.owed
	m := env.Msg.(Prepare)
	r.owed = nil
	must(r.flush == r.tail.ID, "I3", "stream %d promises term %d with tail %v not durable beyond %d", r.stream, m.Term, r.tail, r.flush)
	r.historyReaches()
	r.courtesy = now.Add(courtesyTime)
	r.answer(env, Promise{
		Term: m.Term, History: r.state.History.UpTo(r.tail.ID), Tail: r.tail, TailAt: r.tailAt,
		Commit: r.commit, Base: r.state.Base, BaseAt: r.state.BaseAt,
	}, out)
}

// release ends the lease of the promised term. Should the write be lost, the
// lease is merely waited for.
func (r *Replica) release(env Envelope, m Release, out *Output) {
	if !r.obeys(m.Term, env.Claim) {
		return
	}
	if !r.state.Released {
		r.state.Released = true
		r.leaseEnd, r.courtesy = 0, 0
		r.write(Write{State: r.stateCopy(), Lazy: true}, Envelope{}, out)
	}
	r.answer(env, Released(m), out)
}

// grantLease renews the lease of the promised writer, whole, from now.
func (r *Replica) grantLease(now Time) {
	r.heardAt = now
	r.measure.at, r.measure.pause = 0, 0
	if !r.state.Released {
		r.leaseEnd = now.Add(r.state.Lease)
	}
}

func (r *Replica) refuse(now Time, env Envelope, why Reason, out *Output) {
	r.answer(env, r.refusal(now, why, termOf(env.Msg)), out)
}

func (r *Replica) refusal(now Time, why Reason, t Term) Refused {
	return Refused{
		Reason: why, Term: t, Promised: r.state.Promised, Claim: r.state.Claim,
		Holder: r.state.Holder, Remaining: r.remaining(now),
	}
}

// termOf is the term a request came with.
func termOf(m Message) Term {
	switch m := m.(type) {
	case Prepare:
		return m.Term
	case Begin:
		return m.Term
	case Append:
		return m.Term
	case Fetch:
		return m.Term
	case Release:
		return m.Term
	}
	return 0
}
