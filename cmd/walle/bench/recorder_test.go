package bench

import (
	"math"
	"testing"
	"time"
)

// at is the i-th millisecond.
func at(i int) time.Duration { return time.Duration(i) * time.Millisecond }

// TestRecorder fails if what is reported of a load is not what was recorded of it.
func TestRecorder(t *testing.T) {
	r := newRecorder(0)
	r.record(at(10), op{start: at(0), entries: 1, bytes: 7}) // the warm-up
	r.fail("57P03")
	r.begin(at(1000))
	for i := 1; i <= 1000; i++ { // latencies 1 ms, 2 ms, …, 1 s
		r.record(at(1000+i), op{start: at(1000), entries: 2, bytes: 10})
	}
	r.fail("53200")
	i := r.tick(at(2000), []int64{5})
	if i.From != 0 || i.To != 1 || i.Rate != 2000 || !near(i.P50, 500) || !near(i.P99, 990) || !near(i.Max, 1000) || i.Errors != 1 {
		t.Errorf("first second: %+v", i)
	}
	if i := r.tick(at(3000), nil); i.Rate != 0 || i.Max != 0 || i.From != 1 {
		t.Errorf("second second: %+v", i)
	}
	r.end(at(3000))
	r.record(at(6000), op{start: at(2000), entries: 2, bytes: 10}) // too late for the throughput, but slow all the same
	m := r.result()
	if m.Seconds != 2 || m.Operations != 1000 || m.Entries != 2000 || m.Bytes != 10_000 || m.rate() != 1000 {
		t.Errorf("result: %+v", m)
	}
	if m.Errors["53200"] != 1 || len(m.Errors) != 1 {
		t.Errorf("errors: %v", m.Errors)
	}
	if l := m.Latency; !near(l.P50, 501) || !near(l.P90, 901) || !near(l.P99, 991) || !near(l.P999, 1000) || !near(l.Max, 4000) {
		t.Errorf("latency: %+v", l)
	}
	if len(m.Series) != 2 {
		t.Errorf("%d intervals", len(m.Series))
	}
	if last := m.Curve[len(m.Curve)-1]; last.Percentile != 100 || !near(last.Latency, 4000) {
		t.Errorf("the curve ends with %+v", last)
	}
}

// near allows for the three digits of a histogram.
func near(got, want float64) bool { return math.Abs(got-want) <= want/500 }

// TestUnmeasured fails if what has no latency of its own is reported with one.
func TestUnmeasured(t *testing.T) {
	r := newRecorder(0)
	r.begin(0)
	r.record(at(10), op{start: unmeasured, entries: 50, bytes: 500})
	r.end(at(1000))
	if m := r.result(); m.Latency != nil || m.Curve != nil || m.Entries != 50 {
		t.Errorf("%+v", m)
	}
}

// TestTake fails if a fixed number of operations is not kept to.
func TestTake(t *testing.T) {
	r := newRecorder(10)
	if n := r.take(6); n != 6 {
		t.Errorf("took %d of the first 6", n)
	}
	if n := r.take(6); n != 4 {
		t.Errorf("took %d where 4 were left", n)
	}
	r.giveBack(3)
	if n := r.take(6); n != 3 {
		t.Errorf("took %d where 3 were given back", n)
	}
	if n := newRecorder(0).take(6); n != 6 {
		t.Errorf("took %d where there is no bound", n)
	}
}
