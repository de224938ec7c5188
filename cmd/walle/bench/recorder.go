package bench

import (
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// An op is an operation that has begun. Times are since the recorder was made.
type op struct {
	start   time.Duration // when it was to begin; unmeasured: its latency means nothing
	entries int
	bytes   int
}

// unmeasured is the start of an operation that is counted only.
const unmeasured = time.Duration(-1)

// recorder keeps what took how long. Any goroutine may use it.
type recorder struct {
	base time.Time

	mu       sync.Mutex // guards what follows
	left     int64      // operations that may still begin; below 0: as many as there is time for
	began    time.Duration
	ended    time.Duration // 0 while it is measured
	total    tally
	second   tally // since the last tick, or since it began
	ticked   time.Duration
	previous []interval
	noted    string  // what else there is to say
	offered  float64 // operations a second of an open loop; else 0
}

// tally is what was recorded within some time.
type tally struct {
	ops, entries, bytes int64
	errors              map[string]int64 // by SQLSTATE
	latency             *hdrhistogram.Histogram
}

// latencyMost is what a longer latency is recorded as.
const latencyMost = time.Hour

func newTally() tally {
	return tally{errors: map[string]int64{}, latency: hdrhistogram.New(1, int64(latencyMost), 3)}
}

func (t *tally) reset() {
	t.ops, t.entries, t.bytes = 0, 0, 0
	clear(t.errors)
	t.latency.Reset()
}

func (t *tally) add(o op) {
	t.ops++
	t.entries += int64(o.entries)
	t.bytes += int64(o.bytes)
}

func (t *tally) took(end time.Duration, o op) {
	if o.start != unmeasured {
		_ = t.latency.RecordValue(int64(min(max(end-o.start, 1), latencyMost))) // it is in range
	}
}

func (t *tally) failures() (n int64) {
	for _, c := range t.errors {
		n += c
	}
	return n
}

// interval is about a second of a load.
type interval struct {
	From   float64 `json:"from_s"`
	To     float64 `json:"to_s"`
	Rate   float64 `json:"rate"` // entries a second
	P50    float64 `json:"p50_ms"`
	P99    float64 `json:"p99_ms"`
	Max    float64 `json:"max_ms"`
	Errors int64   `json:"errors,omitempty"`
	Memory []int64 `json:"resident_bytes,omitempty"` // of the nodes
}

// newRecorder lets count operations begin, or as many as there is time for if it is 0.
func newRecorder(count int64) *recorder {
	if count == 0 {
		count = -1
	}
	return &recorder{base: time.Now(), left: count, total: newTally(), second: newTally()}
}

func (r *recorder) now() time.Duration { return time.Since(r.base) }

// take returns how many operations, up to most, may begin.
func (r *recorder) take(most int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left < 0 {
		return most
	}
	n := int(min(r.left, int64(most)))
	r.left -= int64(n)
	return n
}

// giveBack returns operations that were taken and did not begin.
func (r *recorder) giveBack(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left >= 0 {
		r.left += int64(n)
	}
}

// record notes that operations have ended.
func (r *recorder) record(end time.Duration, ops ...op) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, o := range ops {
		r.second.add(o)
		r.second.took(end, o)
		// What ends too late is not of the throughput; but to leave out how long it
		// took would be to leave out the slowest.
		r.total.took(end, o)
		if r.ended == 0 {
			r.total.add(o)
		}
	}
}

// late notes an operation that has taken so long at least, and counts for nothing else.
func (r *recorder) late(end time.Duration, o op) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.second.took(end, o)
	r.total.took(end, o)
}

// over is when the measurement ended, or now.
func (r *recorder) over() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended != 0 {
		return r.ended
	}
	return r.now()
}

// offer keeps the rate of an open loop.
func (r *recorder) offer(rate float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.offered = rate
}

// fail notes that an operation has failed, by its SQLSTATE.
func (r *recorder) fail(code string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total.errors[code]++
	r.second.errors[code]++
}

// note keeps what a load has to say beside its figures.
func (r *recorder) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noted = fmt.Sprintf(format, args...)
}

// begin forgets the warm-up: what ends from now on is measured.
func (r *recorder) begin(now time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total.reset()
	r.second.reset()
	r.began, r.ticked, r.previous = now, now, nil
}

// end is where the throughput is measured to.
func (r *recorder) end(now time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = now
}

// tick ends an interval and returns it.
func (r *recorder) tick(now time.Duration, memory []int64) interval {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &r.second
	i := interval{
		From: (r.ticked - r.began).Seconds(), To: (now - r.began).Seconds(),
		Rate: float64(s.entries) / max((now-r.ticked).Seconds(), 1e-9),
		P50:  milliseconds(s.latency.ValueAtQuantile(50)), P99: milliseconds(s.latency.ValueAtQuantile(99)),
		Max: milliseconds(s.latency.Max()), Errors: s.failures(), Memory: memory,
	}
	r.previous = append(r.previous, i)
	r.ticked = now
	s.reset()
	return i
}

func milliseconds(nanos int64) float64 { return float64(nanos) / float64(time.Millisecond) }

// measured is what a recorder has kept of a load.
type measured struct {
	Offered    float64          `json:"offered_rate,omitempty"` // of an open loop
	Seconds    float64          `json:"seconds"`
	Operations int64            `json:"operations"`
	Entries    int64            `json:"entries"`
	Bytes      int64            `json:"bytes"`
	Errors     map[string]int64 `json:"errors,omitempty"` // by SQLSTATE
	Latency    *latency         `json:"latency_ms,omitempty"`
	Curve      []point          `json:"latency_curve,omitempty"`
	Series     []interval       `json:"series,omitempty"`
	Note       string           `json:"note,omitempty"`
}

// point is a point of the distribution: so many per cent took no longer.
type point struct {
	Percentile float64 `json:"percentile"`
	Latency    float64 `json:"ms"`
}

// latency in milliseconds.
type latency struct {
	Mean  float64 `json:"mean"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p99_9"`
	P9999 float64 `json:"p99_99"`
	Max   float64 `json:"max"`
}

func latencyOf(h *hdrhistogram.Histogram) *latency {
	at := func(percentile float64) float64 { return milliseconds(h.ValueAtQuantile(percentile)) }
	return &latency{h.Mean() / float64(time.Millisecond), at(50), at(90), at(99), at(99.9), at(99.99), milliseconds(h.Max())}
}

// result may be called when nothing is recorded any more.
func (r *recorder) result() measured {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := measured{
		Seconds: (r.ended - r.began).Seconds(), Operations: r.total.ops, Entries: r.total.entries, Bytes: r.total.bytes,
		Errors: maps.Clone(r.total.errors), Series: r.previous, Note: r.noted, Offered: r.offered,
	}
	h := r.total.latency
	if h.TotalCount() == 0 {
		return m
	}
	m.Latency = latencyOf(h)
	for _, b := range h.CumulativeDistributionWithTicks(5) {
		m.Curve = append(m.Curve, point{b.Quantile, milliseconds(b.ValueAt)})
	}
	return m
}

func (m *measured) rate() float64 { return float64(m.Entries) / max(m.Seconds, 1e-9) }
