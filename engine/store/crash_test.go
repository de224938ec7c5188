package store

import (
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// crashAfter opens a new directory and returns what is left of it by a crash
// after n changes of the disk; done says that Open made fewer.
func crashAfter(t *testing.T, n int) (left *vfs.MemFS, done bool) {
	t.Helper()
	mem := vfs.NewCrashableMem()
	rng := rand.New(rand.NewPCG(uint64(n), 1))
	count := 0
	fs := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && left == nil {
			if count++; count > n {
				left = mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
			}
		}
		return nil
	}))
	mustClose(t, mustOpen(t, fs))
	if left == nil {
		return mem, true
	}
	return left, false
}
