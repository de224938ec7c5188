package main

// progressMutants break what makes things go on.
func progressMutants() []mutant {
	return []mutant{
		{name: "a writer asks for one step after the other", file: "writer.go", rests: "progress",
			old: "w.dirty = false\n\tif now", new: "if now"},
		{name: "the writer does not go back when a replica missed something", file: "peer.go", rests: "progress",
			old: "case m.Tail+1 < p.next && (!p.rewinding", new: "case false && (!p.rewinding"},
		{name: "a claim tries a term that is taken", file: "claim.go", rests: "progress", quick: true,
			old: "w.term = max(w.term, w.round.seen) + 1", new: "w.term = max(w.term, w.round.seen)"},
		{name: "a silent holder of the tail is asked for ever", file: "claim.go", rests: "progress", hunter: scripts,
			old: "w.round.source++\n\t\tw.round.denials = 0\n", new: "w.round.denials = 0\n"},
		{name: "claims that meet try again at the same time", file: "claim.go", rests: "progress", hunter: scripts,
			old: "return time.Duration(h % uint64(d))", new: "return time.Duration(h % 1)"},
		{name: "a writer that lost a minority does not rise", file: "claim.go", rests: "progress", hunter: scripts,
			old: "w.round.step, w.round.at = stepBackOff, now.Add(riseDelay+w.jitter(riseDelay))", new: "w.round.step, w.round.at = stepBackOff, Never"},
		{name: "a round whose term is taken waits for the dead", file: "claim.go", rests: "progress", hunter: scripts,
			old: "if w.peers[i].refused == RefusedTerm {", new: "if i < 0 {"},
		{name: "a straggler is asked politely for ever", file: "claim.go", rests: "progress", hunter: scripts,
			old: "|| w.serving() && w.opened()\n", new: "\n"},
		{name: "an unanswered Begin is not sent again", file: "peer.go", rests: "progress", hunter: scripts,
			old: "case !p.following:\n\t\treturn p.retryAt", new: "case !p.following:\n\t\treturn Never"},
		{name: "an idle replica is not told the commit", file: "peer.go", rests: "progress", hunter: scripts,
			old: "if p.commit < w.commit {\n\t\td = min(d, w.commitDue(p))\n\t}\n", new: ""},
	}
}
