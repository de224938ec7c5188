package store

import (
	"fmt"
	"os"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// failure remembers the first thing that went wrong for good.
type failure struct {
	notify func(error) // called once, with it; may be nil

	mu  sync.Mutex // guards err
	err error
}

// fail records err unless something failed before, and returns what failed first.
func (f *failure) fail(err error) error {
	f.mu.Lock()
	first := f.err == nil
	if first {
		f.err = err
	}
	err = f.err
	f.mu.Unlock()
	if first && f.notify != nil {
		f.notify(err)
	}
	return err
}

// first returns what failed first, or nil.
func (f *failure) first() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// failstopFS is a file system whose first failed change is its last. A kernel
// that fails an fsync drops the dirty pages and lets the next fsync succeed, so
// whatever asks again is told a lie. Pebble never syncs a WAL again after an
// error, but it does repeat flushes and compactions. Below it, this makes sure
// that nothing it goes on to do reaches the disk.
//
// Removing a file may fail without consequence. A failed preallocation too.
type failstopFS struct {
	vfs.FS
	failure *failure
}

// change does one change of the disk, unless the disk has failed already.
func (fs failstopFS) change(what, name string, do func() error) error {
	if err := fs.failure.first(); err != nil {
		return err
	}
	if err := do(); err != nil {
		return fs.failure.fail(fmt.Errorf("%s %s: %w", what, name, err))
	}
	return nil
}

// open does one change that opens a file.
func (fs failstopFS) open(what, name string, do func() (vfs.File, error)) (vfs.File, error) {
	var file vfs.File
	err := fs.change(what, name, func() (err error) {
		file, err = do()
		return err
	})
	if err != nil {
		return nil, err
	}
	return failstopFile{File: file, fs: fs, name: name}, nil
}

func (fs failstopFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return fs.open("create", name, func() (vfs.File, error) { return fs.FS.Create(name, c) })
}

func (fs failstopFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	return fs.open("open", name, func() (vfs.File, error) { return fs.FS.OpenReadWrite(name, c, o...) })
}

func (fs failstopFS) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return fs.open("reuse "+old+" as", name, func() (vfs.File, error) { return fs.FS.ReuseForWrite(old, name, c) })
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
	return fs.change("link", name, func() error { return fs.FS.Link(old, name) })
}

func (fs failstopFS) Rename(old, name string) error {
	return fs.change("rename", name, func() error { return fs.FS.Rename(old, name) })
}

func (fs failstopFS) MkdirAll(name string, perm os.FileMode) error {
	return fs.change("make directory", name, func() error { return fs.FS.MkdirAll(name, perm) })
}

func (fs failstopFS) Remove(name string) error {
	if err := fs.failure.first(); err != nil {
		return err
	}
	return fs.FS.Remove(name)
}

func (fs failstopFS) RemoveAll(name string) error {
	if err := fs.failure.first(); err != nil {
		return err
	}
	return fs.FS.RemoveAll(name)
}

func (fs failstopFS) Unwrap() vfs.FS { return fs.FS }

// failstopFile is a file of a failstopFS.
type failstopFile struct {
	vfs.File
	fs   failstopFS
	name string
}

func (f failstopFile) Write(p []byte) (n int, err error) {
	err = f.fs.change("write", f.name, func() (err error) {
		n, err = f.File.Write(p)
		return err
	})
	return n, err
}

func (f failstopFile) WriteAt(p []byte, off int64) (n int, err error) {
	err = f.fs.change("write", f.name, func() (err error) {
		n, err = f.File.WriteAt(p, off)
		return err
	})
	return n, err
}

func (f failstopFile) Sync() error { return f.fs.change("sync", f.name, f.File.Sync) }

func (f failstopFile) SyncData() error { return f.fs.change("sync", f.name, f.File.SyncData) }

func (f failstopFile) SyncTo(length int64) (full bool, err error) {
	err = f.fs.change("sync", f.name, func() (err error) {
		full, err = f.File.SyncTo(length)
		return err
	})
	return full, err
}
