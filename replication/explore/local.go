package explore

import (
	"fmt"
	"sync"
	"sync/atomic"

	"walle/replication"
)

// inputKind is what can happen to one part of a world.
type inputKind uint8

const (
	inDeliver inputKind = iota // message arg
	inTimer                    // its next timer fires
	inClock                    // its clock shows tick arg
	inSync                     // a node's first arg pending writes are durable
	inCrash                    // a node crashes; its first arg pending writes survive
	inPropose                  // a claim's owner appends its next group
	inRelease                  // gives the lease back
	inTrim                     // trims all that is committed
	inDie                      // its node dies, for ever
	inBegin                    // begins, at tick arg
)

type input struct {
	kind inputKind
	arg  uint32
}

// effect is what an input does to a part.
type effect struct {
	next    uint32
	sends   []uint32
	denied  uint64
	acked   replication.EntryID
	failure *Failure
}

// memo remembers what was worked out for one state of a part: machines are
// functions, so nothing is worked out twice. Deliveries are asked for most, and
// found by the number that a message has among those for one receiver.
type memo struct {
	delivered atomic.Pointer[[]atomic.Pointer[effect]]
	mu        sync.Mutex
	others    map[input]*effect
}

func (m *memo) delivery(number int, work func() *effect) *effect {
	known := m.delivered.Load()
	if known != nil && number < len(*known) {
		if e := (*known)[number].Load(); e != nil {
			return e
		}
	}
	e := work()
	m.mu.Lock()
	defer m.mu.Unlock()
	if known = m.delivered.Load(); known == nil || number >= len(*known) {
		longer := make([]atomic.Pointer[effect], number+number/4+8)
		if known != nil {
			for i := range *known {
				longer[i].Store((*known)[i].Load())
			}
		}
		known = &longer
		m.delivered.Store(known)
	}
	(*known)[number].Store(e)
	return e
}

func (m *memo) other(in input, work func() *effect) *effect {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.others[in]
	if e == nil {
		if m.others == nil {
			m.others = map[input]*effect{}
		}
		e = work()
		m.others[in] = e
	}
	return e
}

// of is the effect of in on the part that m belongs to.
func (x *explorer) of(m *memo, in input, work func() *effect) *effect {
	if in.kind == inDeliver {
		return m.delivery(x.messages.get(in.arg).number, work)
	}
	return m.other(in, work)
}

// onNode is what in does to node i in state id.
func (x *explorer) onNode(i int, id uint32, in input) *effect {
	before := x.nodes.get(id)
	return x.of(&before.memo, in, func() (e *effect) {
		defer assertions(&e)
		x.worked.Add(1)
		n := clone(before.node)
		sends, f := x.stepNode(i, n, in)
		if f == nil {
			f = before.check(n, sends)
		}
		if f == nil && digestOf(before.node) != before.digest {
			f = failed(CheckValues, "a replica changed what it had given away")
		}
		return &effect{next: x.putNode(n), sends: x.putMessages(sends), failure: f}
	})
}

func (x *explorer) stepNode(i int, n *node, in input) (sends []replication.Envelope, f *Failure) {
	switch in.kind {
	case inDeliver:
		sends = n.step(replication.Received{Envelope: x.messages.get(in.arg).Envelope})
	case inTimer:
		sends = n.fire()
	case inClock:
		n.now = x.nodeTime(in.arg)
		return nil, nil
	case inSync:
		sends = n.sync(int(in.arg))
	case inCrash:
		n.restart(x, i, int(in.arg))
	}
	if !x.scope.Clock.shared() {
		var more []replication.Envelope
		more, f = n.settle()
		sends = append(sends, more...)
	}
	if x.renumbers {
		n.renumber()
	}
	return sends, f
}

// onClaim is what in does to claim i in state id.
func (x *explorer) onClaim(i int, id uint32, in input) *effect {
	before := x.claims.get(id)
	return x.of(&before.memo, in, func() (e *effect) {
		defer assertions(&e)
		x.worked.Add(1)
		c := clone(before.claim)
		o, f := x.stepClaim(i, c, in)
		if f == nil && digestOf(before.claim) != before.digest {
			f = failed(CheckValues, "a writer changed what it had given away")
		}
		return &effect{next: x.putClaim(c), sends: x.putMessages(o.sends), denied: o.denied, acked: o.acked, failure: f}
	})
}

func (x *explorer) stepClaim(i int, c *claim, in input) (outcome, *Failure) {
	switch in.kind {
	case inDeliver:
		return c.step(replication.Received{Envelope: x.messages.get(in.arg).Envelope}, i)
	case inTimer:
		c.now = max(c.now, c.writer.Deadline())
		return c.step(replication.Tick{}, i)
	case inClock:
		c.now = x.claimTime(in.arg)
		return outcome{}, nil
	case inPropose:
		return c.propose(x.scope.Claims[i], i)
	case inRelease:
		c.released = true
		return c.step(replication.GiveUp{Release: true}, i)
	case inDie:
		return c.step(replication.GiveUp{}, i)
	case inTrim:
		c.trimmed = true
		return c.step(replication.TrimTo{First: c.writer.Commit() + 1}, i)
	}
	panic(fmt.Sprintf("input %d is not for a claim", in.kind))
}

// begin is the effect of claim i's first Tick.
func (x *explorer) begin(i int, tick uint32) *effect {
	return x.begun[i].other(input{inBegin, tick}, func() (e *effect) {
		defer assertions(&e)
		c := x.newClaim(i)
		if x.scope.Clock.shared() {
			c.now = x.claimTime(tick)
		}
		o, f := c.step(replication.Tick{}, i)
		return &effect{next: x.putClaim(c), sends: x.putMessages(o.sends), failure: f}
	})
}

// assertions makes a broken invariant the effect of the step that met it.
func assertions(e **effect) {
	switch v := recover().(type) {
	case nil:
	case replication.Violation:
		*e = &effect{failure: failed(CheckAssertion, "%v", v)}
	default:
		panic(v)
	}
}

func (x *explorer) putNode(n *node) uint32 {
	d := digestOf(n)
	return x.nodes.put(d, func() *nodePart { return newNodePart(n, d) })
}

// putClaim keeps of claims that have ended only how: they take no input.
func (x *explorer) putClaim(c *claim) uint32 {
	d := digestOf(c)
	if c.ended() {
		d = digestOf(c.writer.Phase())
	}
	return x.claims.put(d, func() *claimPart { return newClaimPart(c, d) })
}

func (x *explorer) putMessages(sends []replication.Envelope) []uint32 {
	ids := make([]uint32, 0, len(sends))
	for _, e := range sends {
		ids = append(ids, x.messages.put(digestOf(e), func() *parcel { return x.newParcel(e) }))
	}
	return ids
}
