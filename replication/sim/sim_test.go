package sim

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

var (
	seedFlag  = flag.Uint64("seed", 0, "the seed of TestSeed")
	traceFlag = flag.Bool("trace", false, "print every event of TestSeed")
	nodesFlag = flag.Int("nodes", 0, "members in TestSeed; 0 lets the seed choose")
	stepsFlag = flag.Int("steps", 0, "machine steps of the fault phase in TestSeed")
)

// TestSeed replays one run: go test ./replication/sim -run 'TestSeed$' -args -seed N -trace.
func TestSeed(t *testing.T) {
	o := Options{Seed: *seedFlag, Nodes: *nodesFlag, Steps: *stepsFlag, Last: 100}
	if *traceFlag {
		o.Trace = os.Stdout
	}
	check(t, Run(o))
}

// TestSeeds runs a fixed range: a bug that any of these schedules shows must not
// come back.
func TestSeeds(t *testing.T) {
	const parts, each, steps = 20, 60, 1500
	for part := range uint64(parts) {
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			t.Parallel()
			for seed := part * each; seed < (part+1)*each; seed++ {
				check(t, Run(Options{Seed: seed, Steps: steps, Last: 100}))
			}
		})
	}
}

// TestCrashAtEveryWrite: some runs again and again, each time with a crash at
// another write.
func TestCrashAtEveryWrite(t *testing.T) {
	for seed := uint64(1); seed <= 8; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			AtEveryWrite(Options{Seed: seed, Steps: 300, Last: 100}, func(r Result) { check(t, r) })
		})
	}
}

func check(t *testing.T, r Result) {
	t.Helper()
	if r.Failure == nil {
		return
	}
	for _, line := range r.Trace {
		t.Log(line)
	}
	t.Fatal(r)
}

// TestRunsAreReproducible: a seed that does not tell the same story twice is of
// no use.
func TestRunsAreReproducible(t *testing.T) {
	for seed := uint64(1); seed <= 5; seed++ {
		a := Run(Options{Seed: seed, Last: 2000})
		b := Run(Options{Seed: seed, Last: 2000})
		if a.Steps != b.Steps || a.Simulated != b.Simulated || a.Coverage != b.Coverage {
			t.Fatalf("seed %d: %v, then %v", seed, a, b)
		}
		for i := range a.Trace {
			if a.Trace[i] != b.Trace[i] {
				t.Fatalf("seed %d: %q, then %q", seed, a.Trace[i], b.Trace[i])
			}
		}
	}
}

// TestCoverage: a path of the protocol or a kind of fault that no run of a range
// comes by is not tested by it, whatever the checkers say.
func TestCoverage(t *testing.T) {
	var all Coverage
	for seed := uint64(0); seed < 150; seed++ {
		r := Run(Options{Seed: seed})
		all.Add(&r.Coverage)
	}
	for _, name := range all.Missing() {
		t.Errorf("never taken: %s", name)
	}
}
