package explore

import (
	"fmt"
	"strings"
	"time"

	"walle/replication"
)

// instant is a lease that is over at once, for scopes in which each machine has a
// clock of its own.
const instant = 4 * time.Nanosecond

// Small are scopes that take seconds together.
func Small() []Scope {
	all, pair := []int{1, 2, 3}, []int{1, 2}
	return []Scope{
		own("one claim", Bounds{Lags: Free, Crashes: 1}, force(1)),
		own("two claims", Bounds{}, force(), force()).with(Dead),
		own("recovery", Bounds{}, force(1), force()).with(Dead),
		own("third claim", Bounds{}, force(1, 1), force(1), force()).with(Dead).
			after(Reign{pair, [][]int{{1}, {1}}}, Reign{[]int{2, 3}, [][]int{{2, 3}}}),
		own("trim", Bounds{Crashes: 1}, trims(force(1, 1))).keep(1).after(Reign{pair, [][]int{pair, pair}}),
		own("trim and claim", Bounds{}, trims(force(1, 1)), force()).keep(1).with(Dead).after(Reign{pair, [][]int{pair, pair}}),
		shared("lease", 2, Bounds{Ticks: 2, Timers: Free}, force(), force()).with(Paused).after(Reign{Served: all}),
		shared("lease restart", 2, Bounds{Ticks: 1, Timers: Free, Crashes: 1}, force(), force()).with(Paused).after(Reign{Served: pair}),
		shared("lease skew", 1, Bounds{Ticks: 1, Timers: Free}, force(), force()).with(Paused).after(Reign{Served: pair}).slow(80),
	}
}

// Default are scopes that take some minutes together.
func Default() []Scope {
	pair := []int{1, 2}
	return []Scope{
		own("duel", Bounds{}, force(), force()),
		own("tail of another", Bounds{}, force(1, 1), force(), force()).with(Dead).after(Reign{[]int{1, 3}, [][]int{{1, 3}, {1, 3}}}),
		own("gap", Bounds{Crashes: 1}, force(1, 1, 1)).keep(1).after(Reign{pair, [][]int{pair, pair}}),
		own("measure", Bounds{Timers: 1}, force(1), force()).with(Dead).after(Reign{pair, [][]int{{1}}}),
		own("group", Bounds{Crashes: 1}, force(2), force()).with(Dead).after(Reign{Served: pair}),
		own("rise", Bounds{Timers: 1}, force(), force()).after(Reign{Served: pair}),
		own("catch up", Bounds{Timers: 1}, force(1), force()).with(Dead).after(Reign{pair, [][]int{pair}}),
		own("catch up apart", Bounds{Timers: 1}, force(1), force(1), force()).with(Dead).after(Reign{[]int{1, 3}, [][]int{{3}}}, Reign{pair, [][]int{pair}}),
	}
}

// Deep are scopes of many millions of worlds. Not all of them were ever exhausted.
func Deep() []Scope {
	all, pair := []int{1, 2, 3}, []int{1, 2}
	return []Scope{
		own("crash", Bounds{Crashes: 1}, force(1), force()).with(Dead),
		own("lag", Bounds{Lags: 1, Crashes: 1}, force(1), force()).with(Dead).after(Reign{pair, [][]int{{1}}}),
		own("longest", Bounds{}, force(1, 1), force(1), force()).with(Dead).after(Reign{pair, [][]int{{1}, {1}}}),
		shared("release", 2, Bounds{Ticks: 1, Timers: 1}, releases(force()), Claim{Mode: replication.ClaimWait}).after(Reign{Served: all}),
		shared("lease chain", 2, Bounds{Ticks: 1, Timers: Free, Crashes: 1}, force(), force(), force()).with(Paused).after(Reign{Served: pair}),
		own("three claims", Bounds{}, force(2), force(1), force(1)).with(Dead),
		own("duel with entries", Bounds{Lags: Free}, force(1), force(1)),
	}
}

func releases(c Claim) Claim {
	c.Release = true
	return c
}

func trims(c Claim) Claim {
	c.Trim = true
	return c
}

func (s Scope) keep(n int) Scope {
	s.Limits.Keep = n
	return s
}

func (s Scope) slow(p int) Scope {
	s.Clock.Percent = p
	return s
}

func force(groups ...int) Claim { return Claim{Mode: replication.ClaimForce, Groups: groups} }

// own is a scope in which each machine has a clock of its own.
func own(name string, b Bounds, claims ...Claim) Scope {
	return Scope{Name: name, Replicas: 3, Claims: claims, Lease: instant, Bounds: b}
}

// shared is a scope in which a lease lasts so many ticks of the one clock.
func shared(name string, lease int, b Bounds, claims ...Claim) Scope {
	const tick = time.Second
	return Scope{Name: name, Replicas: 3, Claims: claims, Lease: time.Duration(lease) * tick, Clock: Clock{Tick: tick}, Bounds: b}
}

func (s Scope) with(r Rivals) Scope {
	s.Rivals = r
	return s
}

// after is the scope when the first claims have reigned.
func (s Scope) after(reigns ...Reign) Scope {
	s.Before = reigns
	return s
}

// String says what is in the scope.
func (s Scope) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d replicas", s.Name, s.Replicas)
	for _, c := range s.Claims {
		fmt.Fprintf(&b, ", %v", c)
	}
	if len(s.Claims) > 1 {
		fmt.Fprintf(&b, ", %v", s.Rivals)
	}
	for i, r := range s.Before {
		fmt.Fprintf(&b, ", claim %d served by %v", i+1, r.Served)
		if len(r.Reach) > 0 {
			fmt.Fprintf(&b, " with groups on %v", r.Reach)
		}
	}
	for t, name := range [troubles]string{"crashes", "lags", "timers", "ticks"} {
		switch n := s.of(trouble(t)); n {
		case 0:
		case Free:
			fmt.Fprintf(&b, ", any %s", name)
		default:
			fmt.Fprintf(&b, ", %s %d", name, n)
		}
	}
	return b.String()
}

func (c Claim) String() string {
	s := c.Mode.String()
	if len(c.Groups) > 0 {
		s += fmt.Sprintf(" with groups of %v", c.Groups)
	}
	if c.Release {
		s += " and release"
	}
	if c.Trim {
		s += " and trim"
	}
	return s
}
