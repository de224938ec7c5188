package node

import "sync"

// queue hands work from the shards to the goroutines that may block. It has no
// bound of its own: each use says what bounds it.
type queue[T any] struct {
	mu     sync.Mutex // guards the rest
	filled *sync.Cond
	items  []T
	closed bool
}

func newQueue[T any]() *queue[T] {
	q := &queue[T]{}
	q.filled = sync.NewCond(&q.mu)
	return q
}

// put adds items; it keeps them, not the slice. After close they are lost.
func (q *queue[T]) put(items []T) {
	if len(items) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	q.items = append(q.items, items...)
	q.filled.Signal()
}

// takeAll waits for items and takes them all, giving spare's memory for the
// next. ok is false once the queue is closed and empty.
func (q *queue[T]) takeAll(spare []T) (items []T, ok bool) {
	clear(spare)
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 && !q.closed {
		q.filled.Wait()
	}
	items, q.items = q.items, spare[:0]
	return items, len(items) > 0
}

// takeOne waits for an item and takes it. ok is false once the queue is closed
// and empty.
func (q *queue[T]) takeOne() (item T, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 && !q.closed {
		q.filled.Wait()
	}
	if len(q.items) == 0 {
		return item, false
	}
	item = q.items[0]
	var none T
	q.items[0] = none
	q.items = q.items[1:]
	if len(q.items) > 0 {
		q.filled.Signal()
	}
	return item, true
}

// close lets the takers have what is queued, and then end.
func (q *queue[T]) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.filled.Broadcast()
}
