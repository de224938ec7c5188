package sim

import (
	"math"
	"time"

	"walle/replication"
)

// room is how much space a host's disk has for entries, in bytes. What is small
// (a promise, a trim) always fits: the disk has a reserve for it.
type room struct {
	high    int  // above, the disk is nearly full
	cleared int  // at or below, it is so no more
	hard    int  // what would go above is not written, and the node stops
	others  int  // taken by others
	low     bool // as the replica was last told
	looking bool // it will be looked at
	grown   int  // bytes of entries stored since the replica was told
	begins  int  // Begins taken since
}

// noLimit is room that never ends.
var noLimit = room{high: math.MaxInt, cleared: math.MaxInt, hard: math.MaxInt}

// spaceLook is how late a host notices at most that its disk is nearly full, or
// has room again.
const spaceLook = 20 * time.Millisecond

// newRoom draws the size of a disk.
func (w *world) newRoom() room {
	if w.weights.capacity == 0 {
		return noLimit
	}
	size := w.weights.capacity/2 + w.rand.IntN(w.weights.capacity)
	r := room{high: size * 3 / 4, cleared: size / 2, hard: math.MaxInt}
	if w.weights.on&FaultOverflow != 0 {
		r.hard = size
	}
	return r
}

// used is what the disk holds.
func (h *host) used() int { return h.disk.visible.bytes + h.room.others }

// nearlyFull is whether the replica is to be told so.
func (h *host) nearlyFull() bool {
	if h.room.low {
		return h.used() > h.room.cleared
	}
	return h.used() > h.room.high
}

// overflows reports whether wr does not fit on the disk any more.
func (h *host) overflows(wr *replication.Write) bool {
	size := entryBytes(wr.Entries)
	return size > 0 && h.used() > h.room.hard-size
}

func entryBytes(entries []replication.Entry) (n int) {
	for i := range entries {
		n += entries[i].Size()
	}
	return n
}

// watchSpace has the disk looked at, if there is news.
func (h *host) watchSpace() {
	if h.replica == nil || h.room.looking || h.nearlyFull() == h.room.low {
		return
	}
	h.room.looking = true
	h.world.schedule(between(h.world.rand, 0, spaceLook), event{kind: eventSpace, host: int32(h.index), life: h.life})
}

// lookAtSpace tells the replica how its disk stands, if that is news.
func (h *host) lookAtSpace() {
	h.room.looking = false
	low := h.nearlyFull()
	if low == h.room.low {
		return
	}
	w := h.world
	h.room.low, h.room.grown, h.room.begins = low, 0, 0
	if low {
		w.took(pathLow)
	} else {
		w.took(pathRoomAgain)
	}
	if w.trace.on {
		w.tell("the disk of %v holds %d bytes: nearly full %v", h.id, h.used(), low)
	}
	h.stepReplica(replication.Space{Low: low})
}

// grew checks that a disk that is nearly full takes no more than what was on its
// way, and what claims put back.
func (h *host) grew(wr *replication.Write) {
	w, r := h.world, &h.room
	if !r.low || h.isPiece(wr) { // a piece of a gap that was asked for before
		return
	}
	if wr.Truncate {
		r.begins++
	}
	r.grown += entryBytes(wr.Entries)
	if most := (r.begins + 1) * w.weights.reserve(); r.grown > most {
		w.fail(CheckSpace, "%v stored %d bytes on a disk that is nearly full, more than %d; %d claims began", h.id, r.grown, most, r.begins)
	}
}

// reserve is how many bytes of entries may come for one claim to a replica that
// is told to be full.
func (w *weights) reserve() int {
	if w.limits.Window == 0 {
		return 1 << 30
	}
	return 2*w.limits.Window + w.limits.Keep + 2*(w.limits.Peer+w.limits.Batch) + 4*w.groupMax*(w.payloadMax+64)
}

// told is what a replica last said of its disk to a session, and at which term.
type told struct {
	term  replication.Term
	full  bool
	flush replication.EntryID
	at    instant // when that rose
}

// hears takes note of what a replica says of its disk.
func (s *session) hears(from *host, m *replication.Appended) {
	if m.Full {
		s.world.took(pathFull)
	}
	if s.alive() && m.Term == s.writer.Term() {
		t := told{m.Term, m.Full, m.Flush, s.world.now}
		if was := s.told[from.index]; was.term == t.term && was.flush >= t.flush {
			t.flush, t.at = was.flush, was.at
		}
		s.told[from.index] = t
	}
}

// spareFor is how long after its last progress a replica counts as one that has
// room: shorter than a writer's patience, be its clock ever so fast.
const spareFor = instant(900 * time.Millisecond)

// checkSpared: a replica that says its disk is nearly full is sent only what a
// claim must put back, as long as a majority has room, and shows it.
func (s *session) checkSpared(env *replication.Envelope, m *replication.Append) {
	w, room := s.world, 0
	for _, t := range s.told {
		if !t.full && t.term == m.Term && w.now-t.at < spareFor {
			room++
		}
	}
	others := room >= w.config.Quorum()
	if t := s.told[w.host(env.To).index]; others && t.full && t.term == m.Term && m.Entries[0].ID >= s.start {
		w.fail(CheckSpace, "%v is sent by a writer that was told of the full disk; its term starts at %d", *env, s.start)
	}
}

// checkNoSpace: a group is refused for want of room only by a writer that heard
// of it.
func (s *session) checkNoSpace(p int) {
	for _, t := range s.told {
		if t.full {
			return
		}
	}
	s.world.fail(CheckSpace, "%v refuses proposal %d for want of room, of which nobody spoke", s.claim, p)
}

// fill lets others take what is left of a disk, or some of it, for a while.
func (h *host) fill() {
	w := h.world
	if h.room.high == math.MaxInt {
		return
	}
	h.room.others = w.rand.IntN(h.room.high * 2)
	w.begin(outage{full: h}, w.outage())
	h.watchSpace()
}

// mending is how disks that were full get room when faults end.
type mending uint8

const (
	mendAll  mending = iota // all have room
	mendTrim                // all are nearly full until what they hold is trimmed
	mendMost                // a majority has room; the others not before appends went through
)

// mendSpace decides it.
func (w *world) mendSpace() mending {
	how := mendAll
	if w.weights.capacity > 0 {
		how = mending(w.rand.IntN(3))
	}
	spare := len(w.config.Members) - w.config.Quorum()
	for _, h := range w.hosts {
		looking, low := h.room.looking, h.room.low
		h.room = noLimit
		h.room.looking, h.room.low = looking, low
		switch {
		case !h.member:
		case how == mendTrim && h.used() > 0:
			h.room.high, h.room.cleared = h.used()-1, h.used()/2
		case how == mendMost && spare > 0:
			h.room.high, h.room.cleared = -1, -1
			spare--
		}
	}
	return how
}

// giveRoom ends what mendSpace left.
func (w *world) giveRoom() {
	for _, h := range w.hosts {
		h.room.high, h.room.cleared = math.MaxInt, math.MaxInt
		h.watchSpace()
	}
}
