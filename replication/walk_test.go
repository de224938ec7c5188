package replication

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	walks    = flag.Int("walks", 600, "how many walks TestWalks takes")
	walkSeed = flag.Uint64("walk-seed", 1, "the seed of the first of them; each further one has the next")
)

const (
	walkActs     = 40 // of one walk
	walkMessages = 40 // delivered in one act, at most
	walkTrace    = 80 // lines shown of a walk that failed
)

// TestWalks walks at random over the stage of the conversations. It is aimed:
// where package sim lets a whole world run, a walk is a row of short acts, in
// each of which some nodes reach each other, a claim is made, a few messages
// come through, and the writer dies. So claims, Begins and recoveries are left
// half done far more often than they are in any world that works, and the next
// claim starts from what they left. If a walk fails, some order of messages,
// deaths and silences makes the protocol break a promise.
//
// To replay: go test ./replication -run TestWalks -walk-seed N -walks 1
func TestWalks(t *testing.T) {
	for i := range *walks {
		seed := *walkSeed + uint64(i)
		if err := newWalk(seed).run(); err != nil {
			again := newWalk(seed)
			again.quiet = false
			_ = again.run() // the same, told aloud
			t.Fatalf("seed %d: %v\nthe last steps:\n%s", seed, err, again.lastSteps())
		}
	}
}

// walk is a stage on which chance plays.
type walk struct {
	*stage
	*rand.Rand
	truth   truth
	claims  uint64
	groups  int
	trims   bool
	fills   bool // disks are nearly full at times
	noBeats bool // some writers send no heartbeats
}

func newWalk(seed uint64) *walk {
	k := &walk{stage: newStage(), Rand: rand.New(rand.NewPCG(seed, 0)), truth: newTruth()}
	k.quiet = true
	k.trims, k.noBeats, k.fills = k.oneIn(2), k.oneIn(4), k.oneIn(3)
	k.config = Configuration{Number: 1, Members: []NodeID{1, 2, 3}}
	if k.oneIn(4) {
		k.config.Members = append(k.config.Members, 4, 5)
	}
	for _, id := range k.config.Members {
		k.nodes[id] = &stageNode{id: id, durable: stageDisk{state: State{Config: k.config, First: 1}}}
		k.restart(k.nodes[id])
	}
	return k
}

// run plays the acts and then heals everything. What a machine or a check finds
// broken is its error.
func (k *walk) run() (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case Violation:
			err = v
		default:
			panic(v)
		}
	}()
	for range walkActs {
		k.act()
	}
	return k.heal()
}

func (k *walk) act() {
	k.regroup()
	k.pass(k.upTo(12 * time.Millisecond))
	if k.oneIn(6) {
		k.pass(k.upTo(1300 * time.Millisecond))
	}
	if len(k.writers) == 0 || k.oneIn(4) {
		k.makeClaim()
	}
	if k.oneIn(3) {
		k.appendGroup()
		k.appendGroup()
	}
	k.converse()
	if k.oneIn(2) {
		k.endWriter()
	}
	k.loseMessages()
	k.crashAndRestart()
	k.fillSome()
	if k.oneIn(3) {
		k.silence()
	}
	k.writers = slices.DeleteFunc(k.writers, (*Writer).final)
	k.check()
}

// regroup chooses the nodes that reach each other from now on: mostly a bare
// majority, so that the next one differs from it and knows less. What the others
// are sent waits until they come back.
func (k *walk) regroup() {
	clear(k.cut)
	size := k.config.Quorum()
	if k.oneIn(3) {
		size = 1 + k.IntN(len(k.config.Members))
	}
	for _, i := range k.Perm(len(k.config.Members))[size:] {
		k.cut[k.config.Members[i]] = true
	}
	k.printf("%v: cut off %v", time.Duration(k.now), k.cut)
}

// makeClaim lets a claim begin. Mostly it uses force and a lease that is soon
// over, so that it gets on within the act. Its limits are small: it forgets
// early, and brings a replica up to date in many steps.
func (k *walk) makeClaim() {
	mode := ClaimForce
	if k.oneIn(4) {
		mode = ClaimWait
	}
	k.addWriter(WriterConfig{
		Self: k.config.Members[k.IntN(len(k.config.Members))], Mode: mode, Lease: time.Millisecond + k.upTo(20*time.Millisecond),
		Limits: Limits{Keep: 1 + k.IntN(200), Batch: 50, Peer: 60 + k.IntN(400)},
		Quiet:  k.noBeats && k.oneIn(2),
	})
}

func (k *walk) addWriter(cfg WriterConfig) *Writer {
	k.claims++
	cfg.Stream, cfg.Config, cfg.Claim = 7, k.config, ClaimID{Node: cfg.Self, Nonce: k.claims}
	w := NewWriter(cfg)
	k.names[w] = fmt.Sprintf("w%d", k.claims)
	k.writers = append(k.writers, w)
	k.printf("%s claims on %v, mode %v, lease %v", k.names[w], cfg.Self, cfg.Mode, cfg.Lease)
	k.tick()
	return w
}

// converse delivers some messages, most of them in order, while writers append
// and disks sync.
func (k *walk) converse() {
	for n := k.IntN(walkMessages); n > 0; n-- {
		if k.oneIn(12) {
			k.appendGroup()
		}
		if k.trims && k.oneIn(10) {
			k.trimSome()
		}
		switch arriving := k.arriving(); {
		case len(arriving) == 0 && k.oneIn(3):
			return
		case len(arriving) == 0:
			k.pass(k.upTo(60 * time.Millisecond))
		case k.oneIn(8):
			k.deliverAt(arriving[k.IntN(len(arriving))])
		default:
			k.deliverAt(arriving[0])
		}
		k.syncSome()
		k.tick()
		k.check()
	}
}

// arriving lists where in the queue the messages are that can be delivered.
func (k *walk) arriving() []int {
	var at []int
	for i, e := range k.net {
		if k.reaches(e.From, e.To) {
			at = append(at, i)
		}
	}
	return at
}

// deliverAt delivers the i-th message of the queue; some are lost, some come
// twice.
func (k *walk) deliverAt(i int) {
	e := k.net[i]
	if !k.oneIn(20) {
		k.net = slices.Delete(k.net, i, i+1)
	}
	if !k.oneIn(25) {
		k.receive(e)
	}
}

func (k *walk) appendGroup() {
	w := k.servingWriter()
	if w == nil {
		return
	}
	var group [][]byte
	for range 1 + k.IntN(2) {
		k.groups++
		group = append(group, fmt.Append(nil, k.groups))
	}
	k.propose(w, group...)
}

func (k *walk) propose(w *Writer, group ...[]byte) {
	k.refs++
	k.printf("%s appends %s", k.names[w], group)
	k.stepWriter(w, Propose{Ref: k.refs, Payloads: group, Deadline: Never, Wall: int64(k.refs)})
	k.tick()
}

// trimSome trims all that is committed, but for a few entries.
func (k *walk) trimSome() {
	if w := k.servingWriter(); w != nil {
		keep := min(w.Commit(), EntryID(k.IntN(4)))
		k.printf("%s trims to %d", k.names[w], w.Commit()+1-keep)
		k.stepWriter(w, TrimTo{First: w.Commit() + 1 - keep})
		k.tick()
	}
}

// servingWriter is one of the writers if it serves, else nil.
func (k *walk) servingWriter() *Writer {
	if len(k.writers) == 0 {
		return nil
	}
	if w := k.writers[k.IntN(len(k.writers))]; w.Phase() == Serving {
		return w
	}
	return nil
}

func (k *walk) syncSome() {
	for _, id := range k.config.Members {
		if !k.oneIn(5) {
			k.sync(k.nodes[id])
		}
	}
}

// endWriter lets one of the writers give its lease back or, more often, die
// without a word.
func (k *walk) endWriter() {
	if len(k.writers) == 0 {
		return
	}
	i := k.IntN(len(k.writers))
	if k.oneIn(5) {
		k.printf("%s releases", k.names[k.writers[i]])
		k.stepWriter(k.writers[i], GiveUp{Release: true})
		return
	}
	k.printf("%s dies", k.names[k.writers[i]])
	k.writers = slices.Delete(k.writers, i, i+1)
}

// loseMessages empties the queue now and then, and keeps it short.
func (k *walk) loseMessages() {
	const most = 100
	switch {
	case k.oneIn(2):
		k.net = nil
	case len(k.net) > most:
		k.net = slices.Clone(k.net[len(k.net)-most:])
	}
}

func (k *walk) crashAndRestart() {
	for _, id := range k.config.Members {
		switch n := k.nodes[id]; {
		case n.replica == nil && k.oneIn(2):
			k.restart(n)
		case n.replica != nil && k.oneIn(12):
			k.crash(n)
		}
	}
}

// crash stops n. Of what it had not synced, some of the oldest survives.
func (k *walk) crash(n *stageNode) {
	survive := k.IntN(len(n.unsynced) + 1)
	k.printf("%v crashes; of %d writes %d survive", n.id, len(n.unsynced), survive)
	for _, w := range n.unsynced[:survive] {
		n.durable.apply(w)
	}
	n.replica, n.unsynced = nil, nil
}

func (k *walk) restart(n *stageNode) {
	k.printf("%v starts", n.id)
	n.replica = RestoreReplica(n.id, 7, n.durable.load(), k.now)
}

// fillSome lets disks become nearly full, and have room again.
func (k *walk) fillSome() {
	for _, id := range k.config.Members {
		if n := k.nodes[id]; k.fills && n.replica != nil && k.oneIn(4) {
			low := k.oneIn(2)
			k.printf("%v: nearly full: %v", id, low)
			k.stepNode(n, Space{Low: low})
		}
	}
}

// silence is a time in which no writer is heard: replicas ask each other what is
// committed.
func (k *walk) silence() {
	k.pass(300*time.Millisecond + k.upTo(400*time.Millisecond))
	k.printf("%v: silence", time.Duration(k.now))
	for _, id := range k.config.Members {
		if n := k.nodes[id]; n.replica != nil && n.replica.Deadline() <= k.now {
			k.stepNode(n, Tick{})
		}
	}
	for range walkMessages {
		i := slices.IndexFunc(k.net, func(e Envelope) bool { return e.Claim.IsZero() && k.reaches(e.From, e.To) })
		if i < 0 {
			break
		}
		e := k.net[i]
		k.net = slices.Delete(k.net, i, i+1)
		k.receive(e)
	}
	k.check()
}

// heal ends all failures and makes a last claim: it must be served, hold all
// that was ever committed, and bring every replica to its own log.
func (k *walk) heal() error {
	clear(k.cut)
	k.writers = nil
	for _, id := range k.config.Members {
		if n := k.nodes[id]; n.replica == nil {
			k.restart(n)
		} else {
			k.stepNode(n, Space{Low: false})
		}
	}
	w := k.addWriter(WriterConfig{Self: 1, Lease: 4 * time.Second, Mode: ClaimWait, Quiet: k.oneIn(2)})
	k.advance(20 * time.Second)
	k.check()
	if w.Phase() != Serving {
		return fmt.Errorf("all is well, and the last claim is not served: %s", k.showWriter(w))
	}
	k.propose(w, []byte("end"))
	if w.cfg.Quiet {
		k.stepWriter(w, Renew{}) // who sends no heartbeats tells the commit with one
	}
	k.advance(10 * time.Second)
	k.check()
	return k.converged(w)
}

func (k *walk) converged(w *Writer) error {
	for _, id := range k.config.Members {
		n := k.nodes[id]
		if n.replica.Tail().ID != w.Commit() || n.replica.Commit() != w.Commit() || len(n.replica.State().Gaps) > 0 {
			return fmt.Errorf("a replica never becomes like its writer's log: %s; %s", n.show(k.now), k.showWriter(w))
		}
	}
	if w.Commit()+1 < w.Next() {
		return errors.New("all is well, and an append does not commit: " + k.showWriter(w))
	}
	return nil
}

// pass moves the clock and lets whoever is due act.
func (k *walk) pass(d time.Duration) { k.now = k.now.Add(d) }

func (k *walk) oneIn(n int) bool { return k.IntN(n) == 0 }

func (k *walk) upTo(d time.Duration) time.Duration { return time.Duration(k.Int64N(int64(d))) }

// lastSteps are the last lines of what was told.
func (k *walk) lastSteps() string {
	lines := strings.SplitAfter(k.out.String(), "\n")
	return strings.Join(lines[max(0, len(lines)-walkTrace):], "")
}

// truth is what the walk has seen that can never change again.
type truth struct {
	committed map[EntryID]Chain
	served    map[Term]ClaimID // the terms that were opened by a writer that served
	acked     EntryID          // the highest entry that a writer called applied
}

func newTruth() truth {
	return truth{committed: map[EntryID]Chain{}, served: map[Term]ClaimID{}}
}

func (k *walk) check() {
	for _, id := range k.config.Members {
		if n := k.nodes[id]; n.replica != nil {
			log := n.written()
			checkDense(n, &log)
			k.checkReplica(n, &log)
		}
	}
	for _, w := range k.writers {
		if w.serving() {
			k.checkWriter(w)
		}
	}
	k.checkHeld()
	k.checkLeases()
}

// written is the log as the replica has written it, synced or not.
func (n *stageNode) written() stageDisk {
	d := stageDisk{state: n.durable.state, entries: slices.Clone(n.durable.entries), commit: n.durable.commit}
	for _, w := range n.unsynced {
		d.apply(w)
	}
	return d
}

// checkDense: if an entry were missing outside of the gaps, or held within one,
// nobody would ever fetch it, or what is fetched would meet what is there (I3).
func checkDense(n *stageNode, log *stageDisk) {
	next, gaps := log.state.First, log.state.Gaps
	for i := range log.entries {
		if len(gaps) > 0 && gaps[0].Lo == next {
			next, gaps = gaps[0].Hi+1, gaps[1:]
		}
		must(log.entries[i].ID == next, "I3", "%v holds %d where %d comes next; first %d, gaps %v",
			n.id, log.entries[i].ID, next, log.state.First, log.state.Gaps)
		next++
	}
	end, _ := endOfLog(log.load())
	must(end == n.replica.tail, "I3", "%v says its log ends at %v; on its disk it ends at %v", n.id, n.replica.tail, end)
}

// checkReplica takes down what the replica knows to be committed.
func (k *walk) checkReplica(n *stageNode, log *stageDisk) {
	who := n.id.String()
	k.seeCommitted(who, log.state.Base)
	for _, g := range log.state.Gaps {
		k.seeCommitted(who, Position{ID: g.Hi, Chain: g.HiChain})
	}
	for i := range log.entries {
		if e := &log.entries[i]; e.ID <= n.replica.Commit() {
			k.seeCommitted(who, e.Position())
		}
	}
}

// checkWriter takes down what the writer calls committed. If a term had two
// writers, each could commit an entry of the same id (I1).
func (k *walk) checkWriter(w *Writer) {
	term := w.history[len(w.history)-1].Term // that in force, even while it tries to rise
	if other, ok := k.truth.served[term]; ok && other != w.ID() {
		violated("I1", "%v and %v both served at term %d", other, w.ID(), term)
	}
	k.truth.served[term] = w.ID()
	k.truth.acked = max(k.truth.acked, w.Commit())
	k.seeCommitted(k.names[w], w.window.base)
	for i := range w.window.items {
		if e := &w.window.items[i].entry; e.ID <= w.Commit() {
			k.seeCommitted(k.names[w], e.Position())
		}
	}
}

// seeCommitted: if two logs had different entries committed at one place, an
// acknowledged append, or one that was read, would be lost (I5).
func (k *walk) seeCommitted(who string, p Position) {
	if p.ID == 0 {
		return
	}
	if chain, ok := k.truth.committed[p.ID]; ok && chain != p.Chain {
		violated("I5", "%s has %v committed; %v was committed before", who, p, Position{p.ID, chain})
	}
	k.truth.committed[p.ID] = p.Chain
}

// checkHeld: if no majority of the disks reached to what was acknowledged, those
// that do not could give its ids out again (I5).
func (k *walk) checkHeld() {
	held := 0
	for _, id := range k.config.Members {
		if end, _ := endOfLog(k.nodes[id].durable.load()); end.ID >= k.truth.acked {
			held++
		}
	}
	must(held >= k.config.Quorum(), "I5", "%d is acknowledged, and on %d disks only", k.truth.acked, held)
}

// checkLeases: if a lease outlived its writer's reign, who trusts it would read
// what is no longer the whole (I8).
func (k *walk) checkLeases() {
	var valid *Writer
	for _, w := range k.writers {
		if w.ValidUntil() <= k.now {
			continue
		}
		if valid != nil {
			violated("I8", "%v and %v both trust their leases", valid.ID(), w.ID())
		}
		valid = w
		must(w.Commit() >= k.truth.acked, "I8", "%v trusts its lease and knows of %d; %d is acknowledged", w.ID(), w.Commit(), k.truth.acked)
	}
}
