package node_test

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"walle/replication"
	"walle/replication/node"
)

// newWatched is newStream with storages whose room is looked at.
func newWatched(t *testing.T, n int) *cluster {
	t.Helper()
	c := newCluster(t, 0)
	for i := range n {
		id := replication.NodeID(i + 1)
		c.config.Members = append(c.config.Members, id)
		c.stores[id] = newMemory()
		c.stores[id].setSpace(node.RoomEnough)
	}
	for _, id := range c.config.Members {
		c.open(id, node.Limits{})
	}
	c.host(stream)
	c.host(replication.SystemStream)
	return c
}

// outcome appends one entry and returns what became of it, once the nodes have
// had the time to look at their disks.
func outcome(t *testing.T, w *node.Writer) replication.Reply {
	t.Helper()
	time.Sleep(time.Second) // of the bubble
	r := newReplies()
	appendN(t, w, r, 1, 1)
	return r.wait(1)[0].Reply
}

// While a majority has no room, new appends are surely not applied, claims go
// on, and the catalog's entries have the rest of the reserve. When there is room
// again everything goes on by itself.
func TestFullDisks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newWatched(t, 3)
		w, catalog := c.claim(3, stream, node.ClaimWait), c.claim(3, replication.SystemStream, node.ClaimWait)
		want := func(what string, w *node.Writer, became replication.Outcome, why replication.Cause) {
			t.Helper()
			if r := outcome(t, w); r.Outcome != became || r.Why != why {
				t.Fatalf("%s: an append is %v: %v", what, r.Outcome, r.Why)
			}
		}
		room := func(room node.Room, ids ...replication.NodeID) {
			for _, id := range ids {
				c.stores[id].setSpace(room)
			}
		}
		want("all have room", w, replication.Applied, replication.CauseNone)
		room(node.RoomLow, 1)
		want("one is full", w, replication.Applied, replication.CauseNone)
		room(node.RoomLow, 2)
		want("two are full", w, replication.NotApplied, replication.CauseNoSpace)
		want("two are full, catalog", catalog, replication.Applied, replication.CauseNone)
		w = c.claim(1, stream, node.ClaimForce)
		want("two are full, after a claim", w, replication.NotApplied, replication.CauseNoSpace)
		room(node.RoomNone, 1, 2)
		want("two have nothing left, catalog", catalog, replication.NotApplied, replication.CauseNoSpace)

		// A node that starts on a full disk knows it, and so do streams that are
		// hosted then.
		c.kill(2)
		c.open(2, node.Limits{})
		c.host(stream + 1)
		w2 := c.claim(3, stream+1, node.ClaimWait)
		want("after a restart", w2, replication.NotApplied, replication.CauseNoSpace)

		room(node.RoomEnough, 2)
		want("one has room again", w, replication.Applied, replication.CauseNone)
		want("one has room again, catalog", catalog, replication.Applied, replication.CauseNone)
		want("one has room again, a new stream", w2, replication.Applied, replication.CauseNone)
	})
}

// Between two ticks a fast writer may fill what is left: it is looked at after
// so many bytes, too.
func TestLooksAfterBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newWatched(t, 1)
		w := c.claim(1, stream, node.ClaimWait)
		looks := func() int {
			c.stores[1].mu.Lock()
			defer c.stores[1].mu.Unlock()
			return c.stores[1].looks
		}
		began, before := time.Now(), looks()
		r := newReplies()
		for range 17 {
			if err := w.Append([][]byte{bytes.Repeat([]byte("x"), 1<<20)}, node.AppendOptions{}, r.to(0)); err != nil {
				t.Fatal(err)
			}
		}
		r.wait(17)
		synctest.Wait()
		if n := looks() - before; n != 1 || time.Since(began) > 0 {
			t.Fatalf("looked %d times in %v", n, time.Since(began))
		}
	})
}
