package node

import "walle/replication"

// Progress is how far the replica of one stream on this node has come. It is
// published by the stream's owner and read by anyone without entering its loop.
// It only moves forward, and is behind the replica, never ahead: what it says
// is committed can be scanned.
type Progress struct{}

// First is the lowest entry kept.
func (p *Progress) First() replication.EntryID { return 0 }

// Commit is the last entry that is known committed and stored here, but for the
// Gaps. Read it before Gaps.
func (p *Progress) Commit() replication.EntryID { return 0 }

// Flush is the last entry that is durable here.
func (p *Progress) Flush() replication.EntryID { return 0 }

// Tail is the last entry that was received, perhaps not yet durable.
func (p *Progress) Tail() replication.EntryID { return 0 }

// Gaps are the committed entries that are missing here, ascending. The caller
// must not change them.
func (p *Progress) Gaps() []replication.Gap { return nil }

// Changed is closed when anything of this changes next, and when the replica is
// gone. Take the channel first, look second, wait third.
func (p *Progress) Changed() <-chan struct{} { return nil }

// Gone reports whether the replica is not here any more: it was unhosted or the
// node has closed.
func (p *Progress) Gone() bool { return false }
