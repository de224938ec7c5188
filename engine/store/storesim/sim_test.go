package storesim_test

import (
	"flag"
	"testing"

	"walle/engine/store/storesim"
	"walle/replication"
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
		r := sim.Run(sim.Options{Seed: seed, Storage: func(node replication.NodeID, seed uint64) (sim.Storage, error) {
			return storesim.Open(node, seed, &stats)
		}})
		if r.Failure != nil {
			for _, line := range r.Trace {
				t.Log(line)
			}
			t.Fatal(r)
		}
	}
	stats.Write(t.Output())
}
