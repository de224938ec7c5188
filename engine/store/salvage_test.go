package store_test

import (
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"walle/engine/store"
	"walle/engine/store/storetest"
	"walle/replication"
	"walle/replication/node"
)

// scanned lists the entries of a stream that can be read, one page after the
// other around what can't, and the lowest of those that can't.
func scanned(t *testing.T, s *store.Store, stream replication.StreamID, tail replication.EntryID) (good []replication.Entry, bad []replication.EntryID) {
	t.Helper()
	for from := replication.EntryID(1); from <= tail; {
		scan := s.Scan(node.ScanRequest{Stream: stream, From: from, To: tail})
		for scan.Next() {
			good = append(good, *scan.Entry())
			from = scan.Entry().ID + 1
		}
		err := scan.Err()
		if err := scan.Close(); err != nil {
			t.Fatal(err)
		}
		if err == nil {
			break
		}
		bad = append(bad, from)
		from++
	}
	return good, bad
}

// An entry in a damaged block has to be readable once it has been fetched and
// written again. Nothing that could be read before may be lost on the way, and
// the damaged file stays for people to look at.
func TestDamagedTableIsReplaced(t *testing.T) {
	fs := flushed(t)
	damageTable(t, fs)
	s := open(t, fs)
	before, bad := scanned(t, s, 1, 2000)
	if len(bad) == 0 || len(before)+len(bad) != 2000 {
		t.Fatalf("%d entries can be read, %d not", len(before), len(bad))
	}
	// Any write replaces the table.
	if _, err := s.Apply([]replication.Write{{Stream: 3, Entries: (&storetest.Log{Term: 1}).Next(1)}}, false); err != nil {
		t.Fatal(err)
	}
	after, err := storetest.Collect(s.Scan(node.ScanRequest{Stream: 1, To: 2000}))
	if err != nil || storetest.Ranges(after) != storetest.Ranges(before) {
		t.Fatalf("%v can be read after the table is replaced, %v before: %v", storetest.Ranges(after), storetest.Ranges(before), err)
	}
	if d := s.Read(replication.Read{Stream: 1, From: 1, To: bad[0], MaxBytes: 1 << 20}); d.Bad != bad[0] {
		t.Errorf("the read of a lost entry names %d, want %d: %v", d.Bad, bad[0], d.Err)
	}
	log := storetest.Log{Term: 1}
	all := log.Marked(2000, 1000)
	for _, id := range bad {
		if _, err := s.Apply([]replication.Write{{Stream: 1, Entries: all[id-1 : id]}}, false); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // and after a restart
		list, err := storetest.Collect(s.Scan(node.ScanRequest{Stream: 1, To: 2000}))
		if err == nil {
			err = replication.CheckRun(replication.Position{}, list)
		}
		if err != nil || len(list) != 2000 {
			t.Fatalf("%d entries after they were written again: %v", len(list), err)
		}
		closeStore(t, s)
		s = open(t, fs)
	}
	closeStore(t, s)
	if kept, err := fs.List("data/damaged"); err != nil || len(kept) != 1 {
		t.Errorf("%v are kept of the damaged files: %v", kept, err)
	}
}

// The last entries of a stream must not get lost with a damaged table: the
// replica would come back with a shorter log than it has acknowledged.
func TestDamagedEndStays(t *testing.T) {
	fs := vfs.NewMem()
	s := open(t, fs)
	log := storetest.Log{Term: 1}
	write := func(entries []replication.Entry, stream replication.StreamID) {
		t.Helper()
		if _, err := s.Apply([]replication.Write{{Stream: stream, Entries: entries}}, false); err != nil {
			t.Fatal(err)
		}
	}
	for range 1999 {
		write(log.Marked(1, 1000), 1)
	}
	last := log.Marked(1, 1000)
	write(last, 1)
	closeStore(t, s)
	closeStore(t, open(t, fs)) // what was in memory goes to a table
	if err := storetest.Damage(fs, "data", last[0].Data[:storetest.MarkBytes]); err != nil {
		t.Fatal(err)
	}
	s = open(t, fs)
	defer closeStore(t, s)
	read := func() error {
		return s.Read(replication.Read{Stream: 1, From: 2000, To: 2000, MaxBytes: 1 << 20}).Err
	}
	if _, ok := errors.AsType[*store.CorruptError](read()); !ok {
		t.Fatalf("the last entry is not damaged: %v", read())
	}
	write((&storetest.Log{Term: 1}).Next(1), 3)
	if _, ok := errors.AsType[*store.CorruptError](read()); !ok {
		t.Fatalf("the last entry is damaged, and the read says %v", read())
	}
	// With more behind it, it is one as any other.
	write(log.Marked(1, 1000), 1)
	for range 8 { // it was tried in vain, and is not tried every time
		read()
		write(nil, 3)
	}
	if _, ok := errors.AsType[*store.MissingError](read()); !ok {
		t.Fatalf("the entry could be given up, and the read says %v", read())
	}
	good, bad := scanned(t, s, 1, 2001)
	if len(bad) != 0 || good[len(good)-1].ID != 2001 || len(good) < 1800 {
		t.Fatalf("%d entries can be read, %v not", len(good), bad)
	}
}
