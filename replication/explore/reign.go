package explore

import (
	"slices"

	"walle/replication"
)

// reigns is the world that a search begins with: the first one, after all that
// the scope says was before. Each action is told first.
func (x *explorer) reigns(tell func(world, action)) (world, *Failure) {
	s := &scene{explorer: x, w: x.first(), tell: tell}
	for i, r := range x.scope.Before {
		s.do(action{kind: actBegin, who: i})
		s.settle(i, r.Served)
		if c := s.claimOf(s.w, i); s.failure == nil && c.phase != replication.Serving {
			s.failure = failed(CheckReign, "claim %d is %v", i+1, c.phase)
		}
		for _, reached := range r.Reach {
			s.do(action{kind: actPropose, who: i})
			s.settle(i, reached)
		}
	}
	return s.w, s.failure
}

// scene plays actions one after the other.
type scene struct {
	*explorer
	w       world
	tell    func(world, action)
	failure *Failure
}

func (s *scene) do(a action) {
	if s.failure != nil {
		return
	}
	if s.tell != nil {
		s.tell(s.w, a)
	}
	next := slices.Clone(s.w)
	s.failure = s.after(s.w, &next, a)
	s.w = next
}

// settle delivers what is under way between claim number c and some replicas, each
// message once, and syncs what they write.
func (s *scene) settle(c int, replicas []int) {
	delivered := map[uint32]bool{}
	for s.failure == nil {
		actions := s.actions(s.w, nil)
		i := slices.IndexFunc(actions, func(a action) bool {
			switch {
			case a.kind == actSync:
				return slices.Contains(replicas, a.who+1)
			case a.kind != actDeliver || a.lag || delivered[a.arg]:
				return false
			}
			p := s.messages.get(a.arg)
			replica := p.To
			if p.node < 0 {
				replica = p.From
			}
			return p.Claim.Nonce == nonceOf(c) && slices.Contains(replicas, int(replica))
		})
		if i < 0 {
			return
		}
		if actions[i].kind == actDeliver {
			delivered[actions[i].arg] = true
		}
		s.do(actions[i])
	}
}
