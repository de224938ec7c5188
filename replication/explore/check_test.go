package explore

import (
	"math/rand/v2"
	"slices"
	"testing"

	"walle/replication"
)

// logOf makes a log of entries of one term, each a group, and lets change spoil it.
func logOf(n int, change func(*image)) *image {
	m := &image{state: replication.State{First: 1, History: replication.History{{Term: 1, Start: 1}}}}
	var chain replication.Chain
	for id := range n {
		e := replication.Entry{ID: replication.EntryID(id + 1), Term: 1, GroupEnd: true, Data: []byte{0, 0}}
		e.Seal(chain)
		chain = e.Chain
		m.entries = append(m.entries, e)
	}
	change(m)
	return m
}

// TestLogChecks spoils a log in each way that a checker is for. One that does not
// notice lets the protocol do the same.
func TestLogChecks(t *testing.T) {
	reseal := func(m *image, i int) { m.entries[i].Seal(m.entries[i-1].Chain) }
	for _, c := range []struct {
		what   string
		want   Check
		change func(*image)
	}{
		{"nothing", "", func(*image) {}},
		{"a hole", CheckDense, func(m *image) { m.entries = slices.Delete(m.entries, 1, 2) }},
		{"no first entry", CheckDense, func(m *image) { m.entries = m.entries[1:] }},
		{"an entry in a gap", CheckDense, func(m *image) { m.state.Gaps = []replication.Gap{{Lo: 2, Hi: 2}} }},
		{"another predecessor", CheckMatch, func(m *image) { m.entries[1].Data = []byte{1, 0}; reseal(m, 1) }},
		{"another term", CheckMatch, func(m *image) { m.entries[2].Term = 2; reseal(m, 2) }},
		{"half a group", CheckGroup, func(m *image) { m.entries[2].GroupEnd = false; reseal(m, 2) }},
	} {
		var got Check
		if f := logOf(3, c.change).check(); f != nil {
			got = f.Check
		}
		if got != c.want {
			t.Errorf("a log with %s: %q, not %q", c.what, got, c.want)
		}
	}
}

// TestCovers: were a net taken for covered that is not, worlds would be left out.
func TestCovers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	net := func() (ids []uint32) {
		for id := range uint32(6) {
			if r.IntN(2) == 0 {
				ids = append(ids, id*200) // some distances take two bytes
			}
		}
		return ids
	}
	for range 2000 {
		a, b := net(), net()
		var v visited
		v.add(1, a, 0)
		want := !slices.ContainsFunc(b, func(id uint32) bool { return !slices.Contains(a, id) })
		if got := !v.add(1, b, 0); got != want {
			t.Fatalf("%v covers %v: %v", a, b, got)
		}
	}
}

// TestClone: if a copy shared what a machine changes, worlds would change after
// they were met.
func TestClone(t *testing.T) {
	x, err := newExplorer(own("clone", Bounds{}, force(1)))
	if err != nil {
		t.Fatal(err)
	}
	w, f := x.reigns(nil)
	if f != nil {
		t.Fatal(f)
	}
	n := x.nodes.get(w[0])
	c := clone(n.node)
	if digestOf(c) != n.digest {
		t.Error("a copy is told apart from the original")
	}
	claim := replication.ClaimID{Node: 11, Nonce: 1}
	c.step(replication.Received{Envelope: replication.Envelope{Stream: stream, Config: 1, From: 11, To: 1, Claim: claim, Msg: replication.Prepare{Term: 1, Lease: 1}}})
	if digestOf(c) == n.digest {
		t.Error("a replica that has promised is not told apart from one that has not")
	}
	if digestOf(n.node) != n.digest {
		t.Error("the original changed with its copy")
	}
}
