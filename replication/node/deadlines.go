package node

import (
	"container/heap"

	"walle/replication"
)

// deadlines are the machines of a shard that wait for a time, the earliest
// first. A machine whose deadline is Never is not in it and costs nothing.
type deadlines struct{ slots []*slot }

// set moves s to deadline at.
func (d *deadlines) set(s *slot, at replication.Time) {
	queued := s.queued()
	switch {
	case at == replication.Never && queued:
		heap.Remove(d, s.index-1)
	case at == replication.Never:
	case !queued:
		s.deadline = at
		heap.Push(d, s)
	case at != s.deadline:
		s.deadline = at
		heap.Fix(d, s.index-1)
	}
}

// first is the earliest deadline, or Never.
func (d *deadlines) first() replication.Time {
	if len(d.slots) == 0 {
		return replication.Never
	}
	return d.slots[0].deadline
}

// pop takes the machine with the earliest deadline, if that is not after now.
func (d *deadlines) pop(now replication.Time) (*slot, bool) {
	if d.first() > now || len(d.slots) == 0 {
		return nil, false
	}
	return heap.Pop(d).(*slot), true
}

// Len, Less, Swap, Push and Pop are container/heap's.
func (d *deadlines) Len() int           { return len(d.slots) }
func (d *deadlines) Less(i, j int) bool { return d.slots[i].deadline < d.slots[j].deadline }
func (d *deadlines) Swap(i, j int) {
	d.slots[i], d.slots[j] = d.slots[j], d.slots[i]
	d.slots[i].index, d.slots[j].index = i+1, j+1
}
func (d *deadlines) Push(x any) {
	s := x.(*slot)
	d.slots = append(d.slots, s)
	s.index = len(d.slots)
}
func (d *deadlines) Pop() any {
	n := len(d.slots) - 1
	s := d.slots[n]
	d.slots[n] = nil
	d.slots = d.slots[:n]
	s.index = 0
	return s
}
