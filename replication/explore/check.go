package explore

import (
	"fmt"

	"walle/replication"
)

// Check names what a broken promise was noticed by.
type Check string

// The checks of package sim go by the same names where they look at the same.
const (
	CheckAssertion Check = "assertion"
	CheckLost      Check = "committed is lost"
	CheckMajority  Check = "commit is a majority"
	CheckTruncate  Check = "commit is not cut"
	CheckPromise   Check = "promises are kept"
	CheckOneWriter Check = "one writer a term"
	CheckMatch     Check = "logs match"
	CheckDense     Check = "ids are dense"
	CheckGroup     Check = "groups are whole"
	CheckDurable   Check = "acks are durable"
	CheckAnswer    Check = "answers are true"
	CheckDenied    Check = "not applied stays out"
	CheckReply     Check = "one reply"
	CheckLease     Check = "leases exclude"
	CheckRead      Check = "reads see acks"
	CheckRest      Check = "machines rest"
	CheckValues    Check = "messages are values"
	CheckReign     Check = "claims are served" // before the search begins, without any trouble
)

// Failure is a promise that the protocol broke.
type Failure struct {
	Check  Check
	Detail string
}

func (f *Failure) Error() string { return string(f.Check) + ": " + f.Detail }

func failed(c Check, format string, args ...any) *Failure {
	return &Failure{Check: c, Detail: fmt.Sprintf(format, args...)}
}

// check looks at what one step made of a node, p, and at what it said.
func (p *nodePart) check(n *node, sends []replication.Envelope) *Failure {
	was, is := p.written, n.visible()
	switch {
	case is.state.Promised < was.state.Promised && len(n.pending) >= len(p.pending):
		return failed(CheckPromise, "term %d is promised after %d", is.state.Promised, was.state.Promised)
	case n.durable.state.Promised < p.durable.state.Promised:
		return failed(CheckPromise, "term %d is promised after %d", n.durable.state.Promised, p.durable.state.Promised)
	case is.state.Promised == was.state.Promised && is.state.Claim != was.state.Claim && !is.state.Claim.IsZero():
		return failed(CheckPromise, "term %d is promised to %v after %v", is.state.Promised, is.state.Claim, was.state.Claim)
	case n.durable.commit < p.durable.commit || n.durable.end().ID < p.durable.commit:
		return failed(CheckTruncate, "the disk ends at %v and remembers commit %d; it remembered %d", n.durable.end(), n.durable.commit, p.durable.commit)
	case max(n.replica.Flush(), n.replica.Commit()) > n.durable.end().ID:
		return failed(CheckDurable, "%d is said to be durable and %d committed; the disk ends at %v", n.replica.Flush(), n.replica.Commit(), n.durable.end())
	case n.replica.Tail() != is.end():
		return failed(CheckDense, "the log is said to end at %v; it ends at %v", n.replica.Tail(), is.end())
	}
	for _, log := range []*image{&n.durable, &is} {
		if f := log.check(); f != nil {
			return f
		}
	}
	for i := range sends {
		if f := n.checkSend(&sends[i], &is); f != nil {
			return f
		}
	}
	return nil
}

// check looks at a log by itself: contiguous but for gaps, and whole groups.
func (m *image) check() *Failure {
	next, at := m.state.First, 0
	for _, g := range append(m.state.Gaps[:len(m.state.Gaps):len(m.state.Gaps)], replication.Gap{}) {
		for ; at < len(m.entries) && (m.entries[at].ID < g.Lo || g.Lo == 0); at++ {
			if m.entries[at].ID != next {
				return failed(CheckDense, "entry %v stands where %d comes next; first %d, gaps %v", m.entries[at], next, m.state.First, m.state.Gaps)
			}
			next++
		}
		if g.Lo != 0 && (g.Lo != next || g.Hi < g.Lo) {
			return failed(CheckDense, "gap %v stands where %d comes next", g, next)
		}
		if g.Lo != 0 {
			next = g.Hi + 1
		}
	}
	for i := range m.entries {
		prev, _, ok := m.position(m.entries[i].ID - 1)
		if !ok {
			return failed(CheckDense, "nothing is known of what %v follows", m.entries[i])
		}
		if err := replication.CheckRun(prev, m.entries[i:i+1]); err != nil {
			return failed(CheckMatch, "%v", err)
		}
		if t := m.state.History.TermAt(m.entries[i].ID); t != m.entries[i].Term {
			return failed(CheckMatch, "entry %v, history %v", m.entries[i], m.state.History)
		}
	}
	if e := m.entry(m.end().ID); e != nil && !e.GroupEnd {
		return failed(CheckGroup, "a log ends at %v", *e)
	}
	return nil
}

// checkSend looks at what a node says of itself: it may only say what its disk
// would say after a crash.
func (n *node) checkSend(e *replication.Envelope, written *image) *Failure {
	s := &n.durable.state
	switch m := e.Msg.(type) {
	case replication.Promise:
		if s.Promised < m.Term || s.Promised == m.Term && s.Claim != e.Claim || n.durable.end() != m.Tail {
			return failed(CheckDurable, "%v says %v; the disk has promised %d to %v and ends at %v", e.From, m, s.Promised, s.Claim, n.durable.end())
		}
	case replication.Appended:
		if h := s.History; m.Flush > n.durable.end().ID || len(h) == 0 || h[len(h)-1].Term != m.Term {
			return failed(CheckDurable, "%v says %v; the disk has history %v and ends at %v", e.From, m, h, n.durable.end())
		}
	case replication.Status:
		if h := s.History; m.Flush > n.durable.end().ID || m.Last != 0 && (len(h) == 0 || h[len(h)-1].Term != m.Last) {
			return failed(CheckDurable, "%v says %v; the disk has history %v and ends at %v", e.From, m, h, n.durable.end())
		}
	case replication.Fetched:
		if e.Claim.IsZero() && m.Answer == replication.Have && m.To > n.replica.Commit() {
			return failed(CheckAnswer, "%v says %v; committed is %d", e.From, m, n.replica.Commit())
		}
		if m.Answer == replication.HaveNot && m.To >= written.state.First && written.end().ID >= m.To {
			return failed(CheckAnswer, "%v says %v; its log goes from %d to %v", e.From, m, written.state.First, written.end())
		}
	case replication.Trimmed:
		if s.First < m.First {
			return failed(CheckDurable, "%v says %v; the disk keeps entries from %d", e.From, m, s.First)
		}
	}
	return nil
}

// judge looks at a world after an action, as a whole.
func (x *explorer) judge(was, now world) *Failure {
	if f := x.learn(now); f != nil {
		return f
	}
	r := x.records.get(now[x.recordAt])
	for i := range x.members {
		if now[i] != was[i] || now[x.recordAt] != was[x.recordAt] {
			if f := x.judgeNode(was, now, i, r); f != nil {
				return f
			}
		}
	}
	if f := x.judgeHeld(now, r); f != nil {
		return f
	}
	return x.judgeClaims(was, now, r)
}

// judgeNode compares one node with what is known and with the other nodes.
func (x *explorer) judgeNode(was, now world, i int, r *record) *Failure {
	n := x.nodes.get(now[i])
	if n.groups&r.denied != 0 {
		return failed(CheckDenied, "%v holds an entry of group %b; surely not applied are %b", x.members[i], n.groups, r.denied)
	}
	for id := replication.EntryID(1); id <= min(n.commit, r.frontier()); id++ {
		if !r.holds(&n.written, id) {
			return failed(CheckLost, "%v takes %d for committed and has %v there", x.members[i], n.commit, n.written.entry(id))
		}
	}
	before := x.nodes.get(was[i])
	for id := replication.EntryID(1); id <= r.frontier(); id++ {
		if r.holds(&before.durable, id) && id <= before.durable.end().ID && (!r.holds(&n.durable, id) || id > n.durable.end().ID) {
			return failed(CheckTruncate, "%v had entry %d, which is committed, and has it no more", x.members[i], id)
		}
	}
	for j := range x.members {
		if j != i {
			if f := match(&n.written, &x.nodes.get(now[j]).written); f != nil {
				return f
			}
		}
	}
	return nil
}

// match compares two logs: where they have an entry of one term, they are one.
func match(a, b *image) *Failure {
	for i := range a.entries {
		e := &a.entries[i]
		if o := b.entry(e.ID); o != nil && o.Term == e.Term && o.Chain != e.Chain {
			return failed(CheckMatch, "two logs have entry %v and differ up to there", *e)
		}
	}
	return nil
}

// judgeHeld demands that all that is committed is on the disks of a majority, and
// somewhere in full.
func (x *explorer) judgeHeld(now world, r *record) *Failure {
	for id := replication.EntryID(1); id <= r.frontier(); id++ {
		held, copies := 0, 0
		for i := range x.members {
			log := &x.nodes.get(now[i]).durable
			if log.end().ID >= id && r.holds(log, id) {
				held++
			}
			if log.entry(id) != nil || id < log.state.First {
				copies++
			}
		}
		if held < x.config.Quorum() || copies == 0 {
			return failed(CheckLost, "entry %d is committed; %d disks reach to it, %d have it", id, held, copies)
		}
	}
	return nil
}

// judgeClaims compares claims with what is known and with each other.
func (x *explorer) judgeClaims(was, now world, r *record) *Failure {
	for i := range x.scope.Claims {
		c, before := x.claimOf(now, i), x.claimOf(was, i)
		if c == nil || c.phase != replication.Serving {
			continue
		}
		if (before == nil || before.phase == replication.Claiming) && c.commit < r.before(c.term) {
			return failed(CheckRead, "claim %d is served at term %d and knows of %d; committed before it is %d", i+1, c.term, c.commit, r.before(c.term))
		}
		if !x.scope.Clock.shared() || !c.trusted {
			continue
		}
		if c.commit < r.acked {
			return failed(CheckRead, "claim %d trusts its lease and knows of %d; %d was acknowledged", i+1, c.commit, r.acked)
		}
		for j := range x.scope.Claims {
			if o := x.claimOf(now, j); o != nil && o.phase == replication.Serving && o.term > c.term {
				return failed(CheckLease, "claim %d trusts its lease of term %d; claim %d serves at term %d", i+1, c.term, j+1, o.term)
			}
		}
	}
	return nil
}

// learn takes note of what anybody takes for committed. The first time, a
// majority must have just that on disk.
func (x *explorer) learn(now world) *Failure {
	r := x.records.get(now[x.recordAt])
	high := r.acked
	for i := range x.members {
		high = max(high, x.nodes.get(now[i]).commit)
	}
	for i := range x.scope.Claims {
		if c := x.claimOf(now, i); c != nil {
			high = max(high, c.commit)
		}
	}
	if high <= r.frontier() {
		return nil
	}
	next := *r
	for id := r.frontier() + 1; id <= high; id++ {
		e := x.majorityAt(now, id)
		if e == nil {
			return failed(CheckMajority, "somebody takes %d for committed; no majority has %d on disk", high, id)
		}
		next = next.learned(e)
	}
	if e := next.committed[high-1]; !e.end {
		return failed(CheckGroup, "somebody takes half a group for committed, up to %d", high)
	}
	now[x.recordAt] = x.putRecord(next)
	return nil
}

// majorityAt is the entry that a majority of the disks has at id, or nil.
func (x *explorer) majorityAt(now world, id replication.EntryID) *replication.Entry {
	for i := range x.members {
		e, votes := x.nodes.get(now[i]).durable.entry(id), 0
		for j := range x.members {
			if o := x.nodes.get(now[j]).durable.entry(id); e != nil && o != nil && o.Chain == e.Chain {
				votes++
			}
		}
		if votes >= x.config.Quorum() {
			return e
		}
	}
	return nil
}
