package explore

import (
	"fmt"
	"slices"

	"walle/replication"
)

// action is one thing that can happen in a world.
type action struct {
	kind actionKind
	who  int    // node or claim
	arg  uint32 // message, or how many writes
	lag  bool   // what the node writes is not synced yet
}

type actionKind uint8

const (
	actBegin actionKind = iota
	actDeliver
	actSync
	actCrash
	actNodeTimer
	actClaimTimer
	actClock
	actPropose
	actRelease
	actTrim
)

// actions lists what can happen in w, always in the same order.
func (x *explorer) actions(w world, into []action) []action {
	for i := range x.scope.Claims {
		into = x.claimActions(w, i, into)
	}
	for i := range x.members {
		into = x.nodeActions(w, i, into)
	}
	if x.scope.Clock.shared() && x.may(w, ticks) {
		into = append(into, action{kind: actClock})
	}
	for _, id := range x.net(w) {
		into = x.deliver(w, id, into)
	}
	return into
}

func (x *explorer) claimActions(w world, i int, into []action) []action {
	c, plan := x.claimOf(w, i), &x.scope.Claims[i]
	if c == nil {
		if before := x.twin[i]; before < 0 || w[x.claimAt+before] != 0 {
			into = append(into, action{kind: actBegin, who: i})
		}
		return into
	}
	if x.paused(w, i) {
		return into
	}
	if c.phase == replication.Serving {
		if c.proposed < len(plan.Groups) {
			into = append(into, action{kind: actPropose, who: i})
		}
		if plan.Release && !c.released {
			into = append(into, action{kind: actRelease, who: i})
		}
		if plan.Trim && !c.trimmed && c.commit > 0 {
			into = append(into, action{kind: actTrim, who: i})
		}
	}
	if !c.over && x.fires(w, c.now, c.deadline) {
		into = append(into, action{kind: actClaimTimer, who: i})
	}
	return into
}

// paused reports whether claim i has paused because a later one began.
func (x *explorer) paused(w world, i int) bool {
	return x.scope.Rivals == Paused && slices.ContainsFunc(w[x.claimAt+i+1:x.recordAt], func(id uint32) bool { return id != 0 })
}

// fires reports whether a timer may fire: on a clock of its own at any time.
func (x *explorer) fires(w world, now, deadline replication.Time) bool {
	return deadline != replication.Never && x.may(w, timers) && (!x.scope.Clock.shared() || deadline <= now)
}

func (x *explorer) nodeActions(w world, i int, into []action) []action {
	n := x.nodes.get(w[i])
	if n.ready {
		for k := range n.pending {
			into = append(into, action{kind: actSync, who: i, arg: uint32(k + 1)})
		}
	}
	if x.may(w, crashes) {
		for k := range len(n.pending) + 1 {
			into = append(into, action{kind: actCrash, who: i, arg: uint32(k)})
		}
	}
	if x.fires(w, n.now, n.deadline) {
		into = append(into, action{kind: actNodeTimer, who: i})
	}
	return into
}

// deliver lists the ways in which message id may arrive, if anybody notices: at
// once on disk, or not yet.
func (x *explorer) deliver(w world, id uint32, into []action) []action {
	p := x.messages.get(id)
	a := action{kind: actDeliver, arg: id}
	if p.node >= 0 {
		e := x.onNode(p.node, w[p.node], input{inDeliver, id})
		if e.failure == nil && e.next == w[p.node] {
			return into // what it answers is under way already
		}
		into = append(into, a)
		if e.failure == nil && !x.free(lags) && x.may(w, lags) && x.nodes.get(e.next).ready {
			a.lag = true
			into = append(into, a)
		}
		return into
	}
	if c := x.claimOf(w, p.claim); c == nil || c.over || x.paused(w, p.claim) {
		return into
	}
	e := x.onClaim(p.claim, w[x.claimAt+p.claim]-1, input{inDeliver, id})
	if e.failure == nil && e.next == w[x.claimAt+p.claim]-1 && e.denied == 0 && e.acked == 0 &&
		!slices.ContainsFunc(e.sends, func(id uint32) bool { return !x.underWay(w, id) }) {
		return into
	}
	return append(into, a)
}

// after makes w, a copy of from, what it is after a.
func (x *explorer) after(from world, w *world, a action) *Failure {
	if f := x.apply(w, a); f != nil {
		return f
	}
	if f := x.judge(from, *w); f != nil {
		return f
	}
	(&deed{explorer: x, w: w}).echo(from)
	return nil
}

// apply does a.
func (x *explorer) apply(w *world, a action) *Failure {
	d := &deed{explorer: x, w: w, lag: a.lag || x.free(lags)}
	if a.lag {
		x.spend(*w, lags)
	}
	switch a.kind {
	case actBegin:
		if x.scope.Rivals == Dead {
			d.bury()
		}
		d.take(a.who, x.begin(a.who, uint32(x.spent(*w, ticks))))
	case actDeliver:
		if p := x.messages.get(a.arg); p.node >= 0 {
			d.onNode(p.node, input{inDeliver, a.arg})
		} else {
			d.onClaim(p.claim, input{inDeliver, a.arg})
		}
	case actSync:
		d.onNode(a.who, input{inSync, a.arg})
	case actCrash:
		x.spend(*w, crashes)
		d.onNode(a.who, input{inCrash, a.arg})
	case actNodeTimer:
		x.spend(*w, timers)
		d.onNode(a.who, input{inTimer, 0})
	case actClaimTimer:
		x.spend(*w, timers)
		d.onClaim(a.who, input{inTimer, 0})
	case actClock:
		x.spend(*w, ticks)
		d.clock(uint32(x.spent(*w, ticks)))
	case actPropose:
		d.onClaim(a.who, input{inPropose, 0})
	case actRelease:
		d.onClaim(a.who, input{inRelease, 0})
	case actTrim:
		d.onClaim(a.who, input{inTrim, 0})
	}
	return d.failure
}

// deed is an action being done.
type deed struct {
	*explorer
	w       *world
	lag     bool // writes are left unsynced
	failure *Failure
}

// onNode does in to node i.
func (d *deed) onNode(i int, in input) {
	e := d.explorer.onNode(i, (*d.w)[i], in)
	if d.failure = e.failure; d.failure != nil {
		return
	}
	(*d.w)[i] = e.next
	for _, id := range e.sends {
		d.post(id)
	}
	if n := d.nodes.get(e.next); n.ready && !d.lag {
		d.onNode(i, input{inSync, uint32(len(n.pending))})
	}
}

func (d *deed) onClaim(i int, in input) {
	d.take(i, d.explorer.onClaim(i, (*d.w)[d.claimAt+i]-1, in))
}

// take makes e the state of claim i, and notes what it tells the world.
func (d *deed) take(i int, e *effect) {
	if d.failure = e.failure; d.failure != nil {
		return
	}
	(*d.w)[d.claimAt+i] = e.next + 1
	r := d.records.get((*d.w)[d.recordAt])
	next := *r
	next.denied |= e.denied
	next.acked = max(next.acked, e.acked)
	for _, id := range e.sends {
		p := d.messages.get(id)
		d.post(id)
		if p.opens == 0 || next.writer(p.opens) == i+1 {
			continue
		}
		if other := next.writer(p.opens); other != 0 {
			d.failure = failed(CheckOneWriter, "claim %d sends %v; term %d is claim %d's", i+1, p.Envelope, p.opens, other)
			return
		}
		next = next.opened(p.opens, i)
	}
	if next.denied != r.denied || next.acked != r.acked || len(next.writers) != len(r.writers) || !slices.Equal(next.writers, r.writers) {
		(*d.w)[d.recordAt] = d.putRecord(next)
	}
	if d.claims.get(e.next).over {
		d.forget(i)
	}
}

// bury ends the writers that there are: their nodes died.
func (d *deed) bury() {
	for i := range d.scope.Claims {
		if c := d.claimOf(*d.w, i); c != nil && !c.over {
			d.onClaim(i, input{inDie, 0})
		}
	}
}

// echo sends all answers that a node gives without changing. Whoever follows from
// w can do what it could do without them, since they may be lost.
func (d *deed) echo(from world) {
	before := d.netAt // walks along from, as i does along w
	for i := d.netAt; i < len(*d.w); i++ {
		id := (*d.w)[i]
		p := d.messages.get(id)
		if p.node < 0 {
			continue
		}
		for before < len(from) && from[before] < id {
			before++
		}
		if (*d.w)[p.node] == from[p.node] && before < len(from) && from[before] == id {
			continue // done when from was met
		}
		e := d.explorer.onNode(p.node, (*d.w)[p.node], input{inDeliver, id})
		if e.failure != nil || e.next != (*d.w)[p.node] {
			continue
		}
		for _, m := range e.sends {
			if d.post(m) && m < id {
				i, before = d.netAt-1, d.netAt // others have moved: look again
			}
		}
	}
}

func (x *explorer) underWay(w world, id uint32) bool {
	_, found := slices.BinarySearch(x.net(w), id)
	return found
}

// clock lets all clocks show a tick.
func (d *deed) clock(tick uint32) {
	for i := range d.members {
		(*d.w)[i] = d.explorer.onNode(i, (*d.w)[i], input{inClock, tick}).next
	}
	for i := range d.scope.Claims {
		if c := d.claimOf(*d.w, i); c != nil && !c.over {
			d.onClaim(i, input{inClock, tick})
		}
	}
}

// post puts message id under way, unless it is, or nobody is there to receive it.
func (d *deed) post(id uint32) bool {
	if p := d.messages.get(id); p.claim >= 0 && d.ended(p.claim) {
		return false
	}
	i, found := slices.BinarySearch(d.net(*d.w), id)
	if !found {
		*d.w = slices.Insert(*d.w, d.netAt+i, id)
	}
	return !found
}

func (d *deed) ended(i int) bool {
	c := d.claimOf(*d.w, i)
	return c != nil && c.over
}

// forget drops what is under way to claim i.
func (d *deed) forget(i int) {
	n := d.netAt
	for _, id := range d.net(*d.w) {
		if d.messages.get(id).claim != i {
			(*d.w)[n] = id
			n++
		}
	}
	*d.w = (*d.w)[:n]
}

// tell says what a is, in w.
func (x *explorer) tell(w world, a action) string {
	switch a.kind {
	case actBegin:
		return fmt.Sprintf("claim %d begins, mode %v", a.who+1, x.scope.Claims[a.who].Mode)
	case actDeliver:
		if a.lag {
			return fmt.Sprintf("%v (not synced)", x.messages.get(a.arg).Envelope)
		}
		return x.messages.get(a.arg).String()
	case actSync:
		return fmt.Sprintf("%v syncs %d of %d writes", x.members[a.who], a.arg, len(x.nodes.get(w[a.who]).pending))
	case actCrash:
		return fmt.Sprintf("%v crashes, %d of %d unsynced writes survive; it restarts", x.members[a.who], a.arg, len(x.nodes.get(w[a.who]).pending))
	case actNodeTimer:
		return fmt.Sprintf("a timer of %v fires", x.members[a.who])
	case actClaimTimer:
		return fmt.Sprintf("a timer of claim %d fires", a.who+1)
	case actClock:
		return fmt.Sprintf("%v pass", x.scope.Clock.Tick)
	case actPropose:
		return fmt.Sprintf("claim %d appends a group", a.who+1)
	case actRelease:
		return fmt.Sprintf("claim %d releases", a.who+1)
	case actTrim:
		return fmt.Sprintf("claim %d trims", a.who+1)
	}
	return "?"
}
