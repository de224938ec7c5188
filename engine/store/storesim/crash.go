package storesim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"walle/replication"
)

// Crash implements sim.Storage.
func (s *Storage) Crash(mayLose func(replication.EntryID) bool) (seq uint64, lost []replication.EntryID, err error) {
	if err := s.checkFailed(); err != nil {
		return 0, nil, err
	}
	if err := s.end(); err != nil {
		return 0, nil, err
	}
	if err := s.restart(); err != nil {
		return 0, nil, err
	}
	n, err := s.count()
	if err != nil {
		return 0, nil, err
	}
	if n > s.opened {
		seq = s.last[n-s.opened-1]
	}
	s.survive(n)
	if mayLose != nil {
		lost, err = s.damageTable(mayLose)
	}
	return seq, lost, err
}

// end ends the process, and leaves what a crash leaves on the disk.
func (s *Storage) end() error {
	if s.disk.failure() == nil && !s.disk.hit() && s.rand.IntN(8) == 0 {
		s.stats.Stops.Add(1)
		s.disk.fail(nil)
		if err := s.store.Close(); err != nil {
			return fmt.Errorf("close: %w", err)
		}
		s.synced = s.applied
	} else {
		s.stats.Crashes.Add(1)
		if s.rand.IntN(4) > 0 { // while it syncs: all is in the log file, but not on the disk
			s.disk.fail(func(op errorfs.Op) bool { return isLog(op) && isSync(op) })
			if err := s.apply(nil, true); err == nil {
				return errors.New("a sync that failed is reported as done")
			}
		}
		s.disk.die()
		s.store.Close() // only its goroutines matter: nothing changes any more
	}
	s.disk = newDisk(s.remains())
	return nil
}

// restart opens the store on what is left. That may fail, too, and is then tried
// again: on what that has left.
func (s *Storage) restart() error {
	if s.rand.IntN(8) == 0 {
		s.disk.fail(nth(1 + s.rand.IntN(60)))
	}
	err := s.open()
	if !s.disk.hit() {
		s.disk.fail(nil)
		return err
	}
	s.stats.FailedOpens.Add(1)
	s.disk.die()
	if err == nil {
		s.store.Close()
	} else if !errors.Is(err, errorfs.ErrInjected) {
		return fmt.Errorf("open, on a disk that fails: %w", err)
	}
	s.disk = newDisk(s.remains())
	return s.open()
}

// count returns how many batches the store holds.
func (s *Storage) count() (int, error) {
	n, err := s.witnesses[0].count(s.store)
	if err != nil {
		return 0, err
	}
	m, err := s.witnesses[1].count(s.store)
	switch {
	case err != nil:
		return 0, err
	case n != m:
		return 0, fmt.Errorf("a part of a batch is there: stream %d is as after %d, stream %d as after %d",
			s.witnesses[0].stream, n, s.witnesses[1].stream, m)
	case n < s.synced || n > s.applied:
		return 0, fmt.Errorf("the store holds what %d batches wrote; synced were %d, applied %d", n, s.synced, s.applied)
	}
	return n, nil
}

// survive goes on with n batches.
func (s *Storage) survive(n int) {
	s.stats.Kept.Add(uint64(n - s.synced))
	s.stats.Lost.Add(uint64(s.applied - n))
	for i := range s.witnesses {
		s.witnesses[i].crash(n)
	}
	s.applied, s.synced, s.opened, s.last = n, n, n, s.last[:0]
}

// remains returns the disk after a crash: all that was synced, and by chance some
// of the rest.
func (s *Storage) remains() *vfs.MemFS {
	dirs := []string{directory, directory + "/db"}
	if s.rand.IntN(2) == 0 { // names are kept in the order they were made in: here all
		for _, dir := range dirs {
			syncDir(s.disk.mem, dir)
		}
	}
	least := s.disk.mem.CrashClone(vfs.CrashCloneCfg{})
	most := copyOf(s.disk.mem)
	for _, dir := range dirs {
		names, err := least.List(dir)
		if err != nil {
			continue // nothing was made yet
		}
		slices.Sort(names)
		for _, name := range names {
			s.remain(least, most, least.PathJoin(dir, name))
		}
	}
	return least
}

// remain decides what of a file that was not synced is left.
func (s *Storage) remain(least, most *vfs.MemFS, path string) {
	before, err := least.UnsafeGetFileDataBuffer(path)
	if err != nil {
		return // a directory
	}
	after, err := most.UnsafeGetFileDataBuffer(path)
	if err != nil || string(before) == string(after) {
		return // removed, or synced
	}
	how := tear(s.rand.IntN(int(tears)))
	switch how {
	case tearPrefix, tearSectors:
		s.stats.Torn.Add(1)
	case tearGarbage:
		s.stats.Garbled.Add(1)
	}
	rewrite(least, path, how.apply(before, after, s.rand))
}

// copyOf is all that a file system holds, as if it were synced.
func copyOf(fs *vfs.MemFS) *vfs.MemFS {
	return fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(0, 0))})
}

// tear is what may become of the bytes of a file that were not synced.
type tear int

const (
	tearNone    tear = iota // they are all there
	tearAll                 // none is
	tearPrefix              // a prefix is
	tearSectors             // some sectors are
	tearGarbage             // a prefix is, and behind it something else
	tears
)

const sector = 512

// apply makes of before, which is on the disk, what is left of a change to after.
func (t tear) apply(before, after []byte, r *rand.Rand) []byte {
	out := slices.Clone(before)
	for len(out) < len(after) {
		out = append(out, 0)
	}
	start := 0
	for start < len(before) && start < len(after) && before[start] == after[start] {
		start++
	}
	end := start
	if n := len(after) - start; n > 0 {
		end += r.IntN(n + 1)
	}
	switch t {
	case tearNone:
		copy(out, after)
	case tearAll:
		return slices.Clone(before)
	case tearPrefix:
		out = append(out[:start], after[start:end]...)
		if end < len(before) {
			out = append(out, before[end:]...)
		}
	case tearSectors:
		for at := start; at < len(after); {
			next := min((at/sector+1)*sector, len(after))
			if r.IntN(2) == 0 {
				copy(out[at:next], after[at:next])
			}
			at = next
		}
	case tearGarbage:
		copy(out[start:], after[start:end])
		for i := end; i < len(after); i++ {
			out[i] = byte(r.Uint32())
		}
	}
	return out
}

// rewrite gives a file another content, and makes it durable.
func rewrite(fs *vfs.MemFS, path string, content []byte) {
	file, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	must(err)
	_, err = file.Write(content)
	must(err)
	must(file.Sync())
	must(file.Close())
	syncDir(fs, fs.PathDir(path))
}

// syncDir makes the names in a directory durable, if there is one.
func syncDir(fs *vfs.MemFS, dir string) {
	file, err := fs.OpenDir(dir)
	if err != nil {
		return
	}
	must(file.Sync())
	must(file.Close())
}

// must takes an error of a file system in memory, which has none.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
