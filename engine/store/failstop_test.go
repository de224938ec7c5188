package store

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"walle/replication"
	"walle/replication/node"
)

// tight is a disk with so many bytes free.
type tight struct {
	vfs.FS
	free uint64
}

func (d *tight) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: d.free}, nil
}

func (d *tight) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := d.FS.Create(name, c)
	return tightFile{file, d}, err
}

type tightFile struct {
	vfs.File
	disk *tight
}

func (f tightFile) Write(p []byte) (int, error) {
	if uint64(len(p)) > f.disk.free {
		return 0, syscall.ENOSPC
	}
	f.disk.free -= uint64(len(p))
	return f.File.Write(p)
}

// A compaction that finds no room is given up: nobody has been told of its
// output. Nothing else that is written may find none.
func TestCompactionFindsNoRoom(t *testing.T) {
	for _, test := range []struct {
		name     string
		category vfs.DiskWriteCategory
		free     uint64
		fatal    bool
	}{
		{"compaction that would use up what is left", compactionOutput, 99, false},
		{"compaction that ends in the middle", compactionOutput, 110, false},
		{"flush", "pebble-memtable-flush", 110, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := &failure{}
			fs := newFailstopFS(&tight{vfs.NewMem(), test.free}, f, 100, newLull(slog.New(slog.DiscardHandler)))
			file, err := fs.Create("out", test.category)
			if err == nil {
				_, err = file.Write(make([]byte, 200))
				file.Close()
			}
			if failed := f.first() != nil; failed != test.fatal || failed == errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("the disk has failed: %v; the writer is told %v", f.first(), err)
			}
		})
	}
}

// Pebble repeats a compaction at once, however often it fails. On a full disk it
// must not keep a processor busy, nor fill the log, nor hold up the end.
func TestCompactionsWaitForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		disk := &tight{vfs.NewMem(), 110}
		l := newLull(slog.New(slog.NewTextHandler(&log, nil)))
		fs := newFailstopFS(disk, &failure{}, 100, l)
		compact := func() (took time.Duration, err error) {
			began := time.Now()
			file, err := fs.Create("out.sst", compactionOutput)
			if err == nil {
				if _, err = file.Write(make([]byte, 200)); err == nil {
					err = file.Sync()
				}
				file.Close()
			}
			return time.Since(began), err
		}
		want := func(what string, waits time.Duration, full bool) {
			t.Helper()
			if took, err := compact(); took != waits || errors.Is(err, syscall.ENOSPC) != full {
				t.Errorf("%s: it took %v, want %v: %v", what, took, waits, err)
			}
		}
		want("the first that ends in the middle", 0, true)
		want("its repetition", lullTime, true)
		disk.free = 10
		want("one that would use up what is left", lullTime, true)
		disk.free = 1000
		want("one that has room", lullTime, false)
		want("the next", 0, false)
		disk.free = 10
		want("one without again", 0, true)
		if lines := strings.Count(log.String(), "\n"); lines != 3 {
			t.Errorf("%d lines in the log:\n%s", lines, &log)
		}
		l.close()
		want("one while the store is closed", 0, true)
	})
}

// marked counts the files that Pebble makes for compactions.
type marked struct {
	vfs.FS
	outputs atomic.Int64
}

func (m *marked) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if c == compactionOutput && strings.HasSuffix(name, ".sst") {
		m.outputs.Add(1)
	}
	return m.FS.Create(name, c)
}

// The mark by which compactions are known is Pebble's: another release of it
// could use another.
func TestCompactionsAreMarked(t *testing.T) {
	fs := &marked{FS: vfs.NewMem()}
	s, err := Open(Config{Dir: "data", FS: fs, MemTableBytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	e := replication.Entry{Term: 1, Data: make([]byte, 1000)}
	for fs.outputs.Load() == 0 {
		e.ID++
		rand.NewChaCha8([32]byte{byte(e.ID), byte(e.ID >> 8)}).Read(e.Data) // not to be compressed
		if _, err := s.Apply([]replication.Write{{Stream: 1, State: &replication.State{First: 1}, Entries: []replication.Entry{e}}}, false); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// What is free means the same until it is clearly something else.
func TestRoomOf(t *testing.T) {
	const reserve = 800
	room := node.RoomEnough
	for _, step := range []struct {
		free uint64
		want node.Room
	}{
		{10000, node.RoomEnough}, {800, node.RoomEnough}, {799, node.RoomLow}, {899, node.RoomLow}, {900, node.RoomEnough},
		{100, node.RoomLow}, {99, node.RoomNone}, {111, node.RoomNone}, {112, node.RoomLow}, {0, node.RoomNone}, {5000, node.RoomEnough},
	} {
		if room = roomOf(step.free, reserve, room); room != step.want {
			t.Fatalf("%d free: %v, want %v", step.free, room, step.want)
		}
	}
}

// The reserve must hold what may be on its way, and leave most of a small disk.
func TestDefaultReserve(t *testing.T) {
	for _, test := range []struct{ total, want uint64 }{
		{1 << 40, 1 << 30}, {8 << 30, 1 << 30}, {4 << 30, 512 << 20}, {300 << 20, 64 << 20}, {64 << 20, 16 << 20},
	} {
		if got := defaultReserve(test.total); got != test.want {
			t.Errorf("of %d bytes %d are kept free, want %d", test.total, got, test.want)
		}
	}
}
