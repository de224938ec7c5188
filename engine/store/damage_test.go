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

// flushed returns a disk that holds a stream of 2000 entries in tables, each of
// 1000 bytes of data, and another.
func flushed(t *testing.T) *vfs.MemFS {
	t.Helper()
	fs := vfs.NewMem()
	s := open(t, fs)
	log := storetest.Log{Term: 1}
	for range 200 {
		if _, err := s.Apply([]replication.Write{
			{Stream: 1, State: &replication.State{First: 1}, Entries: log.Marked(10, 1000)},
			{Stream: 2, State: &replication.State{First: 1}},
		}, false); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Apply([]replication.Write{{Stream: 2, Entries: (&storetest.Log{Term: 1}).Next(5)}}, true); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	closeStore(t, open(t, fs)) // what was in memory goes to a table
	return fs
}

// damageTable changes a bit of entry 1000 of stream 1 of a flushed disk. About
// thirty entries share its block.
func damageTable(t *testing.T, fs *vfs.MemFS) {
	t.Helper()
	all := (&storetest.Log{Term: 1}).Marked(1000, 1000)
	if err := storetest.Damage(fs, "data", all[999].Data[:storetest.MarkBytes]); err != nil {
		t.Fatal(err)
	}
}

// Damage in one place is named, and takes nothing else with it: not the process,
// not the stream's other entries, not the other streams.
func TestDamagedBlock(t *testing.T) {
	fs := flushed(t)
	damageTable(t, fs)
	s := open(t, fs)
	defer closeStore(t, s)

	scan := s.Scan(node.ScanRequest{Stream: 1, To: storetest.AllEntries})
	last := replication.EntryID(0)
	for scan.Next() {
		last = scan.Entry().ID
	}
	err := scan.Err()
	if err := scan.Close(); err != nil {
		t.Fatal(err)
	}
	damage, ok := errors.AsType[*store.CorruptError](err)
	if !ok || damage.Stream != 1 || damage.Entry != last+1 || last < 900 || last >= 1000 {
		t.Fatalf("scan ended at %d with %v", last, err)
	}
	d := s.Read(replication.Read{Stream: 1, From: 1, To: last + 1, MaxBytes: 1 << 20})
	if damage, ok := errors.AsType[*store.CorruptError](d.Err); !ok || damage.Stream != 1 || d.Entries != nil {
		t.Fatalf("read the damaged entry: %v", d.Err)
	}
	for _, r := range []replication.Read{
		{Stream: 1, From: last + 150, To: last + 160, MaxBytes: 1 << 20},
		{Stream: 1, From: 1, To: last - 100, MaxBytes: 1 << 20},
		{Stream: 2, From: 1, To: 5, MaxBytes: 1 << 20},
	} {
		if d := s.Read(r); d.Err != nil {
			t.Errorf("read of %+v: %v", r, d.Err)
		}
	}
	// A read across it gives what is above it.
	d = s.Read(replication.Read{Stream: 1, From: 1, To: 2000, MaxBytes: 1 << 30})
	if first := d.Entries[0]; d.Err != nil || d.Entries[len(d.Entries)-1].ID != 2000 || first.ID <= last || first.ID > last+150 || d.Prev.ID != 0 {
		t.Fatalf("read across damage: after %v, %d entries, %v", d.Prev, len(d.Entries), d.Err)
	}
	if err := replication.CheckRun(d.Entries[0].Position(), d.Entries[1:]); err != nil {
		t.Fatal(err)
	}
	log := storetest.Log{Term: 1}
	if _, err := s.Apply([]replication.Write{{Stream: 3, Entries: log.Next(1)}}, true); err != nil {
		t.Fatalf("apply beside damage: %v", err)
	}
}

// Bytes that Pebble holds to be right, because it was handed them damaged, are
// found out by the entry's own checksum, and by the chain.
func TestDamagedEntry(t *testing.T) {
	s := open(t, vfs.NewMem())
	defer closeStore(t, s)
	log := storetest.Log{Term: 1}
	entries := log.Next(9)
	entries[4].Data = append([]byte("x"), entries[4].Data...)
	entries[7].Chain++
	if _, err := s.Apply([]replication.Write{{Stream: 1, State: &replication.State{First: 1}, Entries: entries}}, false); err != nil {
		t.Fatal(err)
	}
	wantDamage := func(what string, err error, id replication.EntryID) {
		t.Helper()
		damage, ok := errors.AsType[*store.CorruptError](err)
		if !ok || damage.Stream != 1 || damage.Entry != id {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, descending := range []bool{false, true} {
		_, err := storetest.Collect(s.Scan(node.ScanRequest{Stream: 1, To: 9, Descending: descending}))
		wantDamage("scan", err, 5)
	}
	read := func(from, to replication.EntryID) replication.ReadDone {
		return s.Read(replication.Read{Stream: 1, From: from, To: to, MaxBytes: 1 << 20})
	}
	wantDamage("read of the damaged entry", read(1, 5).Err, 5)
	for _, bounds := range [][2]replication.EntryID{{1, 5}, {1, 7}, {5, 6}} {
		if d := read(bounds[0], bounds[1]); d.Bad != 5 {
			t.Errorf("read of %v names %d as damaged, %v", bounds, d.Bad, d.Err)
		}
	}
	if d := read(6, 6); d.Err != nil || d.Bad != 5 || d.Prev.ID != 0 || storetest.Ranges(d.Entries) != "6" {
		t.Errorf("read of what follows it: %+v", d)
	}
	wantDamage("read of a wrong chain", read(7, 8).Err, 8)
	if d := read(1, 7); d.Err != nil || d.Prev.ID != 0 || storetest.Ranges(d.Entries) != "6-7" {
		t.Errorf("read above damage: %v, %v", d.Entries, d.Err)
	}
	if d := read(1, 4); d.Err != nil || d.Bad != 0 || storetest.Ranges(d.Entries) != "1-4" {
		t.Errorf("read below damage: %v, %v", d.Entries, d.Err)
	}
}
