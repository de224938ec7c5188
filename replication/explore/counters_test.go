package explore

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"walle/replication"
)

// TestCounters: if a Replica has got a counter that explore does not know of,
// nothing is merged that differs in one, and no scope is ever exhausted.
func TestCounters(t *testing.T) {
	if !countersKnown() {
		t.Errorf("the counters of a Replica are %v; say in counters.go what the new ones count", countersOf(reflect.TypeFor[replication.Replica](), ""))
	}
}

// TestRenumber walks with two nodes at once, one of which numbers its writes and
// reads anew after each step. If they ever said different things, the search would
// follow a replica that does not exist.
func TestRenumber(t *testing.T) {
	s := own("renumber", Bounds{Lags: Free, Crashes: 1}, force(2, 1), force()).with(Dead).after(Reign{[]int{1, 2}, [][]int{{1}}})
	x, err := newExplorer(s)
	if err != nil {
		t.Fatal(err)
	}
	h := &search{explorer: x, options: Options{Cores: 1, Worlds: 3000}}
	if r := h.run(); r.Failure != nil {
		t.Fatal(r.Failure)
	}
	var letters []uint32 // to node 1
	for id, p := range x.messages.all() {
		if p.node == 0 {
			letters = append(letters, uint32(id))
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 1500 {
		nodes := [2]*node{x.newNode(0), x.newNode(0)}
		for range 60 {
			in := input{kind: inDeliver, arg: letters[r.IntN(len(letters))]}
			switch n := len(nodes[0].pending); {
			case n > 0 && r.IntN(4) == 0:
				in = input{inSync, uint32(1 + r.IntN(n))}
			case r.IntN(10) == 0:
				in = input{inCrash, uint32(r.IntN(n + 1))}
			case r.IntN(10) == 0 && nodes[0].replica.Deadline() != replication.Never:
				in = input{kind: inTimer}
			}
			if said, says, broken := both(x, nodes, in); broken {
				break // the letters are not of one world: an assertion of both
			} else if !slices.Equal(said, says) {
				t.Fatalf("after %v one says %v, numbered anew %v", in, said, says)
			}
		}
	}
}

// both steps a node as it is, and one that is renumbered, and returns the digests
// of what they say.
func both(x *explorer, nodes [2]*node, in input) (said, says []digest, broken bool) {
	said, one := stepped(x, nodes[0], in, false)
	says, other := stepped(x, nodes[1], in, true)
	return said, says, one && other
}

func stepped(x *explorer, n *node, in input, renumbered bool) (says []digest, broken bool) {
	defer func() {
		if _, ok := recover().(replication.Violation); ok {
			broken = true
		}
	}()
	x.renumbers = renumbered
	sends, _ := x.stepNode(0, n, in)
	for _, e := range sends {
		says = append(says, digestOf(e))
	}
	return says, false
}
