package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"walle/engine/store"
	"walle/engine/store/storetest"
	"walle/replication"
	"walle/replication/node"
)

const quotaTotal = 64 << 20

// small is a store on a small disk, and what it reports.
type small struct {
	*store.Store
	t     *testing.T
	disk  *storetest.Quota
	log   storetest.Log
	fatal chan error
	// memTable is how large memtables are; 0 leaves it to the store.
	memTable uint64
}

func openSmall(t *testing.T, memTable uint64) *small {
	t.Helper()
	s := &small{t: t, memTable: memTable, disk: storetest.NewQuota(vfs.NewMem(), quotaTotal), log: storetest.Log{Term: 1}, fatal: make(chan error, 1)}
	if err := s.open(); err != nil {
		t.Fatal(err)
	}
	s.apply(replication.Write{Stream: 1, State: &replication.State{First: 1}})
	return s
}

func (s *small) open() (err error) {
	s.Store, err = store.Open(store.Config{Dir: "data", FS: s.disk, MemTableBytes: s.memTable, OnFatal: func(err error) { s.fatal <- err }})
	return err
}

func (s *small) reopen() {
	s.t.Helper()
	closeStore(s.t, s.Store)
	if err := s.open(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *small) apply(w replication.Write) {
	s.t.Helper()
	p, err := s.Apply([]replication.Write{w}, true)
	if err == nil {
		err = p.Wait()
	}
	if err != nil {
		s.t.Fatalf("with %d bytes free: %v", s.disk.Free(), err)
	}
}

// append appends a megabyte.
func (s *small) append() {
	s.t.Helper()
	s.apply(replication.Write{Stream: 1, Entries: s.log.Noise(10, 100_000)})
}

// fill appends until there is no room, and returns what there is then.
func (s *small) fill() node.Space {
	s.t.Helper()
	for range quotaTotal >> 20 {
		if space := s.CheckSpace(); space.Room != node.RoomEnough {
			return space
		}
		s.append()
	}
	s.t.Fatal("there is room for ever")
	return node.Space{}
}

// trim drops the entries below first.
func (s *small) trim(first replication.EntryID) {
	s.t.Helper()
	s.apply(replication.Write{Stream: 1, Below: first, State: &replication.State{First: first}})
}

// settle waits for what goes on in the background.
func (s *small) settle() {
	for {
		m := s.Metrics()
		if m.MemTable.Count == 1 && m.Compact.NumInProgress == 0 && m.Table.ObsoleteCount == 0 {
			return
		}
		runtime.Gosched()
	}
}

// recovers waits until there is room.
func (s *small) recovers() {
	for s.CheckSpace().Room != node.RoomEnough {
		runtime.Gosched()
	}
}

// ballast reports whether the store has the ballast.
func (s *small) ballast() bool {
	_, err := s.disk.Stat("data/BALLAST")
	return err == nil
}

// A disk that gets full is told of before it is; what is on its way by then still
// fits; and a trim makes room at once, without a restart.
func TestFullDisk(t *testing.T) {
	s := openSmall(t, 0)
	defer func() { closeStore(t, s.Store) }()
	rounds := 3
	if testing.Short() {
		rounds = 1
	}
	for round := range rounds {
		space := s.fill()
		if space.Room != node.RoomLow || space.Reserve != quotaTotal/4 {
			t.Fatalf("round %d: %+v", round, space)
		}
		for range space.Reserve / 4 >> 20 { // what the node may have queued
			s.append()
		}
		last := s.log.Next(1)[0]
		s.apply(replication.Write{Stream: 1, Entries: []replication.Entry{last}})
		s.trim(last.ID)
		s.recovers()
		s.settle()
		if s.disk.Free() < quotaTotal/2 {
			t.Fatalf("round %d: after the trim %d bytes are free", round, s.disk.Free())
		}
		got, err := storetest.Collect(s.Scan(node.ScanRequest{Stream: 1, To: storetest.AllEntries}))
		if err != nil || len(got) != 1 || got[0].ID != last.ID {
			t.Fatalf("round %d: after the trim %v, %v", round, storetest.Ranges(got), err)
		}
		s.reopen()
	}
}

// A dropped stream gives back its space, too, and one that is hosted anew under
// the same number loses nothing by it.
func TestDropMakesRoom(t *testing.T) {
	if testing.Short() {
		t.Skip("fills a disk twice")
	}
	s := openSmall(t, 0)
	defer func() { closeStore(t, s.Store) }()
	s.fill()
	if err := s.Drop(1); err != nil {
		t.Fatal(err)
	}
	s.log = storetest.Log{Term: 1}
	s.apply(replication.Write{Stream: 1, State: &replication.State{First: 1}, Entries: s.log.Sized(5, 10)})
	s.fill() // so that it is in tables, and would be looked at
	s.apply(replication.Write{Stream: 2, State: &replication.State{First: 1}, Entries: (&storetest.Log{Term: 1}).Sized(5, 10)})
	if err := s.Drop(2); err != nil {
		t.Fatal(err)
	}
	s.CheckSpace()
	got, err := storetest.Collect(s.Scan(node.ScanRequest{Stream: 1, To: 5}))
	if err != nil || len(got) != 5 {
		t.Fatalf("the stream that came anew has %v, %v", storetest.Ranges(got), err)
	}
	if err := s.Drop(1); err != nil {
		t.Fatal(err)
	}
	s.recovers()
}

// A disk that others have filled to the last byte must not keep the node from
// starting, and from trimming.
func TestStartOnFullDisk(t *testing.T) {
	s := openSmall(t, 2*quotaTotal/16) // twice the ballast: what is in it has to be written out before
	s.fill()
	if !s.ballast() {
		t.Fatal("there is no ballast")
	}
	tail := s.log.Next(1)[0]
	s.apply(replication.Write{Stream: 1, Entries: []replication.Entry{tail}})
	s.settle()
	others := s.disk.Free()
	s.disk.Take(others)
	closeStore(t, s.Store)
	if err := s.open(); err != nil {
		t.Fatal(err)
	}
	defer func() { closeStore(t, s.Store) }()
	if s.ballast() {
		t.Fatal("it started on a full disk with the ballast on it")
	}
	if l, ok, err := s.Load(1); err != nil || !ok || l.Tail.ID != tail.ID {
		t.Fatalf("the end of the log is %v, %v", l.Tail, err)
	}
	s.trim(tail.ID)
	s.disk.Take(-others)
	s.recovers()
	for !s.ballast() { // it comes back as soon as it leaves the reserve alone
		s.CheckSpace()
		runtime.Gosched()
	}
}

// A running node whose disk others fill gets the ballast before it has to stop.
func TestBallastWhileRunning(t *testing.T) {
	s := openSmall(t, 0)
	defer func() { closeStore(t, s.Store) }()
	s.append()
	s.CheckSpace()
	s.settle()
	s.disk.Take(s.disk.Free())
	if space := s.CheckSpace(); space.Room != node.RoomNone || s.ballast() {
		t.Fatalf("%+v, ballast %v", space, s.ballast())
	}
	s.append()
	s.append()
}

// A write that finds no room all the same is the end, and says where.
func TestNoRoomAtAll(t *testing.T) {
	s := openSmall(t, 0)
	s.disk.Take(s.disk.Free())
	for range quotaTotal >> 20 {
		p, err := s.Apply([]replication.Write{{Stream: 1, Entries: s.log.Noise(10, 100_000)}}, true)
		if err == nil {
			err = p.Wait()
		}
		if err == nil {
			continue
		}
		if told := <-s.fatal; !errors.Is(told, syscall.ENOSPC) || !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("told %v, after %v", told, err)
		}
		if err := s.Close(); !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
		return
	}
	t.Fatal("it was never the end")
}

// Whenever the power fails, what a trim removed from the disk must be what the
// state says was trimmed: else the log has lost its beginning.
func TestReclaimSurvivesCrash(t *testing.T) {
	for percent := range 5 {
		t.Run(fmt.Sprint(percent*25), func(t *testing.T) {
			mem := vfs.NewCrashableMem()
			mem.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1 << 20, TotalBytes: 1 << 30})
			s, err := store.Open(store.Config{Dir: "data", FS: mem, MemTableBytes: 64 << 10})
			if err != nil {
				t.Fatal(err)
			}
			log := storetest.Log{Term: 1}
			for range 100 {
				p, err := s.Apply([]replication.Write{{Stream: 1, State: &replication.State{First: 1}, Entries: log.Sized(10, 1000)}}, true)
				if err == nil {
					err = p.Wait()
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if _, err := s.Apply([]replication.Write{{Stream: 1, Below: 900, State: &replication.State{First: 900}}}, false); err != nil {
				t.Fatal(err)
			}
			s.CheckSpace()
			crashed := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent * 25, RNG: rand.New(rand.NewPCG(1, uint64(percent)))})
			closeStore(t, s)
			s = open(t, crashed)
			defer closeStore(t, s)
			l, _, err := s.Load(1)
			if err != nil {
				t.Fatal(err)
			}
			got, err := storetest.Collect(s.Scan(node.ScanRequest{Stream: 1, To: storetest.AllEntries}))
			if err != nil || len(got) != int(1001-l.State.First) || got[0].ID != l.State.First {
				t.Fatalf("first is %d, and there are %s, %v", l.State.First, storetest.Ranges(got), err)
			}
		})
	}
}
