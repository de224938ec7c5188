package node

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"walle/replication"
)

// SystemClock is the machine's clock. It reads CLOCK_BOOTTIME and not what
// package time does, CLOCK_MONOTONIC, which stands still during a suspend.
type SystemClock struct{ start int64 }

// NewSystemClock starts a clock at 0.
func NewSystemClock() (*SystemClock, error) {
	start, err := boottime()
	if err != nil {
		return nil, fmt.Errorf("read CLOCK_BOOTTIME: %w", err)
	}
	return &SystemClock{start: start}, nil
}

// Now is the time since the clock was made.
func (c *SystemClock) Now() replication.Time {
	now, err := boottime()
	if err != nil {
		panic(fmt.Sprintf("read CLOCK_BOOTTIME, which could be read before: %v", err))
	}
	return replication.Time(now - c.start)
}

// Wall is the time of day in microseconds since 1970.
func (c *SystemClock) Wall() int64 { return time.Now().UnixMicro() }

func boottime() (int64, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return 0, err
	}
	return t.Nano(), nil
}
