package storesim

import (
	"fmt"
	"slices"

	"walle/replication"
	"walle/replication/node"
)

// witness is a stream that gets one entry with each batch. What it holds after
// some number of batches is known, so it tells how many there were.
type witness struct {
	stream  replication.StreamID
	life    int // crashes so far: what is written after one is not what was before
	entries []replication.Entry
	damaged map[replication.EntryID]bool // what shared a block with what was damaged
}

const (
	trimEvery = 16 // batches between two trims of a witness
	trimKeeps = 5
)

// next is the write for the next batch.
func (w *witness) next() replication.Write {
	n := len(w.entries)
	prev := replication.Position{}
	if n > 0 {
		prev = w.entries[n-1].Position()
	}
	e := replication.Entry{
		ID: prev.ID + 1, Term: replication.Term(w.life + 1), AppendedAt: int64(n), GroupEnd: true,
		Data: fmt.Appendf(nil, "%d/%d/%d", w.stream, w.life, n),
	}
	e.Seal(prev.Chain)
	w.entries = append(w.entries, e)
	n++
	out := replication.Write{Stream: w.stream, Seq: uint64(n), Entries: []replication.Entry{e}, Commit: e.ID}
	if n == 1 || n%trimEvery == 0 {
		st := w.state(n)
		out.State, out.Below = &st, st.First
	}
	return out
}

// first is the lowest entry kept after n batches.
func first(n int) replication.EntryID {
	if n < trimEvery {
		return 1
	}
	return replication.EntryID(n - n%trimEvery - trimKeeps)
}

// state is that after n batches.
func (w *witness) state(n int) replication.State {
	st := replication.State{
		Config:  replication.Configuration{Number: 1, Members: []replication.NodeID{1}},
		Holder:  "witness",
		History: replication.History{{Term: 1, Start: 1}},
		First:   first(n),
	}
	if st.First > 1 {
		base := &w.entries[st.First-2]
		st.Base, st.BaseAt = base.Position(), base.AppendedAt
	}
	return st
}

// count tells from what a store holds how many batches there were.
func (w *witness) count(s node.Storage) (int, error) {
	n, got, err := w.load(s)
	if err != nil || n == 0 {
		return 0, err
	}
	want := slices.DeleteFunc(slices.Clone(w.entries[first(n)-1:n]), func(e replication.Entry) bool { return w.damaged[e.ID] })
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		return 0, fmt.Errorf("after %d batches there is %s, not %s", n, g, w)
	}
	return n, nil
}

// load returns how many batches there were by a store's state of the stream, and
// the entries that can be read.
func (w *witness) load(s node.Storage) (n int, entries []replication.Entry, err error) {
	l, ok, err := s.Load(w.stream)
	if err != nil || !ok {
		return 0, nil, err
	}
	n = int(l.Commit)
	if n < 1 || n > len(w.entries) {
		return 0, nil, fmt.Errorf("stream %d: commit is %d, of %d batches", w.stream, n, len(w.entries))
	}
	if got, want := fmt.Sprintf("%+v", l.State), fmt.Sprintf("%+v", w.state(n)); got != want {
		return 0, nil, fmt.Errorf("stream %d: after %d batches state is %s, not %s", w.stream, n, got, want)
	}
	entries, err = readable(s, w.stream)
	return n, entries, err
}

// unreadable returns the entries that can't be read; ok is false if the stream
// has lost more than entries.
func (w *witness) unreadable(s node.Storage) (damaged map[replication.EntryID]bool, ok bool) {
	n, got, err := w.load(s)
	if err != nil || n != len(w.entries) {
		return nil, false
	}
	damaged = make(map[replication.EntryID]bool)
	for id := first(n); id <= replication.EntryID(n); id++ {
		damaged[id] = true
	}
	for i := range got {
		delete(damaged, got[i].ID)
	}
	return damaged, true
}

// crash forgets what was lost.
func (w *witness) crash(n int) {
	w.entries = w.entries[:n]
	w.life++
}
