package engine

import (
	"math/rand/v2"
	"testing"

	"walle/replication"
	"walle/replication/node"
)

// What withoutGaps leaves of a run must be its longest beginning without a
// missing entry: one more would be read where it is not, one fewer never ends.
func TestWithoutGaps(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		gaps := randomGaps(rng)
		run := node.ScanRequest{From: replication.EntryID(1 + rng.IntN(30)), Descending: rng.IntN(2) == 0}
		run.To = run.From + replication.EntryID(rng.IntN(30))
		got := withoutGaps(run, gaps)

		var want []replication.EntryID
		for id, n := firstOf(run), run.To-run.From+1; n > 0 && !missing(gaps, id); n, id = n-1, after(run, id) {
			want = append(want, id)
		}
		if len(want) == 0 {
			if got.From <= got.To {
				t.Fatalf("%+v without %v is %d..%d, want nothing", run, gaps, got.From, got.To)
			}
			continue
		}
		lo, hi := min(want[0], want[len(want)-1]), max(want[0], want[len(want)-1])
		if got.From != lo || got.To != hi {
			t.Fatalf("%+v without %v is %d..%d, want %d..%d", run, gaps, got.From, got.To, lo, hi)
		}
	}
}

func randomGaps(rng *rand.Rand) []replication.Gap {
	var gaps []replication.Gap
	next := replication.EntryID(1 + rng.IntN(10))
	for range rng.IntN(4) {
		hi := next + replication.EntryID(rng.IntN(6))
		gaps = append(gaps, replication.Gap{Lo: next, Hi: hi})
		next = hi + 2 + replication.EntryID(rng.IntN(10))
	}
	return gaps
}

func missing(gaps []replication.Gap, id replication.EntryID) bool {
	for _, g := range gaps {
		if g.Lo <= id && id <= g.Hi {
			return true
		}
	}
	return false
}
