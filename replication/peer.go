package replication

import (
	"time"
)

const (
	// resendAfter is how long a replica may leave something unanswered before it
	// is asked whether it got it; doubled each time, up to resendMax.
	resendAfter = 100 * time.Millisecond
	resendMax   = time.Second
	// commitDelay is how long an idle writer waits for an append to carry the
	// commit along, before it sends it alone.
	commitDelay = time.Millisecond
	// releasePatience bounds how long a release waits for what is in flight and
	// for the replicas' answers; after it, the lease runs out by itself.
	releasePatience = 2 * time.Second
	// quorumPatience is how long nothing may commit before new groups are refused
	// instead of joining those that wait.
	quorumPatience = 3 * time.Second
	// heartbeatMin bounds heartbeats for very short leases.
	heartbeatMin = 20 * time.Millisecond
	// beatMax bounds by how much a heartbeat is early for the sake of company.
	beatMax = 50 * time.Millisecond
)

// peer is what a writer knows of one member in the term under way.
type peer struct {
	node      NodeID
	status    *Status  // probing: its answer
	promise   *Promise // its promise of the term
	unread    bool     // the last round could not read its log
	refused   Reason   // why it takes no part in the term; 0 if it may
	refusedBy ClaimID  // whose it is
	released  bool     // it took the lease back

	following bool    // its log is a prefix of the writer's
	flush     EntryID // durable there
	flushEnd  uint64  // the window's offset at flush, or at a point below
	sent      reach   // a point that was sent, or jumped to, and is to be durable next
	next      EntryID // the next entry to send
	commit    EntryID // the commit last sent
	rewound   Time    // when next last went back
	rewinding bool    // one Append until it connects again
	resent    bool    // that one is sent
	full      bool    // its disk is nearly full
	askFullAt Time    // not before: asking whether it still is

	leaseFrom   Time // when the newest message that it answered was sent
	retryAt     Time // when to ask again about what is unanswered
	tries       int
	heartbeatAt Time
	releaseAt   Time // when to send Release (again)
}

// reach is a point of the log and its offset in the window, which may have
// forgotten it.
type reach struct {
	id  EntryID
	end uint64
}

// peerDue is when serve has something to do for p that no input announces.
func (w *Writer) peerDue(p *peer) Time {
	switch {
	case !w.opened() || p.refused != 0:
		return Never
	case !p.following:
		return p.retryAt
	}
	d := p.heartbeatAt
	if w.releasable(p) {
		d = min(d, p.releaseAt)
	}
	if p.flush+1 < p.next {
		d = min(d, p.retryAt)
	}
	if p.commit < w.commit {
		d = min(d, w.commitDue(p))
	}
	return d
}

// commitDue is when p is to learn of the commit. The replica beside the writer
// learns at once: a session that reads what it wrote is likely to read there.
func (w *Writer) commitDue(p *peer) Time {
	if p.node == w.cfg.Self {
		return 0
	}
	return w.committedAt.Add(commitDelay)
}

// serve sends p what it lacks.
func (w *Writer) serve(now Time, p *peer, out *Output) {
	switch {
	case !w.opened() || p.refused != 0:
	case p.promise == nil:
		if now >= p.retryAt {
			p.again(now)
			w.sendPrepare(p, out)
		}
	case !p.following:
		if now >= p.retryAt {
			p.again(now)
			w.send(p, w.beginFor(now, p), out)
		}
	default:
		w.sendEntries(now, p, out)
		w.heartbeat(now, p, out)
		if w.releasable(p) && now >= p.releaseAt {
			p.releaseAt = now.Add(resendAfter)
			w.send(p, Release{Term: w.term}, out)
		}
	}
}

// beginFor makes the Begin for p. It says where p's log parts from this one: the
// replica may not be able to read that any more.
func (w *Writer) beginFor(now Time, p *peer) Begin {
	m := Begin{Term: w.term, History: w.history, Base: w.base.Position, BaseAt: w.base.at, Commit: w.commit, SentAt: now}
	parts := Common(p.promise.History, p.promise.Tail.ID, w.history, w.start-1)
	m.Mark, m.MarkAt = w.window.position(max(parts, w.window.base.ID))
	return m
}

// releasable reports whether p is to be given its lease back now.
func (w *Writer) releasable(p *peer) bool {
	return w.phase == Releasing && len(w.queue.waiting) == 0 && !p.released
}

// await makes id, at end, the point that is to be durable next, unless another is.
func (p *peer) await(id EntryID, end uint64) {
	if p.sent.id <= p.flush {
		p.sent = reach{id, end}
	}
}

// again puts the next try off, longer each time.
func (p *peer) again(now Time) {
	p.retryAt = now.Add(min(resendAfter<<min(p.tries, 6), resendMax))
	p.tries++
}

// sendEntries sends what p lacks, as far as its share of memory goes: a replica
// that hangs holds up nobody, and nothing grows for it.
func (w *Writer) sendEntries(now Time, p *peer, out *Output) {
	for p.next <= w.window.tail() && w.window.offset(p.next-1) < p.flushEnd+uint64(w.cfg.Limits.Peer) {
		if p.rewinding && p.resent || w.spared(p) {
			return
		}
		idle := p.flush+1 == p.next
		m := w.appendTo(now, p)
		m.Entries = w.batch(p.next)
		p.next += EntryID(len(m.Entries))
		w.maxSent = max(w.maxSent, p.next-1)
		p.await(p.next-1, w.window.offset(p.next-1))
		w.sendAppend(now, p, m, out)
		if idle {
			p.tries = 0
			p.again(now)
		}
		p.resent = true
	}
}

// batch is the next entries to send from next on. Replicas in step are sent the
// same slice.
func (w *Writer) batch(next EntryID) []Entry {
	if len(w.shared) == 0 || w.shared[0].ID != next {
		w.shared = w.window.batch(next, w.cfg.Limits.Batch)
	}
	return w.shared
}

// heartbeat renews the lease, asks after what was not answered, and brings the
// commit to an idle replica: when one of these is due.
func (w *Writer) heartbeat(now Time, p *peer, out *Output) {
	unanswered := p.flush+1 < p.next && now >= p.retryAt
	untold := p.commit < w.commit && (now >= w.commitDue(p) || w.releasable(p))
	if !unanswered && !untold && now < p.heartbeatAt {
		return
	}
	if unanswered {
		p.again(now)
	}
	w.sendAppend(now, p, w.appendTo(now, p), out)
}

// appendTo starts an Append for p: where it goes on, or jumps to.
func (w *Writer) appendTo(now Time, p *peer) Append {
	m := Append{Term: w.term, Commit: w.commit, First: w.first, SentAt: now}
	if p.next <= w.window.base.ID {
		p.next, m.Jump = w.window.base.ID+1, true
		p.await(w.window.base.ID, w.window.baseEnd)
	}
	m.Prev, m.PrevAt = w.window.position(p.next - 1)
	return m
}

func (w *Writer) sendAppend(now Time, p *peer, m Append, out *Output) {
	p.commit = m.Commit
	p.heartbeatAt = Never
	if !w.cfg.Quiet || w.phase == Claiming { // until it serves, a lease must not run out for want of luck
		p.heartbeatAt = onBeat(now.Add(max(w.cfg.Lease/4, heartbeatMin)), w.cfg.Lease)
	}
	w.send(p, m, out)
}

// onBeat is the last beat before t. All writers of a node have the same beats: what
// renews thousands of idle leases is due at one time, and goes out in one message.
func onBeat(t Time, lease time.Duration) Time {
	return t - t%Time(max(1, min(lease/16, beatMax)))
}

// appended takes a replica's word of how far it has come.
func (w *Writer) appended(now Time, p *peer, m Appended, out *Output) {
	if m.Term != w.term || p.promise == nil || !w.opened() {
		return
	}
	if m.Flush > m.Tail || m.Tail > w.window.tail() {
		violated("I3", "stream %d: %v says %v of a log that ends at %d", w.cfg.Stream, p.node, m, w.window.tail())
	}
	p.leaseFrom = max(p.leaseFrom, m.SentAt)
	switch {
	case !p.following:
		p.following, p.flush, p.next = true, m.Flush, m.Flush+1
		p.flushEnd = w.window.offset(m.Flush)
		p.tries, p.retryAt, p.heartbeatAt = 0, Never, 0
		w.dirty = true
	case m.Flush > p.flush:
		p.flush = m.Flush
		switch {
		case m.Flush >= w.window.base.ID:
			p.flushEnd = w.window.offset(m.Flush)
		case m.Flush >= p.sent.id:
			p.flushEnd = p.sent.end
		}
		p.tries = 0
		p.again(now)
	}
	p.full = m.Full
	w.follow(now, p, m)
	if p.next <= w.window.tail() {
		w.dirty = true
	}
	w.advance(now, out)
}

// follow corrects what is to be sent next by what p says it has received.
func (w *Writer) follow(now Time, p *peer, m Appended) {
	switch {
	case !m.Hole:
		p.next = max(p.next, m.Tail+1)
		if m.Tail+1 >= p.next {
			p.rewinding = false
		}
	case m.Tail+1 < p.next && (!p.rewinding || now >= p.rewound.Add(resendAfter)):
		// Something was lost. What was sent after it is refused as well: of all
		// these refusals only the first makes the writer go back.
		// What it has received before and not made durable counts for its share still.
		p.next, p.rewound, p.rewinding, p.resent = m.Tail+1, now, true, false
		if p.next <= w.window.base.ID {
			p.heartbeatAt = 0 // jumps there, though its share be used up
		}
	}
}

// advance takes in a new acknowledgement: the lease grows, the commit rises, the
// claim is complete.
func (w *Writer) advance(now Time, out *Output) {
	q := w.cfg.Config.Quorum()
	flushes, leases := make([]EntryID, 0, 8), make([]Time, 0, 8)
	for i := range w.peers {
		if p := &w.peers[i]; p.following {
			flushes = append(flushes, p.flush)
			leases = append(leases, p.leaseFrom)
		}
	}
	if len(flushes) < q {
		return
	}
	w.validUntil = max(w.validUntil, quorumth(leases, q).Add(w.cfg.Lease*3/4))
	c := quorumth(flushes, q)
	if c+1 < w.start {
		return // a majority does not hold all of the log this term goes on from (I5)
	}
	if w.round.step == stepBeginning && now < w.validUntil {
		w.roundDone(now)
	}
	if c > w.commit {
		w.commit, w.committedAt = c, now
		w.queue.commit(c, out)
	}
	w.forget(w.cfg.Limits.Keep)
}

// roundDone makes the claim the writer, or ends its rise.
func (w *Writer) roundDone(now Time) {
	w.round = round{seen: w.round.seen, at: Never}
	if w.phase == Claiming {
		w.phase = Serving
		w.committedAt = now
	}
	w.refusal = Refused{}
	for i := range w.peers {
		w.peers[i].unread = false
	}
	if w.refusals() > 0 {
		w.riseLater(now)
	}
}

// forget drops committed entries that every replica has. A replica that is
// behind holds back only the newest keep bytes.
func (w *Writer) forget(keep int) {
	to := w.commit
	for i := range w.peers {
		to = min(to, w.peers[i].flush)
	}
	to = max(to, w.window.base.ID)
	for to < w.commit && w.window.between(to, w.commit) > keep {
		to = w.window.groupEnd(to + 1) // who jumps to base must not land in a group (I7)
	}
	w.window.forget(to)
}

// propose puts a group at the end of the log, or says at once that it does not.
func (w *Writer) propose(now Time, in Propose, out *Output) {
	if why := w.refuses(now, in); why != CauseNone {
		if why == CauseNoSpace {
			w.askFull(now)
		}
		out.Replies = append(out.Replies, Reply{Ref: in.Ref, Outcome: NotApplied, Why: why})
		return
	}
	w.lastAt = max(w.lastAt, in.Wall)
	t := w.history.TermAt(w.Next())
	if len(w.queue.waiting) == 0 {
		w.committedAt = now
	}
	first := w.Next()
	for i, data := range in.Payloads {
		w.window.push(Entry{Term: t, AppendedAt: w.lastAt, GroupEnd: i == len(in.Payloads)-1, Data: data})
	}
	w.queue.push(proposal{ref: in.Ref, first: first, last: w.window.tail(), at: w.lastAt, term: t, deadline: in.Deadline})
	w.dirty = true
}

// refuses says why a group can't be taken now.
func (w *Writer) refuses(now Time, in Propose) Cause {
	size := 0
	for _, d := range in.Payloads {
		size += len(d)
	}
	stuck := len(w.queue.waiting) > 0 && now > w.committedAt.Add(quorumPatience)
	switch {
	case w.phase == Fenced:
		return CauseFenced
	case w.phase == Claiming:
		return CauseNoQuorum
	case w.phase != Serving || len(in.Payloads) == 0:
		return CauseClosed
	case in.First != 0 && in.First != w.Next():
		return CauseMoved
	case w.window.bytes(w.commit)+size > w.cfg.Limits.Window && len(w.queue.waiting) > 0:
		return CauseFull
	case w.noSpace(), stuck && w.full() > 0:
		return CauseNoSpace
	case stuck, !w.cfg.Quiet && now > w.validUntil:
		return CauseNoQuorum
	}
	return CauseNone
}
