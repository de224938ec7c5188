package replication

import (
	"math/rand"
	"reflect"
	"slices"
	"testing"
	"testing/quick"
)

// run is some sealed entries and what they follow.
type run struct {
	prev    Position
	entries []Entry
}

func (run) Generate(r *rand.Rand, size int) reflect.Value {
	x := run{prev: Position{ID: EntryID(r.Intn(5)), Chain: Chain(r.Uint64())}}
	prev := x.prev
	for range 1 + r.Intn(8) {
		data := make([]byte, r.Intn(size+1))
		r.Read(data)
		e := Entry{ID: prev.ID + 1, Term: Term(1 + r.Intn(3)), AppendedAt: r.Int63(), GroupEnd: r.Intn(2) == 0, Data: data}
		e.Seal(prev.Chain)
		x.entries = append(x.entries, e)
		prev = e.Position()
	}
	return reflect.ValueOf(x)
}

// A run that was sealed checks, whole and in parts: a replica verifies what it is
// sent in whatever pieces it comes.
func TestCheckRunAcceptsWhatWasSealed(t *testing.T) {
	check := func(x run, cut uint8) bool {
		i := int(cut) % (len(x.entries) + 1)
		middle := x.prev
		if i > 0 {
			middle = x.entries[i-1].Position()
		}
		return CheckRun(x.prev, x.entries) == nil &&
			CheckRun(x.prev, x.entries[:i]) == nil && CheckRun(middle, x.entries[i:]) == nil
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}

// Whatever is changed in one entry is noticed, and so is a missing, doubled or
// exchanged entry, and a run that follows something else (I6).
func TestCheckRunNoticesDamage(t *testing.T) {
	damage := map[string]func(x *run, i int){
		"id":          func(x *run, i int) { x.entries[i].ID++ },
		"term":        func(x *run, i int) { x.entries[i].Term ^= 4 },
		"time":        func(x *run, i int) { x.entries[i].AppendedAt ^= 1 << 20 },
		"group":       func(x *run, i int) { x.entries[i].GroupEnd = !x.entries[i].GroupEnd },
		"sum":         func(x *run, i int) { x.entries[i].Sum ^= 1 },
		"chain":       func(x *run, i int) { x.entries[i].Chain ^= 1 },
		"longer data": func(x *run, i int) { x.entries[i].Data = append(slices.Clone(x.entries[i].Data), 0) },
		"a bit of data": func(x *run, i int) {
			d := append(slices.Clone(x.entries[i].Data), 0)[:len(x.entries[i].Data)]
			if len(d) == 0 {
				x.entries[i].ID++ // nothing to flip
				return
			}
			d[i%len(d)] ^= 0x40
			x.entries[i].Data = d
		},
		"sealed anew, its successor not": func(x *run, i int) {
			e := &x.entries[i]
			e.AppendedAt++
			e.Seal(x.prev.Chain + 1)
		},
		"a hole, sealed as if there were none": func(x *run, i int) {
			before := x.prev
			if i > 0 {
				before = x.entries[i-1].Position()
			}
			x.entries[i].ID++
			x.entries[i].Seal(before.Chain)
			x.entries = x.entries[:i+1]
		},
		"doubled": func(x *run, i int) { x.entries = slices.Insert(x.entries, i, x.entries[i]) },
		"missing": func(x *run, i int) {
			x.prev.Chain++ // also when it is the last
			x.entries = slices.Delete(x.entries, i, i+1)
			x.entries = append(x.entries, x.entries...)
		},
		"another chain before": func(x *run, i int) { x.prev.Chain ^= 1 << 63 },
		"another id before":    func(x *run, i int) { x.prev.ID++ },
	}
	for name, f := range damage {
		check := func(x run, at uint8) bool {
			x.entries = slices.Clone(x.entries)
			if name == "missing" && len(x.entries) == 1 {
				return true // what is left is the empty run, which is right
			}
			f(&x, int(at)%len(x.entries))
			return CheckRun(x.prev, x.entries) != nil
		}
		if err := quick.Check(check, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Chains tell orders apart: two entries that change places make another chain.
func TestChainDependsOnTheOrder(t *testing.T) {
	check := func(a, b Sum, before Chain) bool {
		return a == b || before.Next(a).Next(b) != before.Next(b).Next(a)
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}
