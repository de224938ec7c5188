package node

import (
	"math/rand/v2"
	"testing"

	"walle/replication"
)

// The heap gives out what a plain search would, through any changes.
func TestDeadlines(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var d deadlines
	slots := make([]*slot, 50)
	want := make(map[*slot]replication.Time)
	for i := range slots {
		slots[i] = &slot{}
	}
	first := func() replication.Time {
		earliest := replication.Never
		for _, at := range want {
			earliest = min(earliest, at)
		}
		return earliest
	}
	for range 20_000 {
		s := slots[random.IntN(len(slots))]
		switch random.IntN(4) {
		case 0:
			d.set(s, replication.Never)
			delete(want, s)
		case 1:
			now := replication.Time(random.IntN(1000))
			got, ok := d.pop(now)
			if ok != (first() <= now) {
				t.Fatalf("pop(%d) found something: %v; the first is at %d", now, ok, first())
			}
			if ok {
				if want[got] != first() {
					t.Fatalf("popped deadline %d, the first is %d", want[got], first())
				}
				delete(want, got)
			}
		default:
			at := replication.Time(random.IntN(1000))
			d.set(s, at)
			want[s] = at
		}
		if d.first() != first() || d.Len() != len(want) {
			t.Fatalf("first %d of %d, want %d of %d", d.first(), d.Len(), first(), len(want))
		}
	}
}
