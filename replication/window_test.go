package replication

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"
	"testing/quick"
)

// slowWindow is the window as one would write it first: all entries ever, and
// where memory begins.
type slowWindow struct {
	all  []Entry // from entry 1 on
	base EntryID
}

func (s *slowWindow) tail() EntryID { return EntryID(len(s.all)) }

func (s *slowWindow) between(from, to EntryID) int {
	n := 0
	for _, e := range s.all {
		if e.ID > max(from, s.base) && e.ID <= to {
			n += e.Size()
		}
	}
	return n
}

// batch is the longest run of whole groups that fits, at least one group.
func (s *slowWindow) batch(next EntryID, maxBytes int) []Entry {
	var out, group []Entry
	size := 0
	for _, e := range s.all[next-1:] {
		group = append(group, e)
		size += e.Size()
		if !e.GroupEnd {
			continue
		}
		if len(out) > 0 && size > maxBytes {
			break
		}
		out, group = append(out, group...), nil
	}
	return out
}

// Whatever is pushed, restored, forgotten and asked in whatever order, the window
// answers as the slow one does. A wrong sum of bytes would break the bounds on
// memory; a wrong batch would cut a group (I7).
func TestWindow(t *testing.T) {
	check := func(seed int64) bool {
		if err := compareWindows(rand.New(rand.NewSource(seed))); err != nil {
			t.Errorf("seed %d: %v", seed, err)
			return false
		}
		return true
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}

func compareWindows(r *rand.Rand) error {
	var w window
	var slow slowWindow
	for range 200 {
		switch r.Intn(4) {
		case 0, 1: // a group
			n := 1 + r.Intn(4)
			for i := range n {
				e := Entry{Term: 1, AppendedAt: int64(slow.tail()), GroupEnd: i == n-1, Data: make([]byte, r.Intn(100))}
				if r.Intn(2) == 0 {
					w.push(e)
				} else { // as recovery does it, sealed
					prev, _ := w.position(w.tail())
					e.ID = prev.ID + 1
					e.Seal(prev.Chain)
					w.restore(e)
				}
				slow.all = append(slow.all, w.items[len(w.items)-1].entry)
			}
		case 2: // the end of some group is forgotten, or what is forgotten already
			id := EntryID(r.Intn(len(slow.all) + 1))
			if id > slow.base {
				id = w.groupEnd(id)
			}
			w.forget(id)
			slow.base = max(slow.base, id)
		case 3:
			if err := compareOnce(r, &w, &slow); err != nil {
				return err
			}
		}
	}
	return CheckRun(w.base, w.batch(w.base.ID+1, 1<<30))
}

func compareOnce(r *rand.Rand, w *window, slow *slowWindow) error {
	if w.tail() != slow.tail() || w.base.ID != slow.base {
		return fmt.Errorf("window %v..%d, want %d..%d", w.base, w.tail(), slow.base, slow.tail())
	}
	from, to := EntryID(r.Intn(len(slow.all)+1)), EntryID(r.Intn(len(slow.all)+1))
	if got, want := w.between(from, to), slow.between(from, to); got != want {
		return fmt.Errorf("%d bytes between %d and %d, want %d (base %d)", got, from, to, want, slow.base)
	}
	if got, want := w.bytes(from), slow.between(from, slow.tail()); got != want {
		return fmt.Errorf("%d bytes after %d, want %d (base %d)", got, from, want, slow.base)
	}
	if from >= slow.base && from > 0 {
		p, at := w.position(from)
		if e := slow.all[from-1]; p != e.Position() || at != e.AppendedAt {
			return fmt.Errorf("position at %d is %v, %d", from, p, at)
		}
	}
	if next := max(from, slow.base) + 1; next <= slow.tail()+1 {
		if next > 1 && !slow.all[next-2].GroupEnd {
			next = slow.tail() + 1
		}
		got, want := w.batch(next, int(to)*20), slow.batch(next, int(to)*20)
		if !slices.EqualFunc(got, want, func(a, b Entry) bool { return a.ID == b.ID && a.Chain == b.Chain }) {
			return fmt.Errorf("batch from %d of %d bytes is %v, want %v", next, int(to)*20, got, want)
		}
	}
	return nil
}

// What is forgotten is let go: a window that was large once does not keep its
// memory for ever.
func TestWindowLetsGo(t *testing.T) {
	var w window
	for range 100_000 {
		w.push(Entry{GroupEnd: true})
	}
	w.forget(99_990)
	if c := cap(w.items); c > 4096 {
		t.Errorf("10 entries are kept in memory for %d", c)
	}
	w.forget(w.tail())
	w.push(Entry{GroupEnd: true})
	if got, want := w.bytes(w.base.ID), (&Entry{}).Size(); got != want {
		t.Errorf("one entry takes %d bytes, want %d", got, want)
	}
}
