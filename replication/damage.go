package replication

import "slices"

// Committed entries that the disk cannot give back become a gap: just these. The
// chains at its ends are kept as far as memory has them. Back-fill fetches them from
// other members. Damage in the middle of a log is never taken for its end.

// Damaged tells a Replica that the entries First..Last, which it may not have
// read for long, turned out to be damaged on its disk.
type Damaged struct{ First, Last EntryID }

func (Damaged) input() {}

// damaged makes a gap of the committed ones of lo..hi. Not so a lone replica: it
// has nobody to fetch them from, so as a gap they would be gone for good, and what
// cannot be read now may be readable again, by other means.
func (r *Replica) damaged(lo, hi EntryID, out *Output) {
	g := Gap{Lo: max(lo, r.state.First), Hi: min(hi, r.commit)}
	known := func(x Gap) bool { return x.Lo <= g.Lo && g.Hi <= x.Hi }
	if g.Lo > g.Hi || len(r.state.Config.Members) == 1 || slices.ContainsFunc(r.state.Gaps, known) {
		return
	}
	if k, ok := r.markKnown(g.Lo - 1); ok {
		g.LoChain = k.Chain
	}
	if k, ok := r.markKnown(g.Hi); ok {
		g.HiChain, g.HiAt = k.Chain, k.at
	}
	r.state.Gaps = withGap(r.state.Gaps, g)
	if r.backfill.asked == nil {
		r.backfill.at = 0
	}
	r.write(Write{State: r.stateCopy()}, Envelope{}, out)
}
