package node

import (
	"slices"
	"sync"
	"sync/atomic"

	"walle/replication"
)

// Progress is how far the replica of one stream on this node has come. It is
// published by the stream's owner and read by anyone without entering its loop.
// It is behind the replica, never ahead: what it says is committed can be
// scanned, but for the gaps.
type Progress struct {
	first, commit, flush, tail atomic.Uint64
	gaps                       atomic.Pointer[[]replication.Gap]
	gone                       atomic.Bool

	waited  atomic.Bool   // changed has been handed out since the last change
	mu      sync.Mutex    // guards changed
	changed chan struct{} // nil while nobody waits
}

// First is the lowest entry kept.
func (p *Progress) First() replication.EntryID { return replication.EntryID(p.first.Load()) }

// Commit is the last entry that is known committed and is durable here, but for
// the Gaps. Read it before Gaps.
func (p *Progress) Commit() replication.EntryID { return replication.EntryID(p.commit.Load()) }

// Flush is the last entry that is durable here.
func (p *Progress) Flush() replication.EntryID { return replication.EntryID(p.flush.Load()) }

// Tail is the last entry that was received, perhaps not yet durable.
func (p *Progress) Tail() replication.EntryID { return replication.EntryID(p.tail.Load()) }

// Gaps are the committed entries that are missing here, ascending. The caller
// must not change them.
func (p *Progress) Gaps() []replication.Gap {
	if g := p.gaps.Load(); g != nil {
		return *g
	}
	return nil
}

// Gone reports whether the replica is not here any more: it was unhosted, or
// the node has closed.
func (p *Progress) Gone() bool { return p.gone.Load() }

// Changed is closed when anything of this changes next. Take the channel first,
// look second, wait third: then no change is missed.
func (p *Progress) Changed() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.changed == nil {
		p.changed = make(chan struct{})
		p.waited.Store(true)
	}
	return p.changed
}

// reached is what is published of a replica.
type reached struct {
	first, commit, flush, tail replication.EntryID
	gaps                       []replication.Gap
}

// publish shows r to readers. Only the stream's owner calls it.
//
// The order matters to a reader that looks at Commit first and Gaps second: a
// replica that jumps from 100 to 900 gains the gap 101..899 before it gains the
// commit 900, else the reader would take the missing entries for trimmed ones.
// A gap that closes has its entries stored by then.
func (p *Progress) publish(r reached) {
	changed := false
	if gaps := p.Gaps(); !slices.Equal(gaps, r.gaps) {
		kept := slices.Clone(r.gaps)
		p.gaps.Store(&kept)
		changed = true
	}
	for _, v := range []struct {
		at  *atomic.Uint64
		now replication.EntryID
	}{{&p.first, r.first}, {&p.tail, r.tail}, {&p.flush, r.flush}, {&p.commit, r.commit}} {
		if v.at.Load() != uint64(v.now) {
			v.at.Store(uint64(v.now))
			changed = true
		}
	}
	if changed {
		p.wakeWaiters()
	}
}

// leave says that the replica is gone.
func (p *Progress) leave() {
	p.gone.Store(true)
	p.wakeWaiters()
}

// wakeWaiters closes the channel that was handed out, if any. A reader that
// takes the channel after the stores above sees them when it looks.
func (p *Progress) wakeWaiters() {
	if !p.waited.Load() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.changed)
	p.changed = nil
	p.waited.Store(false)
}
