package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"walle/replication"
	"walle/replication/node"
)

// Damage is something that Verify found wrong with a stream.
type Damage struct {
	Stream replication.StreamID
	// First..Last are the entries that it is about; 0 is what is kept beside them.
	First, Last replication.EntryID
	What        string
}

// Checkpoint is up to where a Verifier has come: enough to go on there later.
type Checkpoint struct {
	Next  replication.EntryID // what is checked next
	Chain replication.Chain   // of the entry before
}

// Verifier checks all that is stored of one stream, committed or not: that every
// entry is what was sealed, follows the one before, carries the term that the
// history says and belongs to a whole group; that none is missing but in a gap;
// and that what is kept beside the entries agrees with them and with itself.
type Verifier struct {
	store  *Store
	stream replication.StreamID
	state  replication.State
	commit replication.EntryID
	intact bool // state and commit can be read

	tail  replication.EntryID // the last entry, as far as that is known at the begin
	next  replication.EntryID
	prev  replication.Entry // the one before next, as far as known
	known bool              // prev's chain is
	other replication.Chain // what prev's chain may be as well, if it was wrong
	whole bool              // prev is an entry that was checked
	found []Damage
}

// VerifiedStreams lists the streams of which anything is stored, ascending.
func (s *Store) VerifiedStreams() ([]replication.StreamID, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.users.leave()
	var ids []replication.StreamID
	for _, space := range []byte{stateSpace, commitSpace, entrySpace} {
		err := s.list(space, func(id replication.StreamID) { ids = append(ids, id) })
		if err != nil && !errors.Is(err, node.ErrDamaged) {
			return nil, err
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// Verify begins to check a stream, where an earlier Verifier was if from is not
// zero and what is stored still agrees with it.
func (s *Store) Verify(stream replication.StreamID, from Checkpoint) (*Verifier, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.users.leave()
	v := &Verifier{store: s, stream: stream, intact: true}
	if err := v.loadState(); err != nil {
		return nil, err
	}
	if err := v.findTail(); err != nil {
		return nil, err
	}
	v.next = v.state.First
	v.prev = replication.Entry{ID: v.state.Base.ID, Chain: v.state.Base.Chain, AppendedAt: v.state.BaseAt}
	v.known = v.intact
	if e, ok := v.entry(from.Next - 1); ok && from.Next > v.next && e.Chain == from.Chain {
		v.next, v.prev, v.known, v.whole = from.Next, e, true, true
		v.found = nil // it was told then
	}
	return v, nil
}

// loadState reads what is kept beside the entries, and checks it.
func (v *Verifier) loadState() error {
	there := false
	state := v.store.getOf(v.stream, stateSpace, func(value []byte) (err error) {
		there = true
		v.state, err = decodeState(v.stream, value)
		return err
	})
	commit := v.store.getOf(v.stream, commitSpace, func(value []byte) (err error) {
		v.commit, err = decodeCommit(v.stream, value)
		return err
	})
	for what, err := range map[string]error{"state": state, "commit": commit} {
		var c *CorruptError
		switch {
		case errors.As(err, &c):
			v.intact = false
			v.report(0, 0, "the %s cannot be read: %v", what, c.Err)
		case err != nil:
			return err
		}
	}
	if v.intact && !there {
		v.intact = false
		v.report(0, 0, "there is no state, but entries")
	}
	if !v.intact {
		v.state, v.commit = replication.State{}, 0
		return nil
	}
	for _, what := range inconsistencies(&v.state, v.commit) {
		v.report(0, 0, "%s", what)
	}
	return nil
}

// inconsistencies is what does not fit together in a state.
func inconsistencies(st *replication.State, commit replication.EntryID) (wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if st.First < 1 || st.Base.ID+1 != st.First {
		say("the first entry is %d, the one before it %d", st.First, st.Base.ID)
	}
	if commit+1 < st.First {
		say("entries below %d are trimmed, but only those up to %d are committed", st.First, commit)
	}
	for i, g := range st.Gaps {
		switch {
		case g.Lo > g.Hi || g.Lo < st.First || i > 0 && g.Lo <= st.Gaps[i-1].Hi+1:
			say("the gap %v is not one, below it or behind another: %v", g, st.Gaps)
		case g.Hi > commit:
			say("the gap %v is not committed, which goes up to %d", g, commit)
		}
	}
	for i, s := range st.History {
		if i > 0 && (s.Term <= st.History[i-1].Term || s.Start <= st.History[i-1].Start) {
			say("the history %v does not rise", st.History)
		}
		if s.Term > st.Promised {
			say("the history %v has a greater term than the promised one, %d", st.History, st.Promised)
		}
	}
	if len(st.History) > 0 && st.History[0].Start > st.First {
		say("the history %v says nothing of entry %d", st.History, st.First)
	}
	return wrong
}

// findTail finds the last entry, and the first one if the state does not know.
func (v *Verifier) findTail() error {
	c, err := v.store.newCursor(v.stream, 0, lastEntryID)
	if err != nil {
		return err
	}
	c.noData = true
	v.tail = v.commit
	if c.last() {
		v.tail = max(v.tail, c.entry.ID)
	}
	if c.err == nil && !v.intact && c.first() {
		v.state.First = c.entry.ID
	}
	v.state.First = max(v.state.First, 1)
	c.close() // what it met is met again
	return nil
}

// Left is about how many entries are still to be checked.
func (v *Verifier) Left() uint64 {
	n := uint64(v.tail+1) - min(uint64(v.next), uint64(v.tail+1))
	for _, g := range v.state.Gaps {
		if g.Lo >= v.next {
			n -= min(n, uint64(g.Hi-g.Lo+1))
		}
	}
	return n
}

// Checkpoint is where another Verifier may go on.
func (v *Verifier) Checkpoint() Checkpoint {
	if !v.known || !v.whole {
		return Checkpoint{}
	}
	return Checkpoint{Next: v.next, Chain: v.prev.Chain}
}

// Step checks about as many bytes of entries, and returns how many it was and
// what is wrong with them; done says that all have been checked.
func (v *Verifier) Step(bytes int64) (read int64, found []Damage, done bool, err error) {
	if err := v.store.enter(); err != nil {
		return 0, nil, false, err
	}
	defer v.store.users.leave()
	read, done, err = v.step(bytes)
	found, v.found = v.found, nil
	return read, found, done, err
}

func (v *Verifier) step(bytes int64) (read int64, done bool, err error) {
	to := lastEntryID
	for _, g := range v.state.Gaps {
		if g.Lo <= v.next && v.next <= g.Hi {
			v.passGap(g)
			return 0, false, nil
		}
		if g.Lo > v.next {
			to = min(to, g.Lo-1)
		}
	}
	c, err := v.store.newCursor(v.stream, v.next, to)
	if err != nil {
		return 0, false, err
	}
	ok := c.first()
	for ; ok && read < bytes; ok = c.next() {
		if c.entry.ID > v.next {
			v.report(v.next, c.entry.ID-1, "missing")
			v.known = false
		}
		v.check(&c.entry)
		read += int64(c.entry.Size())
	}
	if err := c.close(); err != nil && c.err == nil {
		return read, false, err
	}
	var damage *CorruptError
	switch {
	case errors.As(c.err, &damage):
		return read, v.passDamage(to, damage), nil
	case c.err != nil:
		return read, false, c.err
	case ok: // there is more
		return read, false, nil
	case to != lastEntryID: // up to a gap
		if v.next <= to {
			v.report(v.next, to, "missing")
			v.next, v.known = to+1, false
		}
		return read, false, nil
	}
	v.finish()
	return read, true, nil
}

// check compares an entry with the state, and with the one before it.
func (v *Verifier) check(e *replication.Entry) {
	other := replication.Chain(0)
	if c := v.prev.Chain.Next(e.Sum); v.known && c != e.Chain && (v.other == 0 || v.other.Next(e.Sum) != e.Chain) {
		v.report(e.ID, e.ID, "its chain is %016x, and %016x by those of the entries before", uint64(e.Chain), uint64(c))
		other = c
	}
	v.other = other
	if t := v.state.History.TermAt(e.ID); v.intact && t != e.Term {
		v.report(e.ID, e.ID, "its term is %d, and %d by the history", e.Term, t)
	}
	if v.known && e.AppendedAt < v.prev.AppendedAt {
		v.report(e.ID, e.ID, "it was appended before the entry before it")
	}
	if v.known && v.whole && !v.prev.GroupEnd && e.Term != v.prev.Term {
		v.report(v.prev.ID, v.prev.ID, "its group goes on in another term")
	}
	if e.ID == v.commit && !e.GroupEnd {
		v.report(e.ID, e.ID, "it is the last that is committed, and its group is not")
	}
	v.prev, v.known, v.whole = *e, true, true
	v.prev.Data = nil
	v.next = e.ID + 1
}

// passGap goes on behind a gap.
func (v *Verifier) passGap(g replication.Gap) {
	if v.known && v.next == g.Lo && g.LoChain != 0 && v.prev.Chain != g.LoChain {
		v.report(g.Lo-1, g.Lo-1, "its chain is %016x, and %016x by the gap behind it", uint64(v.prev.Chain), uint64(g.LoChain))
	}
	v.prev = replication.Entry{ID: g.Hi, Chain: g.HiChain, AppendedAt: g.HiAt}
	v.next, v.known, v.whole, v.other = g.Hi+1, g.HiChain != 0, false, 0
}

// passDamage goes on behind entries that cannot be read, the last of which is at
// most to. It returns whether nothing is behind them.
func (v *Verifier) passDamage(to replication.EntryID, damage *CorruptError) (done bool) {
	last := max(v.next, min(to, v.tail))
	behind := false
	for ahead := replication.EntryID(64); !behind; ahead *= 8 {
		high := to
		if v.next+ahead > v.next {
			high = min(to, v.next+ahead)
		}
		var low replication.EntryID
		if low, behind = v.lowest(high); behind {
			last = low - 1
			if _, ok := v.entry(last); ok && last > v.next { // see copying.skip
				last--
			}
		}
		if high == to {
			break
		}
	}
	v.report(v.next, last, "%v", damage.Err)
	v.next, v.known = last+1, false
	return !behind && to == lastEntryID
}

// lowest is the lowest entry from the next on from which all up to high can be
// read that are there; ok is false if none can.
func (v *Verifier) lowest(high replication.EntryID) (low replication.EntryID, ok bool) {
	c, err := v.store.newCursor(v.stream, v.next, high)
	if err != nil {
		return 0, false
	}
	defer c.close()
	for found := c.last(); found && (!ok || c.entry.ID == low-1); found = c.prev() {
		low, ok = c.entry.ID, true
	}
	return low, ok && low > v.next
}

// entry returns an entry, if it can be read.
func (v *Verifier) entry(id replication.EntryID) (e replication.Entry, ok bool) {
	c, err := v.store.newCursor(v.stream, id, id)
	if err != nil {
		return e, false
	}
	defer c.close()
	if c.first() {
		e, ok = c.entry, true
		e.Data = nil
	}
	return e, ok
}

// finish compares the end of the log with what is known of it.
func (v *Verifier) finish() {
	end := v.next - 1
	switch {
	case end < v.commit:
		v.report(v.next, v.commit, "missing")
		v.next = v.commit + 1
	case v.known && v.whole && !v.prev.GroupEnd:
		v.report(end, end, "it is the last entry, and its group is not whole")
	}
}

func (v *Verifier) report(first, last replication.EntryID, format string, args ...any) {
	v.found = append(v.found, Damage{Stream: v.stream, First: first, Last: cmp.Or(last, first), What: fmt.Sprintf(format, args...)})
}

// Commit is the last entry that the replica knows to be committed.
func (v *Verifier) Commit() replication.EntryID { return v.commit }

// Members are the nodes that hold the stream; none if the state is damaged.
func (v *Verifier) Members() []replication.NodeID { return v.state.Config.Members }

// Next is the entry that is checked next.
func (v *Verifier) Next() replication.EntryID { return v.next }
