package bench

import (
	"context"
	"time"
)

// result is what a load has shown.
type result struct {
	Load string `json:"load"` // and what it was told
	Unit string `json:"unit"`
	Size string `json:"size"`
	measured
	Processor   *processor `json:"processor,omitempty"`
	Resident    []int64    `json:"resident_most_bytes,omitempty"` // of each node
	Interrupted bool       `json:"interrupted,omitempty"`
	Error       string     `json:"error,omitempty"`
}

// processor is what was taken of it, user and system, in microseconds an entry.
type processor struct {
	Nodes float64 `json:"nodes_us"` // of all nodes; 0 if they are not ours
	Bench float64 `json:"bench_us"`
}

// runner runs one load after the other.
type runner struct {
	site     *site
	progress func(load string, warmUp bool, i interval)
}

// run runs a load until its time is over, its operations have ended, or ctx ends.
// What was measured until an error is in the result as well.
func (r *runner) run(ctx context.Context, sp spec) (result, error) {
	p := sp.params
	switch {
	case sp.kind.rounds:
		p.count = p.rounds
	case p.duration == 0 && sp.kind.duration != 0:
		p.duration = sp.kind.duration
	case p.duration == 0:
		p.duration = defaultDuration
	}
	defer r.site.settle()
	w, err := sp.kind.load.prepare(ctx, r.site, p)
	if err != nil {
		return result{}, err
	}
	m := &measurement{load: sp.text, rec: newRecorder(p.count), demo: r.site.demo, progress: r.progress}
	res := result{Load: sp.text, Unit: sp.kind.unit, Size: p.size.String()}
	err = m.run(ctx, w, p)
	res.measured, res.Processor, res.Resident = m.rec.result(), m.processor(), m.resident
	if ctx.Err() != nil {
		res.Interrupted = true // whatever failed by that
		return res, nil
	}
	if err != nil {
		res.Error = err.Error()
		return res, err
	}
	if sp.kind.name == "window" {
		r.site.peak[p.size] = res.rate()
	}
	return res, nil
}

// intervalLeast is what is left of a load's time for it to be an interval of its own.
const intervalLeast = 300 * time.Millisecond

// measurement is a load that runs.
type measurement struct {
	load     string
	rec      *recorder
	demo     *demo
	progress func(load string, warmUp bool, i interval)

	before, after usage
	resident      []int64 // the most of each node
	ticked        time.Duration
}

// run warms up, if there is a time for it, measures, and waits for the end of the work.
func (m *measurement) run(ctx context.Context, w work, p params) error {
	working, stop := context.WithCancel(ctx)
	defer stop()
	var warmUp, over <-chan time.Time // never
	if p.count == 0 {
		warmUp = time.After(p.warmUp)
	}
	m.begin() // the warm-up as well: it may be all that is left when it is interrupted
	ended := make(chan error, 1)
	go func() { ended <- w(working, m.rec) }()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-second.C:
			m.tick(warmUp != nil)
		case <-warmUp:
			warmUp = nil
			m.begin()
			second.Reset(time.Second)
			over = time.After(p.duration)
		case <-over:
			m.end()
			stop()
			return <-ended
		case <-ctx.Done():
			m.end()
			return <-ended
		case err := <-ended:
			m.end()
			return err
		}
	}
}

func (m *measurement) begin() {
	m.before = usageOf(m.demo)
	m.ticked = 0
	m.rec.begin(m.rec.now())
}

func (m *measurement) end() {
	now := m.rec.now()
	m.rec.end(now)
	m.after = usageOf(m.demo)
	if now-m.ticked >= intervalLeast || m.ticked == 0 {
		m.tick(false)
	}
}

func (m *measurement) tick(warmUp bool) {
	memory := usageOf(m.demo).memory
	if m.resident == nil {
		m.resident = make([]int64, len(memory))
	}
	for i, n := range memory {
		m.resident[i] = max(m.resident[i], n)
	}
	m.ticked = m.rec.now()
	m.progress(m.load, warmUp, m.rec.tick(m.ticked, memory))
}

// processor is nil where nothing is known of it, as when nodes have died since.
func (m *measurement) processor() *processor {
	entries := m.rec.result().Entries
	if entries == 0 || m.after.bench == 0 || m.after.nodes < m.before.nodes {
		return nil
	}
	each := func(before, after float64) float64 { return (after - before) * 1e6 / float64(entries) }
	return &processor{Nodes: each(m.before.nodes, m.after.nodes), Bench: each(m.before.bench, m.after.bench)}
}
