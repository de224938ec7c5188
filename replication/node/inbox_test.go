package node

import (
	"testing"

	"walle/replication"
)

func appendOf(bytes int) *replication.Envelope {
	return &replication.Envelope{Msg: replication.Append{Entries: []replication.Entry{{Data: make([]byte, bytes)}}}}
}

// Messages beyond the bounds are lost; everything else always fits.
func TestInboxBounds(t *testing.T) {
	b := newInbox(Limits{Messages: 4, MessageBytes: 1000})
	b.putMessage(appendOf(600))
	b.putMessage(appendOf(600)) // too many bytes
	probe := &replication.Envelope{Msg: replication.Probe{}}
	for range 5 {
		b.putMessage(probe) // the last two are too many
	}
	b.putSynced([]synced{{seq: 1}})
	b.putRead(readAnswer{})
	if !b.putOrder(order{}) || !b.putCall(func() {}) {
		t.Fatal("an order or a call was refused")
	}
	got := b.take(arrivals{})
	if len(got.messages) != 4 || len(got.synced) != 1 || len(got.reads) != 1 || len(got.orders) != 1 || len(got.calls) != 1 {
		t.Fatalf("took %d messages, %d synced, %d reads, %d orders, %d calls",
			len(got.messages), len(got.synced), len(got.reads), len(got.orders), len(got.calls))
	}
	b.putMessage(appendOf(600))
	if got := b.take(got); len(got.messages) != 1 {
		t.Fatalf("after a take there is room again, yet %d messages fit", len(got.messages))
	}
	b.close()
	b.putMessage(probe)
	if b.putOrder(order{}) || b.putCall(func() {}) || len(b.take(arrivals{}).messages) > 0 {
		t.Fatal("a closed inbox takes something")
	}
}

// One signal wakes the owner for all that arrives before it takes.
func TestInboxSignal(t *testing.T) {
	b := newInbox(Limits{Messages: 4, MessageBytes: 1000})
	signaled := func() bool {
		select {
		case <-b.wake:
			return true
		default:
			return false
		}
	}
	b.putCall(func() {})
	b.putCall(func() {})
	if !signaled() || signaled() {
		t.Fatal("want one signal for two calls")
	}
	b.take(arrivals{})
	b.putCall(func() {})
	if !signaled() {
		t.Fatal("no signal for what came after the take")
	}
}
