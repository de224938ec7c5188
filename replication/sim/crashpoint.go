package sim

import (
	"fmt"

	"walle/replication"
)

// CrashPoint is one write of a run at which its node dies, whatever chance says
// otherwise. Up to there the run is that of its seed.
type CrashPoint struct {
	Write int // counted from 1 over all nodes; 0 is none
	How   Crash
}

// Crash says what is left of the write that a node died at.
type Crash uint8

const (
	CrashBefore Crash = iota // it was not begun
	CrashLost                // it was done and not synced; all that was not synced is gone
	CrashKept                // it was done, and all of it survived; nobody was told
	crashes
)

func (p CrashPoint) String() string {
	return fmt.Sprintf("%d/%s", p.Write, [...]string{"before", "lost", "kept"}[p.How])
}

// ParseCrashPoint reads what String prints.
func ParseCrashPoint(s string) (p CrashPoint, err error) {
	var how string
	if _, err := fmt.Sscanf(s, "%d/%s", &p.Write, &how); err != nil {
		return p, fmt.Errorf("crash point %q is not like 17/lost: %w", s, err)
	}
	for p.How = range crashes {
		if p.String() == s {
			return p, nil
		}
	}
	return p, fmt.Errorf("crash point %q: there are before, lost and kept", s)
}

// AtEveryWrite runs o as often as there are ways to crash at one of the writes
// of its fault phase, and hands over each result. It ends at the first failure.
func AtEveryWrite(o Options, each func(Result)) {
	o.Crash = CrashPoint{}
	r := Run(o)
	each(r)
	for n := 1; n <= r.Writes && r.Failure == nil; n++ {
		for how := range crashes {
			o.Crash = CrashPoint{n, how}
			crashed := Run(o)
			each(crashed)
			if crashed.Failure != nil {
				return
			}
		}
	}
}

// crashPoint reports whether the run's crash point is among writes, and returns
// those to do before.
func (h *host) crashPoint(writes []replication.Write) ([]replication.Write, bool) {
	w := h.world
	if w.healing != nil {
		return writes, false
	}
	at := w.options.Crash.Write - w.writes // the index in writes, from 1
	w.writes += len(writes)
	if at < 1 || at > len(writes) {
		return writes, false
	}
	if w.options.Crash.How == CrashBefore {
		at--
	} else {
		h.survives = &w.options.Crash.How
	}
	return writes[:at], true
}

// surviving decides how many of n unsynced writes survive a crash.
func (h *host) surviving(n int) int {
	how := h.survives
	h.survives = nil
	switch {
	case how == nil:
		return h.world.rand.IntN(n + 1)
	case *how == CrashLost:
		return 0
	}
	return n
}
