package sim

import (
	"math/bits"
	"slices"
	"time"

	"walle/replication"
)

// outage is something that is broken until it ends.
type outage struct {
	links []int // that are cut
	slow  *host // whose disk is slow
	full  *host // whose disk others fill
}

func (o *outage) end(w *world) {
	if o.links == nil && o.slow == nil && o.full == nil {
		return // the faults ended before it
	}
	for _, l := range o.links {
		w.links[l].cut--
	}
	if o.slow != nil {
		o.slow.disk.slow = 0
	}
	if o.full != nil {
		o.full.room.others = 0
		o.full.watchSpace()
	}
	if w.trace.on {
		w.tell("an outage of links %v, of a disk %v, of space %v ends", o.links, o.slow != nil, o.full != nil)
	}
	*o = outage{}
}

// begin lets o last for d.
func (w *world) begin(o outage, d time.Duration) {
	for _, l := range o.links {
		w.links[l].cut++
	}
	w.outages = append(w.outages, o)
	w.schedule(d, event{kind: eventRepair, host: -1, ref: uint64(len(w.outages) - 1)})
}

// struck counts a fault.
func (w *world) struck(f Fault) {
	if f != 0 {
		w.coverage.Faults[bits.Len32(uint32(f))-1]++
	}
}

// faultPause is how long until the next fault.
func (w *world) faultPause() time.Duration { return between(w.rand, 0, 2*w.weights.faultEvery) }

// clockFaults are those that strike by the clock.
const clockFaults = FaultPartition | FaultOneWay | FaultCrash | FaultCrashMany | FaultPause | FaultSlowDisk | FaultDamage | FaultWall |
	FaultPartial | FaultFill | FaultRot

// strike makes one fault of the kinds that this run has.
func (w *world) strike() {
	if w.healing != nil {
		return
	}
	w.schedule(w.faultPause(), event{kind: eventFault, host: -1})
	kinds := w.weights.on & clockFaults
	n := bits.OnesCount32(uint32(kinds))
	if n == 0 {
		return
	}
	for range w.rand.IntN(n) {
		kinds &= kinds - 1
	}
	kind := kinds & -kinds
	w.struck(kind)
	h := w.hosts[w.rand.IntN(len(w.hosts))]
	switch kind {
	case FaultPartition:
		w.partition(false)
	case FaultOneWay:
		w.partition(true)
	case FaultCrash:
		h.outage(w.outage())
	case FaultCrashMany:
		w.crashMany()
	case FaultPause:
		h.pause(w.outage())
	case FaultSlowDisk:
		h.disk.slow = logFloat(w.rand, 3, 300)
		w.begin(outage{slow: h}, w.outage())
	case FaultDamage:
		w.damage(h)
		h.scrub()
	case FaultWall:
		h.wallSkew = between(w.rand, -24*time.Hour, 24*time.Hour)
	case FaultPartial:
		w.cutPairs()
	case FaultFill:
		h.fill()
	case FaultRot:
		w.rot(h)
		h.scrub()
	}
}

// outage crashes the host for d.
func (h *host) outage(d time.Duration) {
	h.crash()
	h.world.schedule(d, event{kind: eventRestart, host: int32(h.index), life: h.life})
}

// crashMany crashes a majority, or all, at one time.
func (w *world) crashMany() {
	all := w.rand.IntN(2) == 0
	together := w.rand.IntN(2) == 0
	d := w.outage()
	for _, h := range w.hosts {
		if !h.up || !all && w.rand.IntN(3) == 0 {
			continue
		}
		if !together {
			d = w.outage()
		}
		h.outage(d)
	}
	if !slices.ContainsFunc(w.hosts, func(h *host) bool { return h.up }) {
		w.took(pathAllDown)
	}
}

// partition cuts links: of one host, of a random half, or all of a writer's but
// those to one member, so that what it appends stays with few.
func (w *world) partition(oneWay bool) {
	n := len(w.hosts)
	side := make([]bool, n)
	spare := -1
	switch w.rand.IntN(3) {
	case 0:
		side[w.rand.IntN(n)] = true
	case 1:
		for i := range side {
			side[i] = w.rand.IntN(2) == 0
		}
	case 2:
		h := w.writerHost()
		side[h.index] = true
		spare = w.rand.IntN(n)
	}
	w.cut(side, spare, oneWay)
	if w.weights.on&FaultCompete != 0 && w.rand.IntN(2) == 0 {
		w.claimNow() // on the other side, perhaps
	}
}

// cut severs one side from the other, except the links of spare.
func (w *world) cut(side []bool, spare int, oneWay bool) {
	n := len(w.hosts)
	back := oneWay && w.rand.IntN(2) == 0
	var o outage
	for from := range n {
		for to := range n {
			if side[from] == side[to] || from == spare || to == spare {
				continue
			}
			if oneWay && side[from] == back {
				continue
			}
			o.links = append(o.links, from*n+to)
		}
	}
	d := w.outage()
	if w.trace.on {
		w.tell("links %v are cut for %v", o.links, d)
	}
	w.begin(o, d)
}

// cutPairs cuts single pairs of hosts off from each other: who can't reach whom
// differs from host to host.
func (w *world) cutPairs() {
	n := len(w.hosts)
	var o outage
	for a := range n {
		for b := range a {
			if w.rand.IntN(3) == 0 {
				o.links = append(o.links, a*n+b, b*n+a)
			}
		}
	}
	d := w.outage()
	if w.trace.on {
		w.tell("links %v are cut for %v", o.links, d)
	}
	w.begin(o, d)
}

// writerHost is where a writer serves, or anywhere.
func (w *world) writerHost() *host {
	for i := len(w.sessions) - 1; i >= 0 && i >= len(w.sessions)-8; i-- {
		if w.sessions[i].serving() {
			return w.sessions[i].host
		}
	}
	return w.hosts[w.rand.IntN(len(w.hosts))]
}

// damage makes a committed entry of a host's disk unreadable, one that every
// other member has in good order.
func (w *world) damage(h *host) {
	d := &h.disk.durable
	if len(d.entries) < 2 || len(w.config.Members) == 1 {
		return
	}
	id := d.low + replication.EntryID(w.rand.IntN(len(d.entries)-1))
	if h.broken || !w.mayLose(h, id) {
		return
	}
	if w.trace.on {
		w.tell("entry %d of %v is damaged", id, h.id)
	}
	h.disk.damage(id)
	if h.storage != nil && !h.stored("damage", h.storage.Damage(id)) {
		h.outage(w.outage())
	}
}

// mayLose reports whether entry id of h is committed, can never be its last, and
// all other members have it in good order.
func (w *world) mayLose(h *host, id replication.EntryID) bool {
	if len(w.config.Members) == 1 || h.disk.isDamaged(id) || !h.holds(id) || !h.holds(id+1) {
		return false
	}
	for _, other := range w.hosts {
		if d := &h.disk.durable; other != h && other.member && !other.gives(d.entry(id)) {
			return false
		}
	}
	return true
}

// holds reports whether h holds entry id, durable and known to be committed.
func (h *host) holds(id replication.EntryID) bool {
	e := h.disk.durable.entry(id)
	return e != nil && id <= h.world.ledger.frontier() && e.Chain == h.world.ledger.chain(id)
}

// scrub finds what is damaged on a disk by reading all of it, now and then.
func (h *host) scrub() {
	w := h.world
	if h.replica == nil || h.paused || w.healing == nil && w.rand.IntN(4) != 0 {
		return
	}
	if n := len(h.disk.damaged); n > 0 {
		w.took(pathScrubbed)
		id := h.disk.damaged[w.rand.IntN(n)]
		h.stepReplica(replication.Damaged{First: id, Last: id})
	}
}

// rot makes up to three neighbouring entries of a host's disk unreadable, each
// one that some other member has in good order: so of each entry one copy is left.
// Whether they are committed, or ever will be, does not matter.
func (w *world) rot(h *host) {
	d := &h.disk.durable
	if len(d.entries) == 0 {
		return
	}
	first := d.low + replication.EntryID(w.rand.IntN(len(d.entries)))
	for id := first; id < first+1+replication.EntryID(w.rand.IntN(3)); id++ {
		e := d.entry(id)
		if e == nil || h.disk.isDamaged(id) || !w.intactElsewhere(h, e) {
			return
		}
		if w.trace.on {
			w.tell("entry %d of %v is damaged", id, h.id)
		}
		if id > w.ledger.frontier() {
			w.took(pathRotUncommitted)
		}
		h.disk.damage(id)
	}
}

// intactElsewhere reports whether some other member can give e.
func (w *world) intactElsewhere(h *host, e *replication.Entry) bool {
	return slices.ContainsFunc(w.hosts, func(other *host) bool { return other != h && other.gives(e) })
}

// gives reports whether h holds e, durable and in good order.
func (h *host) gives(e *replication.Entry) bool {
	d := &h.disk
	o := d.durable.entry(e.ID)
	return o != nil && o.Chain == e.Chain && !d.isDamaged(e.ID) &&
		!d.durable.missing(e.ID) && !d.visible.missing(e.ID)
}

// syncFails decides whether a disk fails a sync.
func (w *world) syncFails() bool {
	if w.weights.on&FaultSyncFail == 0 || !w.chance(0.0005) {
		return false
	}
	w.struck(FaultSyncFail)
	return true
}

// aimBefore strikes at a message before it is received.
func (w *world) aimBefore(h *host, env replication.Envelope) {
	if w.healing != nil {
		return
	}
	w.coverage.Aimed[kindOf(env.Msg)]++
	w.struck(FaultAim)
	from := w.host(env.From)
	switch w.rand.IntN(8) {
	case 0:
		h.outage(w.outage())
	case 1:
		from.outage(w.outage())
	case 2:
		side := make([]bool, len(w.hosts))
		side[from.index] = true
		w.cut(side, w.rand.IntN(len(w.hosts)), false)
	case 3:
		from.pause(w.outage())
	case 4:
		h.pause(w.outage())
	}
}

// aimAfter strikes when a message has been acted upon.
func (w *world) aimAfter(h *host, env replication.Envelope) {
	if w.healing != nil || w.failure != nil {
		return
	}
	switch w.rand.IntN(6) {
	case 0:
		h.outage(w.outage())
	case 1:
		w.host(env.From).outage(w.outage())
	case 2, 3:
		w.claimNow()
	case 4:
		w.burst()
	}
}

// claimNow starts a competing claim at once.
func (w *world) claimNow() {
	h := w.hosts[w.rand.IntN(len(w.hosts))]
	if !h.up || h.paused {
		return
	}
	c := w.clients[w.rand.IntN(len(w.clients))]
	if s := c.session; s != nil && s.alive() {
		return
	}
	c.session = w.open(h, replication.ClaimForce, w.weights.leases[0], w.weights.patience)
}

// burst makes every serving writer append several groups.
func (w *world) burst() {
	for _, c := range w.clients {
		for range 4 {
			if s := c.session; s != nil && s.serving() && !s.host.paused {
				s.propose(w.group(), w.weights.proposalDeadline)
			}
		}
	}
}
