package node

import (
	"sync"
	"testing"

	"walle/replication"
)

// A follower that takes the channel, looks, and then waits misses no change, and
// sees the commit and what it is without in an order that it can trust.
func TestProgressFollowers(t *testing.T) {
	const last = 20_000
	var p Progress
	var followers sync.WaitGroup
	for range 4 {
		followers.Go(func() {
			for {
				changed := p.Changed()
				commit := p.Commit()
				if gaps := p.Gaps(); commit >= 1000 && len(gaps) == 0 {
					t.Errorf("commit %d is shown before the gap it lies behind", commit)
					return
				}
				if commit == last {
					return
				}
				<-changed
			}
		})
	}
	r := reached{first: 1}
	for id := replication.EntryID(1); id <= last; id++ {
		if id == 1000 {
			r.gaps = []replication.Gap{{Lo: 500, Hi: 999}}
		}
		r.commit = id
		p.publish(r)
	}
	followers.Wait()
}

// Nobody waits: a change costs no allocation.
func TestProgressCostsNothing(t *testing.T) {
	var p Progress
	r := reached{first: 1}
	if n := testing.AllocsPerRun(100, func() { r.commit++; p.publish(r) }); n > 0 {
		t.Errorf("%v allocations a change", n)
	}
}

// Who waits for a replica that goes away is told.
func TestProgressGone(t *testing.T) {
	var p Progress
	changed := p.Changed()
	p.publish(reached{}) // nothing changed
	select {
	case <-changed:
		t.Fatal("woken for nothing")
	default:
	}
	p.leave()
	<-changed
	if !p.Gone() {
		t.Fatal("not gone")
	}
}
