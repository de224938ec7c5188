package replication

import (
	"slices"
	"testing"
	"testing/quick"
)

// quorumth is where a commit and a lease come from: the greatest value that q of
// the values reach. One too high would acknowledge what a minority holds.
func TestQuorumth(t *testing.T) {
	check := func(raw []uint8, q uint8) bool {
		q = 1 + q%7
		values := make([]EntryID, len(raw))
		var want EntryID
		for i, v := range raw {
			values[i] = EntryID(v)
		}
		for _, v := range values {
			reached := 0
			for _, x := range values {
				if x >= v {
					reached++
				}
			}
			if reached >= int(q) {
				want = max(want, v)
			}
		}
		got := quorumth(slices.Clone(values), int(q))
		if got != want {
			t.Errorf("of %v, %d reach %d, want %d", values, q, got, want)
		}
		return got == want
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		values []EntryID
		q      int
		want   EntryID
	}{
		{nil, 1, 0},
		{[]EntryID{5}, 2, 0},
		{[]EntryID{5}, 1, 5},
		{[]EntryID{9, 3, 7}, 2, 7},
		{[]EntryID{9, 3, 7, 1, 1}, 3, 3},
	} {
		if got := quorumth(c.values, c.q); got != c.want {
			t.Errorf("%d of %v reach %d, want %d", c.q, c.values, got, c.want)
		}
	}
}

// A majority of any number of members meets every other majority; of an even
// number it is more than a half.
func TestQuorumsMeet(t *testing.T) {
	for n := 1; n <= 9; n++ {
		c := Configuration{Members: make([]NodeID, n)}
		if q := c.Quorum(); 2*q <= n || 2*(q-1) > n {
			t.Errorf("%d of %d members are a quorum", q, n)
		}
	}
}
