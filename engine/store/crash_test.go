package store_test

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"walle/engine/store"
	"walle/engine/store/memstore"
	"walle/engine/store/storetest"
	"walle/replication"
	"walle/replication/node"
)

// crashAt returns a file system, and what a crash leaves of it: nil until there
// have been changes of the disk, then what survived of them, by chance.
func crashAt(changes int, rng *rand.Rand) (fs vfs.FS, left func() *vfs.MemFS) {
	mem := vfs.NewCrashableMem()
	var (
		mu    sync.Mutex // Pebble's goroutines change the disk too
		clone *vfs.MemFS
	)
	fs = storetest.Inject(mem, func(op errorfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
			if changes--; changes == 0 {
				clone = mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
			}
		}
		return nil
	})
	return fs, func() *vfs.MemFS {
		mu.Lock()
		defer mu.Unlock()
		return clone
	}
}

// A crash while a directory is made leaves one that opens, as a new node or as
// the one it was about to be.
func TestCrashWhileCreating(t *testing.T) {
	for changes := 1; ; changes++ {
		rng := rand.New(rand.NewPCG(uint64(changes), 1))
		fs, left := crashAt(changes, rng)
		s := open(t, fs)
		born := s.Identity()
		closeStore(t, s)
		if left() == nil {
			return // all of Open and Close made fewer changes
		}
		s = open(t, left())
		again := s.Identity()
		closeStore(t, s)
		s = open(t, left())
		if s.Identity() != again {
			t.Fatalf("after %d changes: %v, then %v; was %v", changes, again, s.Identity(), born)
		}
		closeStore(t, s)
	}
}

// What is said to be durable is there when nothing else is.
func TestDurable(t *testing.T) {
	mem := vfs.NewCrashableMem()
	s := open(t, mem)
	log := storetest.Log{Term: 1}
	reopen := func() *store.Store { return open(t, mem.CrashClone(vfs.CrashCloneCfg{})) }

	if err := s.Form("n1", 7); err != nil {
		t.Fatal(err)
	}
	left := reopen()
	if left.Identity() != s.Identity() {
		t.Errorf("%v after a crash, not %v", left.Identity(), s.Identity())
	}
	closeStore(t, left)

	if err := s.SetMeta("a", []byte("b")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Apply([]replication.Write{{Stream: 1, State: &replication.State{First: 1}, Entries: log.Next(3)}}, false); err != nil {
		t.Fatal(err)
	}
	// A batch of nothing that is synced takes those before it along.
	p, err := s.Apply(nil, true)
	if err == nil {
		err = p.Wait()
	}
	if err != nil {
		t.Fatal(err)
	}
	left = reopen()
	if got, want := mustDump(t, left), mustDump(t, s); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if v, ok, err := left.Meta("a"); string(v) != "b" || !ok || err != nil {
		t.Errorf("record is %q, %v, %v", v, ok, err)
	}
	closeStore(t, left)
	closeStore(t, s)
}

// writer applies a scenario and remembers what the store held after each batch.
type writer struct {
	store *store.Store
	story *scenario
	model memstore.Store
	dumps []string // [i] after i batches
	waits []node.Pending
	safe  int // batches that are surely durable
}

func newWriter(t *testing.T, s *store.Store, seed uint64) *writer {
	w := &writer{store: s, story: newScenario(seed)}
	w.dumps = append(w.dumps, mustDump(t, &w.model))
	return w
}

// step applies a batch, and now and then waits for some of those applied.
func (w *writer) step(t *testing.T) {
	writes := w.story.batch()
	if _, err := w.model.Apply(writes, true); err != nil {
		t.Fatal(err)
	}
	w.dumps = append(w.dumps, mustDump(t, &w.model))
	sync := w.story.rng.IntN(3) > 0
	p, err := w.store.Apply(writes, sync)
	if err != nil {
		t.Fatal(err)
	}
	if !sync {
		p = nil
	}
	w.waits = append(w.waits, p)
	if w.story.rng.IntN(4) == 0 {
		w.wait(t, w.story.rng.IntN(len(w.waits)+1))
	}
}

// wait waits for the oldest n batches.
func (w *writer) wait(t *testing.T, n int) {
	for _, p := range w.waits[:n] {
		first := len(w.dumps) - len(w.waits)
		w.waits = w.waits[1:]
		if p == nil {
			continue
		}
		if err := p.Wait(); err != nil {
			t.Fatal(err)
		}
		w.safe = first
	}
}

// After a crash at any moment the store holds exactly what the first so many
// batches wrote, and these are no fewer than those that were waited for.
func TestCrash(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 2))
		mem := vfs.NewCrashableMem()
		w := newWriter(t, open(t, mem), seed)
		for range 1 + rng.IntN(40) {
			w.step(t)
		}
		// The clone is made while Pebble syncs, flushes and compacts.
		safe := w.safe
		left := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
		w.wait(t, len(w.waits))
		closeStore(t, w.store)

		s := open(t, left)
		got := mustDump(t, s)
		closeStore(t, s)
		batches := lastIndex(w.dumps, got)
		if batches < safe {
			t.Fatalf("seed %d: after %d batches, of which %d durable, the store is like after %d (-1: none):\n%s",
				seed, len(w.dumps)-1, safe, batches, got)
		}
	}
}

// lastIndex is the last place of dump in dumps, or -1.
func lastIndex(dumps []string, dump string) int {
	for i := len(dumps) - 1; i >= 0; i-- {
		if dumps[i] == dump {
			return i
		}
	}
	return -1
}
