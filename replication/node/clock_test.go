package node

import (
	"testing"
	"time"
)

// The system's clock goes forward at the rate of package time's.
func TestSystemClock(t *testing.T) {
	c, err := NewSystemClock()
	if err != nil {
		t.Fatal(err)
	}
	outer := time.Now()
	first := c.Now()
	inner := time.Now()
	<-time.After(20 * time.Millisecond)
	atLeast := time.Since(inner)
	second := c.Now()
	atMost := time.Since(outer)
	if d := second.Sub(first); d < atLeast || d > atMost {
		t.Errorf("between %v and %v passed, the clock says %v", atLeast, atMost, d)
	}
	if d := time.Now().UnixMicro() - c.Wall(); d < -1e6 || d > 1e6 {
		t.Errorf("the time of day is off by %d us", d)
	}
}
