package node

import "walle/replication"

// waiters are the appends of one writer that wait for their reply, in a ring
// indexed by Ref. They are answered in any order and told in the order in which
// they were added. The shard's owner owns it.
type waiters struct {
	ring []waiter // the length is a power of two
	head uint64   // the Ref of the oldest; Refs start at 1
	next uint64   // the Ref of the next to be added
}

type waiter struct {
	done     func(replication.Reply)
	size     int64
	answered bool
	reply    replication.Reply
}

// add returns the Ref under which done waits.
func (q *waiters) add(done func(replication.Reply), size int64) uint64 {
	if q.next == 0 {
		q.head, q.next = 1, 1
	}
	if q.next-q.head == uint64(len(q.ring)) {
		q.grow()
	}
	ref := q.next
	q.next++
	*q.at(ref) = waiter{done: done, size: size}
	return ref
}

// answer notes a reply. One that nobody waits for is ignored.
func (q *waiters) answer(r replication.Reply) {
	if r.Ref < q.head || r.Ref >= q.next {
		return
	}
	w := q.at(r.Ref)
	if !w.answered {
		w.answered, w.reply = true, r
	}
}

// answerRest notes r for everyone who has no answer yet.
func (q *waiters) answerRest(r replication.Reply) {
	for ref := q.head; ref < q.next; ref++ {
		r.Ref = ref
		q.answer(r)
	}
}

// pop takes the oldest waiter, if it is answered.
func (q *waiters) pop() (w waiter, ok bool) {
	if q.head == q.next || !q.at(q.head).answered {
		return waiter{}, false
	}
	w = *q.at(q.head)
	*q.at(q.head) = waiter{}
	q.head++
	return w, true
}

func (q *waiters) at(ref uint64) *waiter { return &q.ring[ref&uint64(len(q.ring)-1)] }

func (q *waiters) grow() {
	old := *q
	q.ring = make([]waiter, max(16, 2*len(old.ring)))
	for ref := old.head; ref < old.next; ref++ {
		*q.at(ref) = *old.at(ref)
	}
}
