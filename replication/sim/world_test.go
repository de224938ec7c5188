package sim

import (
	"testing"
	"time"

	"walle/replication"
)

// TestClock: a timer that is set by a clock rings when that clock shows its time,
// however far it drifts, and at once for a time that is past.
func TestClock(t *testing.T) {
	for _, rate := range []int64{rateUnit * 89 / 100, rateUnit, rateUnit * 111 / 100} {
		c := clock{born: 5_000_000_000, origin: 1 << 50, rate: rate}
		for _, d := range []replication.Time{0, 1, 999, 1e9, 3600e9} {
			at := c.when(c.origin + d)
			if c.local(at) < c.origin+d {
				t.Errorf("rate %d: at %d the clock shows %d, wanted %d", rate, at, c.local(at), c.origin+d)
			}
			if at > c.born && c.local(at-1) >= c.origin+d {
				t.Errorf("rate %d: %d is not the first time that shows %d", rate, at, c.origin+d)
			}
		}
		if at := c.when(0); at != c.born {
			t.Errorf("rate %d: time 0 is at %d, born at %d", rate, at, c.born)
		}
	}
}

// TestAgenda: events come in the order of their times, those of one time in the
// order in which they were scheduled.
func TestAgenda(t *testing.T) {
	var a agenda
	for i, at := range []instant{5, 1, 5, 3, 1, 5, 0} {
		a.push(event{at: at, ref: uint64(i)})
	}
	for i, want := range []uint64{6, 1, 4, 3, 0, 2, 5} {
		if got := a.pop(); got.ref != want {
			t.Fatalf("event %d is number %d, want %d", i, got.ref, want)
		}
	}
}

// run makes entries first..last of one group each.
func run(prev replication.Position, last replication.EntryID) (entries []replication.Entry) {
	for prev.ID < last {
		e := replication.Entry{ID: prev.ID + 1, Term: 1, GroupEnd: true, Data: []byte{byte(prev.ID)}}
		e.Seal(prev.Chain)
		entries, prev = append(entries, e), e.Position()
	}
	return entries
}

// TestDiskCrash: a crash keeps what was synced and a prefix of the rest, each
// write whole.
func TestDiskCrash(t *testing.T) {
	d := newDisk()
	entries := run(replication.Position{}, 6)
	d.write(replication.Write{Seq: 1, State: &replication.State{First: 1}, Entries: entries[:2]})
	d.settle(1)
	d.write(replication.Write{Seq: 2, Entries: entries[2:4]})
	d.write(replication.Write{Seq: 3, Truncate: true, Above: 1, Entries: run(entries[0].Position(), 2)})
	if tail := d.visible.tail(); tail != 2 {
		t.Fatalf("visible tail is %d", tail)
	}
	d.crash(1)
	if tail := d.visible.tail(); tail != 4 || d.durable.entry(4) == nil {
		t.Fatalf("after the crash the tail is %d", tail)
	}
	if l, ok := d.load(false); !ok || l.Tail.ID != 4 || l.Tail.Data != nil {
		t.Fatalf("loaded %+v", l)
	}
}

// TestDiskRead: a read gives the high end that fits, and stops at damage.
func TestDiskRead(t *testing.T) {
	d := newDisk()
	d.write(replication.Write{Seq: 1, State: &replication.State{First: 1}, Entries: run(replication.Position{}, 6)})
	ask := replication.Read{From: 1, To: 6, MaxBytes: 1 << 20}
	if got := d.read(ask); got.Err != nil || len(got.Entries) != 6 || replication.CheckRun(got.Prev, got.Entries) != nil {
		t.Fatalf("read %+v", got)
	}
	ask.MaxBytes = 1
	if got := d.read(ask); len(got.Entries) != 1 || got.Entries[0].ID != 6 || got.Prev.ID != 5 {
		t.Fatalf("one byte's worth is %+v", got)
	}
	ask.MaxBytes = 1 << 20
	d.damaged = append(d.damaged, 3)
	if got := d.read(ask); got.Err != nil || got.Bad != 3 || len(got.Entries) != 3 || got.Prev.ID != 0 {
		t.Fatalf("with entry 3 damaged: %+v", got)
	}
	d.damaged[0] = 5
	if got := d.read(ask); got.Err != nil || got.Bad != 5 || len(got.Entries) != 1 || got.Prev.ID != 0 {
		t.Fatalf("with entry 5 damaged, what 6 follows is not known: %+v", got)
	}
	d.damaged[0] = 6
	if got := d.read(ask); got.Err == nil || got.Bad != 6 {
		t.Fatalf("with entry 6 damaged: %+v", got)
	}
}

// TestParseFaults: what is printed can be given again.
func TestParseFaults(t *testing.T) {
	for _, f := range []Fault{0, FaultLoss, FaultCrash | FaultTrim, NoFaults} {
		if got, err := ParseFaults(f.String()); err != nil || got != f {
			t.Errorf("%v: %v, %v", f, got, err)
		}
	}
	if _, err := ParseFaults("gremlins"); err == nil {
		t.Error("gremlins are known")
	}
	if between(nil, time.Second, time.Second) != time.Second {
		t.Error("an empty range of durations")
	}
}
