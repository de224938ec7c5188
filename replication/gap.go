package replication

import (
	"slices"
	"time"
)

const (
	// backfillBytes bounds one chunk of back-fill.
	backfillBytes = 1 << 20
	// backfillAhead is how many chunks may be on their way to the disk while the
	// next one is asked for.
	backfillAhead = 2
	// backfillPatience is how long one member is waited for.
	backfillPatience = time.Second
	// backfillPause is the pause after every member has failed to help.
	backfillPause = 200 * time.Millisecond
)

// backfill closes the gaps of a replica, each from its high end down: so every
// chunk is checked, before it is kept, against what the log goes on from above it
// (I6): the chain at the gap's end or, where damage has left that unknown, the
// entry that follows. A chunk that is checked is trusted, and says below which
// entry the next one ends: so that is asked for while the disk still writes. Writes
// become durable in their order, and with each the gap that it leaves: a crash
// between two of them leaves the lower part of the gap.
type backfill struct {
	asked   *Fetch // under way
	from    NodeID // whom it was asked of
	writing int    // chunks on their way to the disk
	next    int    // which member to ask next
	failed  int    // how many have failed in a row
	turn    int    // which gap: the next one when all members have failed
	at      Time   // when to go on: with asked, when to give it up
	above   above  // of the gap whose turn it is, if its chain is not known
	ref     uint64 // of the read of that; 0 if none is under way
}

// above is what the log has right above a gap.
type above struct {
	id    EntryID
	sum   Sum
	chain Chain
}

// jump goes on from to, which is committed, and remembers what it skips as a gap.
func (r *Replica) jump(to mark) {
	g := Gap{Lo: r.tail.ID + 1, Hi: to.ID, LoChain: r.tail.Chain, HiChain: to.Chain, HiAt: to.at}
	r.state.Gaps = withGap(r.state.Gaps, g)
	r.tail, r.tailAt = to.Position, to.at
}

// withGap returns gaps and g, which becomes one with those that it meets. What
// their outer ends say of the chain stays.
func withGap(gaps []Gap, g Gap) []Gap {
	i := slices.IndexFunc(gaps, func(x Gap) bool { return x.Hi+1 >= g.Lo })
	if i < 0 {
		return append(slices.Clip(gaps), g)
	}
	j := i
	for ; j < len(gaps) && gaps[j].Lo <= g.Hi+1; j++ {
		x := gaps[j]
		if x.Lo <= g.Lo {
			g.Lo, g.LoChain = x.Lo, x.LoChain
		}
		if x.Hi >= g.Hi {
			g.Hi, g.HiChain, g.HiAt = x.Hi, x.HiChain, x.HiAt
		}
	}
	return slices.Concat(gaps[:i], []Gap{g}, gaps[j:])
}

// backfillDue is when backfillSoon has something to do.
func (r *Replica) backfillDue() Time {
	b := &r.backfill
	if b.asked != nil {
		return b.at
	}
	if _, ok := r.gapToFill(); !ok || b.ref != 0 || b.writing >= backfillAhead {
		return Never
	}
	return b.at
}

// gapToFill is the gap whose turn it is. On a full disk nothing is filled in but an
// entry whose chain is not known: it was damaged, so it takes no room, and a Begin
// or a trim may wait for its chain.
func (r *Replica) gapToFill() (g Gap, ok bool) {
	gaps, turn := r.state.Gaps, r.backfill.turn
	for i := range gaps {
		g := gaps[(turn+i)%len(gaps)]
		if r.low && g.HiChain == 0 {
			g.Lo = g.Hi
		}
		if !r.low || g.HiChain == 0 {
			return g, true
		}
	}
	return Gap{}, false
}

// backfillSoon asks a member for what is missing.
func (r *Replica) backfillSoon(now Time, out *Output) {
	b := &r.backfill
	if now < r.backfillDue() {
		return
	}
	if b.asked != nil { // no answer in time
		b.asked = nil
		r.backfillFailed(now)
		return
	}
	to, ok := r.nextMember()
	if !ok {
		b.at = Never // nobody to ask
		return
	}
	g, _ := r.gapToFill()
	if g.HiChain == 0 && b.above.id != g.Hi+1 {
		b.above.id = g.Hi + 1
		b.ref = r.read(g.Hi+1, g.Hi+1, 1, out)
		return
	}
	b.asked, b.from, b.at = &Fetch{From: g.Lo, To: g.Hi, MaxBytes: backfillBytes}, to, now.Add(backfillPatience)
	r.answer(Envelope{From: to}, *b.asked, out)
}

// aboveRead takes the entry above the gap whose turn it is. If it is damaged as
// well it belongs to the gap; if it is not known to be committed, that must wait.
func (r *Replica) aboveRead(now Time, in ReadDone, out *Output) {
	b := &r.backfill
	wanted := b.above.id
	b.ref, b.above = 0, above{}
	switch {
	case in.Err == nil && len(in.Entries) == 1 && in.Entries[0].Check() == nil:
		b.above = aboveOf(in.Entries)
	case in.Bad != wanted || wanted > r.commit:
		b.turn++
		b.at = now.Add(backfillPause)
	}
}

// aboveOf is what the log has above a gap that entries follow.
func aboveOf(entries []Entry) above { return above{entries[0].ID, entries[0].Sum, entries[0].Chain} }

// nextMember is the other member whose turn it is to be asked.
func (r *Replica) nextMember() (NodeID, bool) {
	members := r.state.Config.Members
	for i := range members {
		m := members[(r.backfill.next+i)%len(members)]
		if m != r.self {
			r.backfill.next = (r.backfill.next + i) % len(members)
			return m, true
		}
	}
	return 0, false
}

// backfillFailed turns to the next member, after a pause when all have failed.
func (r *Replica) backfillFailed(now Time) {
	b := &r.backfill
	b.next++
	b.failed++
	b.at = now
	if b.failed >= len(r.state.Config.Members)-1 {
		b.failed = 0
		b.turn++
		b.at = now.Add(backfillPause)
	}
}

// fetched takes a chunk of a gap.
func (r *Replica) fetched(now Time, env Envelope, m Fetched, out *Output) {
	b := &r.backfill
	if b.asked == nil || env.From != b.from || m.From != b.asked.From || m.To != b.asked.To {
		return // late, or doubled
	}
	b.asked, b.at = nil, now
	i := r.gapOf(m.From, m.To)
	switch {
	case i < 0: // trimmed away meanwhile
	case m.Answer == HaveNot && m.First > m.To:
		// That member has trimmed all of it; so will this replica.
		r.trim.wanted = max(r.trim.wanted, m.First)
		if g := r.state.Gaps[i]; m.Prev.ID == g.Hi && r.goesOn(g, m.Prev.Chain) {
			r.state.Gaps = slices.Clone(r.state.Gaps)
			r.state.Gaps[i].HiChain, r.state.Gaps[i].HiAt = m.Prev.Chain, m.PrevAt
		}
		r.backfillFailed(now)
	case m.Answer == Have && r.closes(r.state.Gaps[i], m):
		b.failed = 0
		b.writing++
		r.closeGap(i, m, out)
	default:
		r.backfillFailed(now)
	}
}

// closes reports whether m's entries are the high end of g.
func (r *Replica) closes(g Gap, m Fetched) bool {
	n := len(m.Entries)
	return n > 0 && m.Entries[0].ID >= g.Lo && m.Entries[n-1].ID == g.Hi &&
		r.goesOn(g, m.Entries[n-1].Chain) && checkPiece(m.Prev, m.Entries) == nil
}

// goesOn reports whether what lies above g follows an entry with chain c.
func (r *Replica) goesOn(g Gap, c Chain) bool {
	if g.HiChain != 0 {
		return c == g.HiChain
	}
	a := r.backfill.above
	return a.id == g.Hi+1 && c.Next(a.sum) == a.chain
}

// closeGap writes a checked chunk and makes the gap smaller by it.
func (r *Replica) closeGap(i int, m Fetched, out *Output) {
	g := r.state.Gaps[i]
	gaps := slices.Clone(r.state.Gaps)
	w := Write{Entries: m.Entries}
	low, known := m.Entries[0].ID, follows(m.Prev, m.Entries)
	switch {
	case low == g.Lo:
		must(!known || g.LoChain == 0 || m.Prev.Chain == g.LoChain, "I6", "stream %d: gap %v: the entry before it has chain %016x, its successor says %016x",
			r.stream, g, uint64(g.LoChain), uint64(m.Prev.Chain))
		gaps = slices.Delete(gaps, i, i+1)
	case known && low <= m.First:
		// The rest of the gap is trimmed where this came from.
		r.setFirst(mark{m.Prev, m.PrevAt})
		w.Below = r.state.First
		gaps = slices.Delete(gaps, 0, i+1)
	default:
		gaps[i].Hi, gaps[i].HiChain, gaps[i].HiAt = low-1, m.Prev.Chain, m.PrevAt
		r.backfill.above = aboveOf(m.Entries)
	}
	r.state.Gaps = gaps
	w.State = r.stateCopy()
	r.write(w, Envelope{Msg: m}, out)
	if w.Below > 0 {
		r.trim.seq = r.lastSeq
	}
}

// gapOf is the index of the gap that from..to is the high end of, or -1.
func (r *Replica) gapOf(from, to EntryID) int {
	return slices.IndexFunc(r.state.Gaps, func(g Gap) bool { return g.Lo <= from && g.Hi == to })
}
