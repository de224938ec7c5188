package storesim_test

import (
	"flag"
	"testing"

	"walle/engine/store/storesim"
	"walle/replication/sim"
)

var (
	first = flag.Uint64("first", 1, "the first seed")
	count = flag.Uint64("count", 60, "how many")
)

// Worlds on real storage, of a fixed range of seeds: nothing acknowledged is
// lost, and the store holds what the model of a disk holds.
func TestSeeds(t *testing.T) {
	var stats storesim.Stats
	for seed := *first; seed < *first+*count; seed++ {
		if r := sim.Run(sim.Options{Seed: seed, Storage: stats.Open}); r.Failure != nil {
			t.Fatalf("%v\nreplay: go run ./tools/simulate -disk pebble -seeds %d", r, seed)
		}
	}
	stats.Write(t.Output())
}
