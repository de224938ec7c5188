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

// An invariant that a machine finds broken stops the node like a broken disk.
func TestViolation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newStream(t, 1)
		w := c.claim(1, stream, node.ClaimWait)
		defer c.stores[1].holdSyncs()()
		r := newReplies()
		appendN(t, w, r, 1, 1)
		synctest.Wait()

		forged := replication.Entry{ID: 2, Term: w.Status().Term + 5, GroupEnd: true}
		prev := c.stores[1].entries(stream, 1)[0].Position()
		forged.Seal(prev.Chain)
		c.nodes[1].Deliver([]replication.Envelope{{
			Stream: stream, Config: 1, From: 1, To: 1, Claim: w.ID(),
			Msg: replication.Append{Term: w.Status().Term, Prev: prev, Entries: []replication.Entry{forged}},
		}})
		<-w.Lost()
		var violation replication.Violation
		if !errors.As(w.Err(), &violation) {
			t.Fatalf("the writer was lost with %v", w.Err())
		}
		inOrder(t, r.wait(1), 1, replication.Unknown)
		synctest.Wait()
		if got := c.fatals(); len(got) != 1 {
			t.Fatalf("OnFatal was called with %v", got)
		}
	})
}
