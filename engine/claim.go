package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"walle/replication"
	"walle/replication/node"
)

// Claim makes the caller the writer of a stream. It returns once the claim
// serves, or with KindHeld, KindFenced, KindNoQuorum or KindCancelled.
func (e *Engine) Claim(ctx context.Context, req ClaimRequest) (*Claim, error) {
	w, err := e.claimHosted(ctx, req)
	if err != nil {
		return nil, err
	}
	next := w.Status().Next
	c := &Claim{
		engine: e, stream: req.Stream, lease: req.Lease, writer: w, tail: next - 1, next: next,
	}
	e.mu.Lock()
	e.claims[req.Stream] = c
	e.mu.Unlock()
	return c, nil
}

// hostPatience is how long a claim waits for members that do not know the stream
// yet: those of a new stream learn of it within some milliseconds of each other.
const hostPatience = 2 * time.Second

// claimHosted claims, again as long as members may yet learn of the stream.
func (e *Engine) claimHosted(ctx context.Context, req ClaimRequest) (*node.Writer, error) {
	patience := time.NewTimer(hostPatience)
	defer patience.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		w, err := e.node.Claim(ctx, node.ClaimRequest{
			Stream: req.Stream, Config: req.Config, Mode: nodeModes[req.Mode],
			Lease: req.Lease, Holder: req.Writer, Quiet: req.Quiet,
		})
		if err == nil {
			return w, nil
		}
		if ctx.Err() != nil {
			return nil, e.ended(ctx, "claim", req.Stream)
		}
		failed := e.failure("claim", req.Stream, err)
		if failed.Kind != KindNoStream {
			return nil, failed
		}
		select {
		case <-tick.C:
		case <-patience.C:
			return nil, failed
		case <-ctx.Done():
		}
	}
}

var nodeModes = [...]node.ClaimMode{Wait: node.ClaimWait, NoWait: node.ClaimNoWait, Force: node.ClaimForce}

// Claim is what a writer holds. Its methods may be called by any goroutine, but
// ids are foretold for one caller of Append at a time.
//
// Appends are not waited for, yet the id of each is known when it is started:
// the writer is exclusive, so ids follow from what it sent. Each append is sent
// with the id that was foretold, and is refused if it would get another: so if
// one is refused, all behind it are, and the next id is foretold anew when the
// last of them has been answered.
type Claim struct {
	engine *Engine
	stream replication.StreamID
	lease  time.Duration
	writer *node.Writer
	tail   replication.EntryID

	mu       sync.Mutex // guards what follows
	next     replication.EntryID
	inFlight int
	refused  replication.EntryID // the lowest id refused since inFlight was 0; 0 if none was
	why      replication.Cause   // of that refusal
	answered chan struct{}       // closed when refused goes back to 0; nil while it is
}

// Term is the claim's term as of now: it rises when the writer has to promise
// itself anew to a replica that a claim which died half-way left behind.
func (c *Claim) Term() replication.Term { return c.writer.Status().Term }

// Tail is the last entry that there was when the claim began to serve.
func (c *Claim) Tail() replication.EntryID { return c.tail }

// Next is the id that the next append will get, if all in flight succeed.
func (c *Claim) Next() replication.EntryID {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.next
}

// Commit is the highest entry known to be committed.
func (c *Claim) Commit() replication.EntryID { return c.writer.Status().Commit }

// Lease is the lease that the claim renews.
func (c *Claim) Lease() time.Duration { return c.lease }

// Valid is for how long from now the holder may trust that there is no other
// writer: 0 once it must not.
func (c *Claim) Valid() time.Duration {
	return max(0, c.writer.Status().ValidUntil.Sub(c.engine.cfg.Clock.Now()))
}

// Lost is closed when the claim is over: fenced, given back, or the node
// closes. Err says why.
func (c *Claim) Lost() <-chan struct{} { return c.writer.Lost() }

// Err is why the claim is over (KindFenced with Term and Holder, KindNotClaimed
// after Release and Drop, KindShuttingDown), nil while it holds.
func (c *Claim) Err() error {
	err := c.writer.Err()
	if err == nil {
		return nil
	}
	out := c.engine.failure("append", c.stream, err)
	if out.Kind == KindShuttingDown && c.engine.closing.Err() == nil {
		out.Kind = KindNotClaimed // its holder let go of it
	}
	return out
}

// Append starts to append one group, behind all that is in flight. It blocks
// while the node's window is full, and after a refusal until all that was in
// flight behind it has been answered. If it returns an error, nothing was started
// and done is not called; else done is called once, in the order of the appends,
// and must not block.
func (c *Claim) Append(ctx context.Context, req AppendRequest, done func(AppendResult)) error {
	if err := c.check(req); err != nil {
		return err
	}
	for {
		answered, err := c.tryStart(req, done)
		switch {
		case answered != nil:
			err = c.wait(ctx, func(ctx context.Context) error { return await(ctx, answered) })
		case errors.Is(err, node.ErrFull):
			err = c.wait(ctx, c.writer.AwaitRoom)
		default:
			return err
		}
		if err != nil {
			return err
		}
	}
}

// wait has until wait for something, unless the engine closes.
func (c *Claim) wait(ctx context.Context, until func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.engine.closing, func() { cancel(node.ErrClosed) })()
	if until(ctx) != nil {
		return c.engine.ended(ctx, "append", c.stream)
	}
	return nil
}

// await waits until done is closed.
func await(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// check says why req cannot be.
func (c *Claim) check(req AppendRequest) error {
	e := c.engine
	bytes := 0
	for _, p := range req.Payloads {
		bytes += len(p)
	}
	switch n := len(req.Payloads); {
	case n == 0:
		return &Error{Op: "append", Stream: c.stream, Kind: KindInvalid, Detail: "A group has at least one entry."}
	case n > e.cfg.GroupEntries:
		return &Error{Op: "append", Stream: c.stream, Kind: KindTooLarge,
			Detail: fmt.Sprintf("The group has %d entries; at most %d are allowed.", n, e.cfg.GroupEntries)}
	case bytes > e.cfg.GroupBytes:
		return &Error{Op: "append", Stream: c.stream, Kind: KindTooLarge,
			Detail: fmt.Sprintf("The group has %d bytes; at most %d are allowed.", bytes, e.cfg.GroupBytes)}
	}
	return nil
}

// tryStart hands req to the writer, whose order of appends mu keeps to be that of
// their ids. It returns node.ErrFull if there is no room, and while appends are
// refused a channel that is closed when they are not any more.
func (c *Claim) tryStart(req AppendRequest, done func(AppendResult)) (answered <-chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.Err(); err != nil {
		return nil, err
	}
	first := c.next
	switch {
	case c.refused != 0 && req.First == 0:
		return c.answered, nil
	case c.refused != 0: // it would get another id than was foretold
		return nil, c.result(replication.Reply{Outcome: replication.NotApplied, Why: c.why}).Err
	case req.First != 0 && req.First < first:
		return nil, &Error{Op: "append", Stream: c.stream, Kind: KindEntryExists, Entry: req.First, Tail: first - 1}
	case req.First > first:
		return nil, &Error{Op: "append", Stream: c.stream, Kind: KindHole, Entry: req.First, Tail: first - 1}
	}
	opts := node.AppendOptions{First: first, Timeout: cmp.Or(req.Timeout, c.engine.cfg.AppendTimeout)}
	if req.Trace != nil {
		opts.Trace = req.Trace.inner
	}
	err = c.writer.Append(req.Payloads, opts, func(r replication.Reply) {
		done(c.result(c.account(first, r)))
	})
	if errors.Is(err, node.ErrFull) {
		return nil, err
	}
	if err != nil {
		if lost := c.Err(); lost != nil {
			return nil, lost
		}
		return nil, c.engine.failure("append", c.stream, err)
	}
	c.next += replication.EntryID(len(req.Payloads))
	c.inFlight++
	return nil, nil
}

// account takes the answer to the group that was to begin at first, and returns
// it with the cause that it has in truth.
func (c *Claim) account(first replication.EntryID, r replication.Reply) replication.Reply {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight--
	if r.Outcome == replication.NotApplied && c.refused == 0 {
		c.refused, c.why, c.answered = first, r.Why, make(chan struct{})
	}
	if r.Why == replication.CauseMoved {
		r.Why = c.why // it is refused only because that one was
	}
	if c.inFlight == 0 && c.refused != 0 {
		c.next, c.refused = c.refused, 0
		close(c.answered)
		c.answered = nil
	}
	return r
}

func (c *Claim) result(r replication.Reply) AppendResult {
	kind, ok := kindOfReply(r)
	if ok {
		return AppendResult{First: r.First, Last: r.Last, AppendedAt: time.UnixMicro(r.At).UTC(), Term: r.Term}
	}
	err := &Error{Op: "append", Stream: c.stream, Kind: kind, Err: fmt.Errorf("%v: %v", r.Outcome, r.Why)}
	var why *Error
	if r.Why == replication.CauseFenced || r.Why == replication.CauseClosed {
		why, _ = c.Err().(*Error)
	}
	if why != nil {
		err.Term, err.Holder, err.Node = why.Term, why.Holder, why.Node
		if kind == KindNotClaimed {
			err.Kind = why.Kind
		}
	}
	return AppendResult{Err: err}
}

// Renew returns once a majority has renewed the lease after the call began.
func (c *Claim) Renew(ctx context.Context) error {
	// The writer trusts three quarters of a lease, from when it asked.
	want := c.engine.cfg.Clock.Now().Add(c.lease / 4 * 3)
	c.writer.Renew()
	for {
		changed := c.writer.Changed()
		if err := c.Err(); err != nil {
			return err
		}
		if c.writer.Status().ValidUntil >= want {
			return nil
		}
		select {
		case <-changed:
		case <-c.writer.Lost():
		case <-ctx.Done():
			return c.engine.ended(ctx, "renew", c.stream)
		}
	}
}

// Release waits for what is in flight and gives the lease back, so that the
// next claim need not wait.
func (c *Claim) Release(ctx context.Context) error {
	defer c.forget()
	if err := c.Err(); err != nil {
		return err
	}
	if err := c.writer.Release(ctx); err != nil {
		return c.engine.failure("release", c.stream, err)
	}
	return nil
}

// Drop lets go without a word: the lease runs out by itself.
func (c *Claim) Drop() {
	c.writer.Drop()
	c.forget()
}

// forget takes c out of the engine's claims, unless another has its place.
func (c *Claim) forget() {
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	if c.engine.claims[c.stream] == c {
		delete(c.engine.claims, c.stream)
	}
}
