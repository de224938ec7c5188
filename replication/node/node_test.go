package node_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"walle/replication"
	"walle/replication/node"
)

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

// Without a quorum nothing is ever acknowledged, and the deadline is kept.
func TestAppendWithoutQuorum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newStream(t, 3)
		w := c.claim(1, stream, node.ClaimWait)
		c.kill(2)
		c.kill(3)
		r := newReplies()
		const timeout = 3 * time.Second
		deadline := c.clock.Now().Add(timeout)
		if err := w.Append([][]byte{[]byte("x")}, node.AppendOptions{Timeout: timeout}, r.to(1)); err != nil {
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
		c.host(stream) // one that had stored nothing yet is made anew
		began := time.Now()
		w = c.claim(2, stream, node.ClaimForce)
		if waited := time.Since(began); waited < 9*time.Second {
			t.Fatalf("a restart forgot a lease: the next claim served after %v", waited)
		}
		r = newReplies()
		appendN(t, w, r, 101, 200)
		inOrder(t, r.wait(100), 101, replication.Applied)
		for _, id := range c.config.Members {
			c.follow(id, 200)
			c.holds(id, 200)
		}
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
		time.Sleep(time.Minute) // whatever it had put off is due now
		synctest.Wait()
		if left, _ := c.stores[1].Streams(); len(left) > 0 {
			t.Fatalf("a replica that is gone has written: %v", left)
		}

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

// A trim reaches the replicas, and is published.
func TestTrim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newStream(t, 3)
		w := c.claim(1, stream, node.ClaimWait)
		r := newReplies()
		appendN(t, w, r, 1, 100)
		r.wait(100)
		w.TrimTo(51)
		for _, id := range c.config.Members {
			c.follow(id, 100)
			p, _ := c.nodes[id].Progress(stream)
			for changed := p.Changed(); p.First() < 51; changed = p.Changed() {
				<-changed
			}
			if p.First() != 51 || p.Flush() != 100 || p.Tail() != 100 {
				t.Errorf("%v: first %d, flush %d, tail %d", id, p.First(), p.Flush(), p.Tail())
			}
			synctest.Wait()
			if kept := c.stores[id].entries(stream, 100); len(kept) != 50 {
				t.Errorf("%v keeps %d entries", id, len(kept))
			}
		}
	})
}

// What is not for this node, or for nothing that is here, does no harm.
func TestStrayMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newStream(t, 1)
		w := c.claim(1, stream, node.ClaimWait)
		gone := replication.ClaimID{Node: 1, Nonce: 1 << 60}
		c.nodes[1].Deliver([]replication.Envelope{
			{Stream: stream, From: 2, To: 3, Msg: replication.Probe{}},
			{Stream: stream, From: 2, To: 1, Claim: gone, Msg: replication.Status{}},
			{Stream: stream, From: 2, To: 1, Msg: replication.Status{}},
			{Stream: 99, From: 2, To: 1, Msg: replication.Fetched{}},
			{Stream: 99, From: 2, To: 1, Claim: w.ID(), Msg: replication.Promise{}},
			{Stream: 99, From: 1, To: 1, Claim: w.ID(), Msg: replication.Prepare{}},
			{Stream: stream, From: 2, To: 1},
		})
		r := newReplies()
		appendN(t, w, r, 1, 1)
		inOrder(t, r.wait(1), 1, replication.Applied)
	})
}
