package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Config says what to open and how.
type Config struct {
	Dir      string
	FS       vfs.FS // nil is the disk
	ReadOnly bool   // for tools: nothing is created, written or repaired

	CacheBytes    int64  // of blocks read; 0 is 64 MiB
	MemTableBytes uint64 // of writes kept in memory before they are sorted into files; 0 is 64 MiB, or less on a small disk

	// MinFree is how many bytes of the disk are kept free of entries: with less,
	// Space says that there is no room. 0 is 1 GiB, or less on a small disk, if
	// the file system can tell its size; less than 0 is none.
	MinFree int64

	Logger *slog.Logger // nil is silent

	// OnFatal is called once, from any goroutine, when a change of the disk has
	// failed: nothing is written any more, and every call returns this error. It
	// returns at once and does not call the store.
	OnFatal func(error)
}

const (
	defaultCacheBytes    = 64 << 20
	defaultMemTableBytes = 64 << 20
	leastMemTableBytes   = 256 << 10
	slowDisk             = time.Second // a change that takes longer is logged
)

func (c Config) withDefaults() (Config, error) {
	if c.Dir == "" {
		return c, errors.New("no data directory given")
	}
	if c.CacheBytes < 0 || c.MemTableBytes > math.MaxUint32/2 {
		return c, fmt.Errorf("cache of %d bytes, memtable of %d bytes", c.CacheBytes, c.MemTableBytes)
	}
	c.FS = orDisk(c.FS)
	if c.CacheBytes == 0 {
		c.CacheBytes = defaultCacheBytes
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// pebbleOptions are Pebble's options for a log: written once, in order within a
// stream, read in order, dropped from the low end.
func pebbleOptions(c Config, fs vfs.FS, created bool, log logger) *pebble.Options {
	o := &pebble.Options{
		FS:       fs,
		ReadOnly: c.ReadOnly,
		Logger:   log,
		// The newest that this release of Pebble holds stable, and not
		// FormatNewest, which would move by itself with an update of Pebble.
		// It has WAL chunks that tell a torn tail from damage in the middle.
		FormatMajorVersion: pebble.FormatValueSeparation,
		// A database that was there once and is not now is lost.
		ErrorIfNotExists: created,

		CacheSize:    c.CacheBytes,
		MemTableSize: c.MemTableBytes,
		// A burst may fill three memtables while one is flushed, before writers
		// wait: a flush of 64 MiB takes about a tenth of a second.
		MemTableStopWritesThreshold: 4,
		// New entries lie above the old ones, so the files of L0 hardly overlap
		// and reads stay cheap while there are many. What overlaps is the small
		// file of states that each flush makes.
		L0CompactionThreshold: 8,
		L0StopWritesThreshold: 40,
		// Each level is one more time that every entry is written. With 1 GiB in
		// the first below L0, most nodes need one.
		LBaseMaxBytes: 1 << 30,
		// Fewer and larger files: a log is read in long runs.
		FlushSplitBytes: 8 << 20,
		// One compaction at a time leaves the other core to appends; a second one
		// only when it falls behind.
		CompactionConcurrencyRange: func() (int, int) { return 1, 2 },
		MaxOpenFiles:               4096,

		// Pebble reuses old log files by itself (WAL recycling), which saves the
		// sync of a file's new size with each sync of its data.
		//
		// Every sync is asked for by somebody who waits: no reason to delay it.
		WALMinSyncInterval: nil,
		// Unsynced WAL bytes go to the disk in the background by the half MiB, so
		// that the sync after a large group has little left to do.
		WALBytesPerSync: 512 << 10,
		BytesPerSync:    1 << 20,
	}
	// A range deletion (trim) gives its space back when its memtable is flushed
	// and compacted. Don't wait for the memtable to fill.
	o.FlushDelayDeleteRange = 10 * time.Second
	o.TargetFileSizes[0] = 8 << 20
	for i := range o.Levels {
		// Scans read whole blocks; point reads are rare, so blocks are large.
		o.Levels[i].BlockSize = 32 << 10
		o.Levels[i].IndexBlockSize = 128 << 10
		// No bloom filters: no key is ever looked up that isn't there.
		o.Levels[i].FilterPolicy = pebble.NoFilterPolicy
	}
	// Entries are the user's bytes, often compressed or encrypted already, and
	// the disk is rarely the limit where fsyncs are.
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionFastest })
	// The few small keys that change with every batch lie below all entries. In
	// one file with entries they would make it span the whole log, and its
	// compaction rewrite everything between. And the records of the node have a
	// file of their own, so that damage to the states of some streams does not
	// keep the node from opening.
	o.Experimental.SpanPolicyFunc = func(start []byte) (pebble.SpanPolicy, []byte, error) {
		for _, space := range []byte{stateSpace, entrySpace} {
			if start[0] < space {
				return pebble.SpanPolicy{}, []byte{space}, nil
			}
		}
		return pebble.SpanPolicy{}, nil, nil
	}
	o.EventListener = log.events()
	return o
}

// logger passes Pebble's log on.
type logger struct {
	log     *slog.Logger
	failure *failure
	damaged *damagedTables
}

func (l logger) Infof(format string, args ...any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug(fmt.Sprintf(format, args...))
	}
}

func (l logger) Errorf(format string, args ...any) { l.log.Error(fmt.Sprintf(format, args...)) }

// Fatalf is where Pebble means to end the process. It returns, because here it
// ends the disk: see failstopFS.
func (l logger) Fatalf(format string, args ...any) {
	err := l.failure.fail(fmt.Errorf(format, args...))
	l.log.Error("storage failed", "error", err)
}

// slow is told of every change of the disk that takes long.
func (l logger) slow(i vfs.DiskSlowInfo) {
	l.log.Warn("disk is slow", "file", i.Path, "operation", i.OpType.String(), "for", i.Duration)
}

// events is what an operator should hear of.
func (l logger) events() *pebble.EventListener {
	return &pebble.EventListener{
		BackgroundError: func(err error) {
			if l.failure.first() == nil && !isFull(err) { // else known, and the rest follows from it
				l.log.Error("background work on storage failed", "error", err.Error()) // without its stack
			}
		},
		// Whoever reads the range gets a CorruptError, and knows what to do.
		DataCorruption: func(i pebble.DataCorruptionInfo) {
			if l.failure.first() == nil { // else it may be a file that was not written
				if l.damaged.report(i) {
					l.log.Error("stored data is damaged", "file", i.Path, "error", i.Details.Error())
				}
			}
		},
		LowDiskSpace: func(i pebble.LowDiskSpaceInfo) {
			l.log.Warn("disk is nearly full", "free_bytes", i.AvailBytes, "total_bytes", i.TotalBytes)
		},
		WriteStallBegin: func(i pebble.WriteStallBeginInfo) {
			l.log.Warn("writes wait for compaction", "reason", i.Reason)
		},
	}
}
