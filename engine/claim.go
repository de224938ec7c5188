package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

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
		engine: e, stream: req.Stream, lease: req.Lease, writer: w, tail: next - 1,
		window: semaphore.NewWeighted(e.cfg.WindowBytes), next: next,
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
	window *semaphore.Weighted // bytes in flight

	mu       sync.Mutex // guards what follows
	next     replication.EntryID
	inFlight int
	refused  replication.EntryID // the lowest id refused since inFlight was 0; 0 if none was
	why      replication.Cause   // of that refusal
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
// only while the claim's window in bytes is full. If it returns an error,
// nothing was started and done is not called; else done is called once, in the
// order of the appends, and must not block.
func (c *Claim) Append(ctx context.Context, req AppendRequest, done func(AppendResult)) error {
	if err := c.Err(); err != nil {
		return err
	}
	size, err := c.check(req)
	if err != nil {
		return err
	}
	if err := c.acquire(ctx, size); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.start(req, size, done); err != nil {
		c.window.Release(size)
		return err
	}
	return nil
}

// acquire waits for room in the window.
func (c *Claim) acquire(ctx context.Context, size int64) error {
	if c.window.TryAcquire(size) {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.engine.closing, func() { cancel(node.ErrClosed) })()
	if c.window.Acquire(ctx, size) != nil {
		return c.engine.ended(ctx, "append", c.stream)
	}
	return nil
}

// entryOverhead is what an entry counts against the window beside its data.
const entryOverhead = 64

// check returns what req counts against the window, or why it cannot be.
func (c *Claim) check(req AppendRequest) (int64, error) {
	e := c.engine
	bytes := 0
	for _, p := range req.Payloads {
		bytes += len(p)
	}
	switch n := len(req.Payloads); {
	case n == 0:
		return 0, &Error{Op: "append", Stream: c.stream, Kind: KindInvalid, Detail: "A group has at least one entry."}
	case n > e.cfg.GroupEntries:
		return 0, &Error{Op: "append", Stream: c.stream, Kind: KindTooLarge,
			Detail: fmt.Sprintf("The group has %d entries; at most %d are allowed.", n, e.cfg.GroupEntries)}
	case bytes > e.cfg.GroupBytes:
		return 0, &Error{Op: "append", Stream: c.stream, Kind: KindTooLarge,
			Detail: fmt.Sprintf("The group has %d bytes; at most %d are allowed.", bytes, e.cfg.GroupBytes)}
	}
	return min(int64(bytes+entryOverhead*len(req.Payloads)), e.cfg.WindowBytes), nil
}

// start hands req to the writer. It is called with mu held, which keeps appends
// in the order of their ids.
func (c *Claim) start(req AppendRequest, size int64, done func(AppendResult)) error {
	first := c.next
	switch {
	case c.refused != 0:
		return &Error{Op: "append", Stream: c.stream, Kind: KindBusy, Detail: "An append before this one was refused."}
	case req.First != 0 && req.First < first:
		return &Error{Op: "append", Stream: c.stream, Kind: KindEntryExists, Entry: req.First, Tail: first - 1}
	case req.First > first:
		return &Error{Op: "append", Stream: c.stream, Kind: KindHole, Entry: req.First, Tail: first - 1}
	}
	timeout := req.Timeout
	if timeout == 0 {
		timeout = c.engine.cfg.AppendTimeout
	}
	opts := node.AppendOptions{First: first, Timeout: timeout}
	if req.Trace != nil {
		opts.Trace = req.Trace.inner
	}
	err := c.writer.Append(req.Payloads, opts, func(r replication.Reply) {
		done(c.result(c.answered(first, size, r)))
	})
	if err != nil {
		if lost := c.Err(); lost != nil {
			return lost
		}
		return c.engine.failure("append", c.stream, err)
	}
	c.next += replication.EntryID(len(req.Payloads))
	c.inFlight++
	return nil
}

// answered accounts for the group that was to begin at first, and returns r
// with the cause that it has in truth.
func (c *Claim) answered(first replication.EntryID, size int64, r replication.Reply) replication.Reply {
	c.window.Release(size)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight--
	if r.Outcome == replication.NotApplied && c.refused == 0 {
		c.refused, c.why = first, r.Why
	}
	if r.Why == replication.CauseMoved {
		r.Why = c.why // it is refused only because that one was
	}
	if c.inFlight == 0 && c.refused != 0 {
		c.next, c.refused = c.refused, 0
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
