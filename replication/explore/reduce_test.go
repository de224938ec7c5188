package explore

import (
	"maps"
	"slices"
	"testing"

	"walle/replication"
)

// TestReduction visits small scopes twice: as Search does, and by brute force,
// with every delivery of every message and every set of messages a world of its
// own. If one of them met a state of the parts that the other did not, what Search
// leaves out is not nothing, or it makes something up.
func TestReduction(t *testing.T) {
	pair := own("pair", Bounds{Crashes: 1}, force())
	pair.Replicas = 2
	single := own("single", Bounds{Lags: Free, Crashes: 1}, force(1))
	single.Replicas = 1
	two := own("two claims", Bounds{}, force(), Claim{Mode: replication.ClaimNoWait})
	two.Replicas = 1
	leases := shared("leases", 1, Bounds{Ticks: 1, Timers: 1, Crashes: 1}, force())
	leases.Replicas = 1
	for _, s := range []Scope{pair, single, two, leases} {
		t.Run(s.Name, func(t *testing.T) {
			x, err := newExplorer(s)
			if err != nil {
				t.Fatal(err)
			}
			all, some := met(t, x, x.everything, false), met(t, x, x.noticed, true)
			t.Logf("%d states of parts", len(all))
			if !maps.Equal(all, some) {
				t.Errorf("by brute force %d states of the parts were met, else %d", len(all), len(some))
			}
		})
	}
}

// noticed lists the actions that a search follows.
func (x *explorer) noticed(w world) []action { return x.actions(w, nil) }

// everything lists all deliveries beside them, also those that nobody notices.
func (x *explorer) everything(w world) []action {
	as := slices.DeleteFunc(x.actions(w, nil), func(a action) bool { return a.kind == actDeliver })
	for _, id := range x.net(w) {
		as = append(as, action{kind: actDeliver, arg: id})
	}
	return as
}

// met is what the parts of all worlds are that can be reached.
func met(t *testing.T, x *explorer, actions func(world) []action, reduce bool) map[string]bool {
	t.Helper()
	words := func(w world) string {
		b := make([]byte, 0, 4*len(w))
		for _, v := range w {
			b = append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
		}
		return string(b)
	}
	parts, worlds, seen := map[string]bool{}, map[string]bool{}, visited{}
	next := []world{x.first()}
	for len(next) > 0 {
		w := next[0]
		next = next[1:]
		parts[words(w[:x.netAt])] = true
		for _, a := range actions(w) {
			v := slices.Clone(w)
			if f := x.apply(&v, a); f != nil {
				t.Fatal(f)
			}
			if f := x.judge(w, v); f != nil {
				t.Fatal(f)
			}
			if reduce {
				(&deed{explorer: x, w: &v}).echo(w)
				if print, _ := x.fingerprint(v, nil); !seen.add(print, x.net(v), 0) {
					continue
				}
			} else if k := words(v); worlds[k] {
				continue
			} else {
				worlds[k] = true
			}
			next = append(next, v)
		}
	}
	return parts
}
