package explore

import (
	"reflect"
	"slices"
	"time"

	"walle/replication"
)

const stream replication.StreamID = 7

// begins is what every clock shows at first: late enough that 0 is long ago.
const begins = 10 * longAgo

// soon is what a machine does not wait for when clocks are its own: a lease of
// some nanoseconds is over as soon as it matters.
const soon = time.Microsecond

// node is a replica and its disk.
type node struct {
	now     replication.Time
	replica *replication.Replica
	durable image
	pending []replication.Write // not synced
}

func (x *explorer) newNode(i int) *node {
	return &node{now: begins, replica: replication.NewReplica(x.members[i], stream, x.config, begins), durable: image{state: replication.State{Config: x.config, First: 1}}}
}

// visible is the log as written, synced or not.
func (n *node) visible() image { return n.durable.after(n.pending) }

// waits reports whether anybody waits for a sync.
func (n *node) waits() bool {
	return slices.ContainsFunc(n.pending, func(w replication.Write) bool { return !w.Lazy })
}

// step steps the replica and does what it asks for. Its sends are returned.
func (n *node) step(in replication.Input) []replication.Envelope {
	var out replication.Output
	n.replica.Step(n.now, in, &out)
	n.pending = append(n.pending, out.Writes...)
	sends := out.Sends
	for _, r := range out.Reads {
		log := n.visible()
		sends = append(sends, n.step(log.read(r))...)
	}
	return sends
}

// sync makes the first k pending writes durable.
func (n *node) sync(k int) []replication.Envelope {
	seq := n.pending[k-1].Seq
	n.durable, n.pending = n.durable.after(n.pending[:k]), slices.Clone(n.pending[k:])
	return n.step(replication.Synced{Seq: seq})
}

// restart is what follows a crash that the first k pending writes survive.
func (n *node) restart(x *explorer, i, k int) {
	n.durable, n.pending = n.durable.after(n.pending[:k]), nil
	if !n.durable.used {
		n.replica = replication.NewReplica(x.members[i], stream, x.config, n.now)
		return
	}
	l := n.durable.load()
	n.replica = replication.RestoreReplica(x.members[i], stream, *clone(&l), n.now)
}

// due reports whether the replica asks for a Tick.
func (n *node) due(within time.Duration) bool {
	return n.replica.Deadline() <= n.now.Add(within)
}

// fire lets the next timer fire.
func (n *node) fire() []replication.Envelope {
	n.now = max(n.now, n.replica.Deadline())
	return n.step(replication.Tick{})
}

// settle lets those timers fire that are not waited for, and makes the clock
// show what it showed at first: states that differ only in when are the same.
func (n *node) settle() (sends []replication.Envelope, f *Failure) {
	for range spins {
		if !n.due(soon) {
			d := n.now - begins
			n.now = begins
			shift(reflect.ValueOf(n.replica).Elem(), d, begins)
			return sends, nil
		}
		sends = append(sends, n.fire()...)
	}
	return nil, failed(CheckRest, "the replica still asks for a tick after %d", spins)
}

// spins is how many Ticks a machine may ask for at one time.
const spins = 20
