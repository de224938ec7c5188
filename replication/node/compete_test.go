package node_test

import (
	"context"
	"encoding/binary"
	"flag"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"walle/replication"
	"walle/replication/node"
)

// seed replays the choices of a run; not the interleaving of goroutines.
var seed = flag.Uint64("seed", 0, "run TestCompetingWriters with this seed only")

// Claims follow each other on any node, in any mode, over a network that loses
// messages, while nodes come and go. What was acknowledged is on every node in
// the end, as the entry it was acknowledged as; what was surely not applied is
// nowhere; nothing is there twice.
func TestCompetingWriters(t *testing.T) {
	seeds := []uint64{1, 2, 3, 4, 5, 6, 7, 8}
	if *seed != 0 {
		seeds = []uint64{*seed}
	}
	for _, seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			t.Logf("-seed %d", seed)
			c := &competition{
				cluster: newStream(t, 3),
				random:  rand.New(rand.NewPCG(seed, 1)),
				applied: make(map[replication.EntryID]uint64),
				never:   make(map[uint64]bool),
			}
			loss := &lossy{random: rand.New(rand.NewPCG(seed, 2))}
			c.net.lose(loss.loses)
			for range 25 {
				c.turn()
			}
			c.net.lose(nil)
			c.check()
		})
	}
}

// lossy loses one message in 30.
type lossy struct {
	mu     sync.Mutex // guards random
	random *rand.Rand
}

func (l *lossy) loses() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.random.IntN(30) == 0
}

// competition remembers what it was told of its appends.
type competition struct {
	*cluster
	random  *rand.Rand
	number  uint64                         // of the last append; the payload
	applied map[replication.EntryID]uint64 // the payloads acknowledged
	never   map[uint64]bool                // those surely not applied
}

// turn is one claim, its appends, and its end; now and then a node restarts.
func (c *competition) turn() {
	if c.random.IntN(4) == 0 {
		id := c.config.Members[c.random.IntN(3)]
		c.kill(id)
		defer func() {
			c.open(id, node.Limits{})
			if err := c.nodes[id].Host(stream, c.config); err != nil {
				c.t.Fatal(err)
			}
		}()
	}
	id := c.config.Members[c.random.IntN(3)]
	if c.nodes[id] == nil {
		return
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Duration(1+c.random.IntN(30))*time.Second)
	defer cancel()
	w, err := c.nodes[id].Claim(ctx, node.ClaimRequest{
		Stream: stream, Config: c.config, Mode: node.ClaimMode(c.random.IntN(3)), Lease: 5 * time.Second, Holder: id.String(),
	})
	if err != nil {
		return // held, or too late
	}
	disturbed := c.disturb(id)
	for range 20 {
		c.append(w, 1+c.random.IntN(20))
	}
	disturbed()
	switch c.random.IntN(3) {
	case 0:
		w.Drop()
	case 1:
		w.Release(ctx)
	case 2: // left to be fenced
	}
}

// disturb has something happen to the writer on node id in the middle of its
// appends, or nothing. The function that it returns waits for that to be over.
func (c *competition) disturb(id replication.NodeID) func() {
	what, delay := c.random.IntN(3), time.Duration(c.random.IntN(2000))*time.Microsecond
	n, other := c.nodes[id], c.nodes[c.config.Members[c.random.IntN(3)]]
	var disturbing sync.WaitGroup
	disturbing.Go(func() {
		time.Sleep(delay)
		switch {
		case what == 1:
			c.net.cut(id)
			time.Sleep(100 * delay)
			c.net.connect(id, n)
		case what == 2 && other != nil:
			c.rival(other)
		}
	})
	return disturbing.Wait
}

// rival claims the stream by force, and lets it go.
func (c *competition) rival(n *node.Node) {
	ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Second)
	defer cancel()
	w, err := n.Claim(ctx, node.ClaimRequest{
		Stream: stream, Config: c.config, Mode: node.ClaimForce, Lease: 5 * time.Second, Holder: "rival",
	})
	if err == nil {
		w.Release(ctx)
	}
}

// append appends n groups and waits for their answers.
func (c *competition) append(w *node.Writer, n int) {
	c.t.Helper()
	r := newReplies()
	first := c.number + 1
	started := 0
	for range n {
		c.number++
		opts := node.AppendOptions{Timeout: 10 * time.Second}
		if w.Append([][]byte{binary.BigEndian.AppendUint64(nil, c.number)}, opts, r.to(started)) != nil {
			c.never[c.number] = true
			continue
		}
		started++
	}
	for i, a := range r.wait(started) {
		payload := first + uint64(i)
		switch {
		case a.number != i:
			c.t.Fatalf("answer %d is of append %d", i, a.number)
		case a.Outcome == replication.NotApplied:
			c.never[payload] = true
		case a.Outcome == replication.Applied && c.applied[a.First] != 0:
			c.t.Fatalf("entry %d was acknowledged as %d, and now as %d", a.First, c.applied[a.First], payload)
		case a.Outcome == replication.Applied:
			c.applied[a.First] = payload
		}
	}
}

// check reads everything back from everywhere.
func (c *competition) check() {
	c.t.Helper()
	w := c.claim(1, stream, node.ClaimForce)
	before := len(c.applied)
	c.append(w, 10)
	if len(c.applied) != before+10 {
		c.t.Fatal("a cluster that is whole again does not append")
	}
	tail := w.Status().Commit
	for _, id := range c.config.Members {
		c.follow(id, tail)
		entries := c.stores[id].entries(stream, tail)
		if len(entries) != int(tail) {
			c.t.Fatalf("%v holds %d of %d entries", id, len(entries), tail)
		}
		if err := replication.CheckRun(replication.Position{}, entries); err != nil {
			c.t.Fatalf("on %v: %v", id, err)
		}
		c.checkEntries(id, entries)
	}
	c.t.Logf("%d appends: %d acknowledged, %d surely not applied; %d entries", c.number, len(c.applied), len(c.never), tail)
}

func (c *competition) checkEntries(id replication.NodeID, entries []replication.Entry) {
	c.t.Helper()
	seen := make(map[uint64]bool)
	for _, e := range entries {
		payload := binary.BigEndian.Uint64(e.Data)
		if want, ok := c.applied[e.ID]; ok && want != payload {
			c.t.Fatalf("entry %d on %v is %d, but %d was acknowledged", e.ID, id, payload, want)
		}
		if c.never[payload] {
			c.t.Fatalf("entry %d on %v is %d, which was surely not applied", e.ID, id, payload)
		}
		if seen[payload] {
			c.t.Fatalf("%d is on %v twice", payload, id)
		}
		seen[payload] = true
	}
	for entry, payload := range c.applied {
		if !seen[payload] {
			c.t.Fatalf("%d was acknowledged as entry %d, and is not on %v", payload, entry, id)
		}
	}
}
