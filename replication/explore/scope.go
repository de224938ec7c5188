package explore

import (
	"fmt"
	"time"

	"walle/replication"
)

// Free is a bound that bounds nothing.
const Free = -1

// Scope is a world and what may happen in it.
type Scope struct {
	Name     string
	Replicas int
	Claims   []Claim
	Lease    time.Duration
	Limits   replication.Limits
	Clock    Clock
	Rivals   Rivals
	// Before is what happened before the search begins, without any trouble: the
	// reigns of the first claims. What they sent is still under way.
	Before []Reign
	Bounds
}

// Reign is how a claim was served, and appended the first of its groups.
type Reign struct {
	Served []int   // by which replicas, from 1
	Reach  [][]int // which replicas each of its groups reached
}

// Claim is one claim of a scope and what its owner may do once it is served. It
// runs on a node without a replica.
type Claim struct {
	Mode    replication.ClaimMode
	Groups  []int // how many entries each of its appends has, in order
	Release bool  // it may give its lease back
	Trim    bool  // it may trim all that is committed, once
}

// Rivals says what becomes of the writers that there are when a claim begins. What
// they sent is still under way.
type Rivals int

const (
	Alive  Rivals = iota // they go on
	Paused               // they take no input any more, and trust their leases
	Dead
)

func (r Rivals) String() string {
	return [...]string{"all alive", "the others paused", "the others dead"}[r]
}

// Clock says what time is in a scope. The zero value gives each machine a clock
// of its own.
type Clock struct {
	// Tick is how far the one clock of all moves at a time.
	Tick time.Duration
	// Percent is the rate of the claimants' clocks, if not 100.
	Percent int
}

func (c Clock) shared() bool { return c.Tick > 0 }

// Bounds say how often each kind of trouble may strike; Free is as often as it
// likes.
type Bounds struct {
	Crashes int // a node crashes and restarts
	Lags    int // a write stays unsynced while other things happen
	Timers  int // a timer fires
	Ticks   int // the shared clock moves; never Free
}

// trouble numbers the bounds.
type trouble int

const (
	crashes trouble = iota
	lags
	timers
	ticks
	troubles
)

func (b *Bounds) of(t trouble) int {
	return [troubles]int{b.Crashes, b.Lags, b.Timers, b.Ticks}[t]
}

const (
	maxReplicas = 5
	maxClaims   = 4
	maxGroups   = 8 // of one claim
)

func (s *Scope) check() error {
	switch {
	case s.Replicas < 1 || s.Replicas > maxReplicas:
		return fmt.Errorf("scope %s: %d replicas", s.Name, s.Replicas)
	case len(s.Claims) < 1 || len(s.Claims) > maxClaims:
		return fmt.Errorf("scope %s: %d claims", s.Name, len(s.Claims))
	case s.Lease <= 0:
		return fmt.Errorf("scope %s: lease %v", s.Name, s.Lease)
	case s.Clock.shared() == (s.Ticks == 0) || s.Ticks < 0:
		return fmt.Errorf("scope %s: %d ticks of %v", s.Name, s.Ticks, s.Clock.Tick)
	}
	if len(s.Before) > len(s.Claims) {
		return fmt.Errorf("scope %s: %d reigns of %d claims", s.Name, len(s.Before), len(s.Claims))
	}
	for i, c := range s.Claims {
		if i < len(s.Before) && len(s.Before[i].Reach) > len(c.Groups) {
			return fmt.Errorf("scope %s: reign %d appends %d of %d groups", s.Name, i+1, len(s.Before[i].Reach), len(c.Groups))
		}
		if len(c.Groups) > maxGroups {
			return fmt.Errorf("scope %s: %d groups in one claim", s.Name, len(c.Groups))
		}
	}
	return nil
}
