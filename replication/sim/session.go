package sim

import (
	"slices"
	"time"

	"walle/replication"
)

// session is a claim and the writer that it may become, with its owner: a
// connection to one host.
type session struct {
	world   *world
	index   int // in world.sessions
	host    *host
	life    int32
	claim   replication.ClaimID
	lease   time.Duration
	mode    replication.ClaimMode
	writer  *replication.Writer // nil once it is gone
	timer   timer
	phase   replication.Phase
	term    replication.Term
	served  replication.Term              // the term at which it began to serve
	open    []int                         // proposals without an answer
	claimBy instant                       // when its owner stops waiting for the claim
	quiet   bool                          // only its owner renews the lease
	sent    [maxHosts]replication.EntryID // the highest entry sent to each host
	told    [maxHosts]told                // what each replica said of its disk
	start   replication.EntryID           // of its term, by the last Begin
	reads   point                         // the lowest entry that it asked for of a recovered tail, and at which term
	putBack [maxHosts]point               // the last it put back to each host, and at which term
	half    replication.NodeID            // its Prepares reach only this member; 0 for all
	tight   bool                          // it was told that there is no room
	gaveUp  bool                          // its owner does without the lease
	trusted instant                       // until when its lease was trusted at most
	out     replication.Output
}

// open makes a session on h that claims the stream.
func (w *world) open(h *host, mode replication.ClaimMode, lease, patience time.Duration) *session {
	w.nonce++
	quiet := w.healing == nil && w.chance(w.weights.quiet)
	s := &session{claimBy: w.now + instant(patience), quiet: quiet, world: w, index: len(w.sessions), host: h, life: h.life, lease: lease, mode: mode,
		claim: replication.ClaimID{Node: h.id, Nonce: w.nonce}}
	w.sessions = append(w.sessions, s)
	h.sessions = append(h.sessions, s)
	if w.trace.on {
		w.tell("claim %v begins, %v, lease %v", s.claim, mode, lease)
	}
	w.took(pathClaim)
	s.writer = replication.NewWriter(replication.WriterConfig{
		Self: h.id, Stream: stream, Config: w.config, Claim: s.claim, Holder: "sim",
		Mode: mode, Lease: lease, Quiet: quiet, Limits: w.weights.limits,
	})
	s.phase = s.writer.Phase()
	s.step(replication.Tick{})
	return s
}

// session returns the session of a claim.
func (w *world) session(c replication.ClaimID) *session {
	if h := w.host(c.Node); h != nil {
		return h.session(c)
	}
	return nil
}

// alive reports whether the session's owner may still use it.
func (s *session) alive() bool { return s.writer != nil }

// serving reports whether it may propose.
func (s *session) serving() bool { return s.alive() && s.phase == replication.Serving }

// lost ends a session whose host crashed: what became of its proposals nobody
// will say.
func (s *session) lost() {
	s.writer = nil
	s.timer.armed = false
}

// step steps the writer and does what it asks for.
func (s *session) step(in replication.Input) {
	w, h := s.world, s.host
	s.out.Reset()
	s.writer.Step(h.now(), in, &s.out)
	w.step++
	if len(s.out.Writes)+len(s.out.Reads) > 0 {
		w.fail(CheckOrigin, "the writer of %v asks for a disk", s.claim)
	}
	s.look()
	for _, r := range s.out.Replies {
		s.reply(r)
	}
	h.obey(&s.out)
	if s.writer != nil {
		_, ticked := in.(replication.Tick)
		s.settle(ticked)
	}
	if s.writer != nil {
		s.arm()
	}
}

func (s *session) arm() { s.host.armTimer(&s.timer, s.writer.Deadline(), uint64(s.index)+1) }

// look checks what the writer says of itself after a step.
func (s *session) look() {
	w := s.world
	phase, term, known := s.writer.Phase(), s.writer.Term(), w.ledger.frontier()
	if w.trace.on && (phase != s.phase || term != s.term) {
		w.tell("claim %v is %v at term %d, log up to %d", s.claim, phase, term, s.writer.Next()-1)
	}
	if phase == replication.Serving || phase == replication.Releasing {
		w.ledger.learn(s.writer.Commit(), s.claim.String())
	}
	if phase == replication.Serving {
		if s.phase != replication.Serving {
			if s.writer.Commit() > known {
				w.took(pathAdopted)
			}
			s.began(term)
		}
		w.leases.trust(s)
	}
	if phase != s.phase {
		switch phase {
		case replication.Fenced:
			w.took(pathFenced)
		case replication.Failed:
			w.took(pathClaimFailed)
		case replication.Closed:
			if s.phase == replication.Releasing {
				w.took(pathReleased)
			}
		}
	}
	s.phase, s.term = phase, term
}

// began checks a writer that begins to serve at a term: it holds all that is
// committed of earlier terms. A later one may have begun without its knowing.
func (s *session) began(term replication.Term) {
	w := s.world
	w.took(pathServing)
	if !s.host.member {
		w.took(pathWriterAway)
	}
	full := 0
	for _, h := range w.hosts {
		if h.member && h.room.low {
			full++
		}
	}
	if full >= w.config.Quorum() {
		w.took(pathClaimFull)
	}
	s.served = term
	w.ledger.holdsTerm(term, s.claim)
	if tail, known := s.writer.Next()-1, w.ledger.before(term); tail < known {
		w.fail(CheckLost, "%v serves at term %d with a log up to %d; committed in terms before is %d", s.claim, term, tail, known)
	}
	w.leases.began(s, term)
}

// propose hands the writer a group.
func (s *session) propose(payloads [][]byte, within time.Duration) {
	w := s.world
	var first replication.EntryID
	if w.healing == nil && w.chance(0.05) {
		first = s.writer.Next() + replication.EntryID(w.rand.IntN(2))
	}
	p := len(w.ledger.proposals)
	q := proposal{session: s, payloads: payloads, first: first}
	deadline := replication.Never
	if within > 0 {
		deadline = s.host.now().Add(within)
		q.deadline = s.host.clock.when(deadline)
	}
	w.ledger.proposals = append(w.ledger.proposals, q)
	s.open = append(s.open, p)
	if w.trace.on {
		w.tell("%v is asked to append proposal %d of %d", s.claim, p, len(payloads))
	}
	s.step(replication.Propose{Ref: uint64(p) + 1, Payloads: payloads, First: first, Wall: s.host.wall(), Deadline: deadline})
}

// reply takes the answer to a proposal: the first and only one.
func (s *session) reply(r replication.Reply) {
	w := s.world
	if r.Ref == 0 {
		return
	}
	p := int(r.Ref - 1)
	if w.trace.on {
		w.tell("%v answers proposal %d: %v %d..%d %v", s.claim, p, r.Outcome, r.First, r.Last, r.Why)
	}
	i := slices.Index(s.open, p)
	if i < 0 {
		w.fail(CheckReply, "%v answers proposal %d, which is not open: %+v", s.claim, p, r)
		return
	}
	s.open = slices.Delete(s.open, i, i+1)
	q := &w.ledger.proposals[p]
	q.replied, q.reply = true, r
	w.countReply(r)
	switch r.Outcome {
	case replication.Applied:
		w.ledger.confirm(p)
	case replication.NotApplied:
		if q.written {
			w.fail(CheckNot, "%v answers proposal %d as not applied, and it was sent to be stored", s.claim, p)
		}
		if r.Why == replication.CauseNoSpace {
			s.tight = true
			s.checkNoSpace(p)
		}
	case replication.Unknown:
	default:
		w.fail(CheckReply, "%v answers proposal %d with %v", s.claim, p, r.Outcome)
	}
}

// settle checks what must hold between steps and lets go of a session that has
// ended.
func (s *session) settle(ticked bool) {
	w := s.world
	if ticked {
		for _, p := range s.open {
			if q := &w.ledger.proposals[p]; q.deadline != 0 && q.deadline < w.now {
				w.fail(CheckReply, "proposal %d was to be answered until %v", p, time.Duration(q.deadline))
			}
		}
	}
	if most := w.weights.heldMax(); s.writer.HeldBytes() > most {
		w.fail(CheckMemory, "%v holds %d bytes of entries, more than %d", s.claim, s.writer.HeldBytes(), most)
	}
	if s.phase != replication.Fenced && s.phase != replication.Failed && s.phase != replication.Closed {
		return
	}
	if len(s.open) > 0 {
		w.fail(CheckReply, "%v is %v and leaves proposals %v without an answer", s.claim, s.phase, s.open)
	}
	s.lost()
	if i := slices.Index(s.host.sessions, s); i >= 0 {
		s.host.sessions = slices.Delete(s.host.sessions, i, i+1)
	}
}

// giveUp tells the writer that it is not wanted any more. Only a release ends
// the trust in its lease: who hangs up may still have told others.
func (s *session) giveUp(release bool) {
	if s.world.trace.on {
		s.world.tell("%v is given up, release %v", s.claim, release)
	}
	if release {
		s.gaveUp = true
	}
	s.step(replication.GiveUp{Release: release})
}

func (w *world) countReply(r replication.Reply) {
	p := pathApplied
	switch {
	case r.Outcome == replication.NotApplied && r.Why == replication.CauseFenced:
		p = pathNotAppliedFenced
	case r.Outcome == replication.NotApplied && r.Why == replication.CauseNoQuorum:
		p = pathNotAppliedNoQuorum
	case r.Outcome == replication.NotApplied && r.Why == replication.CauseClosed:
		p = pathNotAppliedClosed
	case r.Outcome == replication.NotApplied && r.Why == replication.CauseFull:
		p = pathNotAppliedFull
	case r.Outcome == replication.NotApplied && r.Why == replication.CauseNoSpace:
		p = pathNotAppliedNoSpace
	case r.Outcome == replication.NotApplied && r.Why == replication.CauseMoved:
		p = pathNotAppliedMoved
	case r.Outcome == replication.Unknown && r.Why == replication.CauseFenced:
		p = pathUnknownFenced
	case r.Outcome == replication.Unknown && r.Why == replication.CauseClosed:
		p = pathUnknownClosed
	case r.Outcome == replication.Unknown && r.Why == replication.CauseTimeout:
		p = pathUnknownTimeout
	}
	w.took(p)
}
