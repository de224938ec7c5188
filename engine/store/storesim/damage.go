package storesim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"walle/replication"
)

// Damage implements sim.Storage: one byte of the entry's data is stored as
// another one, and the checksums of Pebble fit.
func (s *Storage) Damage(id replication.EntryID) error {
	entries, err := scan(s.store, stream, id, id)
	if err != nil || len(entries) != 1 {
		return cmp.Or(err, fmt.Errorf("entry %d is not there", id))
	}
	e := entries[0]
	e.Data[s.rand.IntN(len(e.Data))] ^= 1 << s.rand.IntN(8)
	s.stats.Rotten.Add(1)
	return s.apply([]replication.Write{{Stream: stream, Entries: []replication.Entry{e}}}, true)
}

// damageTable changes a byte of some table, if that takes only what may be lost,
// and returns what it takes.
func (s *Storage) damageTable(mayLose func(replication.EntryID) bool) ([]replication.EntryID, error) {
	before, err := s.Stored()
	if err != nil {
		return nil, err
	}
	size := 0
	for i := range before {
		size += before[i].Size()
	}
	if size < severalBlocks {
		return nil, nil
	}
	if err := s.store.Close(); err != nil {
		return nil, fmt.Errorf("close: %w", err)
	}
	sound := copyOf(s.disk.mem)
	s.disk = newDisk(copyOf(sound))
	if !s.changeByte() {
		return nil, s.open()
	}
	if err := s.open(); err == nil {
		if lost, ok := s.lost(before, mayLose); ok {
			s.stats.Tables.Add(1)
			s.stats.DamagedInTables.Add(uint64(len(lost)))
			return lost, nil
		}
		s.disk.die()
		s.store.Close()
	}
	s.stats.TablesSpared.Add(1)
	s.disk = newDisk(sound)
	return nil, s.open()
}

// severalBlocks is how many bytes of entries lie in several blocks of a table. Of
// fewer, all would be lost with one, and the end of the log among them.
const severalBlocks = 64 << 10

// changeByte changes a byte in the first half of the largest table.
func (s *Storage) changeByte() bool {
	var path string
	var table []byte
	names, err := s.disk.mem.List(directory + "/db")
	must(err)
	for _, name := range names {
		name = directory + "/db/" + name
		content, err := s.disk.mem.UnsafeGetFileDataBuffer(name)
		must(err)
		if strings.HasSuffix(name, ".sst") && len(content) > len(table) {
			path, table = name, slices.Clone(content)
		}
	}
	if table == nil {
		return false
	}
	table[s.rand.IntN(len(table)/2)] ^= 1 << s.rand.IntN(8)
	rewrite(s.disk.mem, path, table)
	return true
}

// lost returns which of the entries that were there are not any more; ok is
// false if there is one that must not be lost, or more than entries is.
func (s *Storage) lost(before []replication.Entry, mayLose func(replication.EntryID) bool) (lost []replication.EntryID, ok bool) {
	if _, ok, err := s.store.Load(stream); err != nil || !ok {
		return nil, false
	}
	after, err := s.Stored()
	if err != nil {
		return nil, false
	}
	for i := range before {
		id := before[i].ID
		if len(after) > 0 && after[0].ID == id {
			after = after[1:]
		} else if mayLose(id) {
			lost = append(lost, id)
		} else {
			return nil, false
		}
	}
	low, lowOK := s.witnesses[0].unreadable(s.store)
	high, highOK := s.witnesses[1].unreadable(s.store)
	if len(lost) == 0 || !lowOK || !highOK {
		return nil, false
	}
	s.witnesses[0].damaged, s.witnesses[1].damaged = low, high
	return lost, true
}
