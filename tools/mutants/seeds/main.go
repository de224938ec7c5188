// Command seeds runs seeds of package replication/sim one after the other until
// one fails, and prints that one and what noticed it. Package mutants builds it
// out of broken code.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"

	"walle/replication/sim"
)

func main() {
	debug.SetGCPercent(400) // runs are small and make much garbage
	first := flag.Uint64("first", 1, "the first `seed`")
	last := flag.Uint64("last", 1, "the last `seed`")
	flag.Parse()
	for seed := *first; seed <= *last; seed++ {
		if r := sim.Run(sim.Options{Seed: seed}); r.Failure != nil {
			fmt.Printf("seed %d: %s\n%v\n", seed, r.Failure.Checker, r)
			os.Exit(1)
		}
	}
}
