package node

import "walle/replication"

// Clock is the node's only source of time.
type Clock interface {
	// Now reads the monotonic clock, which must not stop while the machine is
	// suspended: a writer that slept through its lease has to know it.
	Now() replication.Time
	// Wall is the time of day in microseconds since 1970. Nothing's safety
	// rests on it.
	Wall() int64
}
