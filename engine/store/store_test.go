package store_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"walle/engine/store"
	"walle/engine/store/storetest"
	"walle/replication/node"
)

var _ node.Storage = (*store.Store)(nil)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func() storetest.Storage {
		fs := vfs.NewMem()
		return func() storetest.Storage { return open(t, fs) }
	})
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
