package replication

import (
	"slices"
	"time"
)

// Replica is one node's copy of a stream. It owns what is on that node's disk
// for the stream and keeps every vow the node made about it:
//
//   - the promise, in state: no message of a smaller term, or of this term from
//     another claim, is obeyed (I1)
//   - the log, first..tail with gaps: changed only by the writer of the promised
//     term, only at its end, only in whole groups (I3, I7)
//   - commit: what it knows to be durable at a majority; never truncated (I5)
//   - the lease: no claim but the holder's gets a promise answered before every
//     lease this replica granted has run out (I8)
//
// What is written but not yet synced lives in pending; nothing is acknowledged
// before. All methods belong to one owner goroutine.
type Replica struct {
	self   NodeID
	stream StreamID

	state  State    // as last written
	tail   Position // end of the log as written; everything above flush is not durable yet
	tailAt int64    // AppendedAt of the entry at tail
	flush  EntryID  // end of the log as far as it is durable
	told   EntryID  // the highest commit heard of; may be above flush
	commit EntryID  // min(told, flush), rising only

	lastSeq uint64    // of the last write
	synced  uint64    // every write up to here is durable
	pending []pending // writes not yet synced, ascending

	leaseEnd Time // until then the holder of state.Promised may trust its lease
	courtesy Time // until then polite claims keep away from a claim under way
	answerAt Time // until then leases of earlier terms may run: no promise is answered

	vowedSeq uint64    // the write that a promise waits for: the vow, or what came with a later summary
	owed     *Envelope // the Prepare whose promise is not yet answered
	saved    EntryID   // the commit as last written
	saveAt   Time      // when to write commit lazily
	heardAt  Time      // last word of the writer; earlier after a start, so that the others are asked soon
	low      bool      // the disk is nearly full
	marks    marks
	lastRef  uint64
	fetches  []fetchServed
	trim     trimming
	backfill backfill
	measure  measure
}

// pending is a write on its way to the disk, and what to do once it is there.
type pending struct {
	seq   uint64
	flush EntryID  // the log's end once this write is durable
	cause Envelope // what made the write; Begin and Append are answered once it is durable
}

const (
	// courtesyTime is how long polite claims leave a fresh promise alone.
	courtesyTime = 500 * time.Millisecond
	// saveCommitAfter bounds how long an idle stream's commit stays unwritten.
	saveCommitAfter = time.Second
)

// NewReplica returns a replica, made at time now, of a stream that has no durable
// state here yet.
func NewReplica(self NodeID, stream StreamID, config Configuration, now Time) *Replica {
	return &Replica{
		self:    self,
		stream:  stream,
		state:   State{Config: config, First: 1},
		saveAt:  Never,
		heardAt: now,
	}
}

// RestoreReplica returns the replica that storage holds, after a restart at
// time now. Leases granted before may still run, and this node no longer knows
// since when: it waits for the whole of them (I8).
func RestoreReplica(self NodeID, stream StreamID, l Loaded, now Time) *Replica {
	r := &Replica{
		self:   self,
		stream: stream,
		state:  l.State,
		commit: l.Commit,
		saved:  l.Commit,
		saveAt: Never,
	}
	r.tail, r.tailAt = endOfLog(l)
	r.flush = r.tail.ID
	must(r.state.First >= 1 && r.commit <= r.flush && r.commit+1 >= r.state.First,
		"I5", "stream %d restored with first %d, commit %d, flush %d", stream, r.state.First, r.commit, r.flush)
	r.historyReaches()
	r.told = r.commit
	r.answerAt = now.Add(r.state.Wait)
	if r.begun() && !r.state.Released {
		r.leaseEnd = now.Add(r.state.Lease)
	}
	// What was committed before the restart is asked for at once.
	r.heardAt = now - Time(measureAfter)
	return r
}

// endOfLog is where a stored log ends: at its last entry, or at the high end of
// a gap that nothing follows yet, or before its first entry.
func endOfLog(l Loaded) (Position, int64) {
	end, at := l.State.Base, l.State.BaseAt
	if n := len(l.State.Gaps); n > 0 && l.State.Gaps[n-1].Hi > end.ID {
		g := l.State.Gaps[n-1]
		end, at = Position{ID: g.Hi, Chain: g.HiChain}, g.HiAt
	}
	if l.Tail != nil && l.Tail.ID > end.ID {
		end, at = l.Tail.Position(), l.Tail.AppendedAt
	}
	return end, at
}

// historyReaches asserts that the history speaks of every entry kept.
func (r *Replica) historyReaches() {
	h := r.state.History
	must(h.check() == nil && (len(h) == 0 || h[0].Start <= r.state.First), "I2", "stream %d: history %v of a log from %d on", r.stream, h, r.state.First)
}

// Commit is the highest entry known to be durable at a majority, and here.
func (r *Replica) Commit() EntryID { return r.commit }

// Flush is the highest entry durable here.
func (r *Replica) Flush() EntryID { return r.flush }

// Tail is the end of the log as written.
func (r *Replica) Tail() Position { return r.tail }

// First is the lowest entry kept.
func (r *Replica) First() EntryID { return r.state.First }

// State is the replica's state as last written. The caller must not change it.
func (r *Replica) State() State { return r.state }

// Step takes one input.
func (r *Replica) Step(now Time, in Input, out *Output) {
	switch in := in.(type) {
	case Received:
		r.receive(now, in.Envelope, out)
	case Synced:
		r.sync(now, in.Seq, out)
	case ReadDone:
		r.readDone(now, in, out)
	case Damaged:
		r.damaged(in.First, in.Last, out)
	case Space:
		r.space(in, out)
	case Tick:
	default:
		violated("I0", "input that is not for a replica")
	}
	r.saveCommit(now, out)
	r.trimSoon(now, out)
	r.payPromise(now, out)
	r.backfillSoon(now, out)
	r.measureSoon(now, out)
}

// Deadline is when the replica next wants a Tick.
func (r *Replica) Deadline() Time {
	d := min(r.saveAt, r.backfillDue(), r.measureDue())
	if r.owed != nil && r.synced >= r.vowedSeq {
		d = min(d, r.answerAt)
	}
	return d
}

func (r *Replica) receive(now Time, env Envelope, out *Output) {
	if env.Config != r.state.Config.Number {
		if env.Msg.IsRequest() {
			r.refuse(now, env, RefusedConfig, out)
		}
		return
	}
	switch m := env.Msg.(type) {
	case Probe:
		r.answer(env, r.status(now), out)
	case Prepare:
		r.prepare(now, env, m, out)
	case Begin:
		r.begin(now, env, m, out)
	case Append:
		r.append(now, env, m, out)
	case Release:
		r.release(env, m, out)
	case Fetch:
		r.fetch(now, env, m, out)
	case Trim:
		r.trimTo(env, m, out)
	case Fetched:
		r.fetched(now, env, m, out)
	case Status:
		r.measured(now, env, m, out)
	case Summarize:
		r.summarize(env, out)
	case Summary:
		r.catchUp(now, env, m, out)
	}
}

// answer sends m back to whoever sent env.
func (r *Replica) answer(env Envelope, m Message, out *Output) {
	out.Sends = append(out.Sends, Envelope{
		Stream: r.stream, Config: r.state.Config.Number, From: r.self, To: env.From, Claim: env.Claim, Msg: m,
	})
}

// write hands w to the disk and remembers what its sync means.
func (r *Replica) write(w Write, cause Envelope, out *Output) {
	r.lastSeq++
	w.Stream, w.Seq = r.stream, r.lastSeq
	r.saved = max(r.saved, r.settled())
	w.Commit, r.saveAt = r.saved, Never
	out.Writes = append(out.Writes, w)
	if !w.Lazy {
		r.pending = append(r.pending, pending{seq: w.Seq, flush: r.tail.ID, cause: cause})
	}
}

// settled is what is committed by this log's own word: what is trimmed or jumped
// over is, even while what says so is on its way to the disk.
func (r *Replica) settled() EntryID {
	id := max(r.commit, r.state.Base.ID)
	if n := len(r.state.Gaps); n > 0 {
		id = max(id, r.state.Gaps[n-1].Hi)
	}
	return id
}

// stateCopy returns the state for a Write: what is written is never changed.
func (r *Replica) stateCopy() *State {
	s := r.state
	s.Gaps = slices.Clone(s.Gaps)
	return &s
}

// sync takes the news that the writes up to seq are durable: the log's end moves
// up, and whoever waited is answered. Of many Appends only the newest is
// answered: it speaks for those before it.
func (r *Replica) sync(now Time, seq uint64, out *Output) {
	r.synced = max(r.synced, seq)
	done := 0
	var appended *pending
	for done < len(r.pending) && r.pending[done].seq <= seq {
		p := &r.pending[done]
		done++
		r.flush = p.flush
		switch p.cause.Msg.(type) {
		case Append, Begin:
			appended = p
		case Fetched:
			r.backfill.writing--
		}
	}
	if appended != nil {
		r.acknowledge(appended.cause, out)
	}
	r.pending = slices.Delete(r.pending, 0, done)
	r.trimSynced(out)
	r.raiseCommit(now, r.told)
}

// raiseCommit takes the news that entries up to id are committed. Those that
// are not durable here yet wait until they are.
func (r *Replica) raiseCommit(now Time, id EntryID) {
	r.told = max(r.told, id)
	c := min(r.told, r.flush)
	if c <= r.commit {
		return
	}
	r.commit = c
	if r.saveAt == Never {
		r.saveAt = now.Add(saveCommitAfter)
	}
}

// saveCommit writes a commit that no append carried to disk. Losing it costs
// nothing but asking the others again.
func (r *Replica) saveCommit(now Time, out *Output) {
	if now >= r.saveAt {
		r.write(Write{Lazy: true}, Envelope{}, out)
	}
}

func (r *Replica) status(now Time) Status {
	s := Status{
		Promised: r.state.Promised, Claim: r.state.Claim, Holder: r.state.Holder,
		Remaining: r.remaining(now), Lease: r.state.Lease,
		Last: r.durableTerm(), Tail: r.tail.ID, Flush: r.flush,
		Commit: r.commit, First: r.state.First, Gaps: len(r.state.Gaps),
	}
	for _, g := range r.state.Gaps {
		s.Missing += uint64(g.Hi - g.Lo + 1)
	}
	return s
}
