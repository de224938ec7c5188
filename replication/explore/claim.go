package explore

import (
	"slices"

	"walle/replication"
)

// claim is a writer and what its owner has asked of it.
type claim struct {
	now      replication.Time
	writer   *replication.Writer
	proposed int   // how many of its groups
	waiting  []int // those not answered yet
	released bool
	trimmed  bool
}

func (x *explorer) newClaim(i int) *claim {
	self := replication.NodeID(10 + i + 1)
	return &claim{now: begins, writer: replication.NewWriter(replication.WriterConfig{
		Self: self, Stream: stream, Config: x.config, Claim: replication.ClaimID{Node: self, Nonce: nonceOf(i)},
		Mode: x.scope.Claims[i].Mode, Lease: x.scope.Lease, Limits: x.scope.Limits,
	})}
}

// nonceOf is the nonce of claim number i.
func nonceOf(i int) uint64 { return uint64(i + 1) }

// outcome is what a step of a writer comes to.
type outcome struct {
	sends  []replication.Envelope
	denied uint64              // groups that are surely not applied, as bits
	acked  replication.EntryID // the last entry that was reported as applied
}

// step steps the writer, and gives it the Ticks that it asks for now.
func (c *claim) step(in replication.Input, number int) (o outcome, f *Failure) {
	var out replication.Output
	c.writer.Step(c.now, in, &out)
	for range spins {
		if c.writer.Deadline() > c.now {
			o.sends = out.Sends
			return o, c.answers(&o, out.Replies, number)
		}
		c.writer.Step(c.now, replication.Tick{}, &out)
	}
	return o, failed(CheckRest, "the writer still asks for a tick after %d", spins)
}

// answers takes what the writer says of its proposals.
func (c *claim) answers(o *outcome, replies []replication.Reply, number int) *Failure {
	for _, r := range replies {
		i := slices.Index(c.waiting, int(r.Ref))
		if i < 0 {
			return failed(CheckReply, "claim %d: a second answer to append %d: %v", number+1, r.Ref, r.Outcome)
		}
		c.waiting = slices.Delete(c.waiting, i, i+1)
		switch r.Outcome {
		case replication.Applied:
			o.acked = max(o.acked, r.Last)
		case replication.NotApplied:
			o.denied |= 1 << groupBit(number, int(r.Ref))
		}
	}
	return nil
}

// propose appends the claim's next group. Each entry names its group.
func (c *claim) propose(plan Claim, number int) (outcome, *Failure) {
	group := c.proposed
	c.proposed++
	c.waiting = append(c.waiting, group)
	var payloads [][]byte
	for i := range plan.Groups[group] {
		payloads = append(payloads, []byte{byte(groupBit(number, group)), byte(i)})
	}
	return c.step(replication.Propose{Ref: uint64(group), Payloads: payloads, Deadline: replication.Never}, number)
}

// groupBit numbers a group among those of all claims.
func groupBit(claim, group int) int { return claim*maxGroups + group }

// ended reports whether the writer takes no input any more.
func (c *claim) ended() bool {
	switch c.writer.Phase() {
	case replication.Fenced, replication.Failed, replication.Closed:
		return true
	}
	return false
}

// trusts reports whether the writer may serve reads by its lease now.
func (c *claim) trusts() bool { return c.writer.ValidUntil() > c.now }
