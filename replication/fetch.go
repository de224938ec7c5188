package replication

import "slices"

// fetchServed is a Fetch whose entries are being read from disk.
type fetchServed struct {
	ref  uint64
	env  Envelope
	from EntryID // the lowest that may be given
}

// maxFetches bounds how many are read at once for a stream; more are dropped
// and asked again.
const maxFetches = 16

// fetch serves entries to a claim that recovers, which sees the whole log, and
// to replicas and readers, which see what is committed. It distinguishes not
// holding an entry from not being able to tell.
func (r *Replica) fetch(now Time, env Envelope, m Fetch, out *Output) {
	limit := r.commit
	if m.Term != 0 {
		if !r.obeys(m.Term, env.Claim) {
			r.refuse(now, env, RefusedTerm, out)
			return
		}
		limit = r.tail.ID
	}
	from := max(m.From, r.state.First)
	answer := Have
	switch {
	case m.From > m.To || m.From == 0 || len(r.fetches) >= maxFetches:
		return
	case m.To < r.state.First:
		answer = HaveNot
	case m.To > limit && m.Term != 0:
		answer = HaveNot
	case m.To > limit:
		answer = CannotTell
	}
	for _, g := range r.state.Gaps {
		if g.Lo <= m.To && m.To <= g.Hi && answer == Have {
			answer = CannotTell
		}
		if g.Hi < m.To {
			from = max(from, g.Hi+1)
		}
	}
	if answer != Have {
		a := Fetched{From: m.From, To: m.To, Answer: answer, First: r.state.First}
		if answer == HaveNot {
			a.Prev, a.PrevAt = r.state.Base, r.state.BaseAt
		}
		r.answer(env, a, out)
		return
	}
	ref := r.read(from, m.To, m.MaxBytes, out)
	r.fetches = append(r.fetches, fetchServed{ref: ref, env: env, from: from})
}

// read asks the disk for entries and returns the question's number.
func (r *Replica) read(from, to EntryID, maxBytes int, out *Output) uint64 {
	r.lastRef++
	out.Reads = append(out.Reads, Read{Stream: r.stream, Ref: r.lastRef, From: from, To: to, MaxBytes: maxBytes})
	return r.lastRef
}

func (r *Replica) readDone(now Time, in ReadDone, out *Output) {
	r.damaged(in.Bad, in.Bad, out)
	switch in.Ref {
	case r.backfill.ref:
		r.aboveRead(now, in, out)
		return
	case r.marks.ref:
		r.markRead(now, in, out)
		return
	}
	i := slices.IndexFunc(r.fetches, func(f fetchServed) bool { return f.ref == in.Ref })
	if i < 0 {
		return
	}
	f := r.fetches[i]
	r.fetches = slices.Delete(r.fetches, i, i+1)
	m := f.env.Msg.(Fetch)
	if m.Term != 0 && !r.obeys(m.Term, f.env.Claim) {
		r.refuse(now, f.env, RefusedTerm, out)
		return
	}
	a := Fetched{From: m.From, To: m.To, Answer: CannotTell, First: r.state.First}
	if n := len(in.Entries); in.Err == nil && n > 0 && in.Entries[0].ID >= f.from && in.Entries[n-1].ID == m.To && checkPiece(in.Prev, in.Entries) == nil {
		a.Answer, a.Prev, a.PrevAt, a.Entries = Have, in.Prev, in.PrevAt, in.Entries
	}
	r.answer(f.env, a, out)
}
