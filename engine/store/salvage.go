package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/errors/oserror"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"walle/replication"
)

// damagedTables are the tables of the database in which Pebble has met damage.
//
// An entry that is written again does not mend them. Pebble merges what all its
// tables say of a key, so a scan fails on the damaged block below the new entry
// just the same; and no compaction gets past the block, so that the levels above
// fill up until writes stop. So a table is replaced as a whole: what can still be
// read of its keys is written to a new one, which Pebble puts in the place of
// all that it has between the first and the last of them, in one step. What
// could not be read is then missing, and the replica fetches it like any damaged
// entry.
//
// Apply does it, before its own writes: nobody else changes entries meanwhile.
type damagedTables struct {
	due    atomic.Bool // some table is
	mu     sync.Mutex  // guards below
	tables map[string]*damagedTable
}

type damagedTable struct {
	path     string
	low      []byte // its first key
	high     []byte // above its last
	due      bool
	failures int
	rest     int // how many more reports of it are let pass
}

// report takes what Pebble says of a table, again whenever it is read, and
// returns whether that is news. One that could not be replaced is tried again,
// ever more rarely: what was in the way may be gone.
func (d *damagedTables) report(i pebble.DataCorruptionInfo) (news bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	name := fmt.Sprintf("%s %x", i.Path, i.Bounds.Start)
	t := d.tables[name]
	if news = t == nil; news {
		t = &damagedTable{path: i.Path, low: bytes.Clone(i.Bounds.Start), high: append(bytes.Clone(i.Bounds.End.Key), 0)}
		if d.tables == nil {
			d.tables = make(map[string]*damagedTable)
		}
		d.tables[name] = t
	}
	if t.rest > 0 {
		t.rest--
		return news
	}
	t.due = true
	d.due.Store(true)
	return news
}

// take returns the tables that are to be replaced now.
func (d *damagedTables) take() []*damagedTable {
	d.mu.Lock()
	defer d.mu.Unlock()
	var due []*damagedTable
	for _, t := range d.tables {
		if t.due {
			due = append(due, t)
		}
	}
	d.due.Store(false)
	return due
}

// done notes how it went with t.
func (d *damagedTables) done(t *damagedTable, replaced bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t.due = false
	if !replaced {
		t.failures = min(t.failures+1, 16)
		t.rest = 1 << t.failures
		return
	}
	for name, other := range d.tables {
		if other == t {
			delete(d.tables, name)
		}
	}
}

// replaceDamaged replaces the tables in which damage was met. One that can't be
// replaced stays, and so does what was said of its entries.
func (s *Store) replaceDamaged() {
	for _, t := range s.damaged.take() {
		if _, err := s.config.FS.Stat(t.path); oserror.IsNotExist(err) {
			s.damaged.done(t, true) // it was replaced while somebody still read it
			continue
		}
		err := s.replaceTable(t)
		s.damaged.done(t, err == nil)
		if err != nil {
			s.config.Logger.Error("a damaged table stays", "file", t.path, "error", err.Error())
		} else {
			s.config.Logger.Warn("a damaged table is replaced", "file", t.path, "kept_in", s.dir.file(damagedName))
		}
	}
}

// replaceTable puts what can be read of a table's keys in the place of all that
// there is between them.
func (s *Store) replaceTable(t *damagedTable) error {
	if t.low[0] != entrySpace {
		return errors.New("it holds states of replicas, none of which may be forgotten")
	}
	path := s.dir.file(salvageName)
	defer s.disk.Remove(path) // else the next one overwrites it
	entries, err := s.copyReadable(t, path)
	if err != nil {
		return err
	}
	if err := s.keepDamaged(t.path); err != nil {
		return err
	}
	span := pebble.KeyRange{Start: t.low, End: t.high}
	if entries == 0 {
		return s.db.Excise(context.Background(), span)
	}
	_, err = s.db.IngestAndExcise(context.Background(), []string{path}, nil, nil, span)
	return err
}

// keepDamaged gives a file a second name, where Pebble does not delete it: it
// is for people, who may read more of it than this program.
func (s *Store) keepDamaged(path string) error {
	dir := s.dir.file(damagedName)
	if err := s.config.FS.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	err := s.config.FS.Link(path, s.config.FS.PathJoin(dir, s.config.FS.PathBase(path)))
	if oserror.IsExist(err) {
		return nil
	}
	return err
}

// copyReadable makes a table of what can be read between t's keys.
func (s *Store) copyReadable(t *damagedTable, path string) (entries int, err error) {
	file, err := s.disk.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return 0, err
	}
	format := s.db.FormatMajorVersion().MaxTableFormat()
	w := sstable.NewWriter(objstorageprovider.NewFileWritable(file), s.options.MakeWriterOptions(0, format))
	defer func() { err = errors.Join(err, w.Close()) }()
	c := copying{store: s, table: t, to: w, next: t.low}
	if err = c.seek(t.low); err == nil {
		err = c.run()
		err = errors.Join(err, ignoreDamage(c.it.Close()))
	}
	return c.entries, err
}

// ignoreDamage drops an error of Close, which repeats what reading has met.
func ignoreDamage(err error) error {
	if pebble.IsCorruptionError(err) {
		return nil
	}
	return err
}

// copying is the state of copyReadable.
type copying struct {
	store   *Store
	table   *damagedTable
	it      *pebble.Iterator // of keys above the table's too, which are not copied
	to      *sstable.Writer
	next    []byte // the least key that may follow what is copied
	entries int
	bytes   int
}

func (c *copying) run() error {
	for {
		for c.it.Valid() && bytes.Compare(c.it.Key(), c.table.high) < 0 {
			if err := c.copy(); err != nil {
				return err
			}
			c.it.Next()
		}
		if err := c.it.Error(); err == nil {
			return nil
		} else if !pebble.IsCorruptionError(err) {
			return err
		}
		if err := c.skip(); err != nil {
			return err
		}
	}
}

// seek moves to the first key at or above key. It takes a new iterator: one that
// has met an error may miss what is in other tables.
func (c *copying) seek(key []byte) (err error) {
	if c.it != nil {
		if err := ignoreDamage(c.it.Close()); err != nil {
			return err
		}
	}
	c.it, err = c.store.db.NewIter(&pebble.IterOptions{LowerBound: c.table.low, UpperBound: []byte{entrySpace + 1}})
	if err == nil {
		c.it.SeekGE(key)
	}
	return err
}

func (c *copying) copy() error {
	value, err := c.it.ValueAndErr()
	if err != nil {
		return err
	}
	if err := c.to.Set(c.it.Key(), value); err != nil {
		return err
	}
	c.next = append(append(c.next[:0:0], c.it.Key()...), 0)
	c.entries++
	c.bytes += len(value)
	return nil
}

// skipFirst is how much further on it is looked for entries that can be read, in
// bytes of those before: more than a block has. Looking is dear, since for each
// block with a wrong checksum Pebble tries which bit may have flipped, which
// takes it up to a second.
const skipFirst = 128 << 10

// skip moves to the next key that can be read. It must be of the same stream:
// with the end of a stream its replica would forget what it has acknowledged,
// and take itself for a shorter log than it is. An entry missing before it is no
// more than that.
//
// It jumps ahead, and then goes back to where it can't any more. If there are
// two damaged blocks on the way, what lies between them is given up with them.
func (c *copying) skip() error {
	stream, id := splitEntryKey(c.next)
	end := appendEntryKeyAfter(nil, stream, lastEntryID)
	if bytes.Compare(c.table.high, end) < 0 {
		end = c.table.high
	}
	stride := replication.EntryID(1 + skipFirst*c.entries/(c.bytes+1))
	for ; ; stride *= 4 {
		target := end
		if key := appendEntryKey(nil, stream, id+stride); id+stride > id && bytes.Compare(key, end) < 0 {
			target = key
		}
		if err := c.seek(target); err != nil {
			return err
		}
		if c.it.Error() == nil || bytes.Equal(target, end) {
			break
		}
	}
	if err := c.goesOn(stream); err != nil {
		return err
	}
	_, low := splitEntryKey(c.it.Key())
	for c.it.Prev(); c.it.Valid() && bytes.Compare(c.it.Key(), c.next) >= 0; c.it.Prev() {
		_, low = splitEntryKey(c.it.Key())
	}
	// Going back, Pebble fails one entry early: it looks at the one before for
	// another version of this one.
	err := c.seek(appendEntryKey(nil, stream, low-1))
	if err == nil && c.it.Error() != nil {
		err = c.seek(appendEntryKey(nil, stream, low))
	}
	return err
}

// goesOn returns an error unless the iterator stands on an entry of stream.
func (c *copying) goesOn(stream replication.StreamID) error {
	if err := c.it.Error(); err != nil {
		return err
	}
	if c.it.Valid() {
		if s, _ := splitEntryKey(c.it.Key()); s == stream {
			return nil
		}
	}
	return fmt.Errorf("the last entries of stream %d may be among what cannot be read", stream)
}

// splitEntryKey is what a key of the entry space, or one just above it, is about.
func splitEntryKey(key []byte) (replication.StreamID, replication.EntryID) {
	var b [entryKeySize]byte
	copy(b[:], key)
	id := replication.EntryID(binary.BigEndian.Uint64(b[1+8:]))
	if len(key) > entryKeySize {
		id++
	}
	return replication.StreamID(binary.BigEndian.Uint64(b[1:])), id
}
