package sim

import (
	"walle/replication"
)

// checkSend checks a message of one of the host's machines when it is sent.
func (h *host) checkSend(env *replication.Envelope) {
	w := h.world
	if env.Stream != stream || env.From != h.id || env.Config != w.config.Number {
		w.fail(CheckOrigin, "%v sends %v", h.id, *env)
	}
	durable := &h.disk.durable
	switch m := env.Msg.(type) {
	case replication.Promise:
		h.checkPromise(env.Claim, &m)
		w.ledger.answersPromise(h, m.Term)
	case replication.Appended:
		if m.Flush > durable.tail() || m.Tail > h.disk.visible.tail() {
			w.fail(CheckDurable, "%v: the durable log ends at %d, the written at %d", *env, durable.tail(), h.disk.visible.tail())
		}
		if last := durable.state.History.TermAt(replication.EntryID(1 << 63)); m.Term != durable.state.Promised || m.Term != last && !m.Hole {
			w.fail(CheckDurable, "%v: durable is a promise of %d and history %v", *env, durable.state.Promised, durable.state.History)
		}
		if m.Full != h.room.low {
			w.fail(CheckSpace, "%v: its disk is nearly full: %v", *env, h.room.low)
		}
		w.ledger.learn(m.Commit, h.id.String())
	case replication.Status:
		if m.Flush > min(m.Tail, durable.tail()) || m.Commit > w.ledger.frontier() {
			w.fail(CheckAnswer, "%v: the durable log ends at %d, committed is %d", *env, durable.tail(), w.ledger.frontier())
		}
		// Who counts logs of one term to find the commit counts on this one.
		if m.Last > durable.state.History.LastTerm(durable.tail()) {
			w.fail(CheckAnswer, "%v: the durable log ends at %d, its history is %v", *env, durable.tail(), durable.state.History)
		}
	case replication.Fetched:
		h.checkFetched(env, &m)
	case replication.Trimmed:
		if m.First > max(1, durable.state.First) {
			w.fail(CheckDurable, "%v: durable is first %d", *env, durable.state.First)
		}
	case replication.Fetch:
		if s := w.session(env.Claim); s != nil {
			if s.reads.term == m.Term && m.To < s.reads.id {
				w.took(pathRecoveredPieces)
			}
			s.reads = point{m.Term, m.To}
		}
		if env.Claim.IsZero() && h.room.low && m.From < m.To { // but one entry, whose chain it does not know
			w.fail(CheckSpace, "%v: its disk is nearly full", *env)
		}
	case replication.Append:
		h.checkAppend(env, &m)
	case replication.Prepare:
		if s := w.session(env.Claim); s != nil && s.phase == replication.Serving && m.Term > s.served {
			w.took(pathRise)
		}
	case replication.Release:
		w.ledger.released[m.Term] = true
	case replication.Begin:
		w.ledger.holdsTerm(m.Term, env.Claim)
		if n := w.ledger.promises[m.Term]; n < w.config.Quorum() {
			w.fail(CheckPromise, "%v begins with %d promises", *env, n)
		}
		if s := w.session(env.Claim); s != nil {
			s.start = m.History[len(m.History)-1].Start
		}
		if m.Base.ID > w.ledger.frontier() || m.Base.Chain != w.ledger.chain(m.Base.ID) {
			w.fail(CheckAnswer, "%v begins after what is not the committed log, known up to %d", *env, w.ledger.frontier())
		}
	}
}

// checkPromise: a promise is durable before it is answered, and the log it
// reports is.
func (h *host) checkPromise(claim replication.ClaimID, m *replication.Promise) {
	w, d := h.world, &h.disk.durable
	if d.state.Promised != m.Term || d.state.Claim != claim {
		w.fail(CheckPromise, "%v answers %v to %v; durable is %d to %v", h.id, *m, claim, d.state.Promised, d.state.Claim)
		return
	}
	if p, at, ok := d.position(m.Tail.ID); m.Tail.ID != d.tail() || !ok || p.Chain != m.Tail.Chain || at != m.TailAt {
		w.fail(CheckDurable, "%v answers %v; durable is %v of time %d", h.id, *m, p, at)
	}
	// A trim may still be on its way: it was asked for.
	if base := h.disk.visible.state.Base; m.Base.ID > base.ID || m.Base.Chain != w.ledger.chain(m.Base.ID) {
		w.fail(CheckAnswer, "%v answers %v; its base is %v", h.id, *m, base)
	}
}

// checkFetched: entries given are in the log, those denied are not, and who
// asks without a term sees only what is committed.
func (h *host) checkFetched(env *replication.Envelope, m *replication.Fetched) {
	w, now := h.world, &h.disk.visible
	switch m.Answer {
	case replication.Have:
		for i := range m.Entries {
			e := &m.Entries[i]
			if have := now.entry(e.ID); e.ID >= now.low && (have == nil || have.Chain != e.Chain) {
				w.fail(CheckAnswer, "%v gives %v and has it not so", *env, *e)
			}
			if _, _, ok := w.ledger.proposalOf(e); !ok || e.Check() != nil {
				w.fail(CheckOrigin, "%v gives changed bytes of %v", *env, *e)
			}
			if env.Claim.IsZero() && (e.ID > w.ledger.frontier() || e.Chain != w.ledger.chain(e.ID)) {
				w.fail(CheckAnswer, "%v gives %v to a replica; committed is %d", *env, *e, w.ledger.frontier())
			}
		}
	case replication.HaveNot:
		for id := max(m.From, now.state.First); id <= m.To && id <= now.tail(); id++ {
			if now.missing(id) {
				w.fail(CheckAnswer, "%v denies %d, which lies in a gap", *env, id)
				return
			}
		}
		if m.To >= now.state.First && now.entry(m.To) != nil {
			w.fail(CheckAnswer, "%v denies %d, which is stored", *env, m.To)
		}
	}
}

// checkAppend: groups are not split, the commit is known, a term has one writer.
func (h *host) checkAppend(env *replication.Envelope, m *replication.Append) {
	w := h.world
	w.ledger.holdsTerm(m.Term, env.Claim)
	w.ledger.learn(m.Commit, env.Claim.String())
	if n := len(m.Entries); n > 0 && !m.Entries[n-1].GroupEnd {
		w.fail(CheckGroup, "%v ends in the middle of a group", *env)
	}
	if m.Jump && m.Prev.ID > w.ledger.frontier() {
		w.fail(CheckBackfill, "%v jumps beyond what is committed, %d", *env, w.ledger.frontier())
	}
	for i := range m.Entries {
		w.ledger.checkEntry(&m.Entries[i], env.From)
	}
	if s, n := w.session(env.Claim), len(m.Entries); s != nil && n > 0 {
		sent := &s.sent[w.host(env.To).index]
		if m.Entries[0].ID <= *sent {
			w.took(pathResent)
		}
		*sent = max(*sent, m.Entries[n-1].ID)
		s.checkSpared(env, m)
		s.countPutBack(env, m)
	}
}

// countDelivered takes note of what an answer says.
func (w *world) countDelivered(m replication.Message) {
	switch m := m.(type) {
	case replication.Refused:
		switch m.Reason {
		case replication.RefusedTerm:
			w.took(pathRefusedTerm)
		case replication.RefusedLease:
			w.took(pathRefusedLease)
		}
	case replication.Fetched:
		switch m.Answer {
		case replication.Have:
			w.took(pathHave)
		case replication.HaveNot:
			w.took(pathHaveNot)
		case replication.CannotTell:
			w.took(pathCannotTell)
		}
	case replication.Append:
		if m.Jump {
			w.took(pathJump)
		}
		if len(m.Entries) == 0 {
			w.took(pathHeartbeat)
		}
	case replication.Appended:
		if m.Hole {
			w.took(pathHole)
		}
	}
}

// countPutBack takes note of entries of earlier terms that a claim sends.
func (s *session) countPutBack(env *replication.Envelope, m *replication.Append) {
	w := s.world
	if m.Entries[0].ID >= s.start {
		return
	}
	w.took(pathPutBack)
	last := &s.putBack[w.host(env.To).index]
	if last.term == m.Term && last.id < m.Entries[0].ID {
		w.took(pathPutBackPieces)
	}
	*last = point{m.Term, m.Entries[len(m.Entries)-1].ID}
}
