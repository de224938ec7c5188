package storesim

import (
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"walle/engine/store/storetest"
)

// disk is a file system in memory that can be made to fail.
type disk struct {
	mem *vfs.MemFS
	vfs.FS

	mu      sync.Mutex // guards all below: Pebble's goroutines use the disk too
	changed sync.Cond  // told when flushed or fatal changes
	fails   fault      // what fails next; nil for nothing
	struck  bool       // it has failed
	dead    bool       // no change is done any more
	rotated bool       // a log file was begun
	flushed bool       // tables were made durable since
	fatal   error      // what the store said of its failure
}

// fault says whether it strikes an operation.
type fault func(errorfs.Op) bool

func newDisk(mem *vfs.MemFS) *disk {
	d := &disk{mem: mem}
	d.changed.L = &d.mu
	d.FS = storetest.Inject(mem, d.inject)
	return d
}

// inject is asked before every operation.
func (d *disk) inject(op errorfs.Op) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead && isChange(op) {
		return errorfs.ErrInjected
	}
	if d.fails != nil && d.fails(op) {
		d.fails, d.struck = nil, true // once; then the disk works as if nothing had been
		return errorfs.ErrInjected
	}
	switch {
	case isLog(op) && (op.Kind == errorfs.OpCreate || op.Kind == errorfs.OpRename):
		d.rotated, d.flushed = true, false
	case isManifest(op) && isSync(op):
		d.flushed = true
		d.changed.Broadcast()
	}
	return nil
}

// fail makes the next operation fail that f strikes.
func (d *disk) fail(f fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fails, d.struck = f, false
}

// begin forgets what was done to open the store.
func (d *disk) begin() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rotated = false
}

// die makes all changes fail from now on.
func (d *disk) die() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fails, d.dead = nil, true
}

// onFatal is told by the store that it has failed.
func (d *disk) onFatal(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fatal = err
	d.changed.Broadcast()
}

// settle waits, if a new log file has been begun, until what the old one held is
// in tables, or the store has failed.
func (d *disk) settle() (rotated bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if rotated = d.rotated; !rotated {
		return false
	}
	for !d.flushed && d.fatal == nil {
		d.changed.Wait()
	}
	d.rotated = false
	return true
}

// failure is what the store said of its failure; nil while it works.
func (d *disk) failure() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.fatal
}

// hit reports whether the fault has struck.
func (d *disk) hit() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.struck
}

func isLog(op errorfs.Op) bool      { return strings.HasSuffix(op.Path, ".log") }
func isTable(op errorfs.Op) bool    { return strings.HasSuffix(op.Path, ".sst") }
func isManifest(op errorfs.Op) bool { return strings.Contains(op.Path, "MANIFEST-") }

func isSync(op errorfs.Op) bool {
	return op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData
}

// isChange reports whether op is a change of the disk. To close a file is none.
func isChange(op errorfs.Op) bool {
	switch op.Kind {
	case errorfs.OpFileClose, errorfs.OpLock, errorfs.OpFilePreallocate, errorfs.OpFileSyncTo:
		return false
	}
	return op.Kind.ReadOrWrite() == errorfs.OpIsWrite
}

// A changeThatMatters is one whose failure stops a store.
func changeThatMatters(op errorfs.Op) bool {
	return isChange(op) && op.Kind != errorfs.OpRemove && op.Kind != errorfs.OpRemoveAll
}
