package store

import "sync"

// users counts who is using the store, so that Close can wait for them.
type users struct {
	mu     sync.Mutex // guards all below
	count  int
	closed bool
	idle   chan struct{} // made by close, closed by the last to leave
}

func (u *users) enter() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return ErrClosed
	}
	u.count++
	return nil
}

func (u *users) leave() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.count--
	if u.closed && u.count == 0 {
		close(u.idle)
	}
}

// close lets nobody in any more, and returns when nobody is in.
func (u *users) close() error {
	u.mu.Lock()
	if u.closed {
		u.mu.Unlock()
		return ErrClosed
	}
	u.closed = true
	u.idle = make(chan struct{})
	if u.count == 0 {
		close(u.idle)
	}
	u.mu.Unlock()
	<-u.idle
	return nil
}
