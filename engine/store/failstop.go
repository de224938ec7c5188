package store

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// failure remembers the first thing that went wrong for good.
type failure struct {
	notify func(error) // called once, with it; may be nil
	cause  atomic.Pointer[error]
}

// fail records err unless something failed before, and returns what failed first.
func (f *failure) fail(err error) error {
	if f.cause.CompareAndSwap(nil, &err) && f.notify != nil {
		f.notify(err)
	}
	return f.first()
}

// first returns what failed first, or nil.
func (f *failure) first() error {
	if err := f.cause.Load(); err != nil {
		return *err
	}
	return nil
}

// failstopFS is the disk below Pebble. The first change that fails is the last
// that is tried: a kernel that fails an fsync may drop the dirty pages and let
// the next fsync succeed, so whoever asks again is told a lie. From then on the
// disk stays as it is. Pebble is told that its changes succeed, but they are not
// done; the Store, which asks failure before it answers anybody, tells nobody.
//
// Passing the error to Pebble is not enough. A failed flush or compaction it
// repeats, and Apply waits for ever for one that never succeeds. On a failed
// manifest it expects the process to end. If it can't close a log file or make
// the next, it panics, and on the way out unlocks a mutex that isn't locked:
// the runtime ends the process there, past any recover.
//
// Reading goes on as before. Removing a file may fail without consequence, and
// preallocating too.
//
// One change may fail without being the last: the output of a compaction that
// finds no room. Nobody has been told of it, Pebble removes the file, keeps what
// was to be compacted, and tries again, when lull lets it. It does not begin
// while the little room that is left is for the log.
type failstopFS struct {
	vfs.FS
	failure *failure
	spare   uint64 // bytes of the disk that no compaction uses
	lull    *lull
	void    *vfs.MemFS // where files are made once the disk has failed; nothing is written to them
}

func newFailstopFS(fs vfs.FS, failure *failure, spare uint64, lull *lull) failstopFS {
	return failstopFS{FS: fs, failure: failure, spare: spare, lull: lull, void: vfs.NewMem()}
}

// compactionOutput is how Pebble marks the files that a compaction writes.
const compactionOutput vfs.DiskWriteCategory = "pebble-compaction"

// isFull reports whether err says that there is no room on the disk.
func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// change does one change of the disk, or nothing once the disk has failed.
func (fs failstopFS) change(what, name string, do func() error) {
	if fs.failure.first() != nil {
		return
	}
	if err := do(); err != nil {
		fs.failure.fail(fmt.Errorf("%s %s: %w", what, name, err))
	}
}

// create does a change that opens a file.
func (fs failstopFS) create(what, name string, do func() (vfs.File, error)) (vfs.File, error) {
	var file vfs.File
	fs.change(what, name, func() (err error) {
		file, err = do()
		return err
	})
	if file == nil {
		var err error
		if file, err = fs.void.Create("file", vfs.WriteCategoryUnspecified); err != nil {
			return nil, err
		}
	}
	return failstopFile{File: file, fs: fs, name: name}, nil
}

func (fs failstopFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if c == compactionOutput && fs.failure.first() == nil {
		return fs.createOutput(name)
	}
	return fs.create("create", name, func() (vfs.File, error) { return fs.FS.Create(name, c) })
}

// createOutput makes the file for a compaction's output, if there is room.
func (fs failstopFS) createOutput(name string) (vfs.File, error) {
	fs.lull.wait()
	var file vfs.File
	usage, err := fs.GetDiskUsage(fs.PathDir(name))
	if err == nil && usage.AvailBytes < fs.spare {
		err = fmt.Errorf("%d bytes are free: %w", usage.AvailBytes, syscall.ENOSPC)
	} else {
		file, err = fs.FS.Create(name, compactionOutput)
	}
	if err == nil {
		return outputFile{failstopFile{File: file, fs: fs, name: name}}, nil
	}
	err = fmt.Errorf("create %s: %w", name, err)
	if isFull(err) {
		fs.lull.begin(err)
	} else {
		fs.failure.fail(err)
	}
	return nil, err
}

func (fs failstopFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	return fs.create("open", name, func() (vfs.File, error) { return fs.FS.OpenReadWrite(name, c, o...) })
}

func (fs failstopFS) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return fs.create("reuse "+old+" as", name, func() (vfs.File, error) { return fs.FS.ReuseForWrite(old, name, c) })
}

// OpenDir opens a directory to sync it.
func (fs failstopFS) OpenDir(name string) (vfs.File, error) {
	file, err := fs.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return failstopFile{File: file, fs: fs, name: name}, nil
}

func (fs failstopFS) Link(old, name string) error {
	fs.change("link", name, func() error { return fs.FS.Link(old, name) })
	return nil
}

func (fs failstopFS) Rename(old, name string) error {
	fs.change("rename", name, func() error { return fs.FS.Rename(old, name) })
	return nil
}

func (fs failstopFS) MkdirAll(name string, perm os.FileMode) error {
	fs.change("make directory", name, func() error { return fs.FS.MkdirAll(name, perm) })
	return nil
}

func (fs failstopFS) Remove(name string) error {
	if fs.failure.first() != nil {
		return nil
	}
	return fs.FS.Remove(name)
}

func (fs failstopFS) RemoveAll(name string) error {
	if fs.failure.first() != nil {
		return nil
	}
	return fs.FS.RemoveAll(name)
}

func (fs failstopFS) Unwrap() vfs.FS { return fs.FS }

// failstopFile is a file of a failstopFS that was opened to be changed.
type failstopFile struct {
	vfs.File
	fs   failstopFS
	name string
}

func (f failstopFile) Write(p []byte) (int, error) {
	f.fs.change("write", f.name, func() error {
		_, err := f.File.Write(p)
		return err
	})
	return len(p), nil
}

func (f failstopFile) WriteAt(p []byte, off int64) (int, error) {
	f.fs.change("write", f.name, func() error {
		_, err := f.File.WriteAt(p, off)
		return err
	})
	return len(p), nil
}

func (f failstopFile) Sync() error {
	f.fs.change("sync", f.name, f.File.Sync)
	return nil
}

func (f failstopFile) SyncData() error {
	f.fs.change("sync", f.name, f.File.SyncData)
	return nil
}

func (f failstopFile) SyncTo(length int64) (full bool, err error) {
	f.fs.change("sync", f.name, func() (err error) {
		full, err = f.File.SyncTo(length)
		return err
	})
	return full, nil
}

func (f failstopFile) Preallocate(offset, length int64) error {
	if f.fs.failure.first() != nil {
		return nil
	}
	return f.File.Preallocate(offset, length)
}

// Close closes the file even if the disk has failed, so that none stays open.
func (f failstopFile) Close() error {
	if err := f.File.Close(); err != nil {
		f.fs.failure.fail(fmt.Errorf("close %s: %w", f.name, err))
	}
	return nil
}

// outputFile is the output of a compaction. It is written by Write alone, and
// synced when it is whole.
type outputFile struct{ failstopFile }

func (f outputFile) Write(p []byte) (n int, err error) {
	f.fs.change("write", f.name, func() error {
		if n, err = f.File.Write(p); isFull(err) {
			f.fs.lull.begin(fmt.Errorf("write %s: %w", f.name, err))
			return nil
		}
		return err
	})
	if err != nil {
		return n, err
	}
	return len(p), nil
}

func (f outputFile) Sync() error {
	f.fs.lull.end()
	return f.failstopFile.Sync()
}

func (f outputFile) SyncData() error {
	f.fs.lull.end()
	return f.failstopFile.SyncData()
}
