package explore

import (
	"fmt"
	"slices"

	"walle/replication"
)

// image is what a disk holds of a replica. It is a value: put makes another.
type image struct {
	used    bool // anything was ever written
	state   replication.State
	commit  replication.EntryID
	entries []replication.Entry // ascending
}

// after is the image once the writes are done.
func (m image) after(writes []replication.Write) image {
	m.entries = slices.Clone(m.entries)
	for i := range writes {
		m.apply(&writes[i])
	}
	return m
}

func (m *image) apply(w *replication.Write) {
	m.used = true
	if w.State != nil {
		m.state = *w.State
	}
	m.entries = slices.DeleteFunc(m.entries, func(e replication.Entry) bool {
		return w.Truncate && e.ID > w.Above || e.ID < w.Below
	})
	for _, e := range w.Entries {
		i, found := slices.BinarySearchFunc(m.entries, e.ID, func(x replication.Entry, id replication.EntryID) int { return int(x.ID) - int(id) })
		if found {
			m.entries[i] = e
		} else {
			m.entries = slices.Insert(m.entries, i, e)
		}
	}
	if w.Commit != 0 {
		m.commit = w.Commit
	}
}

// entry is the stored entry id, or nil.
func (m *image) entry(id replication.EntryID) *replication.Entry {
	for i := range m.entries {
		if m.entries[i].ID == id {
			return &m.entries[i]
		}
	}
	return nil
}

// end is where the log ends: at its last entry, or at a gap's high end, or
// before its first entry.
func (m *image) end() replication.Position {
	end := m.state.Base
	if n := len(m.state.Gaps); n > 0 && m.state.Gaps[n-1].Hi > end.ID {
		end = replication.Position{ID: m.state.Gaps[n-1].Hi, Chain: m.state.Gaps[n-1].HiChain}
	}
	if n := len(m.entries); n > 0 && m.entries[n-1].ID > end.ID {
		end = m.entries[n-1].Position()
	}
	return end
}

// missing reports whether id lies in a gap.
func (m *image) missing(id replication.EntryID) bool {
	return slices.ContainsFunc(m.state.Gaps, func(g replication.Gap) bool { return g.Lo <= id && id <= g.Hi })
}

// position is the point at id and its time, as far as the log tells.
func (m *image) position(id replication.EntryID) (p replication.Position, at int64, ok bool) {
	if e := m.entry(id); e != nil {
		return e.Position(), e.AppendedAt, true
	}
	if id == m.state.Base.ID {
		return m.state.Base, m.state.BaseAt, true
	}
	for _, g := range m.state.Gaps {
		switch id {
		case g.Hi:
			return replication.Position{ID: id, Chain: g.HiChain}, g.HiAt, true
		case g.Lo - 1:
			return replication.Position{ID: id, Chain: g.LoChain}, 0, true
		}
	}
	return replication.Position{}, 0, false
}

// read answers r.
func (m *image) read(r replication.Read) replication.ReadDone {
	done := replication.ReadDone{Ref: r.Ref}
	low, size := r.To+1, 0
	for low > r.From {
		e := m.entry(low - 1)
		if e == nil {
			break
		}
		if size += e.Size(); size > r.MaxBytes && low <= r.To {
			break
		}
		low--
	}
	var ok bool
	if done.Prev, done.PrevAt, ok = m.position(low - 1); !ok || low > r.To {
		done.Err = fmt.Errorf("entry %d is not stored", r.To)
		return done
	}
	for id := low; id <= r.To; id++ {
		done.Entries = append(done.Entries, *m.entry(id))
	}
	return done
}

// load is what a restarted node finds.
func (m *image) load() replication.Loaded {
	l := replication.Loaded{State: m.state, Commit: m.commit}
	if n := len(m.entries); n > 0 {
		tail := m.entries[n-1]
		l.Tail = &tail
	}
	return l
}
