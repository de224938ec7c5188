package replication

// trimming drops a committed prefix. What is wanted may run ahead of what this
// replica knows to be committed; it follows as far as it may.
type trimming struct {
	wanted  EntryID    // somebody said that entries below go; 0 at first
	seq     uint64     // the write of the last trim
	waiting []Envelope // Trims to answer once that is durable
	retryAt Time       // not before: the disk could not tell the new first's chain
}

// trimTo answers at once when there is nothing to do, else when it is durable.
func (r *Replica) trimTo(env Envelope, m Trim, out *Output) {
	// A wish beyond what is committed now is not remembered: it would drop entries
	// that nobody had seen when it was made.
	r.trim.wanted = max(r.trim.wanted, min(m.First, r.told+1))
	if r.trimGoal() <= r.state.First {
		r.answerTrim(env, out)
		return
	}
	if r.marks.ref != 0 {
		return // the disk is being asked for something else: the asker will ask again
	}
	k, ok := r.markAt(r.trimGoal()-1, env, out)
	if ok {
		r.trimAt(k, out)
		r.answerTrim(env, out)
	}
}

// maxTrims bounds how many askers wait for one trim; more ask again.
const maxTrims = 16

// answerTrim answers env now, or when the last trim is durable.
func (r *Replica) answerTrim(env Envelope, out *Output) {
	switch {
	case env.Claim.IsZero(): // the replica's own wish
	case r.synced >= r.trim.seq:
		r.answer(env, Trimmed{First: r.state.First}, out)
	case len(r.trim.waiting) < maxTrims:
		r.trim.waiting = append(r.trim.waiting, env)
	}
}

// trimSynced answers those who waited for the last trim.
func (r *Replica) trimSynced(out *Output) {
	if r.synced < r.trim.seq {
		return
	}
	for _, env := range r.trim.waiting {
		r.answerTrim(env, out)
	}
	r.trim.waiting = nil
}

// trimGoal is how far the wish may be followed now: only what is committed
// goes, and the chain of the entry before the new first must be known here.
func (r *Replica) trimGoal() EntryID {
	goal := min(r.trim.wanted, r.commit+1)
	for _, g := range r.state.Gaps {
		if g.Lo < goal && goal <= g.Hi {
			goal = g.Lo
		}
	}
	return goal
}

// trimSoon follows a wish that came with other messages.
func (r *Replica) trimSoon(now Time, out *Output) {
	if r.trimGoal() > r.state.First && r.marks.ref == 0 && now >= r.trim.retryAt {
		m := Trim{First: r.trim.wanted}
		r.trimTo(Envelope{From: r.self, To: r.self, Config: r.state.Config.Number, Msg: m}, m, out)
	}
}

// trimAt makes the entry after k the first.
func (r *Replica) trimAt(k mark, out *Output) {
	must(k.ID <= r.commit, "I5", "stream %d: trim after %v, commit %d", r.stream, k, r.commit)
	r.setFirst(k)
	n := 0
	for n < len(r.state.Gaps) && r.state.Gaps[n].Hi < r.state.First {
		n++
	}
	gaps := r.state.Gaps[n:]
	r.state.Gaps = append([]Gap(nil), gaps...)
	r.write(Write{State: r.stateCopy(), Below: r.state.First}, Envelope{}, out)
	r.trim.seq = r.lastSeq
}

// setFirst makes the entry after k the lowest that is kept.
func (r *Replica) setFirst(k mark) {
	r.state.First, r.state.Base, r.state.BaseAt = k.ID+1, k.Position, k.at
	r.state.History = r.state.History.Trimmed(k.ID) // it speaks of the base as well
}
