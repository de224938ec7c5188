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
	eventFault                    // the fault clock strikes
	eventRestart                  // host comes back
	eventResume                   // host wakes from its pause
	eventRepair                   // repair number ref is due
	eventHeal                     // the healing phase looks around
)

// event is something that will happen at a time. Those of a host's former life
// are dropped: life is compared.
type event struct {
	at       instant
	order    uint64 // breaks ties: first scheduled, first done
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

// eventHeap is a binary heap of events, the earliest first.
type eventHeap []event

func (h eventHeap) less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].order < h[j].order
}

func (h *eventHeap) push(e event) {
	*h = append(*h, e)
	s := *h
	for i := len(s) - 1; i > 0; {
		parent := (i - 1) / 2
		if !s.less(i, parent) {
			break
		}
		s[i], s[parent] = s[parent], s[i]
		i = parent
	}
}

func (h *eventHeap) pop() event {
	s := *h
	top := s[0]
	n := len(s) - 1
	s[0] = s[n]
	s[n] = event{}
	s = s[:n]
	*h = s
	for i := 0; ; {
		least := i
		if l := 2*i + 1; l < n && s.less(l, least) {
			least = l
		}
		if r := 2*i + 2; r < n && s.less(r, least) {
			least = r
		}
		if least == i {
			return top
		}
		s[i], s[least] = s[least], s[i]
		i = least
	}
}
