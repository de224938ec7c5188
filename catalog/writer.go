package catalog

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"walle/engine"
	"walle/replication"
)

// callTimeout is how long another node may take to append a change.
const callTimeout = 5 * time.Second

// writer is this node's claim of the system stream, or its knowledge of who has
// it.
type writer struct {
	claiming chan struct{} // has a token while this node claims, so that it does so once

	mu     sync.Mutex // guards what follows
	claim  *engine.Claim
	holder replication.NodeID // who had the stream when last asked; 0 if not known
	closed bool
}

// held returns the claim if this node has one that still holds.
func (w *writer) held() *engine.Claim {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.claim != nil && w.claim.Err() != nil {
		w.claim = nil
	}
	return w.claim
}

func (w *writer) knownHolder() replication.NodeID {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.holder
}

func (w *writer) setHolder(n replication.NodeID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.holder = n
}

// set keeps a new claim. It returns false after release.
func (w *writer) set(c *engine.Claim) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	w.claim, w.holder = c, 0
	return true
}

// release gives the claim back, for good.
func (w *writer) release() error {
	w.mu.Lock()
	claim := w.claim
	w.claim, w.closed = nil, true
	w.mu.Unlock()
	if claim == nil || claim.Err() != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := claim.Release(ctx); err != nil {
		claim.Drop() // the lease runs out by itself
	}
	return nil
}

// propose makes a change and returns what it did, once this node's snapshot
// shows it. It tries until it knows, or ctx ends; a request that is appended
// twice by that counts once.
func (c *Catalog) propose(ctx context.Context, op string, ch change) (outcome, error) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	req := requestID(c.cfg.Random())
	body := encodeChange(req, ch)
	waiter, undecided := c.waiting.add(ctx, req)
	attempt := newAttempt()
	for undecided.Err() == nil {
		err := c.submit(undecided, body)
		if err == nil {
			<-undecided.Done() // the fold is about to see it
			break
		}
		attempt.failed(err)
		if engine.KindOf(err) == engine.KindDiskFull && !attempt.unknown {
			c.waiting.remove(req)
			return outcome{}, err
		}
		attempt.pause(undecided)
	}
	if c.waiting.remove(req) {
		return waiter.out, waiter.out.err
	}
	return outcome{}, c.gaveUp(ctx, op, attempt)
}

// attempt is what the tries of one request have come to.
type attempt struct {
	unknown bool  // one may have been appended
	last    error // why the last failed
	wait    time.Duration
}

func newAttempt() *attempt { return &attempt{wait: 5 * time.Millisecond} }

func (a *attempt) failed(err error) {
	a.last = err
	switch engine.KindOf(err) {
	case engine.KindFenced, engine.KindNotClaimed, engine.KindHeld, engine.KindNoQuorum, engine.KindBusy, engine.KindNoStream, engine.KindDiskFull:
	default:
		a.unknown = true
	}
}

// pause waits before the next try.
func (a *attempt) pause(ctx context.Context) {
	t := time.NewTimer(a.wait)
	defer t.Stop()
	a.wait = min(2*a.wait, 250*time.Millisecond)
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// gaveUp is the error of a request that ran out of time.
func (c *Catalog) gaveUp(ctx context.Context, op string, a *attempt) error {
	err := c.ended(ctx, op).(*engine.Error)
	if a.last != nil {
		err.Err = fmt.Errorf("%w: %w", err.Err, a.last)
	}
	if a.unknown || a.last == nil { // the last try was appended, but not seen
		err.Kind = engine.KindUnknown
		err.Hint = "Look whether the change has been made before you repeat it."
	}
	return err
}

// submit has a change appended to the system stream, by this node or by the one
// that writes it. It returns nil once the entry is committed.
func (c *Catalog) submit(ctx context.Context, body []byte) error {
	if claim := c.writer.held(); claim != nil {
		return appendChange(ctx, claim, body)
	}
	if holder := c.writer.knownHolder(); holder != 0 {
		err := c.forward(ctx, holder, body)
		if err != nil {
			c.writer.setHolder(0)
		}
		return err
	}
	return c.claimSystem(ctx)
}

// claimTimeout is how long a claim of the system stream may take that waits for
// nobody's lease.
const claimTimeout = 2 * time.Second

// claimSystem becomes the writer of the system stream, or finds out who is. In
// both cases there is something to try again, so it always returns an error.
func (c *Catalog) claimSystem(ctx context.Context) error {
	select {
	case c.writer.claiming <- struct{}{}:
		defer func() { <-c.writer.claiming }()
	case <-ctx.Done():
		return c.ended(ctx, "claim")
	}
	if c.writer.held() != nil || c.writer.knownHolder() != 0 {
		return errTryAgain
	}
	try, cancel := context.WithTimeout(ctx, claimTimeout)
	defer cancel()
	claim, err := c.cfg.Engine.Claim(try, engine.ClaimRequest{
		Stream: replication.SystemStream, Config: c.system, Mode: engine.NoWait, Lease: c.cfg.Lease,
		Writer: "catalog on " + c.cfg.Self.Name,
	})
	switch {
	case err == nil && c.writer.set(claim):
		c.cfg.Logger.Debug("this node writes the catalog now", "term", claim.Term())
		return errTryAgain
	case err == nil:
		claim.Drop()
		return c.ended(c.closing, "claim")
	case engine.KindOf(err) == engine.KindHeld:
		c.setHolderOf(err)
	case try.Err() != nil && ctx.Err() == nil:
		// Some members may be out of reach, and the holder's lease run at too
		// few of the others to tell. It can still be called.
		c.writer.setHolder(c.seenHolder(ctx))
		return &engine.Error{Op: "claim", Stream: replication.SystemStream, Kind: engine.KindNoQuorum, Err: err}
	}
	return err
}

// seenHolder is who holds the system stream as far as the members that can be
// reached know; 0 if that is nobody, or this node before its last start.
func (c *Catalog) seenHolder(ctx context.Context) replication.NodeID {
	replicas, err := c.cfg.Engine.Status(ctx, replication.SystemStream, c.system)
	if err != nil {
		return 0
	}
	var newest replication.Status
	for _, r := range replicas {
		if r.Status.Promised > newest.Promised && r.Status.Remaining > 0 {
			newest = r.Status
		}
	}
	if newest.Claim.Node == c.cfg.Self.ID {
		return 0
	}
	return newest.Claim.Node
}

// errTryAgain says that nothing was appended, and that now it can be.
var errTryAgain = &engine.Error{Op: "append", Stream: replication.SystemStream, Kind: engine.KindNotClaimed}

// setHolderOf notes who held the stream, by the error of a claim. A claim of
// this node's, from before its last start, is nobody to turn to.
func (c *Catalog) setHolderOf(held error) {
	var e *engine.Error
	if errors.As(held, &e) && e.Node != c.cfg.Self.ID {
		c.writer.setHolder(e.Node)
	}
}

// appendChange appends body under claim and waits for what becomes of it.
func appendChange(ctx context.Context, claim *engine.Claim, body []byte) error {
	done := make(chan error, 1)
	err := claim.Append(ctx, engine.AppendRequest{Payloads: [][]byte{body}}, func(r engine.AppendResult) { done <- r.Err })
	if err != nil {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return &engine.Error{Op: "append", Stream: replication.SystemStream, Kind: engine.KindUnknown, Err: context.Cause(ctx)}
	}
}

const (
	callPrefix     = "catalog/"
	methodAppend   = callPrefix + "append"   // a change, as in an entry; the answer is empty
	methodAnnounce = callPrefix + "announce" // a node, as in an entry; the answer is empty
)

// changeMax is how long a change may be that another node hands in.
const changeMax = 64 << 10

// forward hands a change to the node that writes the system stream.
func (c *Catalog) forward(ctx context.Context, to replication.NodeID, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := c.cfg.Peers.Call(ctx, to, methodAppend, body)
	if err == nil {
		return nil
	}
	err = engine.FromPeer(err)
	if errors.Is(err, engine.ErrNotSent) {
		return &engine.Error{Op: "append", Stream: replication.SystemStream, Kind: engine.KindNotClaimed, Err: err}
	}
	var known *engine.Error
	if errors.As(err, &known) {
		return known
	}
	return &engine.Error{Op: "append", Stream: replication.SystemStream, Kind: engine.KindUnknown, Err: err}
}

// Serves reports whether a call is for ServeCall.
func (c *Catalog) Serves(method string) bool { return strings.HasPrefix(method, callPrefix) }

// ServeCall answers a call of another node's catalog.
func (c *Catalog) ServeCall(ctx context.Context, method string, body []byte) ([]byte, error) {
	if method == methodAnnounce && len(body) <= changeMax {
		return nil, engine.ToPeer(c.serveAnnounce(ctx, body))
	}
	if method != methodAppend || len(body) > changeMax {
		return nil, engine.ToPeer(&engine.Error{Op: "call", Kind: engine.KindUnsupported, Err: fmt.Errorf("method %q with %d bytes", method, len(body))})
	}
	if _, _, err := decodeChange(body); err != nil {
		return nil, engine.ToPeer(&engine.Error{Op: "append", Kind: engine.KindInvalid, Err: err})
	}
	claim := c.writer.held()
	if claim == nil {
		return nil, engine.ToPeer(&engine.Error{Op: "append", Stream: replication.SystemStream, Kind: engine.KindNotClaimed})
	}
	if err := appendChange(ctx, claim, body); err != nil {
		return nil, engine.ToPeer(err)
	}
	return nil, nil
}
