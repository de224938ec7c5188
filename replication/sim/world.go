package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"walle/replication"
)

// stream is the one stream of a world: the machines of different streams share
// nothing.
const stream replication.StreamID = 7

// world is everything of one run.
type world struct {
	options Options
	rand    *rand.Rand
	weights weights
	now     instant
	events  agenda
	step    int
	writes  int // of the fault phase

	config    replication.Configuration
	hosts     []*host
	links     []link // from*len(hosts)+to
	clients   []*client
	sessions  []*session // all there ever were
	questions []question
	outages   []outage
	healing   *healing // nil during the fault phase
	wild      bool     // clocks were beyond the assumption

	ledger ledger
	leases leases

	nonce    uint64
	failure  *Failure
	trace    trace
	coverage Coverage
}

// maxHosts is how many nodes a world has at most.
const maxHosts = 6

// timer is when a machine is to be stepped next.
type timer struct {
	at    instant
	armed bool
}

// newWorld builds a world in which nothing has happened yet.
func newWorld(o Options) *world {
	r := rand.New(rand.NewPCG(o.Seed, 0x77616c6c65))
	w := &world{options: o, rand: r, trace: newTrace(o)}
	members := o.Nodes
	if members == 0 {
		members = [...]int{1, 3, 3, 3, 3, 5}[r.IntN(6)]
	}
	w.weights = drawWeights(r, o.Without)
	if o.Storage != nil && r.IntN(2) == 0 { // more than a block of a table
		w.weights.payloadMax += r.IntN(2000)
	}
	w.config = replication.Configuration{Number: 1}
	n := members + r.IntN(2) // perhaps one that only runs writers
	for i := range n {
		h := &host{world: w, index: i, id: replication.NodeID(i + 1), member: i < members, disk: newDisk()}
		if h.member {
			w.config.Members = append(w.config.Members, h.id)
		}
		w.hosts = append(w.hosts, h)
	}
	w.links = make([]link, n*n)
	w.ledger = ledger{world: w, logs: make(map[point]replication.Chain), writers: make(map[replication.Term]replication.ClaimID),
		promises: make(map[replication.Term]int), released: make(map[replication.Term]bool)}
	w.leases.world = w
	w.wild = w.weights.on&FaultWild != 0
	for _, h := range w.hosts {
		h.openStorage()
		h.room, h.disk.silent = w.newRoom(), w.weights.silentRot
		h.start()
	}
	for i := range w.weights.clients {
		w.clients = append(w.clients, &client{world: w, index: i})
		w.schedule(between(r, 0, w.weights.pace), event{kind: eventClient, host: -1, ref: uint64(i)})
	}
	w.schedule(w.faultPause(), event{kind: eventFault, host: -1})
	return w
}

// schedule makes e happen after d.
func (w *world) schedule(d time.Duration, e event) {
	w.scheduleAt(w.now+instant(d), e)
}

func (w *world) scheduleAt(at instant, e event) {
	e.at = at
	w.events.push(e)
}

// run lets things happen until steps machine steps have been made, the run has
// failed, or done says so.
func (w *world) run(steps int, done func() bool) {
	for w.failure == nil && w.step < steps && !done() {
		if len(w.events.heap) == 0 {
			w.fail(CheckProgress, "nothing will ever happen again")
			return
		}
		e := w.events.pop()
		w.now = max(w.now, e.at)
		w.happen(&e)
	}
}

func (w *world) happen(e *event) {
	if e.host >= 0 {
		h := w.hosts[e.host]
		if h.paused && e.kind != eventResume {
			h.deferred = append(h.deferred, *e)
			return
		}
		h.happen(e)
		return
	}
	switch e.kind {
	case eventClient:
		w.clients[e.ref].act()
	case eventAbandon:
		if s := w.sessions[e.ref]; s.alive() && s.phase == replication.Claiming && !s.host.paused {
			s.giveUp(false)
		}
	case eventFault:
		w.strike()
	case eventRepair:
		w.outages[e.ref].end(w)
	case eventHeal:
		w.healing.look()
	}
}

// fail records the first failure; the run ends after the current event.
func (w *world) fail(c Checker, format string, args ...any) {
	if w.failure != nil {
		return
	}
	w.failure = &Failure{Checker: c, Message: fmt.Sprintf(format, args...), Step: w.step}
	if w.trace.on {
		w.tell("FAILED: %s", c)
	}
}

// tell adds a line to the trace. Ask w.trace.on first.
func (w *world) tell(format string, args ...any) { w.trace.add(w.now, w.step, format, args...) }

func (w *world) took(p path) { w.coverage.Paths[p]++ }

func (w *world) chance(p float64) bool { return p > 0 && w.rand.Float64() < p }

// host returns the node called id, or nil.
func (w *world) host(id replication.NodeID) *host {
	if id < 1 || int(id) > len(w.hosts) {
		return nil
	}
	return w.hosts[id-1]
}
