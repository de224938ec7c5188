package explore

import (
	"sync"
	"sync/atomic"

	"walle/replication"
)

// table keeps each of the values that worlds are made of once, and numbers them.
type table[T any] struct {
	mu    sync.Mutex
	ids   map[digest]uint32
	items atomic.Pointer[[]*T] // published whole: readers take no lock
}

// put returns the number of what has digest d; make builds it the first time.
func (t *table[T]) put(d digest, make func() *T) uint32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if id, ok := t.ids[d]; ok {
		return id
	}
	if t.ids == nil {
		t.ids = map[digest]uint32{}
	}
	var items []*T
	if p := t.items.Load(); p != nil {
		items = *p
	}
	items = append(items, make())
	t.items.Store(&items)
	id := uint32(len(items) - 1)
	t.ids[d] = id
	return id
}

func (t *table[T]) get(id uint32) *T { return (*t.items.Load())[id] }

func (t *table[T]) all() []*T {
	if p := t.items.Load(); p != nil {
		return *p
	}
	return nil
}

// nodePart is one state of a node, and what checkers and choices look at.
type nodePart struct {
	*node
	memo
	digest   digest
	written  image // the log, synced or not
	deadline replication.Time
	ready    bool // somebody waits for a sync
	commit   replication.EntryID
	groups   uint64 // those whose entries it holds anywhere, as bits
}

func newNodePart(n *node, d digest) *nodePart {
	p := &nodePart{node: n, digest: d, written: n.visible(), deadline: n.replica.Deadline(), ready: n.waits(), commit: n.replica.Commit()}
	for _, log := range []*image{&p.durable, &p.written} {
		for i := range log.entries {
			p.groups |= 1 << log.entries[i].Data[0]
		}
	}
	return p
}

// claimPart is one state of a claim.
type claimPart struct {
	*claim
	memo
	digest   digest
	phase    replication.Phase
	term     replication.Term
	commit   replication.EntryID
	deadline replication.Time
	over     bool // it has ended
	trusted  bool // it trusts its lease
}

func newClaimPart(c *claim, d digest) *claimPart {
	p := &claimPart{claim: c, digest: d, phase: c.writer.Phase(), deadline: c.writer.Deadline(), over: c.ended()}
	if !p.over { // else the claims that share this state may differ in the rest
		p.term, p.commit, p.trusted = c.writer.Term(), c.writer.Commit(), c.trusts()
	}
	return p
}

// parcel is one message, and what is asked of it again and again.
type parcel struct {
	replication.Envelope
	claim  int              // whom it is for, if for a claim; else -1
	node   int              // or the node
	number int              // among the messages for that one
	opens  replication.Term // the term that its claim must have for itself, to send it
}

// newParcel is called under the lock of x.messages.
func (x *explorer) newParcel(e replication.Envelope) *parcel {
	p := &parcel{Envelope: e, claim: -1, node: int(e.To) - 1}
	if !e.Msg.IsRequest() && !e.Claim.IsZero() {
		p.claim, p.node = int(e.Claim.Nonce)-1, -1
	}
	to := p.node
	if to < 0 {
		to = len(x.members) + p.claim
	}
	p.number = x.mail[to]
	x.mail[to]++
	switch m := e.Msg.(type) {
	case replication.Begin:
		p.opens = m.Term
	case replication.Append:
		p.opens = m.Term
	}
	return p
}
