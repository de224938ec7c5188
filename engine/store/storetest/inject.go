package storetest

import (
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// Inject returns fs with a function in front of it, which is asked before every
// operation, of files too. If it returns an error, the operation fails with that
// and is not done.
func Inject(fs vfs.FS, before func(errorfs.Op) error) vfs.FS {
	return injected{errorfs.Wrap(fs, errorfs.InjectorFunc(before))}
}

type injected struct{ vfs.FS }

// ReuseForWrite does what its name says in two steps: what errorfs makes of it
// would be a file that is never asked about, and Pebble's log is written to such
// files most of the time.
func (fs injected) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := fs.Rename(old, name); err != nil {
		return nil, err
	}
	return fs.OpenReadWrite(name, c)
}
