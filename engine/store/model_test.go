package store_test

import (
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"walle/engine/store/memstore"
	"walle/engine/store/storetest"
	"walle/replication"
)

// scenario makes up batches of writes as replicas would: appends, truncated and
// rewritten tails, trims, jumps over a gap, back-fill, promises, commits.
type scenario struct {
	rng  *rand.Rand
	logs map[replication.StreamID]*storyline
}

// storyline is what a scenario remembers of one stream.
type storyline struct {
	log   storetest.Log
	all   []replication.Entry // of the whole log, stored or not
	state replication.State
}

func newScenario(seed uint64) *scenario {
	return &scenario{rng: rand.New(rand.NewPCG(seed, 7)), logs: make(map[replication.StreamID]*storyline)}
}

// batch returns the writes of one Apply.
func (s *scenario) batch() []replication.Write {
	writes := make([]replication.Write, 0, 3)
	for range 1 + s.rng.IntN(3) {
		id := replication.StreamID(1 + s.rng.IntN(4))
		l := s.logs[id]
		if l == nil {
			l = &storyline{log: storetest.Log{Term: 1}, state: replication.State{First: 1}}
			s.logs[id] = l
		}
		w := replication.Write{Stream: id}
		l.next(s.rng, &w)
		writes = append(writes, w)
	}
	return writes
}

func (l *storyline) next(rng *rand.Rand, w *replication.Write) {
	switch action := rng.IntN(10); {
	case action < 6:
		w.Entries = l.extend(1+rng.IntN(8), rng)
	case action < 7 && len(l.all) > 0: // a new term, whose writer has less
		keep := len(l.all) - rng.IntN(min(len(l.all), 5))
		l.all = l.all[:keep:keep]
		l.log.Term++
		l.log.Prev = l.all[keep-1].Position()
		w.Truncate, w.Above = true, l.log.Prev.ID
		w.Entries = l.extend(rng.IntN(4), rng)
	case action < 8 && len(l.all) > 10:
		e := &l.all[rng.IntN(len(l.all)-5)]
		if e.ID >= l.state.First {
			l.state.First, l.state.Base, l.state.BaseAt = e.ID+1, e.Position(), e.AppendedAt
			w.Below = l.state.First
		}
	case action < 9:
		l.extend(1+rng.IntN(3), rng) // missed
		w.Entries = l.extend(1+rng.IntN(3), rng)
	case len(l.all) > 3:
		i := rng.IntN(len(l.all) - 2)
		if l.all[i].ID >= l.state.First {
			w.Entries = l.all[i : i+2]
		}
	}
	if rng.IntN(3) == 0 {
		l.state.Promised++
	}
	state := l.state
	w.State = &state
	if rng.IntN(2) == 0 {
		w.Commit = l.log.Prev.ID
	}
}

func (l *storyline) extend(n int, rng *rand.Rand) []replication.Entry {
	entries := l.log.Next(n)
	if rng.IntN(8) == 0 {
		entries = append(entries, l.log.Sized(1, rng.IntN(20000))...)
	}
	l.all = append(l.all, entries...)
	return entries
}

func mustDump(t *testing.T, s storetest.Storage) string {
	t.Helper()
	dump, err := storetest.Dump(s)
	if err != nil {
		t.Fatal(err)
	}
	return dump
}

// The store does what the model in memory does, through flushes, compactions
// and restarts.
func TestLikeModel(t *testing.T) {
	seeds := uint64(3)
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		var (
			fs    = vfs.NewMem()
			s     = open(t, fs)
			model memstore.Store
			story = newScenario(seed)
		)
		for i := range 400 {
			writes := story.batch()
			if _, err := model.Apply(writes, true); err != nil {
				t.Fatal(err)
			}
			p, err := s.Apply(writes, i%2 == 0)
			if err == nil {
				err = p.Wait()
			}
			if err != nil {
				t.Fatal(err)
			}
			if i%100 == 99 {
				closeStore(t, s)
				s = open(t, fs)
			}
			if i%20 == 0 || i%100 == 99 {
				compare(t, seed, s, &model, story)
			}
		}
		closeStore(t, s)
	}
}

// compare compares everything that can be read.
func compare(t *testing.T, seed uint64, s storetest.Storage, model *memstore.Store, story *scenario) {
	t.Helper()
	if got, want := mustDump(t, s), mustDump(t, model); got != want {
		t.Fatalf("seed %d: got\n%s\nwant\n%s", seed, got, want)
	}
	for range 50 {
		r := replication.Read{Stream: replication.StreamID(1 + story.rng.IntN(5)), MaxBytes: story.rng.IntN(2000)}
		r.To = replication.EntryID(1 + story.rng.IntN(600))
		r.From = replication.EntryID(story.rng.IntN(int(r.To) + 1))
		got, want := s.Read(r), model.Read(r)
		if storetest.Ranges(got.Entries) != storetest.Ranges(want.Entries) || got.Prev != want.Prev ||
			got.PrevAt != want.PrevAt || (got.Err == nil) != (want.Err == nil) {
			t.Fatalf("seed %d: %+v\n got %v, %v\nwant %v, %v", seed, r, got, got.Err, want, want.Err)
		}
	}
}
