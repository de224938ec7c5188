package pgfront

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"walle/engine"
	"walle/replication"
)

// appendTimes are what one append has taken.
type appendTimes struct {
	result   engine.AppendResult
	queue    time.Duration // until the stream's owner took it
	quorum   time.Duration // until it was known to be durable at a majority
	waited   time.Duration // for those behind the quorum, and to measure the network: nothing that an append does
	replicas []replicaTimes
}

// replicaTimes are one replica's.
type replicaTimes struct {
	node    string
	here    bool
	known   bool          // that it is durable there; it may be later than the quorum
	total   time.Duration // until the word of that came
	network time.Duration // there and back, by a question asked just before
}

// disk is what the replica itself has taken, from the message's arrival to the
// end of the fsync.
func (r *replicaTimes) disk() time.Duration { return max(r.total-r.network, 0) }

// traceMost is how long EXPLAIN waits for the replicas that come after the
// quorum.
const traceMost = 250 * time.Millisecond

// appendTimed appends the transaction's group, and measures what that takes.
func (s *session) appendTimed(ctx context.Context) (*appendTimes, error) {
	c := s.tx.group.claim
	config := c.desc.Config
	asked := time.Now()
	network := s.roundTrips(ctx, c.desc.ID, config)
	measured := time.Since(asked)
	began := time.Now()
	trace := c.claim.NewTrace(len(config.Members))
	r, err := s.appendTraced(ctx, trace)
	if err != nil {
		return nil, err
	}
	t := &appendTimes{result: r, quorum: time.Since(began)}
	select {
	case <-trace.All():
	case <-time.After(traceMost):
	case <-ctx.Done():
	}
	t.waited = measured + time.Since(began) - t.quorum
	t.queue, _ = trace.Queued()
	for i, m := range config.Members {
		total, known := trace.Durable(m)
		name := nodeName(s.server.cfg.Catalog.Snapshot(), m)
		t.replicas = append(t.replicas, replicaTimes{node: name, here: name == s.server.cfg.Node, known: known, total: total, network: network[i]})
	}
	slices.SortFunc(t.replicas, func(a, b replicaTimes) int { return strings.Compare(a.node, b.node) })
	return t, nil
}

// roundTrips asks each member something that it answers from memory, and
// returns how long that took.
func (s *session) roundTrips(ctx context.Context, id replication.StreamID, config replication.Configuration) []time.Duration {
	times := make([]time.Duration, len(config.Members))
	var asking sync.WaitGroup
	for i, m := range config.Members {
		one := config
		one.Members = []replication.NodeID{m}
		asking.Go(func() {
			began := time.Now()
			// A member that does not answer has no time; the append will tell.
			if st, err := s.server.cfg.Engine.Status(ctx, id, one); err == nil && st[0].Reached {
				times[i] = time.Since(began)
			}
		})
	}
	asking.Wait()
	return times
}
