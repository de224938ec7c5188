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

// A quiet claim is kept by Renew, and runs out without; others renew themselves.
func TestRenew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newStream(t, 3)
		w, err := c.nodes[1].Claim(t.Context(), node.ClaimRequest{
			Stream: stream, Config: c.config, Mode: node.ClaimWait, Lease: 10 * time.Second, Holder: "quiet", Quiet: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		valid := func() time.Duration { return w.Status().ValidUntil.Sub(c.clock.Now()) }
		time.Sleep(5 * time.Second)
		if left := valid(); left > 3*time.Second {
			t.Fatalf("a quiet claim is still valid for %v", left)
		}
		changed := w.Changed()
		w.Renew()
		for valid() < 7*time.Second { // a majority has to answer: one replica alone may change it, too
			select {
			case <-changed:
				changed = w.Changed()
			case <-time.After(time.Second):
				t.Fatalf("valid for %v a second after it was renewed", valid())
			}
		}
		time.Sleep(9 * time.Second)
		if left := valid(); left > 0 {
			t.Fatalf("a quiet claim is still valid for %v", left)
		}
		if err := w.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		w = c.claim(2, stream, node.ClaimWait)
		time.Sleep(time.Minute)
		if left := valid(); left < 3*time.Second {
			t.Fatalf("a claim that renews itself is valid for %v", left)
		}
	})
}
