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

// fill appends groups of size bytes until there is no room, and returns how many.
func fill(t *testing.T, w *node.Writer, size int, opts node.AppendOptions, r *replies) (groups int) {
	t.Helper()
	for {
		err := w.Append([][]byte{make([]byte, size)}, opts, r.to(groups))
		if errors.Is(err, node.ErrFull) {
			return groups
		}
		if err != nil {
			t.Fatal(err)
		}
		groups++
	}
}

const windowBytes = 1 << 20

// newWindow opens a node on which so many streams have a writer, and nothing
// becomes durable before release is called.
func newWindow(t *testing.T, streams int) (c *cluster, writers []*node.Writer, release func()) {
	t.Helper()
	c = newCluster(t, 1)
	c.kill(1)
	c.open(1, node.Limits{WindowBytes: windowBytes})
	for i := range streams {
		id := stream + replication.StreamID(i)
		c.host(id)
		writers = append(writers, c.claim(1, id, node.ClaimWait))
	}
	return c, writers, c.stores[1].holdSyncs()
}

// inFlight checks how much of the window is in use, to about a group.
func (c *cluster) inFlight(want int64) {
	c.t.Helper()
	synctest.Wait()
	if got := c.nodes[1].Held().InFlight; got > want+4096 || got < want-4096 {
		c.t.Fatalf("%d bytes are in flight, not about %d", got, want)
	}
}

// However many streams there are, their writers together have in flight what the
// window allows, and those that stand still leave some to the next.
func TestWindowIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, writers, release := newWindow(t, 5)
		r := newReplies()
		groups := fill(t, writers[0], 1000, node.AppendOptions{}, r)
		c.inFlight(windowBytes / 2)
		for _, w := range writers[1:] {
			groups += fill(t, w, 1000, node.AppendOptions{}, r)
		}
		c.inFlight(windowBytes / 32 * 31)
		release()
		for _, a := range r.wait(groups) {
			if a.Outcome != replication.Applied {
				t.Fatalf("an append is %v: %v", a.Outcome, a.Why)
			}
		}
		c.inFlight(0)
	})
}

// A group larger than what is free is taken, alone: else it never could be.
func TestWindowLargeGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, writers, release := newWindow(t, 2)
		r := newReplies()
		first := fill(t, writers[0], 2*windowBytes, node.AppendOptions{}, r)
		second := fill(t, writers[1], 0, node.AppendOptions{}, r)
		if first != 1 || second != 0 {
			t.Fatalf("%d large groups were taken, and then %d small ones", first, second)
		}
		release()
		r.wait(1)
		c.inFlight(0)
	})
}

// Whoever found the window full goes on as soon as there is room, whichever
// stream gave it back.
func TestWindowIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, writers, release := newWindow(t, 3)
		r := newReplies()
		groups := fill(t, writers[0], 2*windowBytes, node.AppendOptions{}, r)
		waited := make(chan error)
		for _, w := range writers[1:] {
			go func() { waited <- w.AwaitRoom(t.Context()) }()
		}
		synctest.Wait()
		select {
		case <-waited:
			t.Fatal("there is room in a window that is full")
		default:
		}
		release()
		if err := errors.Join(<-waited, <-waited); err != nil {
			t.Fatal(err)
		}
		r.wait(groups)

		release = c.stores[1].holdSyncs()
		defer release()
		fill(t, writers[0], 2*windowBytes, node.AppendOptions{}, r)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := writers[1].AwaitRoom(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("waited with an end: %v", err)
		}
		go func() { waited <- writers[1].AwaitRoom(t.Context()) }()
		synctest.Wait()
		writers[1].Drop()
		if err := <-waited; err != nil {
			t.Fatalf("waited until the writer was dropped: %v", err)
		}
	})
}

// An append that was answered as unknown is in memory until it is committed, and
// so it is in flight: with a disk that stands still, clients that go on after each
// answer must not fill the memory.
func TestWindowOfUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, writers, release := newWindow(t, 2)
		r := newReplies()
		opts := node.AppendOptions{Timeout: time.Second}
		groups := fill(t, writers[0], 1000, opts, r)
		for _, a := range r.wait(groups) {
			if a.Outcome != replication.Unknown {
				t.Fatalf("an append to a disk that stands still is %v", a.Outcome)
			}
		}
		c.inFlight(windowBytes / 2)
		release()
		c.inFlight(0)

		release = c.stores[1].holdSyncs()
		defer release()
		r = newReplies()
		r.wait(fill(t, writers[1], 1000, opts, r))
		writers[1].Drop()
		c.inFlight(0) // it is nobody's any more
	})
}

// What writers keep for a replica that is away is bounded for all streams
// together, and the replica gets the rest from other members.
func TestKeepIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 3)
		c.kill(1)
		const keep, each = 100_000, 50_000
		c.open(1, node.Limits{KeepBytes: keep})
		var writers []*node.Writer
		for i := range 8 {
			c.host(stream + replication.StreamID(i))
			writers = append(writers, c.claim(1, stream+replication.StreamID(i), node.ClaimWait))
		}
		back := c.nodes[3]
		c.net.cut(3)
		for range each / 1000 {
			for _, w := range writers {
				r := newReplies()
				if err := w.Append([][]byte{make([]byte, 1000)}, node.AppendOptions{}, r.to(0)); err != nil {
					t.Fatal(err)
				}
				inOrder(t, r.wait(1), 0, replication.Applied)
				synctest.Wait()
				if kept := c.nodes[1].Held().Kept; kept > keep+keep/2 { // there are two shards
					t.Fatalf("%d bytes are kept", kept)
				}
			}
		}
		if kept := c.nodes[1].Held().Kept; kept < keep/4 {
			t.Fatalf("only %d bytes are kept", kept)
		}
		c.net.connect(3, back)
		for i, w := range writers {
			c.followOn(3, stream+replication.StreamID(i), w.Status().Commit)
		}
		synctest.Wait()
		time.Sleep(10 * time.Second) // for a heartbeat's answer; the clock is not real
		synctest.Wait()
		if kept := c.nodes[1].Held().Kept; kept != 0 {
			t.Fatalf("%d bytes are kept for replicas that have all", kept)
		}
	})
}
