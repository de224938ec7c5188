package store

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"walle/replication"
)

// Store is the storage of one node: a node.Storage.
type Store struct {
	config  Config
	dir     *directory
	db      *pebble.DB
	watch   io.Closer // of the disk's slowness
	failure *failure
	lull    *lull
	users   users
	trims   trims
	damaged damagedTables
	disk    vfs.FS          // as Pebble sees it
	options *pebble.Options // of db
	space   space
}

// Open opens a data directory. One that isn't there or is empty becomes that of
// a new node. A directory that can't be used as it is is a *DirectoryError.
func Open(config Config) (*Store, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	dir, err := openDirectory(config.FS, config.Dir, config.ReadOnly)
	if err != nil {
		return nil, err
	}
	s := &Store{config: config, dir: dir, failure: &failure{notify: config.OnFatal}, lull: newLull(config.Logger)}
	s.space.reserve = reserveOf(config)
	if config.MemTableBytes == 0 {
		s.config.MemTableBytes = memTableBytes(s.space.reserve)
	}
	if !config.ReadOnly {
		err = s.dropBallastAtStart()
	}
	if err == nil {
		err = s.openDatabase()
	}
	if err != nil {
		return nil, errors.Join(err, dir.close())
	}
	return s, nil
}

// openDatabase opens the database, and makes it if the directory is new.
//
// The stamp comes first, the database next, then the stamp says that it is
// there. A crash between them leaves a directory that says it is new, and the
// next Open makes what is missing. Were a database simply made whenever there
// is none, a node that lost it would come back with its old identity and none
// of its promises.
func (s *Store) openDatabase() (err error) {
	created := s.dir.stamp.created
	if s.config.ReadOnly && !created {
		return s.dir.refuse(Damaged, errors.New("its creation was not finished"))
	}
	path := s.dir.file(databaseName)
	log := logger{log: s.config.Logger, failure: s.failure, damaged: &s.damaged}
	var fs vfs.FS = newFailstopFS(s.config.FS, s.failure, lastOf(s.space.reserve), s.lull)
	fs, s.watch = vfs.WithDiskHealthChecks(fs, slowDisk, nil, log.slow)
	s.disk, s.options = fs, pebbleOptions(s.config, fs, created, log)
	s.db, err = pebble.Open(path, s.options)
	if err != nil {
		s.watch.Close() // it only ends a goroutine
	}
	if errors.Is(err, pebble.ErrDBDoesNotExist) {
		return s.dir.refuse(Damaged, fmt.Errorf("%s is missing", databaseName))
	}
	if err != nil {
		return fmt.Errorf("open database %s: %w", path, cmp.Or(s.failure.first(), err))
	}
	if err := s.checkOwner(); err != nil {
		s.db.Close() // what these could say is not the reason
		s.watch.Close()
		return cmp.Or(s.failure.first(), err) // Pebble misses files that it believes to have written
	}
	return nil
}

// ownerRecord is the meta record that ties the database to its directory.
const ownerRecord = "node"

// checkOwner refuses a database that was put beside another node's stamp.
func (s *Store) checkOwner() error {
	stamp := s.dir.stamp
	want := binary.LittleEndian.AppendUint64(nil, uint64(stamp.identity.NodeID))
	got, ok, err := s.getMeta(ownerRecord)
	if err != nil {
		return err
	}
	if (ok || stamp.created) && !bytes.Equal(got, want) {
		return s.dir.refuse(Foreign, fmt.Errorf("%s is of node %x, the directory of %x", databaseName, got, want))
	}
	if stamp.created {
		return nil
	}
	if err := s.setMeta(ownerRecord, want); err != nil {
		return err
	}
	stamp.created = true
	return s.dir.writeStamp(stamp)
}

// Identity returns whose data this is.
func (s *Store) Identity() Identity { return s.dir.stamp.identity }

// Form makes the directory that of the named node of a cluster. It may be said
// again, but not otherwise. Not to be called at the same time as Identity.
func (s *Store) Form(name string, cluster uint64) error {
	if name == "" || cluster == 0 {
		return fmt.Errorf("form node %q of cluster %d: both are needed", name, cluster)
	}
	stamp := s.dir.stamp
	if id := stamp.identity; id.Formed() {
		if id.Name == name && id.Cluster == cluster {
			return nil
		}
		return s.dir.refuse(Foreign, fmt.Errorf("it is of %v, not of node %s of cluster %016x", id, name, cluster))
	}
	if err := s.enter(); err != nil {
		return err
	}
	defer s.users.leave()
	stamp.identity.Name, stamp.identity.Cluster = name, cluster
	if err := s.dir.writeStamp(stamp); err != nil {
		return s.failure.fail(fmt.Errorf("stamp data directory %s: %w", s.dir.path, err))
	}
	return nil
}

// Meta returns a record that SetMeta stored.
func (s *Store) Meta(name string) (value []byte, ok bool, err error) {
	if err := s.enter(); err != nil {
		return nil, false, err
	}
	defer s.users.leave()
	return s.getMeta("user/" + name)
}

// SetMeta stores a small record of the node's own, and returns once it is
// durable.
func (s *Store) SetMeta(name string, value []byte) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.users.leave()
	return s.setMeta("user/"+name, value)
}

func (s *Store) getMeta(name string) (value []byte, ok bool, err error) {
	err = s.get(appendMetaKey(nil, name), func(v []byte) error {
		value, ok = append([]byte(nil), v...), true
		return nil
	})
	if pebble.IsCorruptionError(err) {
		err = s.dir.refuse(Damaged, fmt.Errorf("the node's record %q: %s", name, firstLine(err)))
	}
	return value, ok, err
}

func (s *Store) setMeta(name string, value []byte) error {
	b := s.db.NewBatch()
	if err := b.Set(appendMetaKey(nil, name), value, nil); err != nil {
		return err
	}
	return s.commitAndWait(b)
}

// get calls use with the value at key, if there is one.
func (s *Store) get(key []byte, use func(value []byte) error) error {
	value, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(use(value), closer.Close())
}

// enter counts a call in, unless the store is closed or the disk has failed.
// Who was let in leaves again.
func (s *Store) enter() error {
	if err := s.users.enter(); err != nil {
		return err
	}
	if err := s.failure.first(); err != nil {
		s.users.leave()
		return err
	}
	return nil
}

// Metrics are Pebble's own.
func (s *Store) Metrics() *pebble.Metrics { return s.db.Metrics() }

// DiskUsage estimates how many bytes of disk a stream's entries take.
func (s *Store) DiskUsage(stream replication.StreamID) (uint64, error) {
	if err := s.enter(); err != nil {
		return 0, err
	}
	defer s.users.leave()
	return s.db.EstimateDiskUsage(appendEntryKey(nil, stream, 0), appendEntryKeyAfter(nil, stream, lastEntryID))
}

// Close waits for the calls and scanners under way, and closes the directory.
// What has been applied is synced, so that each Pending's Wait returns.
func (s *Store) Close() error {
	if err := s.users.close(); err != nil {
		return err
	}
	s.lull.close()
	err := errors.Join(s.db.Close(), s.watch.Close())
	if first := s.failure.first(); first != nil {
		err = first // what Pebble says of it is a consequence
	}
	return errors.Join(err, s.dir.close())
}
