//go:build !linux

package node

import (
	"time"

	"walle/replication"
)

// SystemClock is the machine's clock, as package time reads it. On some systems
// that stands still during a suspend; there a machine must not be suspended
// while it holds a lease.
type SystemClock struct{ start time.Time }

// NewSystemClock starts a clock at 0.
func NewSystemClock() (*SystemClock, error) { return &SystemClock{start: time.Now()}, nil }

// Now is the time since the clock was made.
func (c *SystemClock) Now() replication.Time { return replication.Time(time.Since(c.start)) }

// Wall is the time of day in microseconds since 1970.
func (c *SystemClock) Wall() int64 { return time.Now().UnixMicro() }
