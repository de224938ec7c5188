package sim

import (
	"fmt"
	"slices"
	"time"

	"walle/replication"
)

// host is a node: a process with a clock, and a disk that outlives it. It owes
// its machines what package replication says of an owner.
type host struct {
	world    *world
	index    int
	id       replication.NodeID
	member   bool // holds a replica
	life     int32
	up       bool
	paused   bool
	deferred []event // what waits for the end of the pause
	clock    clock
	wallSkew time.Duration
	disk     disk
	room     room
	survives *Crash   // decides the next crash; nil for chance
	pieces   []uint64 // Seqs of the writes of pieces of gaps that may not be durable yet
	storage  Storage  // what disk is the model of; nil where the model is all there is
	broken   bool     // storage may fail

	replica  *replication.Replica
	timer    timer
	seen     seen                // what the replica last said of itself
	reached  replication.EntryID // during a truncation: the last committed entry that was in the log
	sessions []*session          // of this life, those whose writer may still act
	reads    []replication.Read
	out      replication.Output
	ticks    int     // since the clock last moved
	ticked   instant // when
}

// now is what the host's monotonic clock shows.
func (h *host) now() replication.Time { return h.clock.local(h.world.now) }

// wall is what its wall clock shows, in microseconds since 1970.
func (h *host) wall() int64 {
	return 1_700_000_000_000_000 + int64(h.world.now)/1000 + h.wallSkew.Microseconds()
}

// start begins a life.
func (h *host) start() {
	w := h.world
	h.up = true
	h.clock = clock{born: w.now, origin: replication.Time(w.rand.Int64N(1 << 50)), rate: w.clockRate()}
	if !h.member {
		return
	}
	l, ok := h.disk.load(w.rand.IntN(2) == 0)
	if h.storage != nil {
		l, ok = h.loadStorage()
	}
	if ok {
		if len(l.State.Gaps) > 0 {
			w.took(pathGapAtRestart)
		}
		h.replica = replication.RestoreReplica(h.id, stream, l, h.now())
	} else {
		if h.life > 0 {
			w.took(pathFreshRestart)
		}
		h.replica = replication.NewReplica(h.id, stream, w.config, h.now())
	}
	h.seen, h.pieces = seen{}, nil
	h.look()
	h.arm()
	h.room.low, h.room.looking = false, false
	if h.nearlyFull() {
		w.took(pathRestartLow)
	}
	h.lookAtSpace()
}

// clockRate draws how fast a clock runs: often at the edge of the assumption.
func (w *world) clockRate() int64 {
	off := w.weights.skew
	if off == 0 {
		return rateUnit
	}
	w.struck(w.weights.on & (FaultSkew | FaultWild))
	switch w.rand.IntN(3) {
	case 0:
		off = -off
	case 1:
		off *= 2*w.rand.Float64() - 1
	}
	return int64((1 + off) * rateUnit)
}

// crash ends a life: of the writes that were not synced a prefix survives.
func (h *host) crash() {
	w := h.world
	if !h.up {
		return
	}
	kept := 0
	if h.storage != nil {
		kept = h.crashStorage()
	}
	if n := len(h.disk.pending); n > 0 {
		if h.storage == nil {
			kept = h.surviving(n)
		}
		if kept < n {
			w.took(pathUnsyncedLost)
		}
		if kept > 0 {
			w.took(pathUnsyncedKept)
		}
	}
	if w.trace.on {
		w.tell("%v crashes; %d of %d unsynced writes survive", h.id, kept, len(h.disk.pending))
	}
	h.disk.crash(kept)
	h.up, h.paused = false, false
	h.life++
	h.replica, h.timer = nil, timer{}
	for _, s := range h.sessions {
		if s.phase == replication.Claiming && s.term > 0 {
			w.took(pathCrashInClaim)
		}
		s.lost()
	}
	h.sessions = h.sessions[:0]
	h.deferred, h.reads = h.deferred[:0], h.reads[:0]
}

// pause stops the process until resume: nothing that happens reaches it.
func (h *host) pause(d time.Duration) {
	w := h.world
	if !h.up || h.paused {
		return
	}
	if w.trace.on {
		w.tell("%v is paused for %v", h.id, d)
	}
	h.paused = true
	w.schedule(d, event{kind: eventResume, host: int32(h.index), life: h.life})
}

// resume lets all that waited happen at once.
func (h *host) resume() {
	w := h.world
	if !h.paused {
		return
	}
	if w.trace.on {
		w.tell("%v goes on", h.id)
	}
	h.paused = false
	if w.rand.IntN(2) == 0 { // timers may run before or after what was received
		slices.SortStableFunc(h.deferred, func(a, b event) int { return tickFirst(a) - tickFirst(b) })
	}
	for _, e := range h.deferred {
		w.scheduleAt(w.now, e)
	}
	h.deferred = h.deferred[:0]
}

func tickFirst(e event) int {
	if e.kind == eventTick {
		return 0
	}
	return 1
}

// happen does what e says, if it still concerns this life.
func (h *host) happen(e *event) {
	w := h.world
	switch e.kind {
	case eventRestart:
		if !h.up && e.life == h.life {
			if w.trace.on {
				w.tell("%v restarts", h.id)
			}
			h.start()
		}
		return
	case eventDeliver:
		if h.up && (e.life == anyLife || e.life == h.life) {
			h.deliver(e.envelope, message(e.ref))
		}
		return
	}
	if !h.up || e.life != h.life {
		return
	}
	switch e.kind {
	case eventTick:
		h.tick(e)
	case eventSynced:
		h.finishSync(e.ref)
	case eventRead:
		h.answerRead(e.ref)
	case eventResume:
		h.resume()
	case eventSpace:
		h.lookAtSpace()
	}
}

// deliver hands a message to the machine that it is for.
func (h *host) deliver(p *parcel, kind message) {
	w := h.world
	env := p.envelope
	if w.trace.on {
		w.tell("%v", env)
	}
	if p.print != "" && p.print != fmt.Sprint(env) {
		w.fail(CheckMutation, "sent as %s, arrived as %v", p.print, env)
	}
	w.coverage.Delivered[kind]++
	w.countDelivered(env.Msg)
	aimed := kind == w.weights.aimed && w.chance(w.weights.aim)
	if aimed {
		w.aimBefore(h, env)
		if !h.up || h.paused {
			return
		}
	}
	switch {
	case env.Msg.IsRequest() || env.Claim.IsZero():
		if h.replica == nil { // no replica of the stream here
			w.refuseUnknown(h, env)
			return
		}
		known := h.seen.commit
		h.stepReplica(replication.Received{Envelope: env})
		if kind == messageStatus && h.seen.commit > known {
			w.took(pathMeasured)
		}
	default:
		if s := h.session(env.Claim); s != nil {
			if m, ok := env.Msg.(replication.Appended); ok {
				s.hears(w.host(env.From), &m)
			}
			s.step(replication.Received{Envelope: env})
		} else if !w.answer(env) {
			w.took(pathLateAnswer)
		}
	}
	if aimed {
		w.aimAfter(h, env)
	}
}

// refuseUnknown answers as a node does that holds no replica of the stream.
func (w *world) refuseUnknown(h *host, env replication.Envelope) {
	if env.Msg.IsRequest() {
		w.fail(CheckOrigin, "%v goes to a node that is no member", env)
	}
}

func (h *host) session(c replication.ClaimID) *session {
	for _, s := range h.sessions {
		if s.claim == c {
			return s
		}
	}
	return nil
}

// stepReplica steps the replica and does what it asks for.
func (h *host) stepReplica(in replication.Input) {
	h.out.Reset()
	h.replica.Step(h.now(), in, &h.out)
	h.world.step++
	h.obey(&h.out)
	if h.up {
		h.look()
		h.arm()
		h.watchSpace()
	}
}

// readsMax is how many reads of one replica may be under way: what it serves to
// others, and its own.
const readsMax = 20

// obey does what a machine of this host asks for.
func (h *host) obey(out *replication.Output) {
	w := h.world
	writes, dies := h.crashPoint(out.Writes)
	for i := range writes {
		if w.trace.on {
			w.tell("%v writes %s", h.id, describe(&writes[i]))
		}
		if h.overflows(&writes[i]) {
			w.struck(FaultOverflow)
			h.outage(w.outage()) // what is lost is what was never acknowledged
			return
		}
		h.checkWrite(&writes[i])
		h.grew(&writes[i])
		if w.weights.vigilant {
			h.disk.given = append(h.disk.given, writes[i])
		}
		h.disk.write(writes[i])
		h.checkTail(&writes[i])
		h.checkPending()
	}
	for _, r := range out.Reads {
		h.reads = append(h.reads, r)
		w.schedule(w.readTime(h), event{kind: eventRead, host: int32(h.index), life: h.life, ref: r.Ref})
	}
	if len(h.reads) > readsMax {
		w.fail(CheckMemory, "%v has asked for %d reads at one time", h.id, len(h.reads))
	}
	sends := out.Sends
	torn := (len(out.Writes) > 0 || len(sends) > 0) && w.chance(w.weights.tornStep)
	if torn {
		w.struck(FaultTornStep)
	}
	if h.storage != nil && len(writes) > 0 && !h.stored("apply", h.storage.Apply(writes)) {
		torn = true
	}
	if torn { // part of the step is done, then the node dies
		sends = sends[:w.rand.IntN(len(sends)+1)]
	}
	if dies {
		torn, sends = true, nil
	}
	for _, envelope := range sends {
		h.checkSend(&envelope)
		w.send(h, envelope)
	}
	if torn {
		h.outage(w.outage())
		return
	}
	h.startSync()
}

// startSync begins a sync if one is wanted and none runs.
func (h *host) startSync() {
	d := &h.disk
	if d.syncing > 0 || !d.wanted() {
		return
	}
	d.syncing = len(d.pending)
	d.sync++
	h.world.schedule(h.world.syncTime(h), event{kind: eventSynced, host: int32(h.index), life: h.life, ref: d.sync})
}

// finishSync makes durable what the sync covers and tells the replica.
func (h *host) finishSync(sync uint64) {
	w, d := h.world, &h.disk
	if sync != d.sync {
		return
	}
	if !h.sync() {
		h.outage(w.outage()) // nothing is retried on such a disk: the node stops
		return
	}
	if changed := d.changed(d.syncing); changed != "" {
		w.fail(CheckMutation, "%v wrote %s", h.id, changed)
	}
	d.settle(d.syncing)
	d.syncing = 0
	if w.trace.on {
		w.tell("%v synced %d", h.id, d.synced)
	}
	h.stepReplica(replication.Synced{Seq: d.synced})
	if h.up {
		h.startSync()
	}
}

// sync makes all that is written durable, unless the disk fails.
func (h *host) sync() bool {
	fails := h.world.syncFails()
	if h.storage == nil {
		return !fails
	}
	if fails || h.world.storageFails() {
		h.broken = true
		h.storage.Break()
	}
	return h.stored("sync", h.storage.Sync())
}

func (h *host) answerRead(ref uint64) {
	for i, r := range h.reads {
		if r.Ref == ref {
			h.reads = slices.Delete(h.reads, i, i+1)
			var done replication.ReadDone
			if h.storage != nil {
				done = h.readStorage(r)
			} else {
				done = h.disk.read(r)
			}
			if done.Err != nil {
				h.world.took(pathReadDamage)
			}
			if h.world.trace.on {
				h.world.tell("%v read %d..%d: prev %v, entries %v, %v", h.id, r.From, r.To, done.Prev, done.Entries, done.Err)
			}
			h.stepReplica(done)
			return
		}
	}
}

// replicaTimer is the ref of a tick for the replica; others are a session's
// index, plus 1.
const replicaTimer = 0

// arm schedules the replica's next tick.
func (h *host) arm() { h.armTimer(&h.timer, h.replica.Deadline(), replicaTimer) }

func (h *host) armTimer(t *timer, deadline replication.Time, ref uint64) {
	if deadline == replication.Never {
		t.armed = false
		return
	}
	w := h.world
	at := max(w.now, h.clock.when(deadline))
	if t.armed && t.at <= at {
		return
	}
	if w.rand.IntN(4) == 0 {
		at += instant(between(w.rand, 0, w.weights.tickLate))
	}
	t.at, t.armed = at, true
	w.scheduleAt(at, event{kind: eventTick, host: int32(h.index), life: h.life, ref: ref})
}

// spinMax is how many ticks a machine may ask for at one time.
const spinMax = 1000

// tick steps a machine whose deadline has come.
func (h *host) tick(e *event) {
	w := h.world
	if e.ref == replicaTimer {
		if !h.timer.armed || e.at < h.timer.at {
			return
		}
		h.timer.armed = false
		if h.replica.Deadline() > h.now() {
			h.arm()
			return
		}
		if h.rests() {
			h.stepReplica(replication.Tick{})
		}
		return
	}
	s := w.sessions[e.ref-1]
	if !s.timer.armed || e.at < s.timer.at {
		return
	}
	s.timer.armed = false
	if s.writer == nil {
		return
	}
	if s.writer.Deadline() > h.now() {
		s.arm()
		return
	}
	if h.rests() {
		s.step(replication.Tick{})
	}
}

// rests counts a tick, and fails the run when there are ever more at one time.
func (h *host) rests() bool {
	if h.ticked != h.world.now {
		h.ticked, h.ticks = h.world.now, 0
	}
	if h.ticks++; h.ticks > spinMax {
		h.world.fail(CheckSpin, "%v asked for %d ticks at one time", h.id, h.ticks)
		return false
	}
	return true
}

// describe prints a write for the trace.
func describe(w *replication.Write) string {
	s := fmt.Sprintf("#%d", w.Seq)
	if w.State != nil {
		s += fmt.Sprintf(" state{promised %d to %v, lease %v wait %v released %v, history %v, first %d, base %v, gaps %v}",
			w.State.Promised, w.State.Claim, w.State.Lease, w.State.Wait, w.State.Released, w.State.History, w.State.First, w.State.Base, w.State.Gaps)
	}
	if w.Truncate {
		s += fmt.Sprintf(" truncate above %d", w.Above)
	}
	if w.Below != 0 {
		s += fmt.Sprintf(" drop below %d", w.Below)
	}
	if len(w.Entries) > 0 {
		s += fmt.Sprintf(" entries %v", w.Entries)
	}
	if w.Commit != 0 {
		s += fmt.Sprintf(" commit %d", w.Commit)
	}
	if w.Lazy {
		s += " lazy"
	}
	return s
}
