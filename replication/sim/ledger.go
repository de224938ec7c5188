package sim

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"walle/replication"
)

// ledger is what the world knows to be true of the stream.
type ledger struct {
	world     *world
	committed []truth    // of entries 1.. that somebody knows to be committed
	proposals []proposal // all that were ever made; a payload names its own
	logs      map[point]replication.Chain
	acked     replication.EntryID // the last entry that a client was told is applied
	trims     replication.EntryID // the highest trim that was asked for
	trimmed   replication.EntryID // the highest first entry that some replica keeps
	writers   map[replication.Term]replication.ClaimID
	promises  map[replication.Term]int   // how many members promised it, by their answers
	promised  [maxHosts]replication.Term // the last that each answered
	released  map[replication.Term]bool  // its writer gave its lease back
}

// point names an entry by where it was first written.
type point struct {
	term replication.Term
	id   replication.EntryID
}

// truth is what is known of one committed entry.
type truth struct {
	chain    replication.Chain
	term     replication.Term
	at       int64
	proposal int
	end      bool // of its group
}

// frontier is the last entry that somebody knows to be committed.
func (l *ledger) frontier() replication.EntryID { return replication.EntryID(len(l.committed)) }

// before is the last committed entry of a term before t.
func (l *ledger) before(t replication.Term) replication.EntryID {
	n := len(l.committed)
	for n > 0 && l.committed[n-1].term >= t {
		n--
	}
	return replication.EntryID(n)
}

// chain is that of the log up to entry id, which is committed or 0.
func (l *ledger) chain(id replication.EntryID) replication.Chain {
	if id == 0 {
		return 0
	}
	return l.committed[id-1].chain
}

// proposal is a group that a client proposed.
type proposal struct {
	session  *session
	payloads [][]byte
	first    replication.EntryID // that it asked for; 0 for the next
	deadline instant             // when it must be answered; 0 for none
	replied  bool                // as far as the client saw
	reply    replication.Reply   //
	written  bool                // some replica was asked to store it
	place    replication.EntryID // of its first entry, once committed
}

// payload makes the bytes of entry i of n of proposal number p.
func payload(p, i, n int, filler []byte) []byte {
	b := make([]byte, 6, 6+len(filler))
	binary.LittleEndian.PutUint32(b, uint32(p))
	b[4], b[5] = byte(i), byte(n)
	return append(b, filler...)
}

// proposalOf finds what e was appended as: proposal p, its entry i. The bytes
// are those that were proposed, or ok is false.
func (l *ledger) proposalOf(e *replication.Entry) (p, i int, ok bool) {
	if len(e.Data) < 6 {
		return 0, 0, false
	}
	p, i = int(binary.LittleEndian.Uint32(e.Data)), int(e.Data[4])
	if p >= len(l.proposals) || i >= len(l.proposals[p].payloads) || !bytes.Equal(e.Data, l.proposals[p].payloads[i]) {
		return 0, 0, false
	}
	return p, i, true
}

// learn takes note that who knows every entry up to id to be committed. The
// first time, a majority must hold just that log durably.
func (l *ledger) learn(id replication.EntryID, who string) {
	w := l.world
	for l.frontier() < id && w.failure == nil {
		l.extend(id, who)
	}
}

// extend finds the majority that makes id committed and adds its entries.
func (l *ledger) extend(id replication.EntryID, who string) {
	w := l.world
	var holder *image
	for _, h := range w.hosts {
		e := h.disk.durable.entry(id)
		if e == nil {
			continue
		}
		votes := 0
		for _, other := range w.hosts {
			if o := other.disk.durable.entry(id); o != nil && o.Chain == e.Chain {
				votes++
			}
		}
		if votes >= w.config.Quorum() {
			holder = &h.disk.durable
			break
		}
	}
	if holder == nil {
		w.fail(CheckMajority, "%s takes %d for committed; durable logs are %s", who, id, w.describeLogs(id))
		return
	}
	for next := l.frontier() + 1; next <= id; next++ {
		e := holder.entry(next)
		if e == nil {
			w.fail(CheckLost, "%s takes %d for committed, and of the majority that has it one lacks entry %d; known committed was %d",
				who, id, next, l.frontier())
			return
		}
		if !l.add(e) {
			return
		}
	}
}

// add makes e the next committed entry.
func (l *ledger) add(e *replication.Entry) bool {
	w := l.world
	prev := replication.Position{ID: l.frontier(), Chain: l.chain(l.frontier())}
	if err := replication.CheckRun(prev, []replication.Entry{*e}); err != nil {
		w.fail(CheckLost, "what is committed now does not go on from what was: %v", err)
		return false
	}
	p, i, ok := l.proposalOf(e)
	if !ok {
		w.fail(CheckOrigin, "committed entry %v was never proposed as it is", *e)
		return false
	}
	q := &l.proposals[p]
	switch {
	case i == 0 && q.place != 0:
		w.fail(CheckLost, "proposal %d is committed twice: at %d and %d", p, q.place, e.ID)
	case i == 0:
		q.place = e.ID
	case q.place == 0 || q.place+replication.EntryID(i) != e.ID:
		w.fail(CheckGroup, "entry %d of proposal %d is committed as %v, its first at %d", i, p, *e, q.place)
	}
	if q.replied && q.reply.Outcome == replication.NotApplied {
		w.fail(CheckNot, "proposal %d was answered as not applied and is committed as %v", p, *e)
	}
	if n := len(l.committed); n > 0 {
		if last := &l.committed[n-1]; e.Term < last.term {
			w.fail(CheckTerms, "committed entry %v follows one of term %d", *e, last.term)
		} else if e.AppendedAt < last.at {
			w.fail(CheckOrder, "committed entry %v was appended at %d, the one before at %d", *e, e.AppendedAt, last.at)
		}
	}
	l.committed = append(l.committed, truth{chain: e.Chain, term: e.Term, at: e.AppendedAt, proposal: p, end: e.GroupEnd})
	return w.failure == nil
}

// confirm checks an Applied reply against what is committed.
func (l *ledger) confirm(p int) {
	w, q := l.world, &l.proposals[p]
	r := q.reply
	n := replication.EntryID(len(q.payloads))
	switch {
	case r.Last-r.First+1 != n:
		w.fail(CheckReply, "proposal %d of %d entries was answered as %d..%d", p, n, r.First, r.Last)
	case q.first != 0 && q.first != r.First:
		w.fail(CheckReply, "proposal %d asked to be entry %d and was applied at %d", p, q.first, r.First)
	case l.frontier() < r.Last:
		w.fail(CheckMajority, "proposal %d was answered as applied at %d..%d, its writer's commit is %d", p, r.First, r.Last, l.frontier())
	case q.place != r.First:
		w.fail(CheckLost, "proposal %d was answered as applied at %d and is committed at %d", p, r.First, q.place)
	case r.At != l.committed[r.Last-1].at:
		w.fail(CheckReply, "proposal %d was answered with time %d and has %d", p, r.At, l.committed[r.Last-1].at)
	}
	l.acked = max(l.acked, r.Last)
}

// checkEntry checks an entry that some replica is asked to store at a place of
// its own log, or that a writer sends.
func (l *ledger) checkEntry(e *replication.Entry, who replication.NodeID) {
	w := l.world
	p, i, ok := l.proposalOf(e)
	if !ok {
		w.fail(CheckOrigin, "%v has entry %v that nobody proposed, or changed", who, *e)
		return
	}
	q := &l.proposals[p]
	q.written = true
	if q.replied && q.reply.Outcome == replication.NotApplied {
		w.fail(CheckNot, "proposal %d was answered as not applied, and %v has it as %v", p, who, *e)
	}
	if e.GroupEnd != (i == len(q.payloads)-1) {
		w.fail(CheckGroup, "entry %d of proposal %d of %d is %v", i, p, len(q.payloads), *e)
	}
	at := point{e.Term, e.ID}
	if chain, ok := l.logs[at]; !ok {
		l.logs[at] = e.Chain
	} else if chain != e.Chain {
		w.fail(CheckMatching, "%v has %v with chain %016x, another log has it with %016x", who, *e, uint64(e.Chain), uint64(chain))
	}
}

// holdsTerm takes note that a writer acts at a term.
func (l *ledger) holdsTerm(t replication.Term, c replication.ClaimID) {
	if other, ok := l.writers[t]; !ok {
		l.writers[t] = c
		if s := l.world.session(c); s != nil && s.phase == replication.Serving {
			l.world.took(pathRetermed)
		}
	} else if other != c {
		l.world.fail(CheckWriter, "claims %v and %v both write at term %d", other, c, t)
	}
}

// answersPromise counts members that answer a term's Prepare, each once.
func (l *ledger) answersPromise(h *host, t replication.Term) {
	if l.promised[h.index] != t {
		l.promised[h.index] = t
		l.promises[t]++
	}
}

// describeLogs prints what the durable logs hold around id.
func (w *world) describeLogs(id replication.EntryID) string {
	var b bytes.Buffer
	for _, h := range w.hosts {
		if !h.member {
			continue
		}
		d := &h.disk.durable
		fmt.Fprintf(&b, "%v: tail %d", h.id, d.tail())
		if e := d.entry(id); e != nil {
			fmt.Fprintf(&b, " has %v#%04x", *e, uint64(e.Chain)&0xffff)
		}
		fmt.Fprintf(&b, ", history %v gaps %v; ", d.state.History, d.state.Gaps)
	}
	return b.String()
}
