package sim

import (
	"fmt"
	"slices"
	"time"

	"walle/replication"
)

// link carries messages one way between two hosts.
type link struct {
	cut  int     // how many partitions cut it
	last instant // arrival of the latest message, for links that keep order
}

func (w *world) link(from, to int) *link { return &w.links[from*len(w.hosts)+to] }

// send puts an envelope on its way.
func (w *world) send(from *host, envelope replication.Envelope) {
	kind := kindOf(envelope.Msg)
	w.coverage.Sent[kind]++
	to := w.host(envelope.To)
	if to == nil {
		w.fail(CheckOrigin, "%v is sent to nobody", envelope)
		return
	}
	p := &parcel{envelope: envelope}
	if w.weights.vigilant {
		p.print = fmt.Sprint(envelope)
	}
	if s := w.session(envelope.Claim); kind == messagePrepare && s != nil && s.half != 0 && s.half != envelope.To {
		return
	}
	arrival := event{kind: eventDeliver, host: int32(to.index), ref: uint64(kind), envelope: p}
	if from == to { // never leaves the process, so it dies with it
		arrival.life = to.life
		w.schedule(between(w.rand, 0, 50*time.Microsecond), arrival)
		return
	}
	if w.chance(w.weights.garble) {
		p.garble(w)
	}
	l := w.link(from.index, to.index)
	if l.cut > 0 || w.chance(w.weights.loss) {
		if l.cut == 0 {
			w.struck(FaultLoss)
		}
		if w.trace.on {
			w.tell("lost %v", envelope)
		}
		return
	}
	arrival.life = anyLife
	w.scheduleAt(w.arrival(l), arrival)
	if w.chance(w.weights.double) {
		w.struck(FaultDouble)
		w.scheduleAt(w.arrival(l), arrival)
	}
}

// anyLife is the life of what arrives whichever life its host is in.
const anyLife = -1

// arrival decides when a message that is sent now arrives.
func (w *world) arrival(l *link) instant {
	d := between(w.rand, w.weights.delayMin, w.weights.delayMax)
	if w.chance(w.weights.spike) {
		w.struck(FaultDelay)
		d += between(w.rand, 0, w.weights.spikeMax)
	}
	at := w.now + instant(d)
	if at < l.last {
		if w.weights.fifo {
			at = l.last
		} else {
			w.struck(FaultReorder)
		}
	}
	l.last = max(l.last, at)
	return at
}

// garble flips a bit of an entry that p carries, if it carries any: whoever gets
// it has to notice.
func (p *parcel) garble(w *world) {
	flip := func(entries []replication.Entry) []replication.Entry {
		entries = slices.Clone(entries)
		e := &entries[w.rand.IntN(len(entries))]
		if w.rand.IntN(4) == 0 {
			e.Chain ^= 1 << w.rand.IntN(64)
		} else {
			e.Data = slices.Clone(e.Data)
			e.Data[w.rand.IntN(len(e.Data))] ^= 1 << w.rand.IntN(8)
		}
		w.struck(FaultGarble)
		return entries
	}
	switch m := p.envelope.Msg.(type) {
	case replication.Append:
		if len(m.Entries) > 0 {
			m.Entries = flip(m.Entries)
			p.envelope.Msg, p.print = m, ""
		}
	case replication.Fetched:
		if len(m.Entries) > 0 {
			m.Entries = flip(m.Entries)
			p.envelope.Msg, p.print = m, ""
		}
	}
}
