package store_test

import (
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"walle/engine/store"
	"walle/engine/store/memstore"
	"walle/engine/store/storetest"
	"walle/replication"
	"walle/replication/node"
)

// faultyDisk fails changes once it is broken, until it is repaired.
type faultyDisk struct {
	vfs.FS
	broken atomic.Pointer[func(errorfs.Op) bool]
	hits   atomic.Int64
}

func newFaultyDisk(mem vfs.FS) *faultyDisk {
	d := &faultyDisk{}
	d.FS = storetest.Inject(mem, func(op errorfs.Op) error {
		if fails := d.broken.Load(); fails != nil && (*fails)(op) {
			d.hits.Add(1)
			return errorfs.ErrInjected
		}
		return nil
	})
	return d
}

func (d *faultyDisk) fail(when func(errorfs.Op) bool) { d.broken.Store(&when) }
func (d *faultyDisk) repair()                         { d.broken.Store(nil) }

// failing is a store on a faulty disk, and what it reports.
type failing struct {
	*store.Store
	disk  *faultyDisk
	mem   *vfs.MemFS
	fatal chan error
	log   storetest.Log
}

func openFailing(t *testing.T) *failing {
	t.Helper()
	f := &failing{mem: vfs.NewMem(), fatal: make(chan error, 2), log: storetest.Log{Term: 1}}
	f.disk = newFaultyDisk(f.mem)
	var err error
	f.Store, err = store.Open(store.Config{
		Dir: "data", FS: f.disk, MemTableBytes: 64 << 10,
		OnFatal: func(err error) { f.fatal <- err },
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// apply appends one entry.
func (f *failing) apply(sync bool) (node.Pending, error) {
	return f.Apply([]replication.Write{{Stream: 1, State: &replication.State{First: 1}, Entries: f.log.Sized(1, 1000)}}, sync)
}

func isWAL(op errorfs.Op) bool { return strings.HasSuffix(op.Path, ".log") }

// A sync that fails is the end: the kernel may have dropped the pages, and a
// second sync would report as durable what is lost. Nobody who waits hangs.
func TestFailedSync(t *testing.T) {
	for name, kinds := range map[string][]errorfs.OpKind{
		"write": {errorfs.OpFileWrite},
		"sync":  {errorfs.OpFileSync, errorfs.OpFileSyncData},
	} {
		t.Run(name, func(t *testing.T) {
			f := openFailing(t)
			p, err := f.apply(true)
			if err == nil {
				err = p.Wait()
			}
			if err != nil {
				t.Fatal(err)
			}
			f.disk.fail(func(op errorfs.Op) bool {
				return isWAL(op) && (op.Kind == kinds[0] || op.Kind == kinds[len(kinds)-1])
			})
			var waits []node.Pending
			for range 20 {
				if p, err := f.apply(true); err == nil {
					waits = append(waits, p)
				} else if !errors.Is(err, errorfs.ErrInjected) {
					t.Fatal(err)
				}
			}
			if err := <-f.fatal; !errors.Is(err, errorfs.ErrInjected) {
				t.Fatal(err)
			}
			f.disk.repair()
			for _, p := range waits {
				if err := p.Wait(); !errors.Is(err, errorfs.ErrInjected) {
					t.Fatalf("waited for a batch after the failure: %v", err)
				}
			}
			if _, err := f.apply(true); !errors.Is(err, errorfs.ErrInjected) {
				t.Fatalf("applied after the failure: %v", err)
			}
			if err := f.Close(); !errors.Is(err, errorfs.ErrInjected) {
				t.Fatalf("closed: %v", err)
			}
			if hits := f.disk.hits.Load(); hits != 1 {
				t.Errorf("asked the failed disk %d times", hits)
			}
			f.checkReopened(t, 1)
		})
	}
}

// checkReopened opens what is left on the disk, which has the first n entries
// at least, and no hole.
func (f *failing) checkReopened(t *testing.T, n int) {
	t.Helper()
	s := open(t, f.mem)
	defer closeStore(t, s)
	entries, err := storetest.Collect(s.Scan(node.ScanRequest{Stream: 1, To: storetest.AllEntries}))
	if err != nil {
		t.Fatal(err)
	}
	if err := replication.CheckRun(replication.Position{}, entries); err != nil || len(entries) < n {
		t.Fatalf("%d entries after reopening, want %d: %v", len(entries), n, err)
	}
}

// A stamp that may or may not be on the disk is not written again either.
func TestFailedForm(t *testing.T) {
	f := openFailing(t)
	f.disk.fail(func(op errorfs.Op) bool {
		return op.Kind == errorfs.OpFileSync && strings.HasSuffix(op.Path, "WALLE.new")
	})
	if err := f.Form("n1", 7); !errors.Is(err, errorfs.ErrInjected) {
		t.Fatalf("formed: %v", err)
	}
	f.disk.repair()
	if err := f.Form("n1", 7); !errors.Is(err, errorfs.ErrInjected) {
		t.Fatalf("formed after the failure: %v", err)
	}
	if _, err := f.apply(true); !errors.Is(err, errorfs.ErrInjected) {
		t.Fatalf("applied after the failure: %v", err)
	}
	if err := f.Close(); !errors.Is(err, errorfs.ErrInjected) {
		t.Fatalf("closed: %v", err)
	}
}

// Pebble repeats a flush that failed. On a disk that has failed, nothing it
// repeats may take effect, and the owner is told at once.
func TestFailedFlush(t *testing.T) {
	f := openFailing(t)
	f.disk.fail(func(op errorfs.Op) bool {
		return op.Kind == errorfs.OpFileWrite && strings.HasSuffix(op.Path, ".sst")
	})
	applied := 0
	for failed := false; !failed; {
		p, err := f.apply(true)
		if err == nil {
			err = p.Wait()
		}
		if err == nil {
			applied++
		}
		select {
		case err := <-f.fatal:
			failed = true
			if !errors.Is(err, errorfs.ErrInjected) {
				t.Fatal(err)
			}
		default:
			if err != nil {
				t.Fatal(err) // without OnFatal
			}
		}
	}
	f.disk.repair()
	if _, err := f.apply(false); !errors.Is(err, errorfs.ErrInjected) {
		t.Fatalf("applied after the failure: %v", err)
	}
	if err := f.Close(); !errors.Is(err, errorfs.ErrInjected) {
		t.Fatalf("closed: %v", err)
	}
	if hits := f.disk.hits.Load(); hits != 1 {
		t.Errorf("asked the failed disk %d times", hits)
	}
	f.checkReopened(t, applied)
}

// Whichever change of the disk fails, the first one of a new directory or the
// creation of the tenth log file: nothing panics or hangs, nothing is reported
// durable that isn't, and every batch is whole after a restart.
func TestEveryFailure(t *testing.T) {
	type failed struct {
		file string
		kind errorfs.OpKind
	}
	seen := make(map[failed]bool)
	play := newScript(t, 150)
	step := int64(1)
	if testing.Short() {
		step = 20
	}
	for n := int64(1); ; n += step {
		mem := vfs.NewCrashableMem()
		disk := newFaultyDisk(mem)
		var changes atomic.Int64
		disk.fail(func(op errorfs.Op) bool {
			if !canFail(op) || changes.Add(1) != n { // it fails once, and then works as if nothing had been
				return false
			}
			seen[failed{strings.Trim(filepath.Base(op.Path), "0123456789"), op.Kind}] = true
			return true
		})
		safe := play.run(t, disk)
		disk.repair()
		s := open(t, mem.CrashClone(vfs.CrashCloneCfg{}))
		got := mustDump(t, s)
		closeStore(t, s)
		if batches := lastIndex(play.dumps, got); batches < safe {
			t.Fatalf("change %d: %d batches were durable, the store is like after %d (-1: none):\n%s", n, safe, batches, got)
		}
		if changes.Load() < n {
			break
		}
		if disk.hits.Load() != 1 {
			t.Fatalf("change %d: %d failed", n, disk.hits.Load())
		}
	}
	if testing.Short() {
		return
	}
	for _, file := range []string{".log", ".sst", "MANIFEST-", "WALLE.new"} {
		if !seen[failed{file, errorfs.OpCreate}] || !seen[failed{file, errorfs.OpFileWrite}] ||
			!seen[failed{file, errorfs.OpFileSync}] && !seen[failed{file, errorfs.OpFileSyncData}] {
			t.Errorf("not every change of %s failed: %v", file, seen)
		}
	}
	if !seen[failed{".log", errorfs.OpRename}] {
		t.Errorf("no log file was used again: %v", seen)
	}
}

// canFail reports whether op is a change whose failure may not be ignored.
func canFail(op errorfs.Op) bool {
	switch op.Kind {
	case errorfs.OpRemove, errorfs.OpRemoveAll, errorfs.OpLock, errorfs.OpFilePreallocate, errorfs.OpFileClose, errorfs.OpFileSyncTo:
		return false
	}
	return op.Kind.ReadOrWrite() == errorfs.OpIsWrite
}

// script is a scenario that was worked out beforehand.
type script struct {
	batches [][]replication.Write
	dumps   []string // [i] after i batches
}

func newScript(t *testing.T, batches int) *script {
	var (
		play  script
		model memstore.Store
		story = newScenario(1)
	)
	play.dumps = append(play.dumps, mustDump(t, &model))
	for range batches {
		writes := story.batch()
		if _, err := model.Apply(writes, true); err != nil {
			t.Fatal(err)
		}
		play.batches = append(play.batches, writes)
		play.dumps = append(play.dumps, mustDump(t, &model))
	}
	return &play
}

// run plays the script on a new directory until an error, and returns how many
// batches are durable.
func (play *script) run(t *testing.T, disk vfs.FS) (safe int) {
	s, err := store.Open(store.Config{Dir: "data", FS: disk, MemTableBytes: 64 << 10})
	if err != nil {
		return 0
	}
	for i, writes := range play.batches {
		var p node.Pending
		if p, err = s.Apply(writes, true); err == nil {
			err = p.Wait()
		}
		if err != nil {
			break
		}
		safe = i + 1
	}
	if closeErr := s.Close(); err != nil && closeErr == nil {
		t.Fatalf("closed without an error after %v", err)
	}
	return safe
}

// After Close, every call says so; a scanner that is open is waited for.
func TestClosed(t *testing.T) {
	s := open(t, vfs.NewMem())
	log := storetest.Log{Term: 1}
	p, err := s.Apply([]replication.Write{{Stream: 1, State: &replication.State{First: 1}, Entries: log.Next(3)}}, true)
	if err != nil {
		t.Fatal(err)
	}
	scan := s.Scan(node.ScanRequest{Stream: 1, To: storetest.AllEntries})
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	if entries, err := storetest.Collect(scan); err != nil || len(entries) != 3 {
		t.Fatalf("scanned %v, %v", entries, err)
	}
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Fatalf("waited after Close: %v", err)
	}
	_, applyErr := s.Apply(nil, true)
	_, _, loadErr := s.Load(1)
	_, streamsErr := s.Streams()
	for _, err := range []error{
		applyErr, loadErr, streamsErr, s.Close(), s.Drop(1),
		s.Read(replication.Read{Stream: 1, From: 1, To: 1}).Err,
		s.Scan(node.ScanRequest{Stream: 1}).Err(),
	} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
}
