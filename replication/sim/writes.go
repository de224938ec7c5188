package sim

import (
	"slices"

	"walle/replication"
)

// seen is what a replica last said of itself.
type seen struct {
	commit replication.EntryID
}

// checkWrite checks what a replica is about to change on its disk, before it
// does.
func (h *host) checkWrite(wr *replication.Write) {
	w, d := h.world, &h.disk
	now := &d.visible
	if wr.Stream != stream {
		w.fail(CheckOrigin, "%v writes to stream %d", h.id, wr.Stream)
	}
	if wr.Seq != d.written+1 {
		w.fail(CheckDense, "%v numbers a write %d after %d", h.id, wr.Seq, d.written)
	}
	if wr.Commit != 0 {
		if wr.Commit < now.commit {
			w.fail(CheckTruncate, "%v remembers commit %d after %d", h.id, wr.Commit, now.commit)
		}
		w.ledger.learn(wr.Commit, h.id.String())
	}
	if wr.State != nil {
		h.checkState(&now.state, wr.State)
	}
	if wr.Truncate {
		h.checkTruncate(wr.Above)
	}
	if wr.Below > now.low && wr.Below-1 > min(w.ledger.frontier(), w.ledger.trims) {
		w.fail(CheckTrim, "%v drops entries below %d; committed is %d, a trim to %d was asked for", h.id, wr.Below, w.ledger.frontier(), w.ledger.trims)
	}
	for i := range wr.Entries {
		w.ledger.checkEntry(&wr.Entries[i], h.id)
	}
	if n := len(wr.Entries); n > 0 && now.missing(wr.Entries[n-1].ID) {
		h.pieces = slices.DeleteFunc(h.pieces, func(seq uint64) bool { return seq <= d.synced })
		h.pieces = append(h.pieces, wr.Seq)
		if len(h.pieces) > piecesMax {
			w.fail(CheckMemory, "%v has %d pieces of gaps under way", h.id, len(h.pieces))
		}
	}
}

func (h *host) checkState(was, next *replication.State) {
	w := h.world
	switch {
	case next.Promised < was.Promised:
		w.fail(CheckTerms, "%v promises term %d after %d", h.id, next.Promised, was.Promised)
	case next.Promised == was.Promised && next.Claim != was.Claim && was.Promised != 0 && !next.Claim.IsZero(): // a term may be vowed to nobody any more
		w.fail(CheckPromise, "%v promises term %d to %v after %v", h.id, next.Promised, next.Claim, was.Claim)
	case next.First < was.First:
		w.fail(CheckTrim, "%v keeps entries from %d after %d", h.id, next.First, was.First)
	case next.First > 1 && next.First-1 > min(w.ledger.frontier(), w.ledger.trims):
		w.fail(CheckTrim, "%v keeps entries from %d; committed is %d, a trim to %d was asked for", h.id, next.First, w.ledger.frontier(), w.ledger.trims)
	case next.Config.Number != w.config.Number:
		w.fail(CheckOrigin, "%v takes %v", h.id, next.Config)
	}
	for i := 1; i < len(next.History); i++ {
		if a, b := next.History[i-1], next.History[i]; b.Term <= a.Term || b.Start <= a.Start {
			w.fail(CheckTerms, "%v has history %v", h.id, next.History)
		}
	}
	if n := len(next.History); n > 0 && next.History[n-1].Term > next.Promised {
		w.fail(CheckTerms, "%v has history %v, promised %d", h.id, next.History, next.Promised)
	}
	// Without its writer, a log becomes one of another term only by jumping over what
	// it lacks of what is committed.
	jumped := len(next.Gaps) > 0 && !slices.Equal(next.Gaps, was.Gaps) || next.First > was.First
	if b := begunAt(next.History); b != begunAt(was.History) && !jumped && (b != next.Promised || next.Claim.IsZero()) {
		w.fail(CheckPromise, "%v takes the history of term %d after it promised %d", h.id, b, next.Promised)
	}
	if next.Released && !(was.Released && was.Promised == next.Promised) && !w.ledger.released[next.Promised] {
		w.fail(CheckLease, "%v takes the lease of term %d for given back, which it was not", h.id, next.Promised)
	}
	h.checkGaps(was, next)
}

// begunAt is the term whose writer a log was last made a prefix of.
func begunAt(h replication.History) replication.Term {
	if len(h) == 0 {
		return 0
	}
	return h[len(h)-1].Term
}

func (h *host) checkGaps(was, next *replication.State) {
	w := h.world
	var end replication.EntryID
	for _, g := range next.Gaps {
		if g.Lo > g.Hi || g.Lo <= end || g.Lo < next.First {
			w.fail(CheckBackfill, "%v has gaps %v, first %d", h.id, next.Gaps, next.First)
		}
		end = g.Hi + 1 // not adjacent
		if g.Hi > w.ledger.frontier() {
			w.fail(CheckBackfill, "%v has gap %v beyond what is committed, %d", h.id, g, w.ledger.frontier())
			return
		}
		if g.HiChain != 0 && g.HiChain != w.ledger.chain(g.Hi) || g.LoChain != 0 && g.LoChain != w.ledger.chain(g.Lo-1) {
			w.fail(CheckBackfill, "%v has gap %v with chains %04x and %04x, committed are %04x and %04x",
				h.id, g, g.LoChain, g.HiChain, w.ledger.chain(g.Lo-1), w.ledger.chain(g.Hi))
		}
	}
	if next.First > 1 && next.Base.ID == next.First-1 && next.Base.ID <= w.ledger.frontier() && next.Base.Chain != w.ledger.chain(next.Base.ID) {
		w.fail(CheckLost, "%v has base %v, committed has chain %04x", h.id, next.Base, w.ledger.chain(next.Base.ID))
	}
	before, after := missingIn(was.Gaps), missingIn(next.Gaps)
	switch {
	case after > before:
		w.took(pathGapOpened)
	case after == 0 && before > 0:
		w.took(pathGapClosed)
	case after < before:
		w.took(pathGapShrunk)
	}
	if after > before && len(next.Gaps) > 0 && next.Gaps[len(next.Gaps)-1].Hi < h.disk.visible.tail() {
		w.took(pathDamageGap)
	}
	w.ledger.trimmed = max(w.ledger.trimmed, next.First)
	if len(was.Gaps) > 0 && next.First > was.Gaps[0].Lo {
		w.took(pathTrimOverGap)
	}
	if next.First > was.First && was.First > 0 {
		w.took(pathTrimmed)
		if h.room.low {
			w.took(pathTrimFull)
		}
	}
}

func missingIn(gaps []replication.Gap) (n replication.EntryID) {
	for _, g := range gaps {
		n += g.Hi - g.Lo + 1
	}
	return n
}

// checkTruncate checks that no entry is dropped that is committed. It remembers
// how far the log was the committed one: even where others have trimmed, its end
// may not fall below that, or the ids could be given out again.
func (h *host) checkTruncate(above replication.EntryID) {
	w, now := h.world, &h.disk.visible
	if above < now.tail() {
		w.took(pathTruncated)
	}
	if above < now.commit {
		w.fail(CheckTruncate, "%v truncates above %d, below its commit %d", h.id, above, now.commit)
	}
	for id := min(now.tail(), w.ledger.frontier()); id > above; id-- {
		e := now.entry(id)
		if e == nil || e.Chain != w.ledger.chain(id) {
			continue
		}
		h.reached = id
		if id >= w.ledger.trimmed {
			w.fail(CheckTruncate, "%v truncates above %d and drops %v, committed up to %d", h.id, above, *e, w.ledger.frontier())
		}
		return
	}
}

// checkTail checks a log after a write: what was added connects, and the log
// ends at a group's end.
func (h *host) checkTail(wr *replication.Write) {
	w, now := h.world, &h.disk.visible
	tail := now.tail()
	if tail < h.reached {
		w.fail(CheckTruncate, "%v held the committed log up to %d and ends at %d now", h.id, h.reached, tail)
	}
	h.reached = 0
	if n := len(wr.Entries); n > 0 {
		first := wr.Entries[0].ID
		prev, at, ok := now.position(first - 1)
		if !ok && h.isPiece(wr) {
			prev, at = replication.Position{ID: first - 1, Chain: w.ledger.chain(first - 1)}, 0
		} else if !ok {
			w.fail(CheckDense, "%v stores %v and not what it follows; gaps %v", h.id, wr.Entries, now.state.Gaps)
			return
		}
		if err := replication.CheckRun(prev, wr.Entries); err != nil {
			w.fail(CheckDense, "%v stores %v after %v: %v", h.id, wr.Entries, prev, err)
			return
		}
		h.checkRise(wr.Entries, at)
		for i := range wr.Entries {
			if e, t := &wr.Entries[i], now.state.History.TermAt(wr.Entries[i].ID); t != e.Term && (t != 0 || e.ID >= w.ledger.trimmed) {
				w.fail(CheckTerms, "%v stores %v under history %v", h.id, *e, now.state.History)
			}
		}
		if h.isPiece(wr) {
			h.checkBackfill(wr.Entries)
		}
	}
	if e := now.entry(tail); e != nil && !e.GroupEnd {
		w.fail(CheckGroup, "the log of %v ends with %v, in the middle of a group", h.id, *e)
	}
	if now.commit > tail {
		w.fail(CheckLost, "%v has commit %d and a log up to %d", h.id, now.commit, tail)
	}
}

// checkPending: what is not durable yet, a replica holds in memory. It is what a
// writer sends before it is answered, and a few pieces of a gap.
func (h *host) checkPending() {
	w, bytes := h.world, 0
	for i := range h.disk.pending {
		if wr := &h.disk.pending[i]; !h.isPiece(wr) {
			bytes += entryBytes(wr.Entries)
		}
	}
	if most := w.weights.pendingMax(); bytes > most || len(h.disk.pending) > writesMax {
		w.fail(CheckMemory, "%v has %d writes under way: %d bytes of new entries (at most %d)", h.id, len(h.disk.pending), bytes, most)
	}
}

// piecesMax is how many pieces of gaps of one replica may be on their way to the
// disk.
const piecesMax = 2

// isPiece reports whether wr fills in a piece of a gap.
func (h *host) isPiece(wr *replication.Write) bool { return slices.Contains(h.pieces, wr.Seq) }

// writesMax is how many writes of one replica may be under way.
const writesMax = 400

func (h *host) checkRise(entries []replication.Entry, at int64) {
	for i := range entries {
		if entries[i].AppendedAt < at {
			h.world.fail(CheckOrder, "%v stores %v of time %d after %d", h.id, entries[i], entries[i].AppendedAt, at)
		}
		at = entries[i].AppendedAt
	}
}

func (h *host) checkBackfill(entries []replication.Entry) {
	w := h.world
	for i := range entries {
		e := &entries[i]
		if e.ID > w.ledger.frontier() || e.Chain != w.ledger.chain(e.ID) {
			w.fail(CheckBackfill, "%v fills in %v, which is not what is committed up to %d", h.id, *e, w.ledger.frontier())
			return
		}
	}
}

// look checks what the replica says of itself after a step.
func (h *host) look() {
	w := h.world
	commit := h.replica.Commit()
	if commit != h.seen.commit {
		if commit < h.seen.commit {
			w.fail(CheckTruncate, "%v knows commit %d after %d", h.id, commit, h.seen.commit)
		}
		h.seen.commit = commit
		w.ledger.learn(commit, h.id.String())
		h.checkCommit(commit)
	}
	if flush := h.replica.Flush(); max(flush, commit) > h.disk.durable.tail() {
		w.fail(CheckDurable, "%v says %d is durable and %d committed, its log is up to %d", h.id, flush, commit, h.disk.durable.tail())
	}
}

// checkCommit checks that what a replica takes for committed is: its log up to
// there, and with it all reads of it, is everybody's.
func (h *host) checkCommit(commit replication.EntryID) {
	w, now := h.world, &h.disk.visible
	if commit > now.tail() {
		w.fail(CheckLost, "%v knows commit %d and has a log up to %d", h.id, commit, now.tail())
		return
	}
	if w.failure != nil || commit == 0 {
		return
	}
	if p, _, ok := now.position(commit); ok && p.Chain != w.ledger.chain(commit) {
		w.fail(CheckLost, "%v takes %v for committed; what is committed there has chain %04x", h.id, p, uint64(w.ledger.chain(commit))&0xffff)
	} else if !ok && !now.missing(commit) && commit >= now.state.First {
		w.fail(CheckLost, "%v takes %d for committed and does not have it", h.id, commit)
	}
	// A trim may cut a group; its first half is then known to be committed.
	if commit >= w.ledger.trimmed && !w.ledger.committed[commit-1].end {
		w.fail(CheckGroup, "%v takes half a group for committed, up to %d", h.id, commit)
	}
}
