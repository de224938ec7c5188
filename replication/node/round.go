package node

import "walle/replication"

// maxPasses bounds how often a round goes over messages between its own
// machines, so that none of them holds up the others. The next round goes on.
const maxPasses = 64

// round is what a shard's owner collects while it steps machines, to hand out
// at the end:
//
//	1 take all that has arrived, and step the machines with it
//	2 until nothing is left: pass messages between machines of this node, then
//	  give a Tick to those that are due. Machines put off sending until this
//	  Tick, so that many proposals make one Append, and many Synced one answer
//	3 have writers keep less for replicas that are behind, if it is too much
//	4 hand sends to the transport, writes to the disk, reads to the readers
//	5 publish progress, note deadlines, and tell waiters
type round struct {
	now  replication.Time
	wall int64

	in          arrivals
	begunCalls  int // how many of in.calls are run
	begunOrders int // how many of in.orders are obeyed

	out      replication.Output     // of one step
	local    []replication.Envelope // to machines of this node
	sends    []replication.Envelope // to other nodes
	writes   []diskJob
	reads    []readJob
	touched  []*slot   // stepped in this round
	unticked []*slot   // stepped since they were last asked whether they are due
	answered []*Writer // have waiters to tell
}

// unfinished reports whether the last round left work for the next.
func (s *shard) unfinished() bool { return len(s.local) > 0 || len(s.unticked) > 0 }

func (s *shard) runRound() {
	s.in = s.inbox.take(s.in)
	s.readClock()
	s.stepArrivals()
	for {
		due, ok := s.deadlines.pop(s.now)
		if !ok {
			break
		}
		s.touch(due)
	}
	for pass := 0; pass < maxPasses && s.unfinished(); pass++ {
		s.passLocal()
		s.tickDue()
	}
	s.boundKept()
	s.handOut()
	s.settle()
	s.tellWaiters()
}

// readClock sets the time of the round. It comes after the take: a replica counts
// the lease it grants from now, and must not count from before the message was
// sent. The other way round,
//
//  1. B's owner reads the clock, and is not scheduled for 5 s
//  2. writer A sends an append, and trusts three quarters of its lease from then
//  3. B's owner takes the append, and grants a lease that began 5 s before
//
// and B would promise another claim while A still trusts its lease. Being late
// is harmless: what is sent in the round was then sent after now.
func (s *shard) readClock() {
	s.now, s.wall = s.node.config.Clock.Now(), s.node.config.Clock.Wall()
}

// stepArrivals steps machines with all that has arrived.
func (s *shard) stepArrivals() {
	s.begunCalls, s.begunOrders = 0, 0
	for _, f := range s.in.calls {
		s.begunCalls++
		f()
	}
	for _, d := range s.in.synced {
		if !d.owner.gone {
			d.owner.synced(d.seq)
			s.step(&d.owner.slot, replication.Synced{Seq: d.seq})
		}
	}
	for _, a := range s.in.reads {
		if !a.owner.gone {
			s.step(&a.owner.slot, a.done)
		}
	}
	for i := range s.in.messages {
		s.receive(&s.in.messages[i])
	}
	for i := range s.in.orders {
		s.begunOrders++
		s.obey(&s.in.orders[i])
	}
}

// receive brings a message to the machine or the question that it is for.
func (s *shard) receive(e *replication.Envelope) {
	if e.Msg.IsRequest() || e.Claim.IsZero() {
		s.receiveReplica(e)
		return
	}
	if w := s.writers[e.Claim]; w != nil && w.stream == e.Stream {
		if w.trace != nil && !w.trace.observe(s.now, e) {
			w.trace = nil
		}
		s.step(&w.slot, replication.Received{Envelope: *e})
		return
	}
	if a := s.asks[e.Claim]; a != nil && a.stream == e.Stream {
		s.askAnswered(a, e)
	}
	// Else it is late: its claim or question is over.
}

func (s *shard) receiveReplica(e *replication.Envelope) {
	r := s.replicas[e.Stream]
	switch {
	case r == nil && s.node.Quarantined(e.Stream) != nil:
		s.refuse(e, replication.RefusedDamaged)
	case r == nil:
		s.refuse(e, replication.RefusedUnknown)
	case s.node.disk.full() && entryBytes(e.Msg) > 0:
		// Lost: the sender has to slow down, as with a full inbox.
	default:
		s.step(&r.slot, replication.Received{Envelope: *e})
	}
}

// refuse answers a request for a stream that has no replica here, or none that
// could be loaded.
func (s *shard) refuse(e *replication.Envelope, why replication.Reason) {
	if !e.Msg.IsRequest() {
		return
	}
	s.send(replication.Envelope{
		Stream: e.Stream,
		Config: e.Config,
		From:   s.node.config.Self,
		To:     e.From,
		Claim:  e.Claim,
		Msg:    replication.Refused{Reason: why, Term: termOf(e.Msg)},
	})
}

// termOf is the term that a request was made in; 0 if in none.
func termOf(m replication.Message) replication.Term {
	switch m := m.(type) {
	case replication.Prepare:
		return m.Term
	case replication.Begin:
		return m.Term
	case replication.Append:
		return m.Term
	case replication.Fetch:
		return m.Term
	case replication.Release:
		return m.Term
	}
	return 0
}

// step steps a machine, and collects what it asks for.
func (s *shard) step(m *slot, in replication.Input) {
	s.touch(m)
	if m.replica != nil {
		m.replica.machine.Step(s.now, in, &s.out)
		s.collectReplica(m.replica)
	} else {
		m.writer.machine.Step(s.now, in, &s.out)
		for _, r := range s.out.Replies {
			s.answer(m.writer, r)
		}
	}
	for i := range s.out.Sends {
		s.send(s.out.Sends[i])
	}
	s.out.Reset()
}

func (s *shard) collectReplica(r *replica) {
	for i := range s.out.Writes {
		r.wrote(&s.out.Writes[i])
		s.writes = append(s.writes, diskJob{owner: r, write: s.out.Writes[i]})
	}
	for _, read := range s.out.Reads {
		s.reads = append(s.reads, readJob{owner: r, read: read})
	}
}

func (s *shard) send(e replication.Envelope) {
	if e.To == s.node.config.Self {
		s.local = append(s.local, e)
		return
	}
	s.sends = append(s.sends, e)
}

// touch notes that a machine takes part in the round.
func (s *shard) touch(m *slot) {
	if !m.touched {
		m.touched = true
		s.touched = append(s.touched, m)
	}
	if !m.unticked {
		m.unticked = true
		s.unticked = append(s.unticked, m)
	}
}

// passLocal brings messages between machines of this node, those that they
// cause included.
func (s *shard) passLocal() {
	for i := 0; i < len(s.local); i++ {
		e := s.local[i] // receive may move s.local
		s.receive(&e)
	}
	clear(s.local)
	s.local = s.local[:0]
}

// tickDue gives a Tick to each machine that was stepped and is due now.
func (s *shard) tickDue() {
	for i := 0; i < len(s.unticked); i++ {
		m := s.unticked[i]
		if m.due() <= s.now {
			s.step(m, replication.Tick{})
		}
		m.unticked = false
	}
	clear(s.unticked)
	s.unticked = s.unticked[:0]
}

// handOut hands what was collected to those who may wait.
func (s *shard) handOut() {
	if len(s.sends) > 0 {
		s.node.config.Transport.Send(s.sends)
		clear(s.sends)
		s.sends = s.sends[:0]
	}
	if len(s.writes) > 0 {
		s.node.disk.put(s.writes)
		clear(s.writes)
		s.writes = s.writes[:0]
	}
	if len(s.reads) > 0 {
		s.node.readers.jobs.put(s.reads)
		clear(s.reads)
		s.reads = s.reads[:0]
	}
}

// settle publishes how the machines of the round stand, and notes when they are
// due.
func (s *shard) settle() {
	for _, m := range s.touched {
		m.touched = false
		if m.replica != nil {
			s.settleReplica(m.replica)
		} else {
			s.settleWriter(m.writer)
		}
		s.deadlines.set(m, m.due())
	}
	clear(s.touched)
	s.touched = s.touched[:0]
}

func (s *shard) settleReplica(r *replica) {
	if !r.gone {
		r.publish()
	}
}

// tellWaiters tells, in order, those whose appends are answered. What they do
// in return arrives for the next round.
func (s *shard) tellWaiters() {
	for _, w := range s.answered {
		w.answered = false
		free := int64(0)
		for {
			a, ok := w.waiting.pop()
			if !ok {
				break
			}
			if a.reply.Outcome == replication.Unknown && !w.over && !w.settled() {
				w.unknown += a.size // the machine has it still
			} else {
				free += a.size
			}
			a.done(a.reply)
		}
		s.node.window.give(&w.flight, free)
	}
	clear(s.answered)
	s.answered = s.answered[:0]
}
