package replication

import (
	"slices"
)

// begin makes the log a prefix of the writer's: what parts from its history is
// dropped, and the history is taken over whole. It is done once a term; asked
// again, the replica says how far it has come.
func (r *Replica) begin(now Time, env Envelope, m Begin, out *Output) {
	if !r.obeys(m.Term, env.Claim) {
		if m.Term <= r.state.Promised {
			r.refuse(now, env, RefusedTerm, out)
		}
		return
	}
	if !r.begun() {
		n := len(m.History)
		must(n > 0 && m.History[n-1].Term == m.Term && m.History.check() == nil, "I2", "stream %d: %v", r.stream, m)
		w := r.graft(outline{
			history: m.History, end: m.History[n-1].Start - 1, base: mark{m.Base, m.BaseAt},
			parting: mark{m.Mark, m.MarkAt}, commit: m.Commit,
		})
		r.state.History = m.History
		r.owed, r.courtesy = nil, 0
		r.grantLease(now)
		r.raiseCommit(now, min(m.Commit, r.tail.ID))
		w.State = r.stateCopy()
		r.write(w, env, out)
		return
	}
	r.grantLease(now)
	if r.beginDurable() {
		r.acknowledge(env, out)
	}
}

// outline is how another log goes.
type outline struct {
	history History
	end     EntryID // up to where this log is to be the same
	base    mark    // where that one begins
	parting mark    // where the two part; if it can't be told, a committed point above
	commit  EntryID
}

// graft makes this log a prefix of o: what parts from it is dropped.
func (r *Replica) graft(o outline) Write {
	keep := r.partsAt(o)
	end := r.endAt(keep, o)
	w := Write{Truncate: true, Above: keep}
	if o.base.ID > r.state.Base.ID {
		r.adoptBase(o.base)
		w.Below = r.state.First
	}
	if end.ID > keep {
		r.state.Gaps = withGap(r.state.Gaps, Gap{Lo: keep + 1, Hi: end.ID, HiChain: end.Chain, HiAt: end.at})
	}
	r.cut(keep, end)
	return w
}

// adoptBase makes the log begin where the writer's does: everything up to there
// is committed and trimmed, and the history that goes with it speaks of nothing
// below (testdata/recovery/half_trimmed).
func (r *Replica) adoptBase(base mark) {
	r.setFirst(base)
	var gaps []Gap
	for _, g := range r.state.Gaps {
		if g.Hi <= base.ID {
			continue
		}
		if g.Lo <= base.ID {
			g.Lo, g.LoChain = base.ID+1, base.Chain
		}
		gaps = append(gaps, g)
	}
	r.state.Gaps = gaps
	r.told = max(r.told, base.ID)
	r.trim.seq = r.lastSeq + 1 // the write that is about to be made
}

// partsAt is the point up to which this log and o are the same, or where o begins.
// Entries above it are in nobody's committed log.
func (r *Replica) partsAt(o outline) EntryID {
	keep := Common(r.state.History, r.tail.ID, o.history, o.end)
	if keep < r.commit && r.state.History.TermAt(r.commit) == 0 {
		keep = r.commit // all up to there is trimmed here: the history speaks no more of it
	}
	// Below the base nothing here can be told to be the same, but a log that had
	// helped to commit an entry must not end below it: its id would be given out
	// again once the others are away (I5).
	keep = max(keep, o.base.ID)
	must(keep >= r.commit, "I5", "stream %d: %+v would truncate to %d, below commit %d (history %v, tail %v)",
		r.stream, o, keep, r.commit, r.state.History, r.tail)
	return keep
}

// endAt is where the log is to end that is cut at keep. If its chain is not in
// memory the other's word is taken, since the disk may not give it. If that is of
// a higher point, which is committed, the replica jumps there as with an Append.
func (r *Replica) endAt(keep EntryID, o outline) mark {
	if keep == o.base.ID {
		return o.base
	}
	if k, ok := r.markKnown(keep); ok {
		must(o.parting.ID != keep || o.parting.Position == k.Position, "I4", "stream %d: %+v parts at %v here", r.stream, o, k)
		return k
	}
	must(o.parting.ID == keep || o.parting.ID > keep && o.parting.ID <= o.commit, "I5", "stream %d: %+v parts at %d here", r.stream, o, keep)
	for i := range r.state.Gaps {
		if g := &r.state.Gaps[i]; g.Hi == o.parting.ID {
			r.state.Gaps = slices.Clone(r.state.Gaps)
			r.state.Gaps[i].HiChain, r.state.Gaps[i].HiAt = o.parting.Chain, o.parting.at
		}
	}
	return o.parting
}

// cut drops what is above keep and makes the log end at end. Writes under way may
// still become durable: what they wrote above keep no longer counts.
func (r *Replica) cut(keep EntryID, end mark) {
	r.tail, r.tailAt = end.Position, end.at
	r.flush = min(r.flush, keep)
	for i := range r.pending {
		r.pending[i].flush = min(r.pending[i].flush, keep)
	}
}

// append takes entries of the writer it obeys, only where they connect (I3).
func (r *Replica) append(now Time, env Envelope, m Append, out *Output) {
	if !r.obeys(m.Term, env.Claim) {
		if m.Term <= r.state.Promised {
			r.refuse(now, env, RefusedTerm, out)
		}
		return
	}
	if !r.begun() {
		return // Begin was lost or is on its way, and will come again
	}
	r.grantLease(now)
	r.trim.wanted = max(r.trim.wanted, m.First)
	gapped := m.Jump && m.Prev.ID > r.tail.ID
	if gapped {
		must(m.Prev.ID <= m.Commit, "I5", "stream %d: %v jumps beyond commit", r.stream, m)
		r.jump(mark{m.Prev, m.PrevAt})
	}
	if m.Prev.ID > r.tail.ID {
		r.acknowledgeHole(env, m, out)
		return
	}
	entries := r.newEntries(m)
	if len(entries) == 0 && !gapped {
		r.raiseCommit(now, min(m.Commit, r.tail.ID))
		r.acknowledge(env, out)
		return
	}
	if len(entries) > 0 {
		last := &entries[len(entries)-1]
		r.tail, r.tailAt = last.Position(), last.AppendedAt
	}
	r.raiseCommit(now, min(m.Commit, r.tail.ID))
	w := Write{Entries: entries}
	if gapped {
		w.State = r.stateCopy()
	}
	r.write(w, env, out)
}

// newEntries returns the entries of m that this log lacks. Those it has are the
// same ones (I4). A message with a broken entry counts as lost.
func (r *Replica) newEntries(m Append) []Entry {
	entries, prev := m.Entries, m.Prev
	if prev.ID < r.tail.ID {
		skip := min(int(r.tail.ID-prev.ID), len(entries))
		if skip == 0 {
			return nil
		}
		prev = entries[skip-1].Position()
		entries = entries[skip:]
	}
	if len(entries) == 0 || CheckRun(m.Prev, m.Entries) != nil {
		return nil
	}
	if prev != r.tail {
		violated("I4", "stream %d: term %d appends after %v, the log ends at %v", r.stream, m.Term, prev, r.tail)
	}
	for i := range entries {
		if entries[i].Term != r.state.History.TermAt(entries[i].ID) {
			violated("I2", "stream %d: entry %v, history %v", r.stream, entries[i], r.state.History)
		}
	}
	if !entries[len(entries)-1].GroupEnd {
		violated("I7", "stream %d: %v ends inside a group", r.stream, m)
	}
	return entries
}

// acknowledge says how far the log is the writer's.
func (r *Replica) acknowledge(env Envelope, out *Output) {
	var t Term
	var sentAt Time
	switch m := env.Msg.(type) {
	case Begin:
		t, sentAt = m.Term, m.SentAt
	case Append:
		t, sentAt = m.Term, m.SentAt
	}
	if !r.obeys(t, env.Claim) {
		return // the write became durable, but its writer is fenced by now
	}
	r.answer(env, Appended{Term: t, Flush: r.flush, Tail: r.tail.ID, Commit: r.commit, SentAt: sentAt, Full: r.low}, out)
}

func (r *Replica) acknowledgeHole(env Envelope, m Append, out *Output) {
	r.answer(env, Appended{Term: m.Term, Flush: r.flush, Tail: r.tail.ID, Commit: r.commit, SentAt: m.SentAt, Hole: true, Full: r.low}, out)
}

// beginDurable reports whether the Begin, or Summary, that this log goes on from
// is durable.
func (r *Replica) beginDurable() bool {
	return !slices.ContainsFunc(r.pending, func(p pending) bool {
		switch p.cause.Msg.(type) {
		case Begin, Summary:
			return true
		}
		return false
	})
}

// mark is a point of the log and its time.
type mark struct {
	Position
	at int64
}

// marks remembers the one point that was last read from disk, and the message
// that waits for it.
type marks struct {
	known mark
	wants EntryID
	ref   uint64 // of the read under way; 0 if none
	again Envelope
}

// markAt returns the chain and time at entry id. Where memory does not know
// them it asks the disk and has env handled again.
func (r *Replica) markAt(id EntryID, env Envelope, out *Output) (mark, bool) {
	if k, ok := r.markKnown(id); ok {
		return k, true
	}
	r.marks.wants, r.marks.again = id, env
	r.marks.ref = r.read(id, id, 1, out)
	return mark{}, false
}

// markKnown returns the chain and time at entry id if memory holds them: at the
// ends of the log and of its gaps, and where the disk was last asked.
func (r *Replica) markKnown(id EntryID) (mark, bool) {
	switch id {
	case r.tail.ID:
		return mark{r.tail, r.tailAt}, true
	case r.state.Base.ID:
		return mark{r.state.Base, r.state.BaseAt}, true
	case r.marks.known.ID:
		return r.marks.known, true
	}
	for _, g := range r.state.Gaps {
		if g.Hi == id && g.HiChain != 0 {
			return mark{Position{ID: id, Chain: g.HiChain}, g.HiAt}, true
		}
	}
	return mark{}, false
}

// markRead takes the answer of the disk. When the entry cannot be read, who asked
// for a summary is told of the point without its chain; anything else that waited
// is dropped: its sender will ask again.
func (r *Replica) markRead(now Time, in ReadDone, out *Output) {
	again, id := r.marks.again, r.marks.wants
	r.marks.ref, r.marks.again = 0, Envelope{}
	if in.Err != nil || len(in.Entries) != 1 || in.Entries[0].ID != id || in.Entries[0].Check() != nil {
		switch again.Msg.(type) {
		case Summarize:
			r.answer(again, r.summary(mark{Position: Position{ID: id}}), out)
		default:
			r.trim.retryAt = now.Add(measureAfter)
		}
		return
	}
	e := &in.Entries[0]
	r.marks.known = mark{e.Position(), e.AppendedAt}
	if again.Msg != nil {
		r.receive(now, again, out)
	}
	r.marks.known = mark{}
}
