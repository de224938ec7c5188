package grpcnet

import (
	"testing"

	"walle/replication"
)

func appendOf(id replication.EntryID, size int) replication.Envelope {
	return replication.Envelope{Stream: 1, To: 2, Msg: replication.Append{Entries: []replication.Entry{{ID: id, Data: make([]byte, size)}}}}
}

// ids are the entries of the Appends in list, and 0 for other messages.
func ids(list []replication.Envelope) (out []replication.EntryID) {
	for _, e := range list {
		var id replication.EntryID
		if m, ok := e.Msg.(replication.Append); ok {
			id = m.Entries[0].ID
		}
		out = append(out, id)
	}
	return out
}

// TestQueueOrder would fail if Appends overtook each other, or if a message
// that somebody waits for stood behind megabytes of them.
func TestQueueOrder(t *testing.T) {
	q := newQueue(1<<20, 1<<20)
	q.start()
	const n = 100
	for id := replication.EntryID(1); id <= n; id++ {
		e := appendOf(id, 1000)
		q.put(&e)
	}
	q.put(&replication.Envelope{Msg: replication.Prepare{}})
	var got []replication.EntryID
	for len(got) < n+1 {
		list, _ := q.take(nil, 10_000)
		if size := (&envelopes{list: list}).size(); size > 10_000 {
			t.Errorf("took %d bytes, asked for 10000", size)
		}
		got = append(got, ids(list)...)
	}
	for i, id := range got {
		if id != replication.EntryID(i) {
			t.Fatalf("message %d is %d: %v", i, id, got)
		}
	}
	if bytes, dropped := q.stand(); bytes != 0 || dropped != 0 {
		t.Errorf("%d bytes left, %d dropped", bytes, dropped)
	}
}

// TestQueueBounds would fail if a full queue grew, dropped what is contiguous
// with what it holds, or refused for ever a message larger than its bound.
func TestQueueBounds(t *testing.T) {
	q := newQueue(1000, 10_000)
	q.start()
	for id := replication.EntryID(1); id <= 100; id++ {
		e := appendOf(id, 1000)
		q.put(&e)
		if bytes, _ := q.stand(); bytes > 10_000 {
			t.Fatalf("%d bytes queued", bytes)
		}
	}
	list, _ := q.take(nil, 1<<20)
	for i, id := range ids(list) {
		if id != replication.EntryID(i+1) {
			t.Fatalf("queued %v", ids(list))
		}
	}
	if _, dropped := q.stand(); dropped == 0 || dropped != uint64(100-len(list)) {
		t.Errorf("%d dropped, %d queued, of 100", dropped, len(list))
	}

	large := appendOf(101, 100_000)
	q.put(&large)
	if list, _ = q.take(nil, 1000); len(list) != 1 {
		t.Error("a message above the bound was not taken into an empty queue")
	}
	unreadable := appendOf(102, maxFrame)
	q.put(&unreadable)
	if bytes, _ := q.stand(); bytes != 0 {
		t.Error("a message that no node reads was queued")
	}
}

// TestQueueDown would fail if a lane that comes back carried what was meant
// for the one before.
func TestQueueDown(t *testing.T) {
	q := newQueue(1<<20, 1<<20)
	e := appendOf(1, 10)
	q.put(&e)
	q.start()
	e = appendOf(2, 10)
	q.put(&e)
	q.shut()
	if list, open := q.take(nil, 1<<20); open || len(list) != 0 {
		t.Errorf("took %v of a closed queue", ids(list))
	}
	q.start()
	e = appendOf(3, 10)
	q.put(&e)
	list, open := q.take(nil, 1<<20)
	if !open || len(list) != 1 || ids(list)[0] != 3 {
		t.Errorf("took %v, open %v", ids(list), open)
	}
	if _, dropped := q.stand(); dropped != 2 {
		t.Errorf("%d dropped, want 2", dropped)
	}
}

// TestQueueInterleaved would fail if pushes between takes lost or reordered
// messages when the list moves in its memory.
func TestQueueInterleaved(t *testing.T) {
	q := newQueue(0, 64<<20)
	q.start()
	next, want := replication.EntryID(1), replication.EntryID(1)
	for round := range 2000 {
		for range round%7 + 1 {
			e := appendOf(next, 100)
			q.put(&e)
			next++
		}
		list, _ := q.take(nil, 1000)
		for _, id := range ids(list) {
			if id != want {
				t.Fatalf("round %d: took %d, want %d", round, id, want)
			}
			want++
		}
	}
}

// TestClasses shows where each message goes.
func TestClasses(t *testing.T) {
	claim := replication.ClaimID{Node: 1, Nonce: 1}
	for _, c := range []struct {
		e    replication.Envelope
		want class
	}{
		{replication.Envelope{Msg: replication.Begin{}}, classLog},
		{replication.Envelope{Msg: replication.Append{}}, classLog},
		{replication.Envelope{Msg: replication.Appended{}}, classControl},
		{replication.Envelope{Msg: replication.Prepare{}}, classControl},
		{replication.Envelope{Msg: replication.Fetch{Term: 3}}, classControl},
		{replication.Envelope{Msg: replication.Fetch{}}, classBulk},
		{replication.Envelope{Msg: replication.Fetched{}, Claim: claim}, classLog},
		{replication.Envelope{Msg: replication.Fetched{}}, classBulk},
		{replication.Envelope{Msg: ping{}}, classControl},
	} {
		if got := classOf(&c.e); got != c.want {
			t.Errorf("%v is of class %d, want %d", c.e.Msg, got, c.want)
		}
	}
}
