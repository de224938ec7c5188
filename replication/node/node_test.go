package node_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"walle/replication"
	"walle/replication/node"
)

const stream = replication.StreamID(7)

// newStream opens a cluster of n nodes that all hold the stream.
func newStream(t *testing.T, n int) *cluster {
	t.Helper()
	c := newCluster(t, n)
	c.host(stream)
	return c
}

// appendN starts appends number from..to of one entry each, without waiting.
func appendN(t *testing.T, w *node.Writer, r *replies, from, to int) {
	t.Helper()
	for i := from; i <= to; i++ {
		if err := w.Append([][]byte{fmt.Appendf(nil, "entry %d", i)}, node.AppendOptions{}, r.to(i)); err != nil {
			t.Fatalf("append %d: %v", i, err)
		}
	}
}

// inOrder checks that got answers appends from.. once each, in order, with one
// outcome.
func inOrder(t *testing.T, got []answer, from int, outcome replication.Outcome) {
	t.Helper()
	for i, a := range got {
		if a.number != from+i || a.Outcome != outcome {
			t.Fatalf("answer %d is of append %d, %v (%v), want append %d, %v", i, a.number, a.Outcome, a.Why, from+i, outcome)
		}
	}
}

// holds checks that a node stores the acknowledged entries 1..to, dense, whole
// and chained.
func (c *cluster) holds(id replication.NodeID, to int) {
	c.t.Helper()
	entries := c.stores[id].entries(stream, replication.EntryID(to))
	if len(entries) != to {
		c.t.Fatalf("%v holds %d entries up to %d", id, len(entries), to)
	}
	if err := replication.CheckRun(replication.Position{}, entries); err != nil {
		c.t.Fatalf("on %v: %v", id, err)
	}
	for i, e := range entries {
		if want := fmt.Sprintf("entry %d", i+1); string(e.Data) != want {
			c.t.Fatalf("entry %d on %v is %q, want %q", i+1, id, e.Data, want)
		}
	}
}

// follow waits until a node has committed up to to.
func (c *cluster) follow(id replication.NodeID, to replication.EntryID) {
	c.t.Helper()
	p, ok := c.nodes[id].Progress(stream)
	if !ok {
		c.t.Fatalf("no replica on %v", id)
	}
	for {
		changed := p.Changed()
		if p.Commit() >= to && len(p.Gaps()) == 0 {
			return
		}
		if p.Gone() {
			c.t.Fatalf("the replica on %v is gone", id)
		}
		<-changed
	}
}

// Everything acknowledged survives a dead node, a writer that is fenced in the
// middle of it, and is on every node in the end.
func TestAppendFenceReadBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newStream(t, 3)
		w := c.claim(1, stream, node.ClaimWait)
		r := newReplies()
		appendN(t, w, r, 1, 10_000)
		inOrder(t, r.wait(10_000), 1, replication.Applied)
		for _, id := range c.config.Members {
			c.follow(id, 10_000)
			c.holds(id, 10_000)
		}

		c.kill(3)
		r = newReplies()
		appendN(t, w, r, 10_001, 10_500)
		inOrder(t, r.wait(500), 10_001, replication.Applied)

		w2 := c.claim(2, stream, node.ClaimForce)
		if got := w2.Status(); got.Next != 10_501 || got.Phase != replication.Serving {
			t.Fatalf("the second writer is %v and goes on at %d", got.Phase, got.Next)
		}
		appendFenced(t, w)
		r = newReplies()
		appendN(t, w2, r, 10_501, 10_600)
		inOrder(t, r.wait(100), 10_501, replication.Applied)

		c.open(3, node.Limits{})
		for _, id := range c.config.Members {
			c.follow(id, 10_600)
			c.holds(id, 10_600)
		}
	})
}

// appendFenced checks that a fenced writer knows it, and appends nothing.
func appendFenced(t *testing.T, w *node.Writer) {
	t.Helper()
	r := newReplies()
	err := w.Append([][]byte{[]byte("late")}, node.AppendOptions{}, r.to(1))
	if err != nil {
		t.Fatal(err)
	}
	if a := r.wait(1)[0]; a.Outcome == replication.Applied || a.Why != replication.CauseFenced {
		t.Fatalf("a fenced writer's append: %v, %v", a.Outcome, a.Why)
	}
	<-w.Lost()
	var lost *node.ClaimError
	if !errors.As(w.Err(), &lost) || lost.Cause != replication.CauseFenced || lost.Holder != "n2" {
		t.Fatalf("the fenced writer says %v", w.Err())
	}
	r = newReplies()
	if err := w.Append([][]byte{[]byte("later")}, node.AppendOptions{}, r.to(2)); err != nil {
		t.Fatal(err)
	}
	if a := r.wait(1)[0]; a.Outcome != replication.NotApplied || a.Why != replication.CauseFenced {
		t.Fatalf("an append after that: %v, %v", a.Outcome, a.Why)
	}
}

// A group gets the id that it was promised, or is refused.
func TestAppendAtAnID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newStream(t, 1)
		w := c.claim(1, stream, node.ClaimWait)
		r := newReplies()
		for i, first := range []replication.EntryID{1, 3, 2} {
			if err := w.Append([][]byte{[]byte("x")}, node.AppendOptions{First: first}, r.to(i)); err != nil {
				t.Fatal(err)
			}
		}
		got := r.wait(3)
		if got[0].First != 1 || got[1].Why != replication.CauseMoved || got[2].First != 2 {
			t.Fatalf("answers %+v", got)
		}
	})
}

// A claim that waits is told why it may not have the stream, and gives up with
// its context; a released stream can be had at once.
func TestClaimOfAHeldStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newStream(t, 3)
		w := c.claim(1, stream, node.ClaimWait)
		req := node.ClaimRequest{Stream: stream, Config: c.config, Mode: node.ClaimNoWait, Lease: 10 * time.Second, Holder: "second"}
		_, err := c.nodes[2].Claim(t.Context(), req)
		var held *node.ClaimError
		if !errors.As(err, &held) || held.Cause != replication.CauseHeld || held.Holder != "n1" || held.Remaining <= 0 {
			t.Fatalf("claim NOWAIT: %v", err)
		}
		req.Mode = node.ClaimWait
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := c.nodes[2].Claim(ctx, req); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("claim of a stream that is held all the time: %v", err)
		}
		if err := w.Release(t.Context()); err != nil {
			t.Fatalf("release: %v", err)
		}
		began := time.Now()
		c.claim(2, stream, node.ClaimWait)
		if waited := time.Since(began); waited > time.Second {
			t.Fatalf("the claim of a released stream took %v", waited)
		}
		if !errors.Is(w.Err(), node.ErrClosed) {
			t.Fatalf("a released writer says %v", w.Err())
		}
	})
}

// Without a quorum nothing is ever acknowledged, and the deadline is kept.
func TestAppendWithoutQuorum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newStream(t, 3)
		w := c.claim(1, stream, node.ClaimWait)
		c.kill(2)
		c.kill(3)
		r := newReplies()
		deadline := c.clock.Now().Add(3 * time.Second)
		if err := w.Append([][]byte{[]byte("x")}, node.AppendOptions{Deadline: deadline}, r.to(1)); err != nil {
			t.Fatal(err)
		}
		if a := r.wait(1)[0]; a.Outcome != replication.Unknown {
			t.Fatalf("without a quorum: %v", a.Outcome)
		}
		if late := c.clock.Now().Sub(deadline); late < 0 || late > time.Millisecond {
			t.Fatalf("answered %v after its deadline", late)
		}
	})
}

// A node that restarts goes on from its disk: the claim's lease is waited for,
// and what was acknowledged is there.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newStream(t, 3)
		w := c.claim(1, stream, node.ClaimWait)
		r := newReplies()
		appendN(t, w, r, 1, 100)
		r.wait(100)
		for _, id := range c.config.Members {
			c.kill(id)
		}
		for _, id := range c.config.Members {
			c.open(id, node.Limits{})
		}
		began := time.Now()
		w = c.claim(2, stream, node.ClaimForce)
		if waited := time.Since(began); waited < 9*time.Second {
			t.Fatalf("a restart forgot a lease: the next claim served after %v", waited)
		}
		r = newReplies()
		appendN(t, w, r, 101, 200)
		inOrder(t, r.wait(100), 101, replication.Applied)
		c.holds(2, 200)
	})
}

// Streams that nobody uses take no rounds at all.
func TestIdleStreamsCostNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1)
		for id := range replication.StreamID(10_000) {
			c.host(id + 1)
		}
		c.kill(1)
		c.open(1, node.Limits{})
		time.Sleep(time.Minute) // in the bubble: until a minute has passed with nothing to do
		synctest.Wait()
		before := c.clock.reads.Load()
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := c.clock.reads.Load() - before; n > 0 {
			t.Fatalf("the clock was read %d times in an idle hour", n)
		}
	})
}

// What waits while a sync is under way is synced together.
func TestGroupCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newStream(t, 1)
		w := c.claim(1, stream, node.ClaimWait)
		synctest.Wait()
		release := c.stores[1].holdSyncs()
		before := len(c.stores[1].appliedSoFar())
		r := newReplies()
		for i := range 1000 {
			appendN(t, w, r, i+1, i+1)
			synctest.Wait() // the owner has had its round
		}
		if n := len(r.sofar()); n > 0 {
			t.Fatalf("%d appends were acknowledged before a sync", n)
		}
		release()
		inOrder(t, r.wait(1000), 1, replication.Applied)
		if n := len(c.stores[1].appliedSoFar()) - before; n > 10 {
			t.Fatalf("1000 appends took %d batches", n)
		}
	})
}

// A writer has only so much in flight.
func TestAppendFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newStream(t, 1)
		c.kill(1)
		c.open(1, node.Limits{WriterGroups: 3, WriterBytes: 100})
		c.host(stream)
		w := c.claim(1, stream, node.ClaimWait)
		release := c.stores[1].holdSyncs()
		r := newReplies()
		group := func(bytes int) error {
			return w.Append([][]byte{make([]byte, bytes)}, node.AppendOptions{}, r.to(0))
		}
		if err := errors.Join(group(200), group(0)); !errors.Is(err, node.ErrFull) {
			t.Fatalf("200 of 100 bytes alone, and then more: %v", err)
		}
		release()
		r.wait(1)
		release = c.stores[1].holdSyncs()
		if err := errors.Join(group(40), group(40), group(20)); err != nil {
			t.Fatal(err)
		}
		if err := group(0); !errors.Is(err, node.ErrFull) {
			t.Fatalf("a fourth group: %v", err)
		}
		release()
		inOrder(t, r.wait(4)[3:], 0, replication.Applied)
	})
}

// notApplied checks that got answers appends 0.. once each, in order: first some
// unknown, then those surely not applied.
func notApplied(t *testing.T, got []answer) {
	t.Helper()
	last := replication.Unknown
	for i, a := range got {
		if a.number != i || a.Outcome != replication.Unknown && a.Outcome != replication.NotApplied ||
			last == replication.NotApplied && a.Outcome == replication.Unknown {
			t.Fatalf("answer %d is of append %d: %v after %v", i, a.number, a.Outcome, last)
		}
		last = a.Outcome
	}
}

// An error of the disk is the end: nothing is acknowledged any more, everybody
// is told, once, in order, and never "applied".
func TestDiskFails(t *testing.T) {
	broken := errors.New("broken disk")
	for name, fail := range map[string]func(*memory){
		"apply": func(m *memory) { m.failApply(broken) },
		"sync":  func(m *memory) { m.failWait(broken) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newStream(t, 1)
				w := c.claim(1, stream, node.ClaimWait)
				r := newReplies()
				appendN(t, w, r, 1, 10)
				inOrder(t, r.wait(10), 1, replication.Applied)

				fail(c.stores[1])
				r = newReplies()
				accepted := 0
				for w.Append([][]byte{[]byte("x")}, node.AppendOptions{}, r.to(accepted)) == nil && accepted < 10_000 {
					accepted++
				}
				notApplied(t, r.wait(accepted))
				<-w.Lost()
				if !errors.Is(w.Err(), broken) || !errors.Is(w.Err(), node.ErrClosed) {
					t.Fatalf("the writer was lost with %v", w.Err())
				}
				if _, err := c.nodes[1].Claim(t.Context(), node.ClaimRequest{Stream: stream, Config: c.config}); !errors.Is(err, broken) {
					t.Fatalf("claim on a failed node: %v", err)
				}
				synctest.Wait()
				if got := c.fatals(); len(got) != 1 || !errors.Is(got[0], broken) {
					t.Fatalf("OnFatal was called with %v", got)
				}
				if err := c.nodes[1].Close(); !errors.Is(err, broken) {
					t.Fatalf("close: %v", err)
				}
			})
		})
	}
}

// Close answers everyone: what a machine has seen is unknown, what it has not is
// surely not applied; a claim under way fails.
func TestCloseInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newStream(t, 3)
		w := c.claim(1, stream, node.ClaimWait)
		var releases []func()
		for _, m := range c.stores {
			releases = append(releases, m.holdSyncs())
		}
		r := newReplies()
		appendN(t, w, r, 1, 1000)
		claimed := make(chan error, 1)
		go func() {
			_, err := c.nodes[1].Claim(context.Background(), node.ClaimRequest{
				Stream: stream, Config: c.config, Lease: time.Second, Mode: node.ClaimWait, Holder: "waits",
			})
			claimed <- err
		}()
		synctest.Wait()
		appendN(t, w, r, 1001, 1001)
		go func() {
			for _, release := range releases {
				release()
			}
		}()
		c.kill(1)
		got := r.sofar()
		if len(got) != 1001 {
			t.Fatalf("%d of 1001 appends are answered", len(got))
		}
		for i, a := range got {
			if a.number != i+1 || a.Outcome == replication.NotApplied && i < 1000 {
				t.Fatalf("answer %d is of append %d: %v", i, a.number, a.Outcome)
			}
		}
		if err := <-claimed; !errors.Is(err, node.ErrClosed) {
			t.Fatalf("a claim under way: %v", err)
		}
		<-w.Lost()
		if err := w.Append(nil, node.AppendOptions{}, r.to(0)); !errors.Is(err, node.ErrClosed) {
			t.Fatalf("append after close: %v", err)
		}
		if err := w.Release(t.Context()); !errors.Is(err, node.ErrClosed) {
			t.Fatalf("release after close: %v", err)
		}
	})
}

// A dropped writer's appends are unknown, and its lease runs out by itself.
func TestDrop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newStream(t, 3)
		w := c.claim(1, stream, node.ClaimWait)
		for _, m := range c.stores {
			defer m.holdSyncs()()
		}
		r := newReplies()
		appendN(t, w, r, 1, 10)
		synctest.Wait()
		w.Drop()
		inOrder(t, r.wait(10), 1, replication.Unknown)
		<-w.Lost()
		_, err := c.nodes[2].Claim(t.Context(), node.ClaimRequest{
			Stream: stream, Config: c.config, Mode: node.ClaimNoWait, Lease: time.Second, Holder: "next",
		})
		var held *node.ClaimError
		if !errors.As(err, &held) || held.Cause != replication.CauseHeld {
			t.Fatalf("claim of what was only dropped: %v", err)
		}
	})
}

// A question reaches all members, waits for those who do not answer, and gives
// what it has when its time is up.
func TestAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newStream(t, 3)
		c.claim(2, stream, node.ClaimWait)
		got := c.nodes[1].Ask(t.Context(), stream, c.config, replication.Probe{}, 3)
		if len(got) != 3 {
			t.Fatalf("%d answers: %v", len(got), got)
		}
		for id, m := range got {
			if s, ok := m.(replication.Status); !ok || s.Holder != "n2" {
				t.Errorf("%v answers %v", id, m)
			}
		}

		back := c.nodes[3]
		c.net.cut(3)
		time.AfterFunc(time.Second, func() { c.net.connect(3, back) })
		if got := c.nodes[1].Ask(t.Context(), stream, c.config, replication.Probe{}, 3); len(got) != 3 {
			t.Fatalf("%d answers once all are there again", len(got))
		}

		c.kill(3)
		if got := c.nodes[1].Ask(t.Context(), stream, c.config, replication.Probe{}, 2); len(got) != 2 {
			t.Fatalf("%d answers where two are enough", len(got))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if got := c.nodes[1].Ask(ctx, stream, c.config, replication.Probe{}, 3); len(got) != 2 || got[3] != nil {
			t.Fatalf("with one node dead: %v", got)
		}
		if got := c.nodes[1].Ask(t.Context(), 99, replication.Configuration{Number: 1, Members: c.config.Members[:2]}, replication.Probe{}, 2); len(got) != 2 || got[1].(replication.Refused).Reason != replication.RefusedUnknown {
			t.Fatalf("of a stream that is not here: %v", got)
		}
	})
}

// A replica that is gone leaves nothing; what the disk still reports of it is
// not taken for a new one's.
func TestUnhost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newStream(t, 1)
		w := c.claim(1, stream, node.ClaimWait)
		r := newReplies()
		appendN(t, w, r, 1, 100)
		r.wait(100)
		p, _ := c.nodes[1].Progress(stream)
		changed := p.Changed()
		if err := c.nodes[1].Unhost(stream); err != nil {
			t.Fatal(err)
		}
		<-changed
		if _, ok := c.nodes[1].Progress(stream); ok || !p.Gone() {
			t.Fatal("the replica is still there")
		}
		if left, _ := c.stores[1].Streams(); len(left) > 0 {
			t.Fatalf("still stored: %v", left)
		}
		w.Drop()

		release := c.stores[1].holdSyncs()
		c.host(stream)
		claimed := make(chan *node.Writer, 1)
		go func() { claimed <- c.claim(1, stream, node.ClaimWait) }()
		synctest.Wait()
		if len(claimed) > 0 {
			t.Fatal("a claim was served that nothing durable stands behind")
		}
		release()
		if got := (<-claimed).Status().Next; got != 1 {
			t.Fatalf("the new replica goes on at %d", got)
		}
	})
}

// Every stream is restored before the first message is taken.
func TestOpenRestores(t *testing.T) {
	m := newMemory()
	for id := range replication.StreamID(10_000) {
		s := &stored{state: replication.State{Config: replication.Configuration{Number: 1, Members: []replication.NodeID{1}}, First: 1}}
		m.streams[id+1] = s
	}
	c := newCluster(t, 0)
	c.stores[1] = m
	n := c.open(1, node.Limits{})
	for id := range replication.StreamID(10_000) {
		if _, ok := n.Progress(id + 1); !ok {
			t.Fatalf("stream %d is not there", id+1)
		}
	}
	if _, ok := n.Progress(10_001); ok {
		t.Fatal("a stream that never was is there")
	}
}

// A state that breaks an invariant is refused at the start, with its stream.
func TestOpenBrokenState(t *testing.T) {
	m := newMemory()
	m.streams[5] = &stored{commit: 10, state: replication.State{First: 1}}
	_, err := node.Open(node.Config{
		Self: 1, Storage: m, Transport: wire{}, Clock: &clock{}, Random: func() uint64 { return 1 },
	})
	var violation replication.Violation
	if !errors.As(err, &violation) {
		t.Fatalf("open: %v", err)
	}
}

// A config that cannot run is refused.
func TestConfig(t *testing.T) {
	good := node.Config{Self: 1, Storage: newMemory(), Transport: wire{}, Clock: &clock{}, Random: func() uint64 { return 1 }}
	for name, spoil := range map[string]func(*node.Config){
		"no self":        func(c *node.Config) { c.Self = 0 },
		"no storage":     func(c *node.Config) { c.Storage = nil },
		"no transport":   func(c *node.Config) { c.Transport = nil },
		"no clock":       func(c *node.Config) { c.Clock = nil },
		"no chance":      func(c *node.Config) { c.Random = nil },
		"bad shards":     func(c *node.Config) { c.Shards = -1 },
		"negative limit": func(c *node.Config) { c.Limits.Batches = -1 },
	} {
		c := good
		spoil(&c)
		if n, err := node.Open(c); err == nil {
			n.Close()
			t.Errorf("%s: no error", name)
		}
	}
	if n, err := node.Open(good); err != nil {
		t.Error(err)
	} else {
		n.Close()
	}
}
