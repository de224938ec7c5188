package replication

import "slices"

// window is the part of a writer's log that it holds in memory: the entries
// after base. Base is always committed, so a replica that ends below it can
// jump there.
type window struct {
	base    Position
	baseAt  int64
	baseEnd uint64       // offset of base
	items   []windowItem // entries base.ID+1.., dense
}

// windowItem is an entry and the bytes of all entries up to its end, so that the
// bytes between two entries are one subtraction.
type windowItem struct {
	entry Entry
	end   uint64
}

// tail is the last entry assigned.
func (w *window) tail() EntryID { return w.base.ID + EntryID(len(w.items)) }

// position is the point at id, base.ID <= id <= tail, and its AppendedAt.
func (w *window) position(id EntryID) (Position, int64) {
	if id == w.base.ID {
		return w.base, w.baseAt
	}
	e := &w.items[id-w.base.ID-1].entry
	return e.Position(), e.AppendedAt
}

// push seals e after the tail.
func (w *window) push(e Entry) {
	prev, _ := w.position(w.tail())
	e.ID = prev.ID + 1
	e.Seal(prev.Chain)
	w.items = append(w.items, windowItem{entry: e, end: w.offset(prev.ID) + uint64(e.Size())})
}

// restore puts back an entry that is sealed already, after the tail.
func (w *window) restore(e Entry) {
	w.items = append(w.items, windowItem{entry: e, end: w.offset(w.tail()) + uint64(e.Size())})
}

// offset is the bytes of all entries up to id; ids below base count as base.
func (w *window) offset(id EntryID) uint64 {
	if id > w.base.ID {
		return w.items[id-w.base.ID-1].end
	}
	return w.baseEnd
}

// bytes is what the entries after id take.
func (w *window) bytes(id EntryID) int { return int(w.offset(w.tail()) - w.offset(id)) }

// between is what the entries after from up to to take.
func (w *window) between(from, to EntryID) int {
	if to <= from {
		return 0
	}
	return int(w.offset(to) - w.offset(from))
}

// batch copies out the entries from next on: whole groups, at least one, then
// as many as fit into maxBytes.
func (w *window) batch(next EntryID, maxBytes int) []Entry {
	i := int(next - w.base.ID - 1)
	end, size := i, 0
	for j := i; j < len(w.items); j++ {
		size += w.items[j].entry.Size()
		if size > maxBytes && end > i {
			break
		}
		if w.items[j].entry.GroupEnd {
			end = j + 1
		}
	}
	out := make([]Entry, 0, end-i)
	for ; i < end; i++ {
		out = append(out, w.items[i].entry)
	}
	return out
}

// groupEnd is the last entry of the group that id, above base, lies in.
func (w *window) groupEnd(id EntryID) EntryID {
	for !w.items[id-w.base.ID-1].entry.GroupEnd {
		id++
	}
	return id
}

// forget drops the entries up to id, which is committed.
func (w *window) forget(id EntryID) {
	if id <= w.base.ID {
		return
	}
	n := int(id - w.base.ID)
	w.baseEnd = w.offset(id)
	w.base, w.baseAt = w.position(id)
	clear(w.items[:n]) // let go of the data
	w.items = w.items[n:]
	if cap(w.items) > 4*len(w.items)+1024 {
		w.items = slices.Clip(slices.Clone(w.items))
	}
}
