package sim

import (
	"fmt"
	"io"
	"time"
)

// trace keeps the last lines of a run's story, or writes all of them out. When
// neither is asked for, callers must not even format: they ask on first.
type trace struct {
	on   bool
	out  io.Writer
	ring []string
	next int
}

func newTrace(o Options) trace {
	return trace{on: o.Trace != nil || o.Last > 0, out: o.Trace, ring: make([]string, 0, o.Last)}
}

func (t *trace) add(now instant, step int, format string, args ...any) {
	line := fmt.Sprintf("%6d %12v  ", step, time.Duration(now).Round(time.Microsecond)) + fmt.Sprintf(format, args...)
	if t.out != nil {
		fmt.Fprintln(t.out, line)
	}
	switch {
	case cap(t.ring) == 0:
	case len(t.ring) < cap(t.ring):
		t.ring = append(t.ring, line)
	default:
		t.ring[t.next] = line
		t.next = (t.next + 1) % len(t.ring)
	}
}

// lines returns what the ring holds, oldest first.
func (t *trace) lines() []string {
	return append(append([]string(nil), t.ring[t.next:]...), t.ring[:t.next]...)
}
