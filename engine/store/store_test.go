package store_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"walle/engine/store"
	"walle/engine/store/storetest"
	"walle/replication"
	"walle/replication/node"
)

var _ node.Storage = (*store.Store)(nil)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func() storetest.Storage {
		fs := vfs.NewMem()
		return func() storetest.Storage { return open(t, fs) }
	})
}

// On a real disk, an operator sees which stream takes room, and how much is left.
func TestDiskUsage(t *testing.T) {
	s, err := store.Open(store.Config{Dir: t.TempDir(), MemTableBytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	log := storetest.Log{Term: 1}
	for range 30 { // several memtables, so that most is in tables
		p, err := s.Apply([]replication.Write{{Stream: 7, Entries: log.Sized(10, 1000)}}, true)
		if err == nil {
			err = p.Wait()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if other, err := s.DiskUsage(8); err != nil || other != 0 {
		t.Errorf("a stream that isn't there takes %d bytes, %v", other, err)
	}
	if space := s.CheckSpace(); space.Free == 0 || space.Free > space.Total || space.Reserve == 0 || space != s.Space() {
		t.Errorf("the disk has %+v", space)
	}
	if s.Metrics().WAL.BytesIn < 300_000 {
		t.Errorf("the log took %d bytes", s.Metrics().WAL.BytesIn)
	}
}

// open opens a store with small memtables, so that tests see flushes too.
func open(t *testing.T, fs vfs.FS) *store.Store {
	t.Helper()
	s, err := store.Open(store.Config{Dir: "data", FS: fs, MemTableBytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeStore(t *testing.T, s *store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
