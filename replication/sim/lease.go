package sim

import (
	"time"

	"walle/replication"
)

// leases checks on the line of true time that nobody trusts a lease while a
// later writer serves.
type leases struct {
	world *world
	begun []beginning // in the order of terms
}

// beginning is when a claim began to serve at a term.
type beginning struct {
	session *session
	term    replication.Term
	at      instant
}

// began takes note that s serves from now on, and that nobody else may.
func (l *leases) began(s *session, term replication.Term) {
	w := l.world
	for _, b := range l.begun {
		other := b.session
		if other == s || b.term > term {
			continue
		}
		if other.alive() && !other.gaveUp {
			w.took(pathTwoWriters)
		}
		if l.checked() && other.trusted > w.now && !other.gaveUp {
			w.fail(CheckLease, "%v serves at term %d; the lease of %v at term %d is trusted for another %v",
				s.claim, term, other.claim, b.term, time.Duration(other.trusted-w.now))
		}
	}
	l.begun = append(l.begun, beginning{session: s, term: term, at: w.now})
}

// trust takes note of how long s may trust its lease, as it says now. It may
// not reach beyond the beginning of a later writer.
func (l *leases) trust(s *session) {
	w := l.world
	until := s.host.clock.when(s.writer.ValidUntil())
	if s.gaveUp || until <= s.trusted {
		return
	}
	s.trusted = until
	for i := len(l.begun) - 1; i >= 0; i-- {
		b := &l.begun[i]
		if b.term <= s.writer.Term() {
			break
		}
		if b.session != s && b.at < until && l.checked() {
			w.fail(CheckLease, "%v trusts its lease of term %d until %v; %v serves at term %d since %v",
				s.claim, s.writer.Term(), time.Duration(until), b.session.claim, b.term, time.Duration(b.at))
		}
	}
}

// checked reports whether clocks keep to the assumption that leases rest on.
func (l *leases) checked() bool { return !l.world.wild }

// read is what the owner of s does under its lease: it sees everything that was
// acknowledged to anybody.
func (l *leases) read(s *session) {
	w := l.world
	if s.gaveUp || s.host.now() >= s.writer.ValidUntil() {
		return
	}
	w.took(pathLeaseRead)
	if l.checked() && s.writer.Commit() < w.ledger.acked {
		w.fail(CheckRead, "%v reads up to %d under its lease; %d was acknowledged", s.claim, s.writer.Commit(), w.ledger.acked)
	}
}
