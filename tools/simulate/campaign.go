package main

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"walle/replication/sim"
)

// campaign runs many seeds, several at one time.
type campaign struct {
	options   sim.Options // of every run but its seed
	first     uint64
	end       uint64 // 0 for ever
	cores     int
	keepGoing bool
	crashEach bool           // each seed is run once more for each way to crash at one of its writes
	progress  func(progress) // called every second; nil for none
}

// progress is how far a campaign has come.
type progress struct {
	seeds, steps, failures uint64
	took                   time.Duration
	simulated              time.Duration
}

func (p progress) String() string {
	s := p.took.Seconds()
	return fmt.Sprintf("%d seeds, %d steps in %v: %.0f seeds/s, %.0f steps/s, %v simulated, %d failed",
		p.seeds, p.steps, p.took.Round(time.Second/10), float64(p.seeds)/s, float64(p.steps)/s, p.simulated.Round(time.Second), p.failures)
}

// outcome is what a campaign found.
type outcome struct {
	progress
	coverage sim.Coverage
	failed   *sim.Result // the failure of the lowest seed
	failures []failures  // by checker
}

// failures counts the seeds that failed by one checker.
type failures struct {
	checker sim.Checker
	count   int
	seeds   []uint64 // the lowest of them
}

// seedsMax is how many failing seeds are named for each checker.
const seedsMax = 8

// collector gathers results; mu guards outcome and byChecker.
type collector struct {
	mu        sync.Mutex
	outcome   outcome
	byChecker map[sim.Checker]*failures
}

func (c *collector) add(r sim.Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := &c.outcome
	o.seeds++
	o.steps += uint64(r.Steps)
	o.simulated += r.Simulated
	o.coverage.Add(&r.Coverage)
	if r.Failure == nil {
		return
	}
	o.progress.failures++
	f := c.byChecker[r.Failure.Checker]
	if f == nil {
		f = &failures{checker: r.Failure.Checker}
		c.byChecker[r.Failure.Checker] = f
	}
	f.count++
	f.seeds = append(f.seeds, r.Seed)
	slices.Sort(f.seeds)
	f.seeds = f.seeds[:min(len(f.seeds), seedsMax)]
	if o.failed == nil || r.Seed < o.failed.Seed {
		o.failed = &r
	}
}

// run runs the campaign to its end or first failure, or until ctx is done.
func (c *campaign) run(ctx context.Context) outcome {
	began := time.Now()
	all := collector{byChecker: make(map[sim.Checker]*failures)}
	var next atomic.Uint64
	var stop atomic.Bool
	var workers sync.WaitGroup
	next.Store(c.first)
	for range c.cores {
		workers.Go(func() {
			for !stop.Load() && ctx.Err() == nil {
				o := c.options
				o.Seed = next.Add(1) - 1
				if c.end != 0 && o.Seed >= c.end {
					return
				}
				c.play(o, func(r sim.Result) {
					all.add(r)
					if r.Failure != nil && !c.keepGoing {
						stop.Store(true)
					}
				})
			}
		})
	}
	finished := make(chan struct{})
	go func() { workers.Wait(); close(finished) }()
	c.watch(&all, began, finished)

	all.outcome.took = time.Since(began)
	for _, f := range all.byChecker {
		all.outcome.failures = append(all.outcome.failures, *f)
	}
	sort.Slice(all.outcome.failures, func(i, j int) bool { return all.outcome.failures[i].count > all.outcome.failures[j].count })
	return all.outcome
}

// play runs one seed, or all runs that it stands for.
func (c *campaign) play(o sim.Options, each func(sim.Result)) {
	if c.crashEach {
		sim.AtEveryWrite(o, each)
		return
	}
	each(sim.Run(o))
}

// watch reports progress until all workers have finished.
func (c *campaign) watch(all *collector, began time.Time, finished <-chan struct{}) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-finished:
			return
		case <-ticker.C:
		}
		if c.progress == nil {
			continue
		}
		all.mu.Lock()
		p := all.outcome.progress
		all.mu.Unlock()
		p.took = time.Since(began)
		c.progress(p)
	}
}
