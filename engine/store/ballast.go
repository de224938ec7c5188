package store

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"

	"walle/replication/node"
)

// ballastName is a file that takes up room which a full disk lacks: then it goes,
// and comes back when there is enough. The reserve should see to it that it never
// does, but other programs write to the disk, too.
const ballastName = "BALLAST"

const mostBallast = 64 << 20

func ballastSize(reserve uint64) uint64 { return min(mostBallast, reserve/4) }

// dropBallastAtStart makes room for a database that has to write down, when it
// is opened, what its log holds.
func (s *Store) dropBallastAtStart() error {
	usage, err := s.config.FS.GetDiskUsage(s.config.Dir)
	if err != nil || usage.AvailBytes >= ballastSize(s.space.reserve) {
		return nil
	}
	return s.dropBallast(usage.AvailBytes)
}

// dropBallast removes the ballast, if there is one.
func (s *Store) dropBallast(free uint64) error {
	name := s.dir.file(ballastName)
	info, err := s.config.FS.Stat(name)
	if err != nil {
		return nil
	}
	s.space.ballast = false
	if err := s.config.FS.Remove(name); err != nil {
		return fmt.Errorf("remove ballast: %w", err)
	}
	s.config.Logger.Warn("the disk is full, and has been given its ballast", "dir", s.config.Dir, "free_bytes", free, "ballast_bytes", info.Size())
	return nil
}

// refillBallast makes the ballast if there is none, and room for it. If that
// does not work, it is tried again at the next look.
func (s *Store) refillBallast(now node.Space) {
	size := ballastSize(now.Reserve)
	if s.space.ballast || now.Free < now.Reserve+now.Reserve/8+size {
		return
	}
	name := s.dir.file(ballastName)
	if info, err := s.config.FS.Stat(name); err == nil && info.Size() > 0 {
		s.space.ballast = true
		return
	}
	if err := writeBallast(s.config.FS, name, size); err != nil {
		s.config.Logger.Warn("the disk has no ballast", "error", errors.Join(err, s.config.FS.Remove(name)))
		return
	}
	s.space.ballast = true
}

// writeBallast makes a file whose blocks are allocated. Its last byte gives it
// its size.
func writeBallast(fs vfs.FS, name string, size uint64) error {
	file, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	err = file.Preallocate(0, int64(size))
	if err == nil {
		_, err = file.WriteAt([]byte{0}, int64(size)-1)
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}
