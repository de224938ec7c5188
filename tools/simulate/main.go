// Command simulate runs seeds of package replication/sim on all cores: for ever,
// or a range of them. It stops at the first failure and prints its story.
//
//	go run ./tools/simulate                    endless, from a seed of the time of day; ^C ends it with a summary
//	go run ./tools/simulate -seeds 1..100000   a range
//	go run ./tools/simulate -seeds 42 -v       one seed, every event
//	go run ./tools/simulate -disk pebble       with the real store below each node
//	go run ./tools/simulate -seeds 1..50 -steps 300 -crash-each
//	                                           again with a crash at every write
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"walle/engine/store/storesim"
	"walle/replication/sim"
)

func main() {
	debug.SetGCPercent(400) // runs are small and make much garbage
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "simulate:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("simulate", flag.ContinueOnError)
	seeds := flags.String("seeds", "", "`range` of seeds, A..B or one; endless without")
	nodes := flags.Int("nodes", 0, "members: 1, 3 or 5; 0 lets the seed choose")
	steps := flags.Int("steps", 0, "machine steps of the fault phase (default 3000)")
	without := flags.String("without", "", "kinds of faults to switch off, or all: "+sim.NoFaults.String())
	disk := flags.String("disk", "model", "what a node keeps its replica on: model, or pebble for the real store on files in memory that crash and fail")
	cores := flags.Int("cores", runtime.NumCPU(), "how many seeds run at one time")
	verbose := flags.Bool("v", false, "print every event (with one seed)")
	last := flags.Int("last", 200, "how many of the last events to print of a failing run")
	shrink := flags.Bool("shrink", true, "look for a shorter failing run")
	keep := flags.Bool("keep-going", false, "count failures instead of stopping at the first")
	crash := flags.String("crash", "", "`write` to crash at, like 17/before, 17/lost or 17/kept")
	crashEach := flags.Bool("crash-each", false, "run each seed again for every write, crashing there")
	limit := flags.Duration("for", 0, "how `long` to run; 0 for no limit")
	quiet := flags.Bool("q", false, "no progress, no summary: failures only")
	if err := flags.Parse(args); err != nil {
		return err
	}
	options := sim.Options{Nodes: *nodes, Steps: *steps}
	var stats storesim.Stats
	switch *disk {
	case "model":
	case "pebble":
		options.Storage = stats.Open
	default:
		return fmt.Errorf("disk %q is neither model nor pebble", *disk)
	}
	switch *without {
	case "all":
		options.Without = sim.NoFaults
	default:
		var err error
		if options.Without, err = sim.ParseFaults(*without); err != nil {
			return err
		}
	}
	if *crash != "" {
		var err error
		if options.Crash, err = sim.ParseCrashPoint(*crash); err != nil {
			return err
		}
	}
	first, end, err := parseRange(*seeds)
	if err != nil {
		return err
	}
	if *verbose {
		options.Seed, options.Trace = first, os.Stdout
		fmt.Println(sim.Run(options))
		return nil
	}
	c := campaign{options: options, first: first, end: end, cores: *cores, keepGoing: *keep, crashEach: *crashEach}
	if !*quiet {
		c.progress = func(p progress) { fmt.Fprintf(os.Stderr, "\r%v\033[K", p) }
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt) // the summary is told all the same
	defer stop()
	if *limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, *limit)
		defer cancel()
	}
	found := c.run(ctx)
	if !*quiet {
		fmt.Fprintln(os.Stderr)
		report(&found)
		if options.Storage != nil {
			stats.Write(os.Stdout)
		}
	}
	if found.failed == nil {
		return nil
	}
	options.Crash = found.failed.Crash
	return explain(options, found.failed.Seed, *last, *shrink && !*crashEach)
}

// report prints the summary.
func report(o *outcome) {
	fmt.Println(o.progress)
	o.coverage.Write(os.Stdout)
	fmt.Printf("claim after healing: at most %v; all logs equal: at most %v\n", time.Duration(o.coverage.LongestClaim), time.Duration(o.coverage.LongestHeal))
	for _, name := range o.coverage.Missing() {
		fmt.Println("never taken:", name)
	}
	for _, c := range o.failures {
		fmt.Printf("failed: %-28s %6d seeds: %v\n", c.checker, c.count, c.seeds)
	}
}

// explain runs a failing seed again, or a shorter run that fails alike, and
// prints its last events.
func explain(options sim.Options, seed uint64, last int, shrink bool) error {
	options.Seed = seed
	if shrink {
		options = sim.Shrink(options)
	}
	options.Last = last
	r := sim.Run(options)
	for _, line := range r.Trace {
		fmt.Println(line)
	}
	fmt.Println(r)
	replay := fmt.Sprintf("go run ./tools/simulate -seeds %d -v", options.Seed)
	if options.Nodes != 0 {
		replay += fmt.Sprintf(" -nodes %d", options.Nodes)
	}
	if options.Steps != 0 {
		replay += fmt.Sprintf(" -steps %d", options.Steps)
	}
	if options.Crash.Write != 0 {
		replay += " -crash " + options.Crash.String()
	}
	if options.Storage != nil {
		replay += " -disk pebble"
	}
	if options.Without != 0 {
		replay += " -without " + options.Without.String()
	}
	fmt.Println("replay:", replay)
	return fmt.Errorf("seed %d failed", seed)
}

// parseRange reads "A..B", "A" or "": an endless range from the time of day.
func parseRange(s string) (first, end uint64, err error) {
	if s == "" {
		return uint64(time.Now().UnixNano()), 0, nil
	}
	a, b, both := strings.Cut(s, "..")
	if first, err = strconv.ParseUint(a, 10, 64); err != nil {
		return 0, 0, fmt.Errorf("first seed of %q: %w", s, err)
	}
	if !both {
		return first, first + 1, nil
	}
	if end, err = strconv.ParseUint(b, 10, 64); err != nil {
		return 0, 0, fmt.Errorf("last seed of %q: %w", s, err)
	}
	return first, end + 1, nil
}
