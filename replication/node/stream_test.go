package node_test

import (
	"fmt"
	"testing"

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
	c.followOn(id, stream, to)
}

func (c *cluster) followOn(id replication.NodeID, stream replication.StreamID, to replication.EntryID) {
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
