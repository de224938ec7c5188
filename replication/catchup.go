package replication

// summarize tells another replica what is known to be committed here.
func (r *Replica) summarize(env Envelope, out *Output) {
	if r.commit == 0 || r.marks.ref != 0 {
		return // nothing to tell, or the disk is being asked for something else: the asker will ask again
	}
	if c, ok := r.markAt(r.commit, env, out); ok {
		r.answer(env, r.summary(c), out)
	}
}

// summary is what is known to be committed up to c.
func (r *Replica) summary(c mark) Summary {
	return Summary{
		Term: r.state.Promised, History: r.state.History.UpTo(c.ID - 1), Commit: c.Position, CommitAt: c.at,
		Base: r.state.Base, BaseAt: r.state.BaseAt,
	}
}

// catchUp takes over what is committed elsewhere, while no writer is heard. What
// m says stays true for ever, so it does not matter how old it is. What parts
// from the committed log here is in nobody's, and goes; over what is missing the
// log jumps, and back-fill closes the gap.
//
// Writers of terms before m.Term may not know of all that is committed, so they
// are obeyed no more (testdata/commit/catch_up). Nor is that term's own writer,
// where the log became its without its Begin: it has to rise before this replica
// follows it (testdata/commit/catch_up_rise).
func (r *Replica) catchUp(now Time, env Envelope, m Summary, out *Output) {
	c := mark{m.Commit, m.CommitAt}
	// This log's history gives c the term that it has there: this log is a prefix of
	// what is committed, or goes on from it.
	same := Common(r.state.History, c.ID, m.History, c.ID) == c.ID
	switch {
	case c.ID <= r.settled():
		return
	case same && c.ID <= r.tail.ID && m.Term <= r.state.Promised:
		r.raiseCommit(now, c.ID)
		return
	case now < r.heardAt.Add(lookAfter) || r.owed != nil || now < r.courtesy:
		return
	}
	var w Write
	if c.ID > r.tail.ID || !same {
		if c.Chain == 0 {
			return // damaged where it comes from
		}
		w = r.graft(outline{history: m.History, end: c.ID, base: mark{m.Base, m.BaseAt}, parting: c, commit: c.ID})
		if r.tail.ID < c.ID {
			r.jump(c)
		}
	}
	if m.Term > r.state.Promised || m.Term == r.state.Promised && !same {
		r.vow(now, m.Term, ClaimID{}, "", 0)
	}
	if !same {
		r.state.History = m.History
	}
	r.historyReaches()
	r.measure.pause = 0
	w.State = r.stateCopy()
	r.write(w, Envelope{Msg: m}, out)
	r.vowedSeq = r.lastSeq // a promise that is given again speaks of this log
	r.raiseCommit(now, c.ID)
}
