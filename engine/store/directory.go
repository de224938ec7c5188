package store

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cockroachdb/errors/oserror"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// The files of a data directory.
const (
	lockName     = "LOCK"      // held while a process has the directory open
	stampName    = "WALLE"     // what the directory is, and whose
	newStampName = "WALLE.new" // the next stamp while it is written
	databaseName = "db"        // Pebble's files
	damagedName  = "damaged"   // files of db that were damaged, and replaced
	salvageName  = "salvage"   // what replaces one, while it is written
)

// directory is a locked data directory.
type directory struct {
	fs    vfs.FS
	path  string
	lock  io.Closer
	stamp stamp
}

// InspectDir returns whose data a directory holds, without opening or locking
// it. A nil fs is the disk.
func InspectDir(fs vfs.FS, path string) (Identity, error) {
	d := directory{fs: orDisk(fs), path: path}
	if err := d.readStamp(); err != nil {
		return Identity{}, err
	}
	return d.stamp.identity, nil
}

func orDisk(fs vfs.FS) vfs.FS {
	if fs == nil {
		return vfs.Default
	}
	return fs
}

// openDirectory locks a directory and reads its stamp. One that isn't there, or
// is empty, becomes a new node's, unless readOnly.
func openDirectory(fs vfs.FS, path string, readOnly bool) (_ *directory, err error) {
	d := &directory{fs: fs, path: path}
	if readOnly {
		if _, err := fs.Stat(path); err != nil {
			return nil, err
		}
	} else if err := d.make(); err != nil {
		return nil, fmt.Errorf("data directory %s: %w", path, err)
	}
	if d.lock, err = fs.Lock(d.file(lockName)); err != nil {
		return nil, d.refuse(Locked, err)
	}
	if err := d.readOrMakeStamp(readOnly); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// make makes the directory, and makes it last.
func (d *directory) make() error {
	if _, err := d.fs.Stat(d.path); err == nil || !oserror.IsNotExist(err) {
		return err
	}
	if err := d.fs.MkdirAll(d.path, 0o700); err != nil {
		return err
	}
	return syncDir(d.fs, d.fs.PathDir(d.path))
}

func (d *directory) readOrMakeStamp(readOnly bool) error {
	err := d.readStamp()
	if !oserror.IsNotExist(err) || readOnly {
		return err
	}
	if err := d.checkEmpty(); err != nil {
		return err
	}
	return d.writeStamp(stamp{identity: Identity{NodeID: newNodeID()}})
}

// checkEmpty returns an error if there is anything in the directory but what a
// crash before the first stamp leaves.
func (d *directory) checkEmpty() error {
	names, err := d.fs.List(d.path)
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		if name != lockName && name != newStampName && name != "lost+found" {
			return d.refuse(Foreign, fmt.Errorf("it has no file %s, but one named %s", stampName, name))
		}
	}
	return nil
}

// readStamp reads the stamp file. An error that there is none is passed on as it is.
func (d *directory) readStamp() error {
	file, err := d.fs.Open(d.file(stampName))
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(file, 4096))
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("read %s: %w", d.file(stampName), err)
	}
	d.stamp, err = parseStamp(text)
	switch {
	case errors.Is(err, errNewer):
		return d.refuse(Newer, err)
	case err != nil:
		return d.refuse(Damaged, fmt.Errorf("%s: %w", stampName, err))
	}
	return nil
}

// writeStamp replaces the stamp: after a crash it is either the old or the new
// one.
func (d *directory) writeStamp(s stamp) error {
	file, err := d.fs.Create(d.file(newStampName), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = file.Write([]byte(s.String()))
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := d.fs.Rename(d.file(newStampName), d.file(stampName)); err != nil {
		return err
	}
	if err := syncDir(d.fs, d.path); err != nil {
		return err
	}
	d.stamp = s
	return nil
}

func (d *directory) close() error { return d.lock.Close() }

func (d *directory) file(name string) string { return d.fs.PathJoin(d.path, name) }

func (d *directory) refuse(kind Refusal, err error) error {
	return &DirectoryError{Dir: d.path, Kind: kind, Err: err}
}

// syncDir makes the names in a directory last.
func syncDir(fs vfs.FS, path string) error {
	dir, err := fs.OpenDir(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
