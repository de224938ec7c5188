package node

import (
	"slices"
	"sync"
	"time"

	"walle/replication"
)

// shard owns the machines of some of the streams. One goroutine, its owner,
// steps them all: it runs round after round (round.go) and otherwise sleeps
// until something arrives or the earliest deadline.
type shard struct {
	node    *Node
	index   int
	inbox   *inbox
	stopped chan struct{} // closed when the owner has ended

	progress   sync.Map // StreamID -> *Progress, for readers
	quarantine sync.Map // StreamID -> error: why there is no replica; for readers

	// The owner's from here on.
	replicas  map[replication.StreamID]*replica
	room      Room
	writers   map[replication.ClaimID]*Writer
	kept      int // by writers, for replicas that are behind
	asks      map[replication.ClaimID]*ask
	deadlines deadlines
	timer     *time.Timer
	armed     replication.Time // when timer fires, or Never
	round
}

func newShard(n *Node, index int) *shard {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	return &shard{
		node:     n,
		index:    index,
		inbox:    newInbox(n.config.Limits),
		stopped:  make(chan struct{}),
		replicas: make(map[replication.StreamID]*replica),
		writers:  make(map[replication.ClaimID]*Writer),
		asks:     make(map[replication.ClaimID]*ask),
		timer:    timer,
		armed:    replication.Never,
	}
}

// run is the owner. It ends when the node stops, and then nobody is left
// waiting.
func (s *shard) run() {
	defer close(s.stopped)
	s.runRounds()
	s.shutdown()
}

func (s *shard) runRounds() {
	defer s.stopNodeOnViolation()
	for s.wait() {
		s.runRound()
	}
}

// wait sleeps until there is something to do; false if the node stops.
func (s *shard) wait() bool {
	select {
	case <-s.node.stopping:
		return false
	default:
	}
	if s.unfinished() {
		return true
	}
	// Deadlines mostly move away, as a lease's does with every append. The
	// timer is left to fire for nothing then: once a lease instead of once a
	// round is it set.
	if next := s.deadlines.first(); next < s.armed {
		s.timer.Reset(next.Sub(s.node.config.Clock.Now()))
		s.armed = next
	}
	select {
	case <-s.node.stopping:
		return false
	case <-s.inbox.wake:
	case <-s.timer.C:
		s.armed = replication.Never
	}
	return true
}

// stopNodeOnViolation stops the node when a machine found an invariant broken:
// from then on nothing it holds can be trusted. Other panics go on.
func (s *shard) stopNodeOnViolation() {
	switch v := recover().(type) {
	case nil:
	case replication.Violation:
		s.node.fail(v)
	default:
		panic(v)
	}
}

// call has the owner run f and waits for it; false if the owner has ended or is
// about to. If it was taken, it is run.
func (s *shard) call(f func()) bool {
	done := make(chan struct{})
	if !s.inbox.putCall(func() { defer close(done); f() }) {
		return false
	}
	<-done
	return true
}

// host adds a replica, as it was restored or a new one, unless there is one.
func (s *shard) host(stream replication.StreamID, config replication.Configuration, r restored) {
	if s.replicas[stream] != nil || s.node.Quarantined(stream) != nil {
		return
	}
	if r.machine == nil && r.damage == nil {
		r.machine = replication.NewReplica(s.node.config.Self, stream, config, s.node.config.Clock.Now())
	}
	s.addRestored(stream, r)
	if added := s.replicas[stream]; added != nil {
		s.tellReplica(added)
	}
}

// add starts to run a machine.
func (s *shard) add(stream replication.StreamID, m *replication.Replica, gaps []replication.Gap) {
	r := newReplica(s, stream, m, gaps)
	s.replicas[stream] = r
	s.progress.Store(stream, r.progress)
	s.touch(&r.slot)
}

// unhost forgets a replica, and has the disk goroutine drop what is stored
// behind everything that it still has to write. It reports to dropped.
func (s *shard) unhost(stream replication.StreamID, dropped chan error) {
	r := s.replicas[stream]
	switch _, damaged := s.quarantine.LoadAndDelete(stream); {
	case r != nil:
		delete(s.replicas, stream)
		s.forget(r)
	case damaged:
		r = &replica{shard: s, stream: stream}
	default:
		dropped <- nil
		return
	}
	s.writes = append(s.writes, diskJob{owner: r, drop: dropped})
}

// forget takes a replica out of everything.
func (s *shard) forget(r *replica) {
	r.gone = true
	s.progress.Delete(r.stream)
	r.progress.leave()
}

// shutdown answers everyone who waits for the owner, which ends. Calls are still
// run, so that who waits for one need not watch for the end as well; appends
// that the machines have not seen are surely not applied. No machine is stepped
// any more.
func (s *shard) shutdown() {
	s.timer.Stop()
	s.inbox.close()
	left := s.inbox.take(arrivals{})
	for _, f := range slices.Concat(s.in.calls[s.begunCalls:], left.calls) {
		f()
	}
	for _, w := range s.writers {
		s.end(w, s.node.stopCause(), replication.CauseClosed)
	}
	for _, o := range slices.Concat(s.in.orders[s.begunOrders:], left.orders) {
		s.obey(&o)
	}
	s.tellWaiters()
	for _, r := range s.replicas {
		s.forget(r)
	}
}
