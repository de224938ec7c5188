package sim

import "walle/replication"

// clock is a node's monotonic clock in one of its lives: it starts anywhere and
// runs a little too fast or too slow.
type clock struct {
	born   instant          // when the node came up
	origin replication.Time // what it showed then
	rate   int64            // of rateUnit
}

// rateUnit is the rate of a clock that keeps true time.
const rateUnit = 1 << 16

// local is what the clock shows at true time t.
func (c clock) local(t instant) replication.Time {
	return c.origin + replication.Time(int64(t-c.born)*c.rate/rateUnit)
}

// when is the first instant at which the clock shows at least l.
func (c clock) when(l replication.Time) instant {
	if l <= c.origin {
		return c.born
	}
	return c.born + instant((int64(l-c.origin)*rateUnit+c.rate-1)/c.rate)
}
