package main

import (
	"context"
	"sync"
	"time"

	"walle/tools/nemesis/history"
)

// A belief is what a program takes for the state of the stream that it has
// claimed, and until when it may answer from it without asking anybody.
type belief struct {
	stream *stream
	who    string
	now    clock

	mu    sync.Mutex // guards what follows
	lease history.Lease
	sure  bool // nothing is in flight, and no outcome unknown
	tail  int64
	hash  uint64
}

// claimed begins a lease, which ends the belief before it.
func (b *belief) claimed(term int64, from, until time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.endLocked()
	b.lease = history.Lease{Who: b.who, Term: term, From: from, Until: until}
	b.sure = false
}

// renewed moves the end of the lease.
func (b *belief) renewed(until time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lease.Until = max(b.lease.Until, until)
}

// is says what the state is; unsure that it is not known for now.
func (b *belief) is(c cursor) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sure, b.tail, b.hash = true, c.tail, c.hash
}

func (b *belief) unsure() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sure = false
}

// giveUp ends the lease before its time, as its holder must before it gives the stream back.
func (b *belief) giveUp() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lease.Until = min(b.lease.Until, b.now())
	b.endLocked()
}

func (b *belief) endLocked() {
	if b.lease.Term != 0 {
		b.stream.Leased(b.lease)
	}
	b.lease, b.sure = history.Lease{}, false
}

// serve answers reads from the program's memory while that is allowed, until ctx ends.
func (b *belief) serve(ctx context.Context) {
	const often = 20 * time.Millisecond
	for pause(ctx, often) == nil {
		b.answer()
	}
}

// close records the last lease, when its program does nothing any more.
func (b *belief) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.endLocked()
}

func (b *belief) answer() {
	b.mu.Lock()
	defer b.mu.Unlock()
	span := history.Span{Call: b.now()}
	if !b.sure {
		return
	}
	tail, hash := b.tail, b.hash
	if span.Return = b.now(); span.Return >= b.lease.Until {
		return
	}
	b.stream.View(history.View{Span: span, Who: b.who + " under its lease", Tail: tail, Hash: hash, Recent: true})
	b.stream.stats.count(func() { b.stream.stats.leased++ })
}
