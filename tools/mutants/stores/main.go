// Command stores runs seeds of package replication/sim on real stores, one after
// the other until one fails, and prints that one and what noticed it. Package
// mutants builds it out of broken code.
package main

import (
	"flag"
	"fmt"
	"os"

	"walle/engine/store/storesim"
	"walle/replication/sim"
)

func main() {
	first := flag.Uint64("first", 1, "the first `seed`")
	last := flag.Uint64("last", 1, "the last `seed`")
	flag.Parse()
	var stats storesim.Stats
	for seed := *first; seed <= *last; seed++ {
		if r := sim.Run(sim.Options{Seed: seed, Storage: stats.Open}); r.Failure != nil {
			fmt.Printf("seed %d: %s\n%v\n", seed, r.Failure.Checker, r)
			os.Exit(1)
		}
	}
}
