package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"walle/tools/nemesis/history"
)

// config is what a run is asked to do.
type config struct {
	cluster  clusterConfig
	duration time.Duration
	kinds    []fault
	seed     uint64
	streams  int
	pace     time.Duration // mean pause of a program between two acts
	report   time.Duration // between two lines
	out      io.Writer
}

// A run is a cluster, its clients and what became of them.
type run struct {
	cfg     config
	cluster *cluster
	streams []*stream
	stats   *stats
	began   time.Time

	mu       sync.Mutex // guards what follows
	failures []string   // violations that belong to no stream
}

func (r *run) now() time.Duration { return time.Since(r.began) }

func (r *run) say(format string, args ...any) {
	fmt.Fprintf(r.cfg.out, "%7.1f  %s\n", r.now().Seconds(), fmt.Sprintf(format, args...))
}

// fail records a violation that belongs to no stream.
func (r *run) fail(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

// violations are all that were found so far.
func (r *run) violations() []string {
	r.mu.Lock()
	list := r.failures[:len(r.failures):len(r.failures)]
	r.mu.Unlock()
	for _, s := range r.streams {
		list = append(list, s.Violations()...)
	}
	return list
}

// execute does the whole run. An error says that it could not be done; what was
// found is told by violations.
func (r *run) execute(ctx context.Context) (err error) {
	if r.cluster, err = startCluster(ctx, r.cfg.cluster, r.say); err != nil {
		return err
	}
	defer func() {
		if len(r.violations()) > 0 {
			err = errors.Join(err, r.cluster.keep())
		}
		err = errors.Join(err, r.cluster.Close())
	}()
	r.leaveOut()
	if err := r.createStreams(ctx); err != nil {
		return err
	}
	clients, stop := context.WithCancel(ctx)
	defer stop()
	var living sync.WaitGroup
	r.startClients(clients, &living)
	r.strike(ctx)
	if ctx.Err() == nil {
		r.heal(ctx)
	}
	stop()
	living.Wait()
	r.countExits()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return r.judge(ctx)
}

// leaveOut drops the faults that this cluster cannot have.
func (r *run) leaveOut() {
	r.cfg.kinds = slices.DeleteFunc(slices.Clone(r.cfg.kinds), func(f fault) bool {
		return f.lane == links && r.cluster.network == nil || f.lane == disks && r.cluster.nodes[0].disk.size == 0
	})
	r.say("faults: %s", strings.Join(kindNames(r.cfg.kinds), ", "))
}

// createStreams makes the streams: every second one is trimmed, and in a cluster
// of five every second pair has only three replicas.
func (r *run) createStreams(ctx context.Context) error {
	for i := range r.cfg.streams {
		s := &stream{Stream: &history.Stream{Name: fmt.Sprintf("s%d", i+1)}, replicas: len(r.cluster.nodes), trims: i%2 == 1, stats: r.stats}
		if i%4 >= 2 {
			s.replicas = min(3, s.replicas)
		}
		sql := fmt.Sprintf("CREATE STREAM IF NOT EXISTS %s WITH (replicas = %d, lease = '%dms')", s.Name, s.replicas, lease.Milliseconds())
		if err := r.cluster.await(ctx, r.cluster.nodes[0], sql); err != nil {
			return err
		}
		r.streams = append(r.streams, s)
	}
	return nil
}

// startClients starts an owner and a rival for each stream, and a reader for each node.
func (r *run) startClients(ctx context.Context, living *sync.WaitGroup) {
	for i, s := range r.streams {
		for j, role := range []string{"owner", "rival"} {
			p := r.newProgram(s, fmt.Sprintf("%s of %s", role, s.Name), role == "rival", uint64(2*i+j))
			living.Go(func() { p.live(ctx) })
			living.Go(func() { p.belief.serve(ctx) })
		}
	}
	for _, n := range r.cluster.nodes {
		reader := &reader{run: r, node: n.number, rand: rand.New(rand.NewPCG(r.cfg.seed, uint64(1000+n.number)))}
		for _, s := range r.streams {
			reader.cursors = append(reader.cursors, cursor{stream: s, who: "reader at " + n.name})
		}
		living.Go(func() { reader.live(ctx) })
	}
}

// strike runs the schedule of faults until its time is over, or something is wrong.
func (r *run) strike(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.duration)
	defer cancel()
	var watch sync.WaitGroup
	watch.Go(func() {
		for last := r.now(); pause(ctx, 200*time.Millisecond) == nil; {
			r.countExits()
			if r.now()-last >= r.cfg.report {
				last = r.now()
				r.say("%s; %d violations", r.stats.line(), len(r.violations()))
			}
			if len(r.violations()) > 0 {
				cancel() // while what tells why is still there
			}
		}
	})
	s := schedule{
		scene: &scene{cluster: r.cluster, streams: r.streams, rand: rand.New(rand.NewPCG(r.cfg.seed, 0))},
		kinds: r.cfg.kinds, stats: r.stats, say: r.say, now: r.now, fail: r.fail,
	}
	s.run(ctx)
	watch.Wait()
}

// countExits notes how nodes have ended. One that nobody had told to is a violation.
func (r *run) countExits() {
	for _, n := range r.cluster.nodes {
		for _, e := range n.takeExits() {
			r.stats.count(func() { r.stats.exits[e.how]++ })
			if e.strange {
				r.fail("%s ended by itself, %s:\n%s", n.name, e.how, e.why)
			}
		}
	}
}

// heal waits until everything works again, all faults being over.
func (r *run) heal(ctx context.Context) {
	r.say("all is healed")
	healed := r.now()
	for _, s := range r.streams {
		s.hit("the end", healed)
	}
	ctx, cancel := context.WithTimeout(ctx, calmAtMost)
	defer cancel()
	if err := r.cluster.serving(ctx); err != nil {
		r.fail("%v after all was healed: %v", calmAtMost, err)
	}
	for _, s := range r.streams {
		for s.suffers() {
			if pause(ctx, 20*time.Millisecond) != nil {
				r.fail("%s: no append is acknowledged, %v after all was healed", s.Name, calmAtMost)
				break
			}
		}
	}
}

// historyFile is where the record goes when something is wrong.
func (r *run) historyFile() string { return filepath.Join(r.cfg.cluster.dir, "history.jsonl") }

func (r *run) writeHistory() error {
	f, err := os.Create(r.historyFile())
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for _, s := range r.streams {
		err = errors.Join(err, s.Write(w))
	}
	return errors.Join(err, w.Flush(), f.Close())
}
