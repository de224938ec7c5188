package explore

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"walle/replication"
)

// Options say how to search.
type Options struct {
	Cores  int // how many worlds are followed at one time; at least one
	Memory int // bytes that worlds may take; 0 for any
	Worlds int // how many; 0 for any
	// Progress is told how far the search is, every million worlds or so, from
	// any goroutine. When it returns false the search ends.
	Progress func(Progress) bool
}

// Progress is how far a search is.
type Progress struct {
	Depth  int    // actions from the first world
	Worlds uint64 // distinct ones met
	Tried  uint64 // actions
	Ahead  uint64 // worlds at this depth
}

// Result is what became of a search.
type Result struct {
	Progress
	Exhausted bool
	Stopped   string   // why not
	Failure   *Failure // the first that was met; none is nearer to the first world
	Path      []string // to it, and how the world looks then
	Parts     Parts
}

// Parts is how many different states of each part were met, and how many of them
// were what a scope is there for.
type Parts struct {
	Nodes, Claims, Messages, Records int
	Gaps, Trimmed                    int    // nodes with a gap; that have trimmed
	Serving                          int    // claims that were served
	Effects                          uint64 // steps of machines that were worked out
}

func (x *explorer) count() (p Parts) {
	p = Parts{
		Nodes: len(x.nodes.all()), Claims: len(x.claims.all()), Messages: len(x.messages.all()), Records: len(x.records.all()),
		Effects: x.worked.Load(),
	}
	for _, n := range x.nodes.all() {
		if len(n.written.state.Gaps) > 0 {
			p.Gaps++
		}
		if n.written.state.First > 1 {
			p.Trimmed++
		}
	}
	for _, c := range x.claims.all() {
		if c.phase == replication.Serving {
			p.Serving++
		}
	}
	return p
}

// Search visits every world of a scope, the nearest first.
func Search(s Scope, o Options) (*Result, error) {
	x, err := newExplorer(s)
	if err != nil {
		return nil, err
	}
	h := &search{explorer: x, options: o}
	return h.run(), nil
}

// search is one search, breadth first: all worlds of a depth are followed before
// any of the next.
type search struct {
	*explorer
	options Options
	visited visited
	trail   trail
	depth   int
	ahead   uint64
	tried   atomic.Uint64
	ending  atomic.Bool // nothing more need be done

	mu      sync.Mutex
	failure *Failure
	at      uint32 // the number of the world from which it was met
	choice  uint16
	stopped string
}

func (h *search) run() *Result {
	first, failure := h.reigns(nil)
	if failure != nil {
		h.failure = failure
		return h.result()
	}
	print, _ := h.fingerprint(first, nil)
	h.visited.add(print, h.net(first), 0)
	level := []block{{}}
	level[0].add(h.trail.add(0, 0), first)
	for len(level) > 0 && !h.ending.Load() {
		h.ahead = 0
		for i := range level {
			h.ahead += uint64(level[i].count)
		}
		level = h.follow(level)
		h.depth++
	}
	return h.result()
}

// follow visits what comes after the worlds of a level.
func (h *search) follow(level []block) []block {
	cores := max(1, h.options.Cores)
	next := make([][]block, cores)
	var taken atomic.Int64
	var all sync.WaitGroup
	for core := range cores {
		all.Go(func() {
			w := &walker{search: h}
			for i := int(taken.Add(1)) - 1; i < len(level) && !h.ending.Load(); i = int(taken.Add(1)) - 1 {
				w.block(&level[i])
				level[i] = block{}
				h.report()
			}
			next[core] = w.next
		})
	}
	all.Wait()
	return slices.Concat(next...)
}

// report tells how far the search is and ends it when it may not go on.
func (h *search) report() {
	if m := h.options.Memory; m > 0 && h.bytes() > m {
		h.stop("its memory is used up")
	}
	if n := h.options.Worlds; n > 0 && h.trail.len() > uint64(n) {
		h.stop("it was to visit no more")
	}
	if h.options.Progress != nil && !h.options.Progress(h.progress()) {
		h.stop("it was told to end")
	}
}

func (h *search) progress() Progress {
	return Progress{Depth: h.depth, Worlds: h.trail.len(), Tried: h.tried.Load(), Ahead: h.ahead}
}

// bytes is about what the search takes: levels are a small part and not counted.
func (h *search) bytes() int { return h.visited.bytes() + h.trail.bytes() }

func (h *search) stop(why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = why
	h.ending.Store(true)
}

// fail takes note of a failure that choice leads to from world number at.
func (h *search) fail(f *Failure, at uint32, choice int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failure == nil {
		h.failure, h.at, h.choice = f, at, uint16(choice)
		h.ending.Store(true)
	}
}

func (h *search) result() *Result {
	r := &Result{Progress: h.progress(), Stopped: h.stopped, Failure: h.failure}
	r.Exhausted = r.Failure == nil && r.Stopped == ""
	r.Parts = h.count()
	if h.failure != nil {
		r.Path = h.path()
	}
	return r
}

// path tells how the failure comes about.
func (h *search) path() (lines []string) {
	w, f := h.reigns(func(from world, a action) {
		lines = append(lines, "  -  "+h.tell(from, a))
	})
	if f != nil {
		return lines
	}
	for i, c := range append(h.trail.to(h.at), h.choice) {
		a := h.actions(w, nil)[c]
		lines = append(lines, fmt.Sprintf("%3d  %s", i+1, h.tell(w, a)))
		next := slices.Clone(w)
		_ = h.after(w, &next, a) // that of the last is what failed
		w = next
	}
	return append(lines, h.describe(w)...)
}

// describe says how the parts of w stand.
func (x *explorer) describe(w world) (lines []string) {
	for i := range x.members {
		n := x.nodes.get(w[i])
		lines = append(lines, fmt.Sprintf("     %v: promised %d, history %v, log from %d %v, gaps %v, commit %d; on disk %v",
			x.members[i], n.written.state.Promised, n.written.state.History, n.written.state.First, n.written.entries, n.written.state.Gaps, n.commit, n.durable.entries))
	}
	for i := range x.scope.Claims {
		if c := x.claimOf(w, i); c != nil {
			lines = append(lines, fmt.Sprintf("     claim %d: %v, term %d, commit %d", i+1, c.phase, c.term, c.commit))
		}
	}
	var net []string
	for _, id := range x.net(w) {
		net = append(net, "       "+x.messages.get(id).String())
	}
	return append(lines, "     under way:", strings.Join(net, "\n"))
}

// walker follows worlds, one after the other.
type walker struct {
	*search
	next    []block
	actions []action
	world   world
	scratch []byte
}

func (w *walker) block(b *block) {
	for number, from := range b.worlds() {
		if w.ending.Load() {
			return
		}
		w.follow(number, from)
	}
}

// follow visits what comes next after world from.
func (w *walker) follow(number uint32, from world) {
	var print uint64
	print, w.scratch = w.fingerprint(from, w.scratch)
	if w.visited.surpassed(print, w.net(from), uint8(w.depth)) {
		return
	}
	w.actions = w.explorer.actions(from, w.actions[:0])
	w.tried.Add(uint64(len(w.actions)))
	for choice, a := range w.actions {
		w.world = append(w.world[:0], from...)
		if f := w.after(from, &w.world, a); f != nil {
			w.fail(f, number, choice)
			return
		}
		if w.within(w.world, from) {
			continue
		}
		print, w.scratch = w.fingerprint(w.world, w.scratch)
		if w.visited.add(print, w.net(w.world), uint8(w.depth+1)) {
			w.keep(w.trail.add(number, uint16(choice)), w.world)
		}
	}
}

// keep remembers a world for the next level.
func (w *walker) keep(number uint32, v world) {
	if n := len(w.next); n == 0 || w.next[n-1].count >= blockWorlds {
		w.next = append(w.next, block{})
	}
	w.next[len(w.next)-1].add(number, v)
}
