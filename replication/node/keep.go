package node

import "walle/replication"

// boundKept has writers let go of what they keep for replicas that are behind,
// when the node keeps too much. A shard that has more than its part of that lets
// go until it has three quarters of it, from those who keep most: so this is not
// done again soon, and a stream of which little is kept keeps it. One that has
// less than its part waits for the others to see, whose machines are not its own.
func (s *shard) boundKept() {
	for _, m := range s.touched {
		if w := m.writer; w != nil && !w.over {
			s.countKept(w, w.machine.KeptBytes())
		}
	}
	limit := s.node.config.Limits.KeepBytes
	part := limit / len(s.node.shards)
	if s.kept <= part || s.node.kept.Load() <= int64(limit) {
		return
	}
	most := part
	for s.keptWith(most) > part/4*3 {
		most /= 2
	}
	for _, w := range s.writers {
		if w.kept > most {
			s.step(&w.slot, replication.LetGo{Keep: most})
			s.countKept(w, w.machine.KeptBytes())
		}
	}
}

// keptWith is what the writers keep if none keeps more than most.
func (s *shard) keptWith(most int) int {
	sum := 0
	for _, w := range s.writers {
		sum += min(w.kept, most)
	}
	return sum
}

// countKept notes what w keeps now.
func (s *shard) countKept(w *Writer, kept int) {
	if kept == w.kept {
		return
	}
	s.node.kept.Add(int64(kept - w.kept))
	s.kept += kept - w.kept
	w.kept = kept
}
