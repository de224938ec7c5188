package store

import (
	"log/slog"
	"sync"
	"time"
)

// lull holds compactions up after one of them has found no room. Pebble repeats
// that one at once, and would do nothing else while the disk is full.
type lull struct {
	log    *slog.Logger
	closed chan struct{} // when the store is being closed

	mu    sync.Mutex
	until time.Time // zero once a compaction has found room again
}

// lullTime is how long compactions wait. It is counted as work of the disk, and
// so is less than slowDisk.
const lullTime = slowDisk / 2

func newLull(log *slog.Logger) *lull { return &lull{log: log, closed: make(chan struct{})} }

// begin notes that a compaction has found no room.
func (l *lull) begin(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.until.IsZero() {
		l.log.Warn("compactions wait for room on the disk", "error", err.Error())
	}
	l.until = time.Now().Add(lullTime)
}

// end notes that a compaction has found room.
func (l *lull) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.until.IsZero() {
		l.log.Info("compactions have room again")
	}
	l.until = time.Time{}
}

// wait returns when a compaction may be tried.
func (l *lull) wait() {
	l.mu.Lock()
	left := time.Until(l.until)
	l.mu.Unlock()
	if left <= 0 {
		return
	}
	over := time.NewTimer(left)
	defer over.Stop()
	select {
	case <-over.C:
	case <-l.closed:
	}
}

// close lets those go that wait.
func (l *lull) close() { close(l.closed) }
