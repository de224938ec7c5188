package node

import (
	"container/heap"
	"context"
	"slices"
	"sync"
)

const (
	// groupOverhead and entryOverhead are what a group and an entry take on their
	// way beside the data.
	groupOverhead = 256
	entryOverhead = 128
)

// window bounds the appends of all writers of a node that are in flight, in
// bytes: from the caller until they are in the log of a majority, or will not be.
// Whoever appends when it is full waits, and so does its client.
//
// A writer may begin a group while what it has in flight is less than what is
// free. So one alone may fill half of the window, n that are busy come to have
// 1/(n+1) each, and one whose stream has lost its quorum never takes all that the
// others need. A group may be larger than what is free: only whether it may begin
// depends on that. So what is in flight is above the limit by one group at most.
type window struct {
	limit int64

	mu      sync.Mutex // guards the rest, and every inFlight
	held    int64      // by all writers
	waiting byHeld     // writers that somebody waits for
}

// inFlight is a writer's part of the window.
type inFlight struct {
	held int64
	room chan struct{} // not nil while somebody waits: closed when there is room
	at   int           // the place in waiting, while room is not nil
}

// sizeOfGroup is what a group takes of the window.
func sizeOfGroup(payloads [][]byte) int64 {
	size := int64(groupOverhead + len(payloads)*entryOverhead)
	for _, p := range payloads {
		size += int64(len(p))
	}
	return size
}

// take takes size for f, if there is room.
func (w *window) take(f *inFlight, size int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.fitsLocked(f) {
		return false
	}
	f.held += size
	w.held += size
	return true
}

// give gives back what f has taken.
func (w *window) give(f *inFlight, size int64) {
	if size == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	f.held -= size
	w.held -= size
	if f.room != nil {
		heap.Fix(&w.waiting, f.at)
	}
	for len(w.waiting) > 0 && w.fitsLocked(w.waiting[0]) {
		f := heap.Pop(&w.waiting).(*inFlight)
		close(f.room)
		f.room = nil
	}
}

// await waits until there is room for f, which somebody else may take first. It
// returns early with ctx, or when over is closed.
func (w *window) await(ctx context.Context, f *inFlight, over <-chan struct{}) {
	w.mu.Lock()
	if w.fitsLocked(f) {
		w.mu.Unlock()
		return
	}
	if f.room == nil {
		f.room = make(chan struct{})
		heap.Push(&w.waiting, f)
	}
	room := f.room
	w.mu.Unlock()
	select {
	case <-room:
	case <-over:
	case <-ctx.Done():
	}
}

// fitsLocked reports whether f may begin a group.
func (w *window) fitsLocked(f *inFlight) bool { return f.held < w.limit-w.held }

func (w *window) inUse() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.held
}

// byHeld is a heap of those who wait: whoever has least in flight goes first, and
// if there is no room for that one, there is none for the others.
type byHeld []*inFlight

// Len, Less, Swap, Push and Pop are container/heap's.
func (h byHeld) Len() int           { return len(h) }
func (h byHeld) Less(i, j int) bool { return h[i].held < h[j].held }
func (h byHeld) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}
func (h *byHeld) Push(x any) {
	f := x.(*inFlight)
	f.at = len(*h)
	*h = append(*h, f)
}
func (h *byHeld) Pop() any {
	last := len(*h) - 1
	f := (*h)[last]
	*h = slices.Delete(*h, last, last+1)
	return f
}
