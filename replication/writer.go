package replication

import (
	"time"
)

// ClaimMode says what a claim does about a live writer.
type ClaimMode uint8

const (
	ClaimWait   ClaimMode = iota // leave it alone and wait for its lease to lapse
	ClaimNoWait                  // give up at once
	ClaimForce                   // fence it at once; its lease is waited for all the same
)

func (m ClaimMode) String() string { return [...]string{"wait", "nowait", "force"}[m] }

// Phase is where a writer stands.
type Phase uint8

const (
	Claiming  Phase = iota
	Serving         // it is the writer
	Fenced          // another claim has a greater term at a majority; final
	Failed          // the claim gave up (ClaimNoWait); final
	Releasing       // it appends no more and gives its lease back
	Closed          // released or dropped; final
)

func (p Phase) String() string {
	return [...]string{"claiming", "serving", "fenced", "failed", "releasing", "closed"}[p]
}

// WriterConfig is what a claim is made with.
type WriterConfig struct {
	Self   NodeID
	Stream StreamID
	Config Configuration
	Claim  ClaimID // never used before: its nonce is random
	Holder string  // who claims, for people
	Mode   ClaimMode
	Lease  time.Duration
	// Quiet writers send no heartbeats by themselves: only appends and Renew
	// keep their lease.
	Quiet  bool
	Limits Limits
}

// Limits bound a writer's memory and messages, in bytes. Zero takes the default.
type Limits struct {
	Window int // appended and not yet committed: more is refused
	Keep   int // committed, and kept for replicas that are behind
	Peer   int // sent to one replica and not yet acknowledged by it
	Batch  int // of one Append, unless one group is larger
}

func (l Limits) withDefaults() Limits {
	set := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	set(&l.Window, 64<<20)
	set(&l.Keep, 32<<20)
	set(&l.Peer, 32<<20)
	set(&l.Batch, 1<<20)
	return l
}

// Writer is one claim of a stream, from the first question to the last append.
// It lives on the node that the claimant is connected to, which need not hold a
// replica. It owns the uncommitted end of the log:
//
//   - its term has no other writer: a majority promised it to this claim (I1)
//   - entries keep the term they were written in (I2)
//   - it commits only what a majority holds durably in logs of its own term (I5)
//   - every Propose gets one answer, in order, and the answer is true (I9)
//
// A claim goes through rounds: probe, prepare, choose, recover, begin. A round
// that fails is followed by another with a greater term. A writer that serves
// and finds a minority promised to a claim that died runs a round as well,
// without giving up what it has (see rise).
type Writer struct {
	cfg   WriterConfig
	phase Phase
	round round
	peers []peer // one a member, in the order of the configuration

	term    Term    // of the round under way, or in force
	history History // of the log in window; its last segment is what new entries belong to
	window  window
	start   EntryID // the first entry of the term in force: below, nothing commits until a majority has all of it
	commit  EntryID
	base    mark    // where the log began when this writer began
	first   EntryID // entries below are trimmed

	committedAt Time  // when commit last rose, or anything was last in flight
	lastAt      int64 // AppendedAt of the tail
	validUntil  Time  // the lease: until then no other claim can be served
	queue       queue
	maxSent     EntryID // the highest entry that ever left this machine
	refusal     Refused // the last: why a claim fails, or who fenced this one
	shared      []Entry // what was last sent in this Tick: replicas in step share it
	dirty       bool    // something may have to be sent at the next Tick
	closeBy     Time    // Releasing: when to stop waiting for answers
}

// NewWriter returns a claim that begins with its first Tick.
func NewWriter(cfg WriterConfig) *Writer {
	cfg.Limits = cfg.Limits.withDefaults()
	w := &Writer{cfg: cfg, dirty: true, first: 1, queue: queue{due: Never}, closeBy: Never}
	for _, m := range cfg.Config.Members {
		w.peers = append(w.peers, peer{node: m})
	}
	return w
}

// ID is the claim's.
func (w *Writer) ID() ClaimID { return w.cfg.Claim }

// Phase is where the writer stands.
func (w *Writer) Phase() Phase { return w.phase }

// Term is the term in force; while claiming, the one that is tried.
func (w *Writer) Term() Term { return w.term }

// Next is the id that the next proposed entry gets.
func (w *Writer) Next() EntryID { return w.window.tail() + 1 }

// Commit is the highest entry known durable at a majority.
func (w *Writer) Commit() EntryID { return w.commit }

// ValidUntil is the end of the read lease: until then no other claim can be
// served, as far as clocks run at rates that differ by less than a quarter. It
// is 0 from the moment that the writer begins to give its lease back (I8).
func (w *Writer) ValidUntil() Time {
	if w.phase != Serving {
		return 0
	}
	return w.validUntil
}

// Refusal is why the claim does not get on, or who fenced it; its Reason is 0
// if nobody refused anything: then there is no quorum.
func (w *Writer) Refusal() Refused { return w.refusal }

// HeldBytes is what the machine holds in memory for entries.
func (w *Writer) HeldBytes() int { return w.window.bytes(w.window.base.ID) }

// KeptBytes is the part of HeldBytes that is committed, and kept for replicas that
// are behind.
func (w *Writer) KeptBytes() int { return w.window.between(w.window.base.ID, w.commit) }

// Step takes one input. Proposals are put into the log at once; what they make
// necessary to send goes out with the next Tick, so that many travel together.
func (w *Writer) Step(now Time, in Input, out *Output) {
	switch in := in.(type) {
	case Propose:
		w.propose(now, in, out)
	case Received:
		w.receive(now, in.Envelope, out)
	case Tick:
		w.tick(now, out)
	case TrimTo:
		w.first = max(w.first, min(in.First, w.commit+1))
		w.hurry()
	case Renew:
		w.hurry()
	case LetGo:
		if w.phase == Serving {
			w.forget(in.Keep)
		}
	case GiveUp:
		w.giveUp(now, in, out)
	default:
		violated("I0", "input that is not for a writer")
	}
}

// Deadline is when the writer next wants a Tick.
func (w *Writer) Deadline() Time {
	switch {
	case w.final():
		return Never
	case w.dirty:
		return 0
	}
	d := min(w.queue.due, w.round.at, w.closeBy)
	for i := range w.peers {
		d = min(d, w.peerDue(&w.peers[i]))
	}
	return d
}

func (w *Writer) final() bool { return w.phase == Fenced || w.phase == Failed || w.phase == Closed }

// hurry makes the next Tick send a heartbeat to everybody.
func (w *Writer) hurry() {
	w.dirty = true
	for i := range w.peers {
		w.peers[i].heartbeatAt = 0
	}
}

func (w *Writer) tick(now Time, out *Output) {
	if w.final() {
		return
	}
	w.dirty = false
	if now >= w.queue.due {
		w.queue.expire(now, CauseTimeout, out)
	}
	if now >= w.closeBy {
		w.close(CauseClosed, out)
		return
	}
	if now >= w.round.at {
		w.roundOn(now, out)
	}
	w.shared = nil
	for i := range w.peers {
		w.serve(now, &w.peers[i], out)
	}
}

func (w *Writer) receive(now Time, env Envelope, out *Output) {
	p := w.peer(env.From)
	if w.final() || p == nil {
		return
	}
	switch m := env.Msg.(type) {
	case Status:
		w.probed(now, p, m, out)
	case Promise:
		w.promised(now, p, m, out)
	case Refused:
		w.refused(now, p, m, out)
	case Fetched:
		w.recovered(now, p, m, out)
	case Appended:
		w.appended(now, p, m, out)
	case Released:
		w.released(p, m, out)
	}
}

func (w *Writer) peer(n NodeID) *peer {
	for i := range w.peers {
		if w.peers[i].node == n {
			return &w.peers[i]
		}
	}
	return nil
}

// send addresses m to p.
func (w *Writer) send(p *peer, m Message, out *Output) {
	out.Sends = append(out.Sends, Envelope{
		Stream: w.cfg.Stream, Config: w.cfg.Config.Number, From: w.cfg.Self, To: p.node, Claim: w.cfg.Claim, Msg: m,
	})
}

// fence ends the writer: a majority has promised a greater term to another.
// What never left this machine is surely not applied; of the rest only the next
// claim can tell.
func (w *Writer) fence(out *Output) {
	w.phase = Fenced
	w.queue.failAll(w.maxSent, CauseFenced, out)
}

// close ends the writer without an enemy.
func (w *Writer) close(why Cause, out *Output) {
	w.phase = Closed
	w.queue.failAll(w.maxSent, why, out)
}

// giveUp starts the end. A lease is given back only once nothing is in flight:
// the next writer may start at once then.
func (w *Writer) giveUp(now Time, in GiveUp, out *Output) {
	switch {
	case w.final():
	case !in.Release || w.phase == Claiming:
		w.close(CauseClosed, out)
	case w.phase == Serving:
		w.phase = Releasing
		w.closeBy = now.Add(releasePatience)
		w.dirty = true
	}
}

// released counts the replicas that took the lease back.
func (w *Writer) released(p *peer, m Released, out *Output) {
	if w.phase != Releasing || m.Term != w.term {
		return
	}
	p.released = true
	n := 0
	for i := range w.peers {
		if w.peers[i].released {
			n++
		}
	}
	if n >= w.cfg.Config.Quorum() {
		w.close(CauseClosed, out)
	}
}
