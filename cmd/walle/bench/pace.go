package bench

import (
	"context"
	"time"
)

// pace says when operations are to begin.
type pace struct {
	rate  float64             // a second; 0 is a closed loop: when there is room
	pause func(time.Duration) // sleeps

	begun int64         // operations
	from  time.Duration // when the first was to begin, or, in a closed loop, the last
}

// pauseMost bounds for how long a pause does not see that the load is over.
const pauseMost = 100 * time.Millisecond

// next waits until an operation is to begin, and returns its number and how many,
// up to most, are to begin by now; none, if ctx ends before.
func (p *pace) next(ctx context.Context, now func() time.Duration, most int) (first int64, n int) {
	first = p.begun
	if p.rate == 0 {
		p.begun += int64(most)
		p.from = now()
		return first, most
	}
	if first == 0 {
		p.from = now()
	}
	for ; n == 0 && ctx.Err() == nil; p.begun += int64(n) {
		t := now()
		for n < most && p.start(first, n) <= t {
			n++
		}
		if n == 0 {
			p.pause(min(p.start(first, 0)-t, pauseMost))
		}
	}
	return first, n
}

// start is when the i-th operation after first was to begin. In an open loop that
// does not depend on when there was room for it: what it had to wait is part of
// its latency.
func (p *pace) start(first int64, i int) time.Duration {
	if p.rate == 0 {
		return p.from
	}
	return p.from + time.Duration(float64(first+int64(i))/p.rate*float64(time.Second))
}

// overdue are the starts of operations that were to begin by now and have not.
func (p *pace) overdue(now time.Duration) (starts []time.Duration) {
	if p.rate == 0 || p.begun == 0 {
		return nil
	}
	for i := 0; p.start(p.begun, i) <= now; i++ {
		starts = append(starts, p.start(p.begun, i))
	}
	return starts
}
