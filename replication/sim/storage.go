package sim

import (
	"fmt"
	"slices"

	"walle/replication"
)

// Storage is what a node keeps its replica on, where that is more than a model.
// The model (disk) stays beside it and says what has to be there: what a crash
// leaves must be what the model holds after some number of writes, no fewer
// than those that were synced, and what is read must be what was written.
type Storage interface {
	// Apply does the writes of one step as one batch, in order, visible to Read
	// when it returns. A crash may lose it.
	Apply(writes []replication.Write) error
	// Sync returns once everything that was applied is durable. An error, here
	// and of Apply, is final: only Crash is called after it.
	Sync() error
	// Load is what a start finds.
	Load() (l replication.Loaded, ok bool, err error)
	// Read answers a machine. An error that is not damage comes only of Break.
	Read(replication.Read) replication.ReadDone
	// Stored returns all entries that can be read, ascending.
	Stored() ([]replication.Entry, error)
	// Break makes the disk fail at one of the next things asked of it.
	Break()
	// Repair ends what Break began; false if the disk has failed already.
	Repair() bool
	// Damage changes the bytes that are stored of an entry.
	Damage(id replication.EntryID) error
	// Crash ends the process as it is, and opens what the disk has kept. Seq is
	// the last write that survived of those since the crash before, 0 if none.
	// If mayLose is not nil some entries may be damaged too, all of which it
	// allows; they are returned. An error says that what is left is not what
	// was written.
	Crash(mayLose func(replication.EntryID) bool) (seq uint64, lost []replication.EntryID, err error)
	Close() error
}

// CheckStorage fails a run in which Storage is not what the model says.
const CheckStorage Checker = "storage is the model"

// openStorage gives a member its storage.
func (h *host) openStorage() {
	w := h.world
	if w.options.Storage == nil || !h.member {
		return
	}
	var err error
	if h.storage, err = w.options.Storage(h.id, w.options.Seed); err != nil {
		w.fail(CheckStorage, "%v opens its storage: %v", h.id, err)
	}
}

// closeStorage ends all that was opened.
func (w *world) closeStorage() {
	for _, h := range w.hosts {
		if h.storage == nil {
			continue
		}
		if err := h.storage.Close(); err != nil {
			w.fail(CheckStorage, "%v closes its storage: %v", h.id, err)
		}
	}
}

// stored reports whether storage did what was asked. If not, the node has to
// stop, and comes back through a restart.
func (h *host) stored(what string, err error) bool {
	if err == nil {
		return true
	}
	if !h.broken {
		h.world.fail(CheckStorage, "%v: %s: %v", h.id, what, err)
	}
	if h.world.trace.on {
		h.world.tell("%v: %s: %v", h.id, what, err)
	}
	return false
}

// storageFails decides whether storage breaks, which has more ways to than the
// one of the model.
func (w *world) storageFails() bool {
	if w.weights.on&FaultSyncFail == 0 || !w.chance(0.01) {
		return false
	}
	w.struck(FaultSyncFail)
	return true
}

// mendStorage ends faults. A node whose storage has failed comes back.
func (h *host) mendStorage() {
	if h.storage == nil {
		return
	}
	if !h.storage.Repair() {
		h.crash()
	}
	h.broken = false
}

// crashStorage has the storage crash, and returns how many of the pending writes
// survived.
func (h *host) crashStorage() int {
	w, d := h.world, &h.disk
	h.broken = false
	var mayLose func(replication.EntryID) bool
	if w.weights.on&FaultDamage != 0 && w.rand.IntN(2) == 0 {
		mayLose = func(id replication.EntryID) bool { return w.mayLose(h, id) }
	}
	seq, lost, err := h.storage.Crash(mayLose)
	switch {
	case err != nil:
		w.fail(CheckStorage, "%v crashes: %v", h.id, err)
		return 0
	case seq < d.synced || seq > d.written:
		w.fail(CheckStorage, "%v crashes: writes up to %d are left; synced were those up to %d, written up to %d", h.id, seq, d.synced, d.written)
		return 0
	}
	if len(lost) > 0 {
		w.struck(FaultDamage)
		d.rotten = append(d.rotten, lost...) // seen from the restart on
	}
	return int(seq - d.synced)
}

// loadStorage is what a start finds, which has to be what the model holds.
func (h *host) loadStorage() (l replication.Loaded, ok bool) {
	l, ok, err := h.storage.Load()
	want, wantOK := h.disk.load(true)
	if err != nil || ok != wantOK || fmt.Sprintf("%+v", l.State) != fmt.Sprintf("%+v", want.State) || l.Commit != want.Commit || !same(l.Tail, want.Tail) {
		h.world.fail(CheckStorage, "%v loads %+v, tail %+v, %v, %v; expected is %+v, tail %+v", h.id, l, l.Tail, ok, err, want, want.Tail)
	}
	h.compareEntries()
	return l, ok
}

// compareEntries checks that all entries are stored which the model holds, and
// no other.
func (h *host) compareEntries() {
	w, m := h.world, &h.disk.durable
	entries, err := h.storage.Stored()
	if err != nil {
		w.fail(CheckStorage, "%v lists its entries: %v", h.id, err)
		return
	}
	missing := m.stored - len(entries)
	for i := range entries {
		if e := &entries[i]; !same(e, m.entry(e.ID)) {
			w.fail(CheckStorage, "%v has stored %+v; expected is %+v", h.id, *e, m.entry(e.ID))
			return
		}
	}
	if missing != len(h.disk.damaged) {
		w.fail(CheckStorage, "%v has %d entries of %d, of which %v are damaged", h.id, len(entries), m.stored, h.disk.damaged)
	}
}

// same reports whether two entries are the same, or both are missing.
func same(a, b *replication.Entry) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.ID == b.ID && a.Term == b.Term && a.AppendedAt == b.AppendedAt && a.GroupEnd == b.GroupEnd &&
		a.Sum == b.Sum && a.Chain == b.Chain && string(a.Data) == string(b.Data)
}

// readStorage answers a read, and checks that answer against the model's.
func (h *host) readStorage(r replication.Read) replication.ReadDone {
	w := h.world
	done, want := h.storage.Read(r), h.disk.read(r)
	switch {
	case done.Err != nil && want.Err == nil && !h.broken && !h.nearDamage(r.From, r.To):
		w.fail(CheckStorage, "%v reads %d..%d: %v", h.id, r.From, r.To, done.Err)
	case done.Err == nil && want.Err != nil:
		w.fail(CheckStorage, "%v reads %d..%d as %v; expected is %v", h.id, r.From, r.To, done.Entries, want.Err)
	case done.Bad != 0 && !h.nearDamage(done.Bad, done.Bad) && h.disk.visible.entry(done.Bad) != nil:
		w.fail(CheckStorage, "%v reads %d..%d and finds %d damaged: %v", h.id, r.From, r.To, done.Bad, done.Err)
	case done.Err == nil && done.Prev != prevOf(&h.disk.visible, done.Entries) && (done.Prev.ID != 0 || !h.nearDamage(done.Entries[0].ID, done.Entries[0].ID)):
		w.fail(CheckStorage, "%v reads %v after %v", h.id, done.Entries, done.Prev)
	}
	for i := range done.Entries {
		if e := &done.Entries[i]; !same(e, h.disk.visible.entry(e.ID)) {
			w.fail(CheckStorage, "%v reads %+v; expected is %+v", h.id, *e, h.disk.visible.entry(e.ID))
		}
	}
	return done
}

// nearDamage reports whether something in from..to, or right beside it, is
// damaged. What an entry follows is read from the one before it; and of what lies
// before and behind a damaged block one entry each is not found from above.
func (h *host) nearDamage(from, to replication.EntryID) bool {
	return slices.ContainsFunc(h.disk.damaged, func(id replication.EntryID) bool { return from <= id+1 && id <= to+1 })
}

// prevOf is where the first of entries goes on from.
func prevOf(m *image, entries []replication.Entry) replication.Position {
	p, _, _ := m.position(entries[0].ID - 1)
	return p
}
