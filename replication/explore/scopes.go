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
	return []Scope{
		own("one claim", Bounds{Lags: Free, Crashes: 1}, force(1)),
		own("two claims, one alive", Bounds{}, force(), force()).alone(),
	}
}

// Default are scopes that take a minute or so each.
func Default() []Scope {
	all := []int{1, 2, 3}
	return []Scope{
		own("duel", Bounds{}, force(), force()),
		own("recovery", Bounds{}, force(1), force()).alone(),
		own("crash", Bounds{Crashes: 1}, force(1), force()).alone(),
		own("restamp", Bounds{}, force(1, 1), force(), force()).alone().after(Reign{Served: []int{1, 3}, Reach: [][]int{{1, 3}, {1, 3}}}),
		own("longest", Bounds{}, force(1, 1), force(1), force()).alone().after(Reign{Served: []int{1, 2}, Reach: [][]int{{1}, {1}}}),
		own("longer", Bounds{}, force(1, 1), force(1), force()).alone().after(Reign{Served: []int{1, 2}, Reach: [][]int{{1}, {1}}}, Reign{Served: []int{2, 3}, Reach: [][]int{{2, 3}}}),
		own("lag", Bounds{Lags: 2, Crashes: 1}, force(1, 1), force()).alone().after(Reign{Served: []int{1, 2}, Reach: [][]int{{1, 2}}}),
		own("groups", Bounds{}, force(2, 1), force()).alone().after(Reign{Served: all, Reach: [][]int{{1}}}),
		own("rise", Bounds{Timers: 2}, force(1, 1), force(1)).after(Reign{Served: all, Reach: [][]int{all}}),
		own("gap", Bounds{Timers: 2, Crashes: 1}, force(1, 1, 1)).keep(1).after(Reign{Served: []int{1, 2}, Reach: [][]int{{1, 2}, {1, 2}}}),
		own("trim", Bounds{Timers: 2, Crashes: 1}, trims(force(1, 1, 1)), force()).keep(1).alone().after(Reign{Served: []int{1, 2}, Reach: [][]int{{1, 2}, {1, 2}}}),
		own("measure", Bounds{Timers: 2}, force(1, 1), force(1), force()).alone().after(Reign{Served: []int{1, 2}, Reach: [][]int{{1}, {1}}}),
		shared("lease", 2, Bounds{Ticks: 2, Timers: 2}, force(), force()).after(Reign{Served: all}),
		shared("lease crash", 2, Bounds{Ticks: 2, Timers: 2, Crashes: 2}, force(), force()).after(Reign{Served: []int{1, 2}}),
		shared("lease wait", 4, Bounds{Ticks: 2, Timers: 2, Crashes: 2}, force(), force(), force()).after(Reign{Served: []int{1, 2}}),
		shared("lease skew", 2, Bounds{Ticks: 2, Timers: 2}, force(), force()).after(Reign{Served: []int{1, 2}}).slow(80),
	}
}

// Deep are scopes that take as long as they take.
func Deep() []Scope {
	return []Scope{
		own("three claims", Bounds{}, force(2), force(1), force(1)).alone(),
		own("duel with entries", Bounds{Lags: Free}, force(1), force(1)),
	}
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

// alone lets one claim live at a time.
func (s Scope) alone() Scope {
	s.Alone = true
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
	if s.Alone {
		b.WriteString(", one alive at a time")
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
