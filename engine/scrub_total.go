package engine

// ScrubTotals is what the scrub of this node did since the node started, of all
// replicas together.
type ScrubTotals struct {
	Rounds   uint64 // over all replicas, that have ended
	Entries  uint64 // that were in good order; each round counts them anew
	Bytes    uint64 // of their data
	Ranges   uint64 // runs of damaged entries that were found
	Damaged  uint64 // entries of these
	Repaired uint64 // of which so many are whole again, or trimmed

	// The round that is under way: how many replicas it goes over, and how many
	// it is through with.
	Replicas, Done int
}

// ScrubTotals tells what the scrub of this node did.
func (e *Engine) ScrubTotals() ScrubTotals {
	e.scrub.mu.Lock()
	defer e.scrub.mu.Unlock()
	return e.scrub.total
}

// count changes the totals.
func (s *scrub) count(change func(*ScrubTotals)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.total)
}
