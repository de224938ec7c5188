package replication

// choose picks the log to go on from: the one of the highest last term, of those
// the longest. Every committed entry is in it (I5): a majority held it durably in
// logs of one term before promising this one, and any two majorities meet.
func (w *Writer) choose(now Time, out *Output) {
	var best *Promise
	commit := w.commit
	for i := range w.peers {
		m := w.peers[i].promise
		if m == nil || w.peers[i].unread {
			continue
		}
		commit = max(commit, m.Commit)
		if best == nil || isBetter(m, best) {
			best = m
			w.round.source = i
		}
	}
	must(best.Tail.ID >= commit, "I5", "stream %d: the best of a majority ends at %v, committed is %d", w.cfg.Stream, best.Tail, commit)
	w.round.chosen = *best
	w.commit = commit
	w.window = window{base: best.Tail, baseAt: best.TailAt}
	w.lastAt = best.TailAt
	w.round.rest = nil
	if best.Tail.ID == commit {
		w.history = best.History
		w.begin(now)
		return
	}
	w.round.step, w.round.denials = stepRecovering, 0
	w.round.giveUp = now.Add(recoverPatience)
	w.fetchRest(now, out)
}

// isBetter reports whether a's log is to be preferred to b's.
func isBetter(a, b *Promise) bool {
	at, bt := a.History.LastTerm(a.Tail.ID), b.History.LastTerm(b.Tail.ID)
	if at != bt {
		return at > bt
	}
	return a.Tail.ID > b.Tail.ID
}

// fetchRest asks for the part of the chosen log above the commit that is not
// read yet; its high end comes first. Any replica that promised and has the same
// term there will do: its log is the same up to there (I4). When all of that is
// read the commit itself may be asked for, since its chain is needed.
func (w *Writer) fetchRest(now Time, out *Output) {
	w.round.at = now.Add(claimRetry)
	want := w.window.base.ID
	for range w.peers {
		p := &w.peers[w.round.source%len(w.peers)]
		if m := p.promise; m != nil && m.Tail.ID >= want && m.History.TermAt(want) == w.round.chosen.History.TermAt(want) {
			w.send(p, Fetch{Term: w.term, From: min(w.commit+1, want), To: want, MaxBytes: w.cfg.Limits.Batch}, out)
			return
		}
		w.round.source++
	}
}

// restEnds reports whether e is the highest entry not read yet, so that what comes
// is checked before it is believed: the chosen log ends there, or what is read
// follows it.
func (w *Writer) restEnds(e *Entry) bool {
	if len(w.round.rest) == 0 {
		return e.Position() == w.round.chosen.Tail
	}
	next := &w.round.rest[0]
	return e.ID+1 == next.ID && e.Chain.Next(next.Sum) == next.Chain
}

// recovered takes a piece of the end of the chosen log.
func (w *Writer) recovered(now Time, p *peer, m Fetched, out *Output) {
	n := len(m.Entries)
	if w.round.step != stepRecovering || m.To != w.window.base.ID {
		return // late, or doubled
	}
	if m.Answer != Have || n == 0 || !w.restEnds(&m.Entries[n-1]) || checkPiece(m.Prev, m.Entries) != nil || m.Entries[0].ID < min(w.commit+1, m.To) {
		w.denied(now, p, out)
		return
	}
	first := &m.Entries[0]
	known := follows(m.Prev, m.Entries)
	switch {
	case m.To == w.commit:
		w.window.base, w.window.baseAt, known = first.Position(), first.AppendedAt, true
	default:
		w.round.rest = append(append(make([]Entry, 0, n+len(w.round.rest)), m.Entries...), w.round.rest...)
		w.window.base, w.window.baseAt = Position{first.ID - 1, m.Prev.Chain}, m.PrevAt
	}
	w.round.giveUp, w.round.denials = now.Add(recoverPatience), 0 // the tail is bounded: what goes on comes to an end
	if w.window.base.ID > w.commit || !known {
		w.fetchRest(now, out)
		return
	}
	for _, e := range w.round.rest {
		w.window.restore(e)
	}
	w.round.rest = nil
	w.history = w.round.chosen.History
	w.begin(now)
}

// denied asks the next one for what p, which was asked, cannot give. When all
// have been asked, that waits for round.at.
func (w *Writer) denied(now Time, p *peer, out *Output) {
	if p != &w.peers[w.round.source%len(w.peers)] {
		return // it has been asked before
	}
	if w.round.denials++; w.round.denials < len(w.peers) {
		w.round.source++
		w.fetchRest(now, out)
	}
}
