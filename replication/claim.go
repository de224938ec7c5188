package replication

import (
	"time"
)

const (
	// claimRetry is how often unanswered questions of a claim are asked again.
	claimRetry = 100 * time.Millisecond
	// heldRetry is how often a waiting claim looks whether the stream is free.
	heldRetry = 100 * time.Millisecond
	// recoverPatience is how long one round waits for more of the log's end.
	recoverPatience = 2 * time.Second
	// riseDelay is how long a serving writer lets a claim that holds a minority
	// go on before it takes that minority back.
	riseDelay = courtesyTime + 100*time.Millisecond
	// backOffMin and backOffMax bound the pause after claims have met.
	backOffMin = 10 * time.Millisecond
	backOffMax = time.Second
)

// step is what a round is doing.
type step uint8

const (
	stepIdle       step = iota // no round under way
	stepBackOff                // waiting before the next round
	stepProbing                // asking who holds the stream, and which terms are taken
	stepPreparing              // collecting promises
	stepRecovering             // reading the end of the chosen log
	stepBeginning              // making a majority's logs the chosen one
)

func (s step) String() string {
	return [...]string{"idle", "backing off", "probing", "preparing", "recovering", "beginning"}[s]
}

// round is one attempt at a term.
type round struct {
	step    step
	at      Time // when to go on without further answers
	giveUp  Time // preparing: when to count unread logs again; recovering: when to start over
	attempt int
	probes  int  // how often the members were asked
	seen    Term // the greatest term heard of
	chosen  Promise
	source  int     // recovering: which peer is asked
	denials int     // recovering: how many in a row could not give what they were asked for
	rest    []Entry // recovering: what is read so far, the end of the chosen log
}

// roundOn goes on with the round when its time has come.
func (w *Writer) roundOn(now Time, out *Output) {
	switch w.round.step {
	case stepIdle, stepBackOff:
		if w.phase == Claiming {
			w.probe(now, out)
		} else {
			w.rise(now, out)
		}
	case stepProbing:
		w.probe(now, out)
	case stepPreparing:
		w.prepareAgain(now, out)
	case stepRecovering:
		if now >= w.round.giveUp {
			w.unread()
			w.backOff(now)
			return
		}
		w.round.source++
		w.round.denials = 0
		w.fetchRest(now, out)
	case stepBeginning: // serve keeps sending Begin
		w.round.at = now.Add(recoverPatience)
		w.startOver(now)
	}
}

// noWaitRounds is how often a claim that does not wait asks the members, before
// it takes their silence, or their disagreement, for a no.
const noWaitRounds = 10

// probe asks all members how the stream stands. It disturbs nobody.
func (w *Writer) probe(now Time, out *Output) {
	if w.round.probes++; w.cfg.Mode == ClaimNoWait && w.round.probes > noWaitRounds {
		w.phase = Failed
		return
	}
	w.round.step, w.round.at = stepProbing, now.Add(claimRetry)
	for i := range w.peers {
		p := &w.peers[i]
		p.status = nil
		w.send(p, Probe{}, out)
	}
}

// probed counts the answers. With a majority that is free to promise, or a mode
// that does not ask, the round goes on; a majority that is held decides as well.
func (w *Writer) probed(now Time, p *peer, m Status, out *Output) {
	if w.round.step != stepProbing {
		return
	}
	p.status = &m
	w.round.seen = max(w.round.seen, m.Promised)
	answered, held := 0, 0
	var shortest time.Duration
	for i := range w.peers {
		s := w.peers[i].status
		if s == nil {
			continue
		}
		answered++
		if s.Remaining > 0 && s.Claim != w.cfg.Claim && w.cfg.Mode != ClaimForce {
			held++
			if shortest == 0 || s.Remaining < shortest {
				shortest = s.Remaining
			}
			w.refusal = Refused{Reason: RefusedLease, Promised: s.Promised, Claim: s.Claim, Holder: s.Holder, Remaining: s.Remaining}
		}
	}
	switch {
	case answered-held >= w.cfg.Config.Quorum():
		w.prepare(now, out)
	case held > len(w.peers)-w.cfg.Config.Quorum():
		w.heldBack(now, min(shortest, heldRetry), out)
	}
}

// heldBack ends a round because another holds the stream.
func (w *Writer) heldBack(now Time, wait time.Duration, out *Output) {
	if w.cfg.Mode == ClaimNoWait {
		w.phase = Failed
		return
	}
	w.round.step = stepBackOff
	w.round.at = now.Add(wait + w.jitter(5*time.Millisecond))
}

// prepare asks for a term of its own, greater than any heard of.
func (w *Writer) prepare(now Time, out *Output) {
	w.term = max(w.term, w.round.seen) + 1
	w.round.step, w.round.at = stepPreparing, now.Add(claimRetry)
	w.round.giveUp = now.Add(recoverPatience)
	w.round.rest = nil
	for i := range w.peers {
		p := &w.peers[i]
		*p = peer{node: p.node, leaseFrom: p.leaseFrom, unread: p.unread}
		w.sendPrepare(p, out)
	}
}

// sendPrepare asks p for its promise. With a majority behind it the writer asks
// a straggler by force: else one that an old writer still reaches, and nobody
// else does, would stay with that writer for ever.
func (w *Writer) sendPrepare(p *peer, out *Output) {
	force := w.cfg.Mode == ClaimForce && w.phase == Claiming || w.serving() && w.opened()
	w.send(p, Prepare{Term: w.term, Holder: w.cfg.Holder, Lease: w.cfg.Lease, Force: force}, out)
}

// promised counts promises; a majority decides the round. Later ones join it.
func (w *Writer) promised(now Time, p *peer, m Promise, out *Output) {
	if m.Term != w.term || p.promise != nil || w.round.step != stepPreparing && w.round.step != stepRecovering && !w.opened() {
		return
	}
	p.promise = &m
	if m.Base.ID >= w.base.ID {
		w.base = mark{m.Base, m.BaseAt}
		w.first = max(w.first, m.Base.ID+1)
	}
	p.refused, p.refusedBy = 0, ClaimID{}
	if w.round.step != stepPreparing {
		p.retryAt, w.dirty = 0, true // Begin goes out with the next Tick
		return
	}
	w.count(now, out)
}

// count goes on once a majority has promised. Logs that could not be read do not
// make up a majority: nobody can tell what is in them.
func (w *Writer) count(now Time, out *Output) {
	n := 0
	for i := range w.peers {
		if p := &w.peers[i]; p.promise != nil && !p.unread {
			n++
		}
	}
	switch {
	case n < w.cfg.Config.Quorum():
	case w.phase == Claiming:
		w.choose(now, out)
	case w.overtaken():
		w.fence(out)
	default:
		w.begin(now) // the log is this writer's own already
	}
}

// prepareAgain asks those that have not answered. If no other majority comes
// together within a while, logs that could not be read are given another try.
func (w *Writer) prepareAgain(now Time, out *Output) {
	w.round.at = now.Add(claimRetry)
	for i := range w.peers {
		if p := &w.peers[i]; p.promise == nil {
			w.sendPrepare(p, out)
		}
	}
	if now < w.round.giveUp {
		return
	}
	if w.cfg.Mode == ClaimNoWait && w.phase == Claiming {
		w.phase = Failed
		return
	}
	w.round.giveUp = now.Add(recoverPatience)
	for i := range w.peers {
		w.peers[i].unread = false
	}
	w.count(now, out)
	if w.round.step == stepPreparing {
		w.startOver(now)
	}
}

// startOver ends a round that has waited long enough if some replica has promised
// another that term, or a greater one: it will never obey this one, and those that
// are silent may be so for good (testdata/claim/halves_and_dead).
func (w *Writer) startOver(now Time) {
	for i := range w.peers {
		if w.peers[i].refused == RefusedTerm {
			if w.serving() {
				w.riseLater(now)
			} else {
				w.backOff(now)
			}
			return
		}
	}
}

// unread notes that the chosen log could not be read from those that hold it: a
// replica that hangs, or whose disk has lost an entry. The next round looks for
// a majority without them.
func (w *Writer) unread() {
	for i := range w.peers {
		if p := &w.peers[i]; p.promise != nil && p.promise.Tail == w.round.chosen.Tail {
			p.unread = true
		}
	}
}

// overtaken reports whether another writer has begun since: of any majority, at
// least one replica then has a log of a greater term than this writer's. Rising
// over it would drop what that writer committed.
func (w *Writer) overtaken() bool {
	own := w.history[len(w.history)-1].Term
	for i := range w.peers {
		if m := w.peers[i].promise; m != nil && m.History.LastTerm(m.Tail.ID) > own {
			return true
		}
	}
	return false
}

// refused takes a no. It is final for this round and replica; whether for the
// round depends on how many are left.
func (w *Writer) refused(now Time, p *peer, m Refused, out *Output) {
	w.round.seen = max(w.round.seen, m.Promised)
	if m.Reason == RefusedUnknown || m.Reason == RefusedConfig || m.Reason == RefusedDamaged {
		// The catalog's news has not reached that node, or this one, yet: asking
		// goes on. A damaged replica is one that does not answer.
		if w.refusal.Reason == 0 {
			w.refusal = m
		}
		return
	}
	if m.Term != w.term || m.Claim == w.cfg.Claim {
		return
	}
	if w.phase == Claiming && (w.round.step == stepProbing || w.round.step == stepBackOff) {
		return // that round is over
	}
	w.refusal, p.refusedBy = m, m.Claim
	if w.serving() && w.fencedBy(m.Claim) {
		w.fence(out)
		return
	}
	if m.Reason == RefusedLease && w.opened() {
		return // an older lease: that replica is asked again until it has run out
	}
	p.refused = m.Reason
	switch lost := w.refusals() > len(w.peers)-w.cfg.Config.Quorum(); {
	case w.serving() && w.round.step == stepIdle:
		// Perhaps a claim is on its way to a majority, perhaps it died: ask the
		// others at once, and wait before taking this one back.
		w.hurry()
		w.riseLater(now)
	case !lost:
	case w.serving():
		w.riseLater(now)
	case m.Reason == RefusedLease:
		w.heldBack(now, min(m.Remaining, heldRetry), out)
	default:
		w.backOff(now)
	}
}

// refusals counts the replicas that take no part in the term.
func (w *Writer) refusals() int {
	n := 0
	for i := range w.peers {
		if w.peers[i].refused != 0 {
			n++
		}
	}
	return n
}

// fencedBy reports whether a majority has promised itself to claim c.
func (w *Writer) fencedBy(c ClaimID) bool {
	n := 0
	for i := range w.peers {
		if w.peers[i].refusedBy == c && !c.IsZero() {
			n++
		}
	}
	return n >= w.cfg.Config.Quorum()
}

// opened reports whether the term has begun: its history stands, and replicas
// that promise are sent Begin.
//
// A rise that failed leaves the writer without a term: the one it had is given
// up, the one it tried may be another's (I1).
func (w *Writer) opened() bool {
	n := len(w.history)
	return n > 0 && w.history[n-1].Term == w.term && (w.serving() || w.round.step == stepBeginning)
}

// backOff ends a round; the next begins after a pause that grows and differs
// between claimants.
func (w *Writer) backOff(now Time) {
	w.round.attempt++
	pause := backOffMin << min(w.round.attempt, 7)
	w.round.step = stepBackOff
	w.round.at = now.Add(min(pause, backOffMax)/2 + w.jitter(min(pause, backOffMax)))
}

// jitter is a time below d that differs between claims and attempts. It is a
// function of the claim's random nonce: the machine itself has no chance.
func (w *Writer) jitter(d time.Duration) time.Duration {
	h := mix(w.cfg.Claim.Nonce, uint64(w.round.attempt)<<32|uint64(w.term))
	return time.Duration(h % uint64(d))
}

// rise takes a new term for a writer that serves, since a minority has promised
// a greater one to a claim that did not come through. Its log stays; entries
// keep their terms; the lease is its own, so nobody needs to wait for it.
func (w *Writer) rise(now Time, out *Output) {
	w.prepare(now, out)
}

// riseLater leaves the claim that was met some time to come through or die.
func (w *Writer) riseLater(now Time) {
	w.round.attempt++
	w.round.step, w.round.at = stepBackOff, now.Add(riseDelay+w.jitter(riseDelay))
}

// begin opens the term: from here on entries belong to it. Replicas that
// promised are sent Begin by serve.
func (w *Writer) begin(now Time) {
	w.start = w.window.tail() + 1
	w.history = w.history.UpTo(w.window.tail()).Extend(w.term, w.start)
	must(w.history.check() == nil, "I2", "stream %d: %v", w.cfg.Stream, w.history)
	w.round.step, w.round.at = stepBeginning, now.Add(recoverPatience)
	w.dirty = true
	for i := range w.peers {
		if p := &w.peers[i]; p.refused == RefusedLease {
			p.refused = 0 // it may join once that lease has run out
		}
	}
}

// serving reports whether the writer has been the writer, and is not yet known
// to be fenced.
func (w *Writer) serving() bool { return w.phase == Serving || w.phase == Releasing }
