package node

import (
	"math/rand/v2"
	"testing"

	"walle/replication"
)

// Whatever the order of the answers, each waiter is told once, its own answer,
// in the order of the appends.
func TestWaitersAreToldInOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var q waiters
	var told []replication.EntryID
	var open []uint64
	pop := func() {
		for {
			w, ok := q.pop()
			if !ok {
				return
			}
			w.done(w.reply)
		}
	}
	added := 0
	for range 20_000 {
		if random.IntN(2) == 0 || len(open) == 0 {
			added++
			open = append(open, q.add(func(r replication.Reply) { told = append(told, r.First) }, 1))
			continue
		}
		i := random.IntN(min(len(open), 1+random.IntN(8)))
		q.answer(replication.Reply{Ref: open[i], First: replication.EntryID(open[i])})
		q.answer(replication.Reply{Ref: open[i], First: 1 << 40}) // doubled: the first counts
		open = append(open[:i], open[i+1:]...)
		pop()
	}
	q.answer(replication.Reply{}) // news of the writer as a whole: nobody's
	for _, ref := range open {
		q.answer(replication.Reply{Ref: ref, First: replication.EntryID(ref)})
	}
	pop()
	if len(told) != added {
		t.Fatalf("%d of %d waiters were told", len(told), added)
	}
	for i, id := range told {
		if int(id) != i+1 {
			t.Fatalf("answer %d was told as number %d", id, i+1)
		}
	}
}

// At the end, those without an answer get the last one, and the others theirs.
func TestWaitersRest(t *testing.T) {
	var q waiters
	var told []replication.Outcome
	done := func(r replication.Reply) { told = append(told, r.Outcome) }
	q.add(done, 0)
	second := q.add(done, 0)
	q.add(done, 0)
	q.answer(replication.Reply{Ref: second, Outcome: replication.Applied})
	q.answerRest(replication.Reply{Outcome: replication.Unknown})
	for w, ok := q.pop(); ok; w, ok = q.pop() {
		w.done(w.reply)
	}
	want := []replication.Outcome{replication.Unknown, replication.Applied, replication.Unknown}
	if len(told) != 3 || told[0] != want[0] || told[1] != want[1] || told[2] != want[2] {
		t.Fatalf("told %v, want %v", told, want)
	}
}
