package query

import (
	"errors"

	"walle/pgfront/query/datum"
)

// ErrPaused is what a relation's rows that follow a stream end with when there
// is no row yet and the caller does not want to wait for one. Next may be called
// again, and goes on where it was, if the statement is Resumable.
var ErrPaused = errors.New("no row yet")

// Resumable tells whether the rows of the statement can go on after ErrPaused:
// each comes from one row of one relation, so nothing is half done in between.
func (p *Prepared) Resumable() bool {
	for n := p.root; ; {
		switch n.(type) {
		case *scanNode:
			return true
		case *framed, *filterNode, *gateNode, *projectNode, *cutNode:
			n = n.children()[0]
		default:
			return false
		}
	}
}

// Follows tells whether the statement has no end, because it reads a tail.
func (p *Prepared) Follows() bool { return follows(p.root) }

func follows(p plan) bool {
	if s, ok := p.(*scanNode); ok && s.follow {
		return true
	}
	for _, c := range p.children() {
		if follows(c) {
			return true
		}
	}
	return false
}

// OutOfMemory is the error of who keeps the rows of a statement, and has no room
// for more.
func OutOfMemory(what string, most int64) error {
	return datum.Errorf("53200", "out of memory").
		WithDetail("The rows of the %s need more than %d bytes.", what, most).
		WithHint("Narrow the range that is read.")
}

// MemorySetting may be implemented by a Session whose work_mem can be set; it is
// asked at every execution.
type MemorySetting interface {
	WorkMem() int64 // in bytes
}
