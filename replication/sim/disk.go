package sim

import (
	"fmt"
	"slices"
	"time"

	"walle/replication"
)

// disk is the model of a node's storage. Writes take effect in order, each
// whole or not at all; a crash loses those that were not synced, save for a
// prefix that made it.
type disk struct {
	durable image
	visible image // what reads see: durable and all of pending
	pending []replication.Write
	given   []replication.Write // pending as the machine gave them, in vigilant runs
	syncing int                 // how many of pending the running sync covers; 0 when idle
	sync    uint64              // number of the running sync
	synced  uint64              // Seq of the last durable write
	written uint64              // Seq of the last write
	slow    float64
	damaged []replication.EntryID // visible entries that cannot be read
	silent  bool                  // damage is not noticed: changed bytes are given
	rotten  []replication.EntryID // durable entries that cannot: a crash brings them back
}

// image is one replica's log and state.
type image struct {
	fresh   bool // nothing was ever written
	state   replication.State
	commit  replication.EntryID
	low     replication.EntryID // id of entries[0]
	entries []replication.Entry // ID 0 where none is stored
	stored  int
	bytes   int // of all that is stored, as entries count against limits
}

func newDisk() disk {
	return disk{durable: image{fresh: true, low: 1}, visible: image{fresh: true, low: 1}}
}

// tail is the id of the last entry, or of what the log continues from.
func (m *image) tail() replication.EntryID {
	if m.fresh {
		return 0
	}
	end := m.state.Base.ID
	if n := len(m.entries); n > 0 {
		end = max(end, m.entries[n-1].ID)
	}
	if n := len(m.state.Gaps); n > 0 {
		end = max(end, m.state.Gaps[n-1].Hi)
	}
	return end
}

// entry returns the stored entry id, or nil.
func (m *image) entry(id replication.EntryID) *replication.Entry {
	if id < m.low || id >= m.low+replication.EntryID(len(m.entries)) {
		return nil
	}
	if e := &m.entries[id-m.low]; e.ID != 0 {
		return e
	}
	return nil
}

// position is the point just after entry id, as far as the log says.
func (m *image) position(id replication.EntryID) (p replication.Position, at int64, ok bool) {
	if e := m.entry(id); e != nil {
		return e.Position(), e.AppendedAt, true
	}
	return m.stated(id)
}

// stated is the point just after entry id, as far as the state says.
func (m *image) stated(id replication.EntryID) (p replication.Position, at int64, ok bool) {
	if id == 0 {
		return replication.Position{}, 0, true
	}
	if m.state.Base.ID == id {
		return m.state.Base, m.state.BaseAt, true
	}
	for i := range m.state.Gaps {
		g := &m.state.Gaps[i]
		if g.Hi == id && g.HiChain != 0 {
			return replication.Position{ID: id, Chain: g.HiChain}, g.HiAt, true
		}
		if g.Lo-1 == id && g.LoChain != 0 {
			return replication.Position{ID: id, Chain: g.LoChain}, 0, true
		}
	}
	return replication.Position{}, 0, false
}

// missing reports whether id lies in a gap.
func (m *image) missing(id replication.EntryID) bool {
	for i := range m.state.Gaps {
		if g := &m.state.Gaps[i]; g.Lo <= id && id <= g.Hi {
			return true
		}
	}
	return false
}

// apply does w.
func (m *image) apply(w *replication.Write) {
	m.fresh = false
	if w.State != nil {
		m.state = *w.State
		m.state.Gaps = slices.Clone(w.State.Gaps)
		m.state.History = slices.Clone(w.State.History)
	}
	if w.Truncate {
		m.cut(w.Above)
	}
	if w.Below > m.low {
		n := min(int(w.Below-m.low), len(m.entries))
		for i := range m.entries[:n] {
			m.drop(&m.entries[i])
		}
		m.entries = m.entries[n:]
		m.low = w.Below
		m.trimHoles()
	}
	for i := range w.Entries {
		m.put(&w.Entries[i])
	}
	if w.Commit != 0 {
		m.commit = w.Commit
	}
}

func (m *image) cut(above replication.EntryID) {
	n := 0
	if above >= m.low {
		n = int(above - m.low + 1)
	}
	for len(m.entries) > n {
		m.drop(&m.entries[len(m.entries)-1])
		m.entries = m.entries[:len(m.entries)-1]
	}
	m.trimHoles()
}

// trimHoles makes sure that the last of entries is one.
func (m *image) trimHoles() {
	for n := len(m.entries); n > 0 && m.entries[n-1].ID == 0; n-- {
		m.entries = m.entries[:n-1]
	}
}

func (m *image) drop(e *replication.Entry) {
	if e.ID != 0 {
		m.stored--
		m.bytes -= e.Size()
	}
	*e = replication.Entry{}
}

func (m *image) put(e *replication.Entry) {
	if len(m.entries) == 0 {
		m.low = e.ID
	}
	if e.ID < m.low { // back-fill below what is stored
		n := int(m.low - e.ID)
		m.entries = append(make([]replication.Entry, n, n+len(m.entries)), m.entries...)
		m.low = e.ID
	}
	for m.low+replication.EntryID(len(m.entries)) <= e.ID {
		m.entries = append(m.entries, replication.Entry{})
	}
	at := &m.entries[e.ID-m.low]
	m.drop(at)
	m.stored++
	m.bytes += e.Size()
	*at = *e
}

func (m *image) clone() image {
	c := *m
	c.entries = slices.Clone(m.entries)
	c.state.Gaps = slices.Clone(m.state.Gaps)
	c.state.History = slices.Clone(m.state.History)
	return c
}

// write queues w and makes it visible.
func (d *disk) write(w replication.Write) {
	if w.State != nil { // as encoded now; the machine may go on with its own
		state := *w.State
		state.Gaps = slices.Clone(state.Gaps)
		state.History = slices.Clone(state.History)
		w.State = &state
	}
	w.Entries = slices.Clone(w.Entries)
	d.visible.apply(&w)
	d.damaged = d.visible.stillDamaged(d.damaged, &w)
	d.pending = append(d.pending, w)
	d.written = w.Seq
}

// damage makes entries unreadable.
func (d *disk) damage(ids ...replication.EntryID) {
	d.damaged = append(d.damaged, ids...)
	d.rotten = append(d.rotten, ids...)
}

// stillDamaged is what is left of ids after w: those that it does not replace.
func (m *image) stillDamaged(ids []replication.EntryID, w *replication.Write) []replication.EntryID {
	return slices.DeleteFunc(ids, func(id replication.EntryID) bool {
		rewritten := len(w.Entries) > 0 && w.Entries[0].ID <= id && id <= w.Entries[len(w.Entries)-1].ID
		return rewritten || m.entry(id) == nil
	})
}

// changed describes the first of the next n writes that its machine has changed
// since it gave it away; "" if none was.
func (d *disk) changed(n int) string {
	for i := range d.given[:min(n, len(d.given))] {
		if was, is := describe(&d.pending[i]), describe(&d.given[i]); was != is {
			return was + ", later " + is
		}
	}
	return ""
}

// wanted reports whether something waits for a sync.
func (d *disk) wanted() bool {
	for i := range d.pending {
		if !d.pending[i].Lazy {
			return true
		}
	}
	return false
}

// settle makes the first n pending writes durable.
func (d *disk) settle(n int) {
	for i := range d.pending[:n] {
		d.durable.apply(&d.pending[i])
		d.rotten = d.durable.stillDamaged(d.rotten, &d.pending[i])
		d.synced = d.pending[i].Seq
	}
	rest := copy(d.pending, d.pending[n:])
	clear(d.pending[rest:])
	d.pending = d.pending[:rest]
	d.given = d.given[min(n, len(d.given)):]
}

// crash keeps the first n pending writes and forgets the rest.
func (d *disk) crash(n int) {
	d.settle(n)
	clear(d.pending)
	d.pending, d.given = d.pending[:0], nil
	d.syncing = 0
	d.sync++
	d.synced, d.written = 0, 0
	d.visible = d.durable.clone()
	d.damaged = slices.Clone(d.rotten)
}

// load is what a restarted node finds; ok is false when there is nothing.
func (d *disk) load(withData bool) (l replication.Loaded, ok bool) {
	if d.durable.fresh {
		return l, false
	}
	c := d.durable.clone()
	l = replication.Loaded{State: c.state, Commit: c.commit}
	if n := len(c.entries); n > 0 {
		tail := c.entries[n-1]
		if !withData {
			tail.Data = nil
		}
		l.Tail = &tail
	}
	return l, true
}

// read answers r from what is visible.
func (d *disk) read(r replication.Read) replication.ReadDone {
	done := replication.ReadDone{Ref: r.Ref}
	low, size := r.To+1, 0
	for low > r.From {
		id := low - 1
		e := d.visible.entry(id)
		if e == nil {
			if low > r.To {
				done.Err = fmt.Errorf("entry %d is not stored", id)
			}
			break
		}
		if d.cannotRead(id) {
			done.Bad = id
			if low > r.To {
				done.Err = fmt.Errorf("entry %d is damaged", id)
			}
			break
		}
		size += e.Size()
		if size > r.MaxBytes && low <= r.To {
			break
		}
		low = id
	}
	if d.cannotRead(low - 1) {
		done.Bad = low - 1
	}
	if done.Err != nil || low > r.To {
		return done
	}
	done.Entries = make([]replication.Entry, 0, r.To-low+1)
	for id := low; id <= r.To; id++ {
		e := *d.visible.entry(id)
		if d.isDamaged(id) {
			if e.AppendedAt ^= 1 << 20; id%2 == 0 {
				e.Data = slices.Clone(e.Data)
				e.Data[len(e.Data)-1] ^= 1
			}
		}
		done.Entries = append(done.Entries, e)
	}
	if !d.cannotRead(low - 1) {
		done.Prev, done.PrevAt, _ = d.visible.position(low - 1)
	} else {
		done.Prev, done.PrevAt, _ = d.visible.stated(low - 1)
	}
	return done
}

// syncTime is how long the next sync takes.
func (w *world) syncTime(h *host) time.Duration {
	t := between(w.rand, w.weights.syncMin, w.weights.syncMax)
	if h.disk.slow > 0 {
		t = time.Duration(float64(t) * h.disk.slow)
	}
	return t
}

// readTime is how long the next read takes.
func (w *world) readTime(h *host) time.Duration {
	t := between(w.rand, 0, w.weights.readMax)
	if h.disk.slow > 0 {
		t = time.Duration(float64(t) * min(h.disk.slow, 30))
	}
	return t
}

// isDamaged reports whether entry id cannot be read.
func (d *disk) isDamaged(id replication.EntryID) bool { return slices.Contains(d.damaged, id) }

// cannotRead reports whether the disk knows that entry id is damaged.
func (d *disk) cannotRead(id replication.EntryID) bool { return !d.silent && d.isDamaged(id) }
