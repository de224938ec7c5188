package replication

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
)

// TestConversations plays the scripts in testdata: what is said between writers
// and replicas, step by step, as one would tell the story at a whiteboard. If a
// script's output changes, the protocol changed.
func TestConversations(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := newStage()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			return s.do(t, d)
		})
	})
}

// stage is a small world without chance: messages wait in one queue until the
// script delivers or drops them; writes wait until it syncs them.
type stage struct {
	now     Time
	config  Configuration
	nodes   map[NodeID]*stageNode
	writers []*Writer
	names   map[*Writer]string
	net     []Envelope
	held    []Envelope         // taken out of net until the script gives them back
	cut     map[NodeID]bool    // isolated: everything from and to them is dropped
	parted  map[[2]NodeID]bool // pairs that do not reach each other
	hung    map[NodeID]bool    // stopped: everything to them waits
	slow    map[NodeID]bool    // their disk does not sync
	refs    uint64
	quiet   bool
	out     strings.Builder
}

type stageNode struct {
	id       NodeID
	replica  *Replica // nil while crashed
	durable  stageDisk
	unsynced []Write
	bad      map[EntryID]bool // entries that its disk cannot give back
}

// stageDisk is what survives.
type stageDisk struct {
	state   State
	entries []Entry // ascending
	commit  EntryID
}

func newStage() *stage {
	return &stage{
		nodes: map[NodeID]*stageNode{}, names: map[*Writer]string{},
		cut: map[NodeID]bool{}, parted: map[[2]NodeID]bool{}, hung: map[NodeID]bool{}, slow: map[NodeID]bool{},
	}
}

func (s *stage) printf(format string, args ...any) {
	if !s.quiet {
		fmt.Fprintf(&s.out, format+"\n", args...)
	}
}

func (s *stage) do(t *testing.T, d *datadriven.TestData) (result string) {
	s.out.Reset()
	defer func() {
		if v, ok := recover().(Violation); ok {
			t.Errorf("%s: %v", d.Pos, v) // never right, whatever the script expects
			result = s.out.String() + v.Error() + "\n"
		}
	}()
	s.quiet = d.HasArg("quiet")
	s.command(t, d)
	s.quiet = false
	if s.out.Len() == 0 {
		return "ok\n"
	}
	return s.out.String()
}

func (s *stage) command(t *testing.T, d *datadriven.TestData) {
	switch d.Cmd {
	case "cluster":
		n := 3
		d.MaybeScanArgs(t, "nodes", &n)
		s.config = Configuration{Number: 1}
		for i := 1; i <= n; i++ {
			s.config.Members = append(s.config.Members, NodeID(i))
		}
		for _, id := range s.config.Members {
			s.nodes[id] = &stageNode{id: id, replica: NewReplica(id, 7, s.config, s.now), durable: stageDisk{state: State{Config: s.config, First: 1}}}
		}
	case "claim":
		s.claim(t, d)
	case "append":
		w := s.writer(t, d, 0)
		for _, a := range d.CmdArgs[1:] {
			if a.Key == "quiet" || a.Key == "timeout" || a.Key == "at" {
				continue
			}
			var at int
			d.MaybeScanArgs(t, "at", &at)
			s.refs++
			deadline := Never
			if d.HasArg("timeout") {
				var x string
				d.ScanArgs(t, "timeout", &x)
				deadline = s.now.Add(duration(t, x))
			}
			var group [][]byte
			for _, p := range strings.Split(a.Key, "+") {
				group = append(group, payload(t, p))
			}
			s.stepWriter(w, Propose{Ref: s.refs, Payloads: group, Deadline: deadline, First: EntryID(at)})
		}
		s.tick()
	case "run":
		s.tick()
		s.run()
	case "deliver": // deliver [to=n] [from=n] [n=count]: delivers what is queued now, not what that causes
		s.tick()
		s.deliver(s.filter(t, d))
	case "drop":
		f := s.filter(t, d)
		s.net = slices.DeleteFunc(s.net, func(e Envelope) bool {
			if f(e) {
				s.printf("lost %v", show(e))
				return true
			}
			return false
		})
	case "double": // [to=n] [from=n] [msg=name]: what is queued comes twice
		s.net = append(s.net, s.queued(t, d)...)
	case "reverse": // what is queued last comes first
		slices.Reverse(s.net)
	case "hold": // [to=n] [from=n] [msg=name]: delays what is queued until it is given back
		f := s.filter(t, d)
		s.net = slices.DeleteFunc(s.net, func(e Envelope) bool {
			if f(e) {
				s.held = append(s.held, e)
				return true
			}
			return false
		})
	case "give-back":
		s.net, s.held = append(s.net, s.held...), nil
	case "part", "join": // part n1 n2: these two do not reach each other
		a, _ := nodeName(d.CmdArgs[0].Key)
		b, _ := nodeName(d.CmdArgs[1].Key)
		s.parted[[2]NodeID{a, b}], s.parted[[2]NodeID{b, a}] = d.Cmd == "part", d.Cmd == "part"
	case "sync":
		for _, n := range s.which(t, d) {
			s.sync(n)
		}
	case "advance":
		s.advance(duration(t, d.CmdArgs[0].Key))
	case "cut", "heal", "hang", "resume", "slow", "fast":
		for _, n := range s.which(t, d) {
			switch d.Cmd {
			case "cut":
				s.cut[n.id] = true
			case "heal":
				delete(s.cut, n.id)
			case "hang":
				s.hung[n.id] = true
			case "resume":
				delete(s.hung, n.id)
			case "slow":
				s.slow[n.id] = true
			case "fast":
				delete(s.slow, n.id)
			}
		}
	case "crash":
		for _, n := range s.which(t, d) {
			n.replica, n.unsynced = nil, nil
			s.net = slices.DeleteFunc(s.net, func(e Envelope) bool { return e.To == n.id && e.Msg.IsRequest() })
		}
	case "kill": // the writer is gone without a word
		w := s.writer(t, d, 0)
		s.writers = slices.DeleteFunc(s.writers, func(x *Writer) bool { return x == w })
	case "restart":
		for _, n := range s.which(t, d) {
			n.replica = RestoreReplica(n.id, 7, n.durable.load(), s.now)
		}
	case "scrub": // scrub n1 3 4: somebody has found that entries 3 to 4 are damaged on n1
		var ids [2]int
		for i := range ids {
			var err error
			if ids[i], err = strconv.Atoi(d.CmdArgs[1+i].Key); err != nil {
				t.Fatal(err)
			}
		}
		s.stepNode(s.which(t, d)[0], Damaged{First: EntryID(ids[0]), Last: EntryID(ids[1])})
	case "damage": // damage n1 3: the disk of n1 cannot give back entry 3
		n := s.which(t, d)[0]
		id, err := strconv.Atoi(d.CmdArgs[1].Key)
		if err != nil {
			t.Fatal(err)
		}
		if n.bad == nil {
			n.bad = map[EntryID]bool{}
		}
		n.bad[EntryID(id)] = true
	case "fill", "make-room": // the disk of a node is nearly full
		for _, n := range s.which(t, d) {
			s.stepNode(n, Space{Low: d.Cmd == "fill"})
		}
	case "release":
		s.stepWriter(s.writer(t, d, 0), GiveUp{Release: true})
		s.tick()
	case "give-up": // the owner of the writer is gone
		s.stepWriter(s.writer(t, d, 0), GiveUp{})
	case "renew":
		s.stepWriter(s.writer(t, d, 0), Renew{})
		s.tick()
	case "trust": // may the owner of the writer still trust its lease?
		w := s.writer(t, d, 0)
		s.printf("%s trusts its lease for %v", s.names[w], max(0, w.ValidUntil().Sub(s.now)))
	case "let-go": // let-go w1 keep=0: the memory of the writer's owner is short
		var keep int
		d.ScanArgs(t, "keep", &keep)
		s.stepWriter(s.writer(t, d, 0), LetGo{Keep: keep})
	case "trim":
		var to int
		d.ScanArgs(t, "to", &to)
		s.stepWriter(s.writer(t, d, 0), TrimTo{First: EntryID(to)})
		s.tick()
	case "status":
		for _, id := range s.config.Members {
			s.printf("%s", s.nodes[id].show(s.now))
		}
		for _, w := range s.writers {
			s.printf("%s", s.showWriter(w))
		}
	default:
		t.Fatalf("%s: unknown command %q", d.Pos, d.Cmd)
	}
}

func (s *stage) claim(t *testing.T, d *datadriven.TestData) {
	name := d.CmdArgs[0].Key
	node, mode, lease := 1, "wait", "10s"
	d.MaybeScanArgs(t, "node", &node)
	d.MaybeScanArgs(t, "mode", &mode)
	d.MaybeScanArgs(t, "lease", &lease)
	var keep, window, batch, peer int
	d.MaybeScanArgs(t, "peer", &peer)
	d.MaybeScanArgs(t, "batch", &batch)
	d.MaybeScanArgs(t, "keep", &keep)
	d.MaybeScanArgs(t, "window", &window)
	w := NewWriter(WriterConfig{
		Self: NodeID(node), Stream: 7, Config: s.config, Holder: name, Lease: duration(t, lease),
		Claim:  ClaimID{Node: NodeID(node), Nonce: uint64(len(s.names) + 1)},
		Mode:   map[string]ClaimMode{"wait": ClaimWait, "nowait": ClaimNoWait, "force": ClaimForce}[mode],
		Limits: Limits{Keep: keep, Window: window, Batch: batch, Peer: peer},
		Quiet:  d.HasArg("no-heartbeats"),
	})
	s.names[w] = name
	s.writers = append(s.writers, w)
	s.tick()
}

func (s *stage) writer(t *testing.T, d *datadriven.TestData, i int) *Writer {
	for _, w := range s.writers {
		if s.names[w] == d.CmdArgs[i].Key {
			return w
		}
	}
	t.Fatalf("%s: no writer %q", d.Pos, d.CmdArgs[i].Key)
	return nil
}

// which lists the nodes that a command names; none named means all.
func (s *stage) which(t *testing.T, d *datadriven.TestData) []*stageNode {
	var out []*stageNode
	for _, a := range d.CmdArgs {
		if id, ok := nodeName(a.Key); ok {
			out = append(out, s.nodes[id])
		}
	}
	if len(out) == 0 {
		for _, id := range s.config.Members {
			out = append(out, s.nodes[id])
		}
	}
	return out
}

func nodeName(x string) (NodeID, bool) {
	n, err := strconv.Atoi(strings.TrimPrefix(x, "n"))
	return NodeID(n), err == nil && strings.HasPrefix(x, "n")
}

// filter makes a predicate of from=, to= and msg= arguments.
func (s *stage) filter(t *testing.T, d *datadriven.TestData) func(Envelope) bool {
	var from, to, msg string
	d.MaybeScanArgs(t, "from", &from)
	d.MaybeScanArgs(t, "to", &to)
	d.MaybeScanArgs(t, "msg", &msg)
	left := len(s.net)
	d.MaybeScanArgs(t, "n", &left)
	return func(e Envelope) bool {
		match := (from == "" || e.From.String() == from) && (to == "" || e.To.String() == to) &&
			(msg == "" || strings.HasPrefix(e.Msg.String(), msg+"{") || e.Msg.String() == msg)
		if match {
			left--
		}
		return match && left >= 0
	}
}

// queued lists what a command's filter matches.
func (s *stage) queued(t *testing.T, d *datadriven.TestData) []Envelope {
	f := s.filter(t, d)
	var out []Envelope
	for _, e := range s.net {
		if f(e) {
			out = append(out, e)
		}
	}
	return out
}

// reaches reports whether a message gets from a to b.
func (s *stage) reaches(a, b NodeID) bool {
	return a == b || !s.cut[a] && !s.cut[b] && !s.parted[[2]NodeID{a, b}]
}

func (s *stage) deliver(match func(Envelope) bool) bool {
	queued := s.net
	s.net = nil
	any := false
	for _, e := range queued {
		switch {
		case !s.reaches(e.From, e.To):
			any = true
			s.printf("lost %v", show(e))
		case s.hung[e.To] || !match(e):
			s.net = append(s.net, e)
		default:
			any = true
			s.receive(e)
		}
	}
	return any
}

func (s *stage) receive(e Envelope) {
	if e.Msg.IsRequest() || e.Claim.IsZero() {
		if n := s.nodes[e.To]; n.replica != nil {
			s.printf("%v", show(e))
			s.stepNode(n, Received{Envelope: e})
		} else {
			s.printf("lost %v", show(e))
		}
		return
	}
	for _, w := range s.writers {
		if w.ID() == e.Claim {
			s.printf("%v", show(e))
			s.stepWriter(w, Received{Envelope: e})
		}
	}
}

// run delivers and syncs until nothing moves.
func (s *stage) run() {
	for moved, rounds := true, 0; moved; rounds++ {
		if rounds > 200 {
			panic(Violation{"I0", "the conversation never ends"})
		}
		moved = s.deliver(func(Envelope) bool { return true })
		for _, id := range s.config.Members {
			if n := s.nodes[id]; !s.slow[id] && !s.hung[id] && len(n.unsynced) > 0 {
				s.sync(n)
				moved = true
			}
		}
		s.tick()
	}
}

// tick steps every machine that is due.
func (s *stage) tick() {
	for _, id := range s.config.Members {
		if n := s.nodes[id]; n.replica != nil && !s.hung[id] && n.replica.Deadline() <= s.now {
			s.stepNode(n, Tick{})
		}
	}
	for _, w := range s.writers {
		if w.Deadline() <= s.now {
			s.stepWriter(w, Tick{})
		}
	}
}

// advance moves the clock from deadline to deadline and runs at each.
func (s *stage) advance(d time.Duration) {
	end, stuck := s.now.Add(d), 0
	for {
		next := end
		for _, n := range s.nodes {
			if n.replica != nil && !s.hung[n.id] {
				next = min(next, n.replica.Deadline())
			}
		}
		for _, w := range s.writers {
			next = min(next, w.Deadline())
		}
		if stuck++; next > s.now {
			stuck = 0
		}
		if stuck > 1000 {
			panic(Violation{"I0", "a deadline does not move"})
		}
		s.now = max(s.now, next)
		s.tick()
		s.run()
		if s.now >= end {
			return
		}
	}
}

func (s *stage) stepNode(n *stageNode, in Input) {
	var out Output
	n.replica.Step(s.now, in, &out)
	for _, w := range out.Writes {
		s.printf("  %v writes %v", n.id, showWrite(w))
		n.unsynced = append(n.unsynced, w)
		for _, e := range w.Entries {
			delete(n.bad, e.ID)
		}
	}
	s.net = append(s.net, out.Sends...)
	for _, r := range out.Reads {
		s.stepNode(n, n.read(r))
	}
}

func (s *stage) stepWriter(w *Writer, in Input) {
	var out Output
	phase := w.Phase()
	w.Step(s.now, in, &out)
	s.net = append(s.net, out.Sends...)
	for _, r := range out.Replies {
		switch r.Outcome {
		case Applied:
			s.printf("  %s: append %d applied: %d..%d", s.names[w], r.Ref, r.First, r.Last)
		default:
			s.printf("  %s: append %d %v: %v", s.names[w], r.Ref, r.Outcome, r.Why)
		}
	}
	if w.Phase() != phase {
		s.printf("  %s", s.showWriter(w))
	}
}

func (s *stage) showWriter(w *Writer) string {
	return fmt.Sprintf("%s: %v, term %d, next %d, commit %d", s.names[w], w.Phase(), w.Term(), w.Next(), w.Commit())
}

func (s *stage) sync(n *stageNode) {
	if len(n.unsynced) == 0 || n.replica == nil {
		return
	}
	for _, w := range n.unsynced {
		n.durable.apply(w)
	}
	seq := n.unsynced[len(n.unsynced)-1].Seq
	n.unsynced = nil
	s.stepNode(n, Synced{Seq: seq})
}

func (d *stageDisk) apply(w Write) {
	if w.Truncate {
		d.entries = slices.DeleteFunc(d.entries, func(e Entry) bool { return e.ID > w.Above })
	}
	d.entries = slices.DeleteFunc(d.entries, func(e Entry) bool { return e.ID < w.Below })
	for _, e := range w.Entries { // what lies there already is overwritten
		d.entries = slices.DeleteFunc(d.entries, func(x Entry) bool { return x.ID == e.ID })
	}
	d.entries = append(d.entries, w.Entries...)
	slices.SortFunc(d.entries, func(a, b Entry) int { return int(a.ID) - int(b.ID) })
	d.commit = max(d.commit, w.Commit)
	if w.State != nil {
		d.state = *w.State
	}
}

func (d *stageDisk) load() Loaded {
	l := Loaded{State: d.state, Commit: d.commit}
	if n := len(d.entries); n > 0 {
		e := d.entries[n-1]
		l.Tail = &e
	}
	return l
}

// read sees what was applied, synced or not: the highest of From..To that fit,
// dense, down to what is damaged.
func (n *stageNode) read(r Read) ReadDone {
	d := stageDisk{state: n.durable.state, entries: slices.Clone(n.durable.entries)}
	for _, w := range n.unsynced {
		d.apply(w)
	}
	done := ReadDone{Ref: r.Ref}
	below, size := r.To, 0 // the entry that comes next, and in the end the one before the run
	for ; below >= r.From && !n.bad[below]; below-- {
		e, ok := d.entry(below)
		if size += e.Size(); !ok || size > r.MaxBytes && len(done.Entries) > 0 {
			break
		}
		done.Entries = slices.Insert(done.Entries, 0, e)
	}
	if n.bad[below] {
		done.Bad = below
	} else {
		done.Prev, done.PrevAt = d.position(below)
	}
	if len(done.Entries) == 0 {
		done.Err = fmt.Errorf("entry %d cannot be read", r.To)
	}
	return done
}

func (d *stageDisk) entry(id EntryID) (Entry, bool) {
	i := slices.IndexFunc(d.entries, func(e Entry) bool { return e.ID == id })
	if i < 0 {
		return Entry{}, false
	}
	return d.entries[i], true
}

// position is the end of the log at id, an entry or what state says lies there.
func (d *stageDisk) position(id EntryID) (Position, int64) {
	if e, ok := d.entry(id); ok {
		return e.Position(), e.AppendedAt
	}
	for _, g := range d.state.Gaps {
		if g.Hi == id && g.HiChain != 0 {
			return Position{g.Hi, g.HiChain}, g.HiAt
		}
	}
	if d.state.Base.ID == id {
		return d.state.Base, d.state.BaseAt
	}
	return Position{}, 0
}

func (n *stageNode) show(now Time) string {
	log := make([]string, len(n.durable.entries))
	for i, e := range n.durable.entries {
		log[i] = fmt.Sprintf("%v=%s", e, short(e.Data))
	}
	up := ""
	if n.replica == nil {
		up = " (down)"
	} else {
		up = " " + n.replica.status(now).String()
	}
	return fmt.Sprintf("%v%s history %v log %v gaps %v", n.id, up, n.durable.state.History, log, n.durable.state.Gaps)
}

func show(e Envelope) string {
	if e.Claim.IsZero() {
		return fmt.Sprintf("%v->%v %v", e.From, e.To, e.Msg)
	}
	return fmt.Sprintf("%v->%v [%v] %v", e.From, e.To, e.Claim, e.Msg)
}

func showWrite(w Write) string {
	var parts []string
	if w.Truncate {
		parts = append(parts, fmt.Sprintf("truncate above %d", w.Above))
	}
	if w.Below > 0 {
		parts = append(parts, fmt.Sprintf("drop below %d", w.Below))
	}
	if len(w.Entries) > 0 {
		parts = append(parts, fmt.Sprintf("entries %v", w.Entries))
	}
	parts = append(parts, fmt.Sprintf("commit %d", w.Commit))
	if w.State != nil {
		parts = append(parts, fmt.Sprintf("promised %d to %v, history %v", w.State.Promised, w.State.Claim, w.State.History))
		if len(w.State.Gaps) > 0 {
			parts = append(parts, fmt.Sprintf("gaps %v", w.State.Gaps))
		}
		if w.State.Released {
			parts = append(parts, "released")
		}
	}
	return strings.Join(parts, ", ")
}

// payload is what a script calls x*1000: x, a thousand times.
func payload(t *testing.T, p string) []byte {
	x, times, ok := strings.Cut(p, "*")
	if !ok {
		return []byte(p)
	}
	n, err := strconv.Atoi(times)
	if err != nil {
		t.Fatalf("payload %q: %v", p, err)
	}
	return []byte(strings.Repeat(x, n))
}

func short(data []byte) string {
	if len(data) > 16 {
		return fmt.Sprintf("%c*%d", data[0], len(data))
	}
	return string(data)
}

func duration(t *testing.T, x string) time.Duration {
	d, err := time.ParseDuration(x)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
