package sim

import "walle/replication"

// instant is the true time of the world, in nanoseconds. No machine sees it.
type instant int64

// eventKind says what happens.
type eventKind uint8

const (
	eventDeliver eventKind = iota // envelope arrives at host
	eventTick                     // ref is the timer's
	eventSynced                   // the disk of host finished the sync numbered ref
	eventRead                     // the disk of host answers read ref
	eventClient                   // client ref acts
	eventAbandon                  // the owner of session ref stops waiting for its claim
	eventFault                    // the fault clock strikes
	eventRestart                  // host comes back
	eventResume                   // host wakes from its pause
	eventRepair                   // repair number ref is due
	eventSpace                    // host looks at the space on its disk
	eventHeal                     // the healing phase looks around
)

// event is something that will happen at a time. Those of a host's former life
// are dropped: life is compared.
type event struct {
	at       instant
	kind     eventKind
	host     int32
	life     int32
	ref      uint64
	envelope *parcel
}

// parcel is a message in flight. Copies share it.
type parcel struct {
	envelope replication.Envelope
	print    string // of the message when it was sent; set in vigilant runs
}

// agenda holds the events to come, in a binary heap of keys that point to them.
type agenda struct {
	heap  []key
	slots []event
	free  []int32 // of slots
	order uint64
}

// key orders events: the earliest first, of one time the first scheduled.
type key struct {
	at    instant
	order uint64
	slot  int32
}

func (k key) before(o key) bool { return k.at < o.at || k.at == o.at && k.order < o.order }

func (a *agenda) push(e event) {
	var slot int32
	if n := len(a.free); n > 0 {
		slot = a.free[n-1]
		a.free = a.free[:n-1]
		a.slots[slot] = e
	} else {
		slot = int32(len(a.slots))
		a.slots = append(a.slots, e)
	}
	a.order++
	a.heap = append(a.heap, key{at: e.at, order: a.order, slot: slot})
	h := a.heap
	for i := len(h) - 1; i > 0; {
		parent := (i - 1) / 2
		if !h[i].before(h[parent]) {
			break
		}
		h[i], h[parent] = h[parent], h[i]
		i = parent
	}
}

func (a *agenda) pop() event {
	h := a.heap
	top := h[0]
	n := len(h) - 1
	h[0] = h[n]
	h = h[:n]
	a.heap = h
	for i := 0; ; {
		least := i
		if l := 2*i + 1; l < n && h[l].before(h[least]) {
			least = l
		}
		if r := 2*i + 2; r < n && h[r].before(h[least]) {
			least = r
		}
		if least == i {
			break
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
	e := a.slots[top.slot]
	a.slots[top.slot].envelope = nil
	a.free = append(a.free, top.slot)
	return e
}
