package sim

import (
	"fmt"
	"slices"
	"time"

	"walle/replication"
)

// healing is the second phase: no faults any more, and progress is demanded.
type healing struct {
	world   *world
	began   instant
	stage   stage
	since   instant // when the stage began
	session *session
	first   int // its first proposal
	claims  int
	mode    replication.ClaimMode
	trimmed bool // its writer told all replicas of all trims
	room    mending
	missed  bool     // something was to be repaired
	away    []*host  // which stay down until the others have got on
	rival   *session // claims at the same time, while some are away
}

type stage uint8

const (
	stageAlone stage = iota // without a writer
	stageClaim
	stageRoom // all disks are nearly full
	stageAppend
	stageConverge
	stageDone
)

const (
	healLook     = 5 * time.Millisecond
	claimWithin  = 30 * time.Second
	appendWithin = 10 * time.Second
	settleWithin = 30 * time.Second
	aloneWithin  = 11 * time.Minute // replicas that lack nothing that they know of ask every ten minutes at least
	healGroups   = 5
)

// mend ends all faults and begins to demand progress.
func (w *world) mend() {
	g := &healing{world: w, began: w.now, since: w.now, mode: replication.ClaimForce}
	w.healing = g
	if w.trace.on {
		w.tell("faults end")
	}
	w.weights.on = 0
	w.weights.garble, w.weights.loss, w.weights.double, w.weights.spike, w.weights.tornStep, w.weights.aim = 0, 0, 0, 0, 0, 0
	for i := range w.outages {
		w.outages[i].end(w)
	}
	for _, h := range w.hosts {
		h.mendStorage()
		h.disk.silent = false // nobody promised to get on with disks that lie
		switch {
		case h.paused:
			w.schedule(0, event{kind: eventResume, host: int32(h.index), life: h.life})
		case !h.up:
			h.start()
		}
	}
	g.room = w.mendSpace()
	w.retire()
	g.leave()
	w.schedule(healLook, event{kind: eventHeal, host: -1})
}

// retire deals with the sessions of the fault phase: all give their lease back,
// all just go, or all stay and may get in the way.
func (w *world) retire() {
	how := w.rand.IntN(3)
	for _, s := range w.sessions {
		if s.alive() && how < 2 && !s.host.paused {
			s.giveUp(how == 0)
		}
	}
	alive := false
	for _, s := range w.sessions {
		alive = alive || s.alive() && !s.gaveUp
	}
	if w.healing.stage = stageClaim; !alive && w.rand.IntN(3) == 0 {
		w.healing.stage = stageAlone
	}
	if !alive && w.rand.IntN(2) == 0 {
		w.healing.mode = replication.ClaimWait
	}
}

// leave keeps a minority of the members away, as if for good, until the others have
// got on without them. What only these have in good order nobody could do without.
func (g *healing) leave() {
	w := g.world
	damaged := slices.ContainsFunc(w.hosts, func(h *host) bool { return len(h.disk.damaged) > 0 })
	if g.stage != stageClaim || g.room != mendAll || damaged || w.rand.IntN(3) > 0 {
		return
	}
	most := len(w.config.Members) - w.config.Quorum()
	for _, i := range w.rand.Perm(len(w.hosts)) {
		if h := w.hosts[i]; h.member && !h.paused && len(g.away) < most {
			h.crash()
			g.away = append(g.away, h)
		}
	}
}

// comeBack ends that.
func (g *healing) comeBack() {
	for _, h := range g.away {
		h.start()
	}
	g.away = nil
}

// look is called every few milliseconds.
func (g *healing) look() {
	w := g.world
	switch g.stage {
	case stageAlone:
		g.alone()
	case stageClaim:
		g.claim()
	case stageRoom:
		g.makeRoom()
	case stageAppend:
		g.append()
	case stageConverge:
		g.converge()
	}
	if g.stage != stageDone {
		w.schedule(healLook, event{kind: eventHeal, host: -1})
	}
}

func (g *healing) done() bool { return g.stage == stageDone }

// enter goes on to the next stage.
func (g *healing) enter(s stage) {
	g.stage, g.since = s, g.world.now
}

// late reports whether the stage has taken longer than it may.
func (g *healing) late(within time.Duration) bool {
	return g.world.now-g.since > instant(within)
}

// alone waits until replicas have repaired themselves as far as they can, while
// nobody writes.
func (g *healing) alone() {
	w := g.world
	missing, committed := "", replication.EntryID(0)
	for _, h := range w.hosts {
		if h.member {
			committed = max(committed, h.replica.Commit())
		}
	}
	for _, h := range w.hosts {
		if h.member && h.replica.Commit() < committed {
			g.missed = true
			missing = fmt.Sprintf("%v knows of commit %d, not %d", h.id, h.replica.Commit(), committed)
		}
		if h.member && len(h.disk.durable.state.Gaps) > 0 {
			if gap := h.disk.durable.state.Gaps[0]; w.someoneGives(h, gap) {
				g.missed = true
				missing = fmt.Sprintf("%v misses %v", h.id, gap)
			}
		}
	}
	switch {
	case slices.ContainsFunc(w.sessions, func(s *session) bool { return s.alive() }) || missing != "" && !g.late(aloneWithin):
	case missing != "":
		w.fail(CheckConverge, "%v after the faults, with nobody who writes: %s", aloneWithin, missing)
	default:
		if g.missed {
			w.took(pathAlone)
		}
		g.enter(stageClaim)
	}
}

// someoneGives reports whether a member other than h has all of gap, or has
// trimmed all of it, and whether h has room for what it fetches and can tell that
// it belongs there: what is damaged above the gap must wait until it is committed.
func (w *world) someoneGives(h *host, gap replication.Gap) bool {
	return !h.room.low && !h.disk.isDamaged(gap.Hi+1) && slices.ContainsFunc(w.hosts, func(other *host) bool {
		d := &other.disk.durable
		if other == h || !other.member || d.commit < gap.Hi {
			return false
		}
		for id := gap.Lo; id <= gap.Hi && d.state.First <= gap.Hi; id++ {
			if e := d.entry(id); e == nil || !other.gives(e) {
				return false
			}
		}
		return true
	})
}

func (g *healing) claim() {
	w := g.world
	switch s := g.session; {
	case s != nil && s.serving():
		w.coverage.LongestClaim = max(w.coverage.LongestClaim, int64(w.now-g.since))
		g.first = len(w.ledger.proposals)
		g.stage = stageAppend
		if g.room == mendTrim {
			g.stage = stageRoom
		}
	case g.rival != nil && g.rival.serving():
		g.session, g.rival = g.rival, g.session
	case g.late(claimWithin):
		w.fail(CheckProgress, "no claim succeeds within %v of healing; %d were tried", claimWithin, g.claims)
	case s == nil || !s.alive():
		h := w.hosts[w.rand.IntN(len(w.hosts))]
		if h.up && !h.paused {
			g.claims++
			g.session = w.open(h, g.mode, w.weights.leases[0], claimWithin)
		}
		if h := w.hosts[w.rand.IntN(len(w.hosts))]; h.up && !h.paused && len(g.away) > 0 && g.rival == nil {
			g.rival = w.open(h, g.mode, w.weights.leases[0], claimWithin)
		}
	}
}

// makeRoom trims what fills all disks. Groups are refused until then.
func (g *healing) makeRoom() {
	w := g.world
	full, all := 0, true
	for _, h := range w.hosts {
		if h.member && h.room.low {
			full++
		}
		all = all && (!h.member || h.room.low)
	}
	switch s := g.session; {
	case full == 0:
		w.giveRoom()
		g.first, g.stage = len(w.ledger.proposals), stageAppend
	case g.late(claimWithin + settleWithin):
		w.fail(CheckSpace, "%d disks are still nearly full %v after healing", full, claimWithin+settleWithin)
	case !s.alive():
		g.stage, g.session = stageClaim, nil
	case s.serving() && all && !s.tight && len(s.open) < healGroups:
		s.propose(w.group(), 0)
	case s.serving() && all && !s.tight:
		w.fail(CheckSpace, "%v takes groups %v, and all disks are full", s.claim, s.open)
	case s.serving():
		s.trimTo(w.ledger.frontier() + 1)
	}
}

// append waits until what was proposed is applied. A writer that stayed from
// the fault phase may take the stream over before: then all begins again, within
// the same time.
func (g *healing) append() {
	w := g.world
	applied := 0
	for _, q := range w.ledger.proposals[g.first:] {
		if q.replied && q.reply.Outcome == replication.Applied {
			applied++
		}
	}
	switch {
	case applied == healGroups:
		if g.session.serving() { // not every replica may have heard of every trim
			g.session.trimTo(w.ledger.trims + 1)
			g.trimmed = true
		}
		w.giveRoom()
		g.comeBack()
		g.enter(stageConverge)
	case g.late(claimWithin + appendWithin):
		w.fail(CheckProgress, "appends are not applied within %v of healing; %d of %d are", claimWithin+appendWithin, applied, healGroups)
	case !g.session.alive():
		g.stage, g.session = stageClaim, nil
	case g.session.serving() && len(g.session.open) == 0:
		g.session.propose(w.group(), 0)
	}
}

// converge waits until all members hold the same log and nobody waits for an
// answer.
func (g *healing) converge() {
	w := g.world
	for _, h := range w.hosts {
		h.scrub()
	}
	why := w.differences()
	if why == "" {
		w.coverage.LongestHeal = max(w.coverage.LongestHeal, int64(w.now-g.began))
		w.checkLogs()
		g.enter(stageDone)
		return
	}
	if g.late(settleWithin) {
		w.fail(CheckConverge, "%v after appends went through: %s", settleWithin, why)
	}
}

// differences says how replicas still differ, or "".
func (w *world) differences() string {
	known := w.ledger.frontier()
	first := replication.EntryID(0)
	for _, h := range w.hosts {
		if !h.member {
			continue
		}
		d := &h.disk.durable
		if first == 0 {
			first = d.state.First
		}
		switch {
		case h.replica.Commit() != known || d.tail() != known:
			return fmt.Sprintf("%v has commit %d, tail %d; committed is %d", h.id, h.replica.Commit(), d.tail(), known)
		case len(d.state.Gaps) > 0:
			return fmt.Sprintf("%v has gaps %v", h.id, d.state.Gaps)
		case len(h.disk.damaged) > 0:
			return fmt.Sprintf("%v has damaged entries %v", h.id, h.disk.damaged)
		case d.state.First != first && w.healing.trimmed:
			return fmt.Sprintf("%v keeps entries from %d, others from %d", h.id, d.state.First, first)
		}
	}
	for _, s := range w.sessions {
		if s.alive() && len(s.open) > 0 {
			return fmt.Sprintf("%v has not answered proposals %v", s.claim, s.open)
		}
	}
	return ""
}

// checkLogs compares every entry on every disk with what is committed, and
// every answer that clients got with the logs.
func (w *world) checkLogs() {
	for _, h := range w.hosts {
		if !h.member {
			continue
		}
		d := &h.disk.durable
		for id := d.state.First; id <= w.ledger.frontier(); id++ {
			e := d.entry(id)
			if e == nil || e.Chain != w.ledger.chain(id) {
				w.fail(CheckConverge, "%v has %v at %d, which is not what is committed", h.id, e, id)
				return
			}
			if _, _, ok := w.ledger.proposalOf(e); !ok {
				w.fail(CheckConverge, "%v has changed bytes at %d", h.id, id)
				return
			}
		}
	}
	for p := range w.ledger.proposals {
		q := &w.ledger.proposals[p]
		if q.replied && q.reply.Outcome == replication.Applied && q.place != q.reply.First {
			w.fail(CheckLost, "proposal %d was applied at %d and is now at %d", p, q.reply.First, q.place)
		}
	}
}
