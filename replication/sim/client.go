package sim

import (
	"time"

	"walle/replication"
)

// client is an application: it claims the stream now and then, appends while it
// has it, and gives it back or just goes.
type client struct {
	world   *world
	index   int
	session *session
}

// act does one thing and comes back later.
func (c *client) act() {
	w := c.world
	if w.healing != nil {
		return
	}
	w.schedule(between(w.rand, 0, 2*w.weights.pace), event{kind: eventClient, host: -1, ref: uint64(c.index)})
	if c.session != nil && !c.session.alive() {
		c.session = nil
	}
	switch s := c.session; {
	case s == nil:
		c.maybeClaim()
	case s.host.paused: // what is sent to it waits
	case s.serving():
		c.use(s)
	case s.claimBy < w.now || w.chance(0.01): // tired of waiting
		c.leave(false)
	}
}

// leave gives the session up. Proposals that come too late are answered too.
func (c *client) leave(release bool) {
	c.session.giveUp(release)
	if c.session.serving() && c.world.chance(0.1) {
		c.session.propose(c.world.group(), 0)
	}
	c.session = nil
}

// maybeClaim claims if nobody seems to serve, or to compete.
func (c *client) maybeClaim() {
	w := c.world
	h := w.hosts[w.rand.IntN(len(w.hosts))]
	if !h.up || h.paused {
		return
	}
	if w.chance(0.1) {
		w.ask(h)
	}
	if w.weights.trim > 0 && w.chance(0.05) {
		w.askTrim(h)
	}
	busy, half := false, false
	for _, other := range w.clients {
		busy = busy || other.session != nil && other.session.alive()
	}
	if busy {
		if !w.chance(w.weights.compete) {
			return
		}
		w.struck(FaultCompete)
		half = w.chance(0.5)
	}
	mode := replication.ClaimForce
	switch {
	case w.chance(w.weights.wait):
		mode = replication.ClaimWait
	case w.chance(w.weights.noWait):
		mode = replication.ClaimNoWait
	}
	lease := w.weights.leases[w.rand.IntN(len(w.weights.leases))]
	if half {
		w.openHalf(h, lease)
		return
	}
	c.session = w.open(h, mode, lease, w.weights.patience)
}

// openHalf starts a claim that dies half-way: one member promises, and nobody
// else hears of it. The living writer has to deal with that.
func (w *world) openHalf(h *host, lease time.Duration) {
	s := w.open(h, replication.ClaimForce, lease, w.weights.patience)
	s.half = w.config.Members[w.rand.IntN(len(w.config.Members))]
	w.schedule(10*w.weights.delayMax, event{kind: eventAbandon, host: -1, ref: uint64(s.index)})
}

// use does something with a stream that is ours.
func (c *client) use(s *session) {
	w := c.world
	if len(s.open) > 0 || w.chance(0.5) {
		w.leases.read(s)
	}
	if w.chance(0.05) {
		w.ask(s.host)
	}
	switch {
	case w.chance(w.weights.release):
		c.leave(true)
	case w.chance(w.weights.drop):
		w.struck(FaultDrop)
		c.leave(false)
	case s.tight && w.chance(0.5): // make room
		s.tight = false
		s.trimTo(s.writer.Commit() + 1)
	case w.chance(w.weights.trim):
		w.struck(FaultTrim)
		s.trim()
	case s.quiet && w.chance(0.3):
		s.step(replication.Renew{})
	default:
		for range 1 + w.rand.IntN(w.weights.burst) {
			if !s.serving() || w.failure != nil {
				return
			}
			s.propose(w.group(), w.weights.proposalDeadline)
		}
	}
}

// trim asks to drop a prefix, now and then one that is not committed yet.
func (s *session) trim() {
	w := s.world
	first := replication.EntryID(w.rand.Uint64N(uint64(s.writer.Commit())+2)) + 1
	s.trimTo(first)
	if first%4 == 0 { // the memory of its owner may be short at any time
		s.step(replication.LetGo{Keep: int(first)})
	}
}

func (s *session) trimTo(first replication.EntryID) {
	w := s.world
	w.ledger.trims = max(w.ledger.trims, first-1)
	if w.trace.on {
		w.tell("%v is asked to trim below %d", s.claim, first)
	}
	s.step(replication.TrimTo{First: first})
}

// group makes the payloads of the next proposal.
func (w *world) group() [][]byte {
	p, n := len(w.ledger.proposals), 1+w.rand.IntN(w.weights.groupMax)
	g := make([][]byte, n)
	for i := range g {
		g[i] = payload(p, i, n, filler[:w.rand.IntN(w.weights.payloadMax)])
	}
	return g
}

var filler = make([]byte, 1<<16)

// outage draws how long something is broken.
func (w *world) outage() time.Duration { return between(w.rand, 0, w.weights.outageMax) }
