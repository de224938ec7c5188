package catalog

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"walle/engine"
	"walle/replication"
)

// metaFold is the record in which the fold is kept on disk.
const metaFold = "catalog"

// saveEvery is after how many changes the fold is written to disk at least.
// While the catalog is larger than that, it is as many changes as there are
// streams, so that the cost of a change does not grow with the catalog.
const saveEvery = 1000

// load returns the fold that was saved last, or that of an empty system stream.
func (c *Catalog) load() (*fold, error) {
	buf, ok, err := c.cfg.Meta.Meta(metaFold)
	if err != nil {
		return nil, fmt.Errorf("read the saved catalog: %w", err)
	}
	if !ok {
		return newFold(c.cfg.Founders), nil
	}
	f, err := decodeFold(buf)
	if err != nil {
		return nil, fmt.Errorf("read the saved catalog: %w", err)
	}
	return f, nil
}

// follow folds in the system stream until ctx ends. It owns f.
func (c *Catalog) follow(ctx context.Context, f *fold) {
	saved := f.now.version
	defer func() {
		if f.now.version != saved {
			c.save(f)
		}
	}()
	wait := 10 * time.Millisecond
	for {
		before := f.now.version
		err := c.followOnce(ctx, f, &saved)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, errFold) || engine.KindOf(err) == engine.KindTrimmed {
			c.cfg.OnFatal(fmt.Errorf("catalog: %w", err))
			return
		}
		if f.now.version != before {
			wait = 10 * time.Millisecond
		}
		c.cfg.Logger.Debug("cannot read the system stream, trying again", "reason", err, "after", wait)
		select {
		case <-time.After(wait):
			wait = min(2*wait, time.Second)
		case <-ctx.Done():
			return
		}
	}
}

// errFold is in the chain of what no retry can mend.
var errFold = errors.New("the catalog cannot be kept")

// followOnce folds in the entries after f's version as they come, until it
// cannot read on.
func (c *Catalog) followOnce(ctx context.Context, f *fold, saved *replication.EntryID) error {
	scan, err := c.cfg.Engine.Read(ctx, engine.ReadRequest{
		Stream: replication.SystemStream, Config: c.system, From: f.now.version + 1, Follow: true,
	})
	if err != nil {
		return err
	}
	defer scan.Close()
	for scan.Next(ctx) {
		if err := c.take(f, scan.Entry()); err != nil {
			return fmt.Errorf("%w: %w", errFold, err)
		}
		if n := f.now.version - *saved; n >= saveEvery && int(n) >= f.now.Len() {
			c.save(f)
			*saved = f.now.version
		}
	}
	return scan.Err()
}

// take folds in one entry, does what it asks of this node, and only then shows
// it: whoever sees a stream in the snapshot finds it hosted.
func (c *Catalog) take(f *fold, e *replication.Entry) error {
	req, ch, out, err := f.apply(e)
	if err != nil {
		return err
	}
	if out.err == nil && !out.repeats {
		if err := c.act(ch, out); err != nil {
			return err
		}
	}
	old := c.current.Load()
	c.current.Store(&current{snapshot: f.snapshot(), replaced: make(chan struct{})})
	close(old.replaced)
	if !out.repeats {
		c.waiting.deliver(req, out)
	}
	return nil
}

// act hosts and unhosts. A stream goes by its tombstone only, never because a
// catalog does not list it.
func (c *Catalog) act(ch change, out outcome) error {
	switch ch.(type) {
	case *streamCreated:
		return c.host(out.desc)
	case *streamDropped:
		if out.desc.Config.Has(c.cfg.Self.ID) {
			return c.cfg.Engine.Unhost(out.desc.ID)
		}
	}
	return nil
}

// save writes the fold to disk. One that cannot be written costs a longer
// replay at the next start; that the disk fails is told by who needs it.
func (c *Catalog) save(f *fold) {
	if err := c.cfg.Meta.SetMeta(metaFold, f.encode()); err != nil {
		c.cfg.Logger.Warn("the catalog could not be saved", "version", f.now.version, "error", err)
	}
}

// waiting are the requests of this node whose entries the fold has yet to see.
type waiting struct {
	mu sync.Mutex // guards what follows
	on map[requestID]*waiter
}

// waiter is told what became of a request, once.
type waiter struct {
	out  outcome
	done context.CancelFunc // ends the context that add returned
}

// add returns a waiter for req, and a context that ends when there is an
// outcome, or with ctx.
func (w *waiting) add(ctx context.Context, req requestID) (*waiter, context.Context) {
	ctx, done := context.WithCancel(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.on == nil {
		w.on = make(map[requestID]*waiter)
	}
	w.on[req] = &waiter{done: done}
	return w.on[req], ctx
}

// deliver is called by the fold's goroutine for every entry.
func (w *waiting) deliver(req requestID, out outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if waiter := w.on[req]; waiter != nil {
		delete(w.on, req)
		waiter.out = out
		waiter.done()
	}
}

// remove ends the wait for req; delivered says that there was an outcome.
func (w *waiting) remove(req requestID) (delivered bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	waiter := w.on[req]
	if waiter == nil {
		return true
	}
	delete(w.on, req)
	waiter.done()
	return false
}
