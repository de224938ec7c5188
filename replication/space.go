package replication

import "time"

// A disk that is nearly full ends no promise. Its replica still takes what is
// on its way, and what is small: promises, Begins, trims. It asks for no
// back-fill, and says Full in its answers. Writers send it nothing new, and
// refuse new groups while fewer than a majority could take them: such a group is
// surely not applied (I9). What is trimmed makes room, and everything goes on.

// Space tells a Replica whether its disk is nearly full.
type Space struct{ Low bool }

func (Space) input() {}

// askFullAfter bounds how often a refused proposal makes a writer ask the full
// replicas again: their word that there is room may have been lost.
const askFullAfter = 100 * time.Millisecond

// space takes news of the disk and passes it on to the writer that is obeyed.
func (r *Replica) space(in Space, out *Output) {
	if r.low == in.Low {
		return
	}
	r.low = in.Low
	if r.begun() && !r.state.Released && r.beginDurable() {
		w := Envelope{From: r.state.Claim.Node, Claim: r.state.Claim}
		r.answer(w, Appended{Term: r.state.Promised, Flush: r.flush, Tail: r.tail.ID, Commit: r.commit, Full: r.low}, out)
	}
}

// spared reports whether p's disk is to be spared: a full replica is sent only
// what a claim must put back. What lies below the window it can't be sent any
// more. Once too few have room nobody is spared: nothing new is taken by then, and
// what was taken before has to come to an end.
func (w *Writer) spared(p *peer) bool {
	return p.full && max(p.next, w.window.base.ID+1) >= w.start && !w.noSpace()
}

// silentTries is how often, over 1.5 s, a replica leaves what it is asked unanswered
// before it is not counted upon any more to have room.
const silentTries = 5

// noSpace reports whether disks are full and fewer than a majority have room for
// more, as far as they answer.
func (w *Writer) noSpace() bool {
	room := 0
	for i := range w.peers {
		if p := &w.peers[i]; !p.full && p.tries < silentTries {
			room++
		}
	}
	return w.full() > 0 && room < w.cfg.Config.Quorum()
}

// full counts the replicas whose disks are nearly full.
func (w *Writer) full() int {
	n := 0
	for i := range w.peers {
		if w.peers[i].full {
			n++
		}
	}
	return n
}

// askFull asks the full replicas whether there is room by now.
func (w *Writer) askFull(now Time) {
	for i := range w.peers {
		if p := &w.peers[i]; p.full && now >= p.askFullAt {
			p.askFullAt, p.heartbeatAt = now.Add(askFullAfter), 0
			w.dirty = true
		}
	}
}
