package replication

import "slices"

// damage is a committed range of the log that the disk cannot give back whole
// any more. Once the chains on both sides of it are known it becomes a gap, and
// back-fill fetches it from other members: damage in the middle of a log is
// never taken for its end. One range is looked at a time.
type damage struct {
	lo, hi EntryID // lo..hi is to be a gap; 0 when nothing is damaged
	ref    uint64  // the read under way
	below  *mark   // at lo-1
	above  *mark   // at hi
}

// Damaged tells a Replica that the entries First..Last, which it may not have
// read for long, turned out to be damaged on its disk.
type Damaged struct{ First, Last EntryID }

func (Damaged) input() {}

// found takes that news. A lone replica has nobody to fetch the entries from: as
// a gap they would be gone for good, and what cannot be read now may be readable
// again, by other means.
func (r *Replica) found(in Damaged, out *Output) {
	if len(r.state.Config.Members) > 1 {
		r.lose(in.First, in.Last, out)
	}
}

// damaged takes the news that entry id cannot be read.
func (r *Replica) damaged(id EntryID, out *Output) { r.lose(id, id, out) }

// lose begins to make a gap of lo..hi.
func (r *Replica) lose(lo, hi EntryID, out *Output) {
	d := &r.damage
	if d.lo != 0 || lo > hi || lo < r.state.First || hi > r.commit || r.meetsGap(lo, hi) {
		return
	}
	*d = damage{lo: lo, hi: hi}
	r.quarantine(out)
}

// quarantine finds what the damaged range lies between, one read at a time, and
// makes it a gap.
func (r *Replica) quarantine(out *Output) {
	d := &r.damage
	if d.below == nil {
		if k, ok := r.markKnown(d.lo - 1); ok {
			d.below = &k
		} else {
			d.ref = r.read(d.lo-1, d.lo-1, 1, out)
			return
		}
	}
	if d.above == nil {
		if k, ok := r.markKnown(d.hi); ok {
			d.above = &k
		} else {
			d.ref = r.read(d.hi, d.hi+1, backfillBytes, out)
			return
		}
	}
	if d.hi <= r.commit && d.lo >= r.state.First && !r.meetsGap(d.lo, d.hi) {
		r.addGap(Gap{Lo: d.lo, Hi: d.hi, LoChain: d.below.Chain, HiChain: d.above.Chain, HiAt: d.above.at}, out)
	}
	*d = damage{}
}

// damageRead takes one neighbour of the damaged range. One that cannot be read
// either belongs to it.
func (r *Replica) damageRead(in ReadDone, out *Output) {
	d := &r.damage
	d.ref = 0
	n := len(in.Entries)
	good := in.Err == nil && n > 0 && CheckRun(in.Prev, in.Entries) == nil
	switch {
	case d.below == nil && good && in.Entries[n-1].ID == d.lo-1:
		d.below = &mark{in.Entries[n-1].Position(), in.Entries[n-1].AppendedAt}
	case d.below == nil:
		d.lo--
	case good && in.Prev.ID == d.hi:
		d.above = &mark{in.Prev, in.PrevAt}
	case good && in.Entries[0].ID == d.hi:
		d.above = &mark{in.Entries[0].Position(), in.Entries[0].AppendedAt}
	default:
		d.hi++
	}
	if d.lo < r.state.First || d.hi > r.tail.ID {
		*d = damage{} // trimmed or truncated meanwhile; it is found again if it matters
		return
	}
	r.quarantine(out)
}

// addGap puts g among the gaps, and makes one of those that it touches.
func (r *Replica) addGap(g Gap, out *Output) {
	gaps := slices.Clone(r.state.Gaps)
	i := 0
	for i < len(gaps) && gaps[i].Hi < g.Lo {
		i++
	}
	if i > 0 && gaps[i-1].Hi+1 == g.Lo {
		i--
		g.Lo, g.LoChain = gaps[i].Lo, gaps[i].LoChain
		gaps = slices.Delete(gaps, i, i+1)
	}
	if i < len(gaps) && gaps[i].Lo == g.Hi+1 {
		g.Hi, g.HiChain, g.HiAt = gaps[i].Hi, gaps[i].HiChain, gaps[i].HiAt
		gaps = slices.Delete(gaps, i, i+1)
	}
	r.state.Gaps = slices.Insert(gaps, i, g)
	if r.backfill.asked == nil {
		r.backfill.at = 0
	}
	r.write(Write{State: r.stateCopy()}, Envelope{}, out)
}

// meetsGap reports whether the replica knows that it lacks any of lo..hi.
func (r *Replica) meetsGap(lo, hi EntryID) bool {
	return slices.ContainsFunc(r.state.Gaps, func(g Gap) bool { return g.Lo <= hi && lo <= g.Hi })
}
