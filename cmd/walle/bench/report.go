package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// summary is all that a run has shown: what --json writes.
type summary struct {
	Version     string    `json:"version"`
	At          time.Time `json:"at"`
	System      string    `json:"system"`
	Go          string    `json:"go"`
	Processors  int       `json:"processors"`
	Demo        bool      `json:"demo"`
	Nodes       []string  `json:"nodes"`
	Probe       *probed   `json:"probe"`
	Results     []result  `json:"results"`
	Interrupted bool      `json:"interrupted,omitempty"`
}

func (s *summary) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(s)
}

// report tells of a run as text: how it goes, and in the end a table.
type report struct {
	out, progress io.Writer
	summary       summary
}

func (r *report) head() {
	s := &r.summary
	where := "nodes " + strings.Join(s.Nodes, " ")
	if s.Demo {
		where = fmt.Sprintf("demo of %d processes on this machine", len(s.Nodes))
	}
	fmt.Fprintf(r.out, "walle %s, %s, %d processors, %s, %s\n", s.Version, s.System, s.Processors, s.Go, s.At.Format(time.RFC3339))
	fmt.Fprintf(r.out, "%s\n", where)
	fmt.Fprintf(r.out, "probe: fsync %s, loopback round trip %s (p50; %s)\n", duration(s.Probe.Fsync), duration(s.Probe.RoundTrip), s.Probe.Dir)
	if s.Demo && s.Probe.Fsync < memoryFsync {
		fmt.Fprintf(r.out, "warning: an fsync this fast is of no disk: give --dir with a directory that is on one\n")
	}
	fmt.Fprintln(r.out)
}

// second tells of a second of a load.
func (r *report) second(load string, warmUp bool, i interval) {
	what := fmt.Sprintf("%5.1f s", i.To)
	if warmUp {
		what = "warm-up"
	}
	line := fmt.Sprintf("%-24s %s %12s/s", load, what, count(i.Rate))
	if i.Max > 0 {
		line += fmt.Sprintf("  p50 %8s  p99 %8s", duration(i.P50), duration(i.P99))
	}
	if i.Errors > 0 {
		line += fmt.Sprintf("  %d errors", i.Errors)
	}
	if len(i.Memory) > 0 {
		line += "  resident" + mebibytes(i.Memory)
	}
	fmt.Fprintln(r.progress, line)
}

func mebibytes(sizes []int64) string {
	var b strings.Builder
	for _, n := range sizes {
		fmt.Fprintf(&b, " %d", n>>20)
	}
	return b.String() + " MiB"
}

// table tells of all loads.
func (r *report) table() {
	s := &r.summary
	t := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	width := len("load")
	for _, res := range s.Results {
		width = max(width, len(res.Load))
	}
	fmt.Fprintf(t, "%-*s\trate/s\t\tMB/s\tp50\tp90\tp99\tp99.9\tp99.99\tmax\terrors\tµs nodes\tµs bench\t\n", width, "load")
	for _, res := range s.Results {
		fmt.Fprintf(t, "%-*s\t%s\t%s\t%.1f\t", width, res.Load, count(res.rate()), res.Unit, float64(res.Bytes)/1e6/max(res.Seconds, 1e-9))
		if l := res.Latency; l != nil {
			for _, ms := range []float64{l.P50, l.P90, l.P99, l.P999, l.P9999, l.Max} {
				fmt.Fprintf(t, "%s\t", duration(ms))
			}
		} else {
			fmt.Fprint(t, "-\t-\t-\t-\t-\t-\t")
		}
		fmt.Fprintf(t, "%d\t%s\t\n", res.failed(), res.Processor)
	}
	t.Flush() // to out, whose errors are nobody's here
	r.remarks()
}

func (p *processor) String() string {
	if p == nil {
		return "-\t-"
	}
	return fmt.Sprintf("%.1f\t%.1f", p.Nodes, p.Bench)
}

func (m *measured) failed() (n int64) {
	for _, c := range m.Errors {
		n += c
	}
	return n
}

// remarks are what does not fit into the table.
func (r *report) remarks() {
	s := &r.summary
	fmt.Fprintln(r.out)
	for _, res := range s.Results {
		for _, code := range slices.Sorted(maps.Keys(res.Errors)) {
			fmt.Fprintf(r.out, "%s: SQLSTATE %s: %d errors\n", res.Load, code, res.Errors[code])
		}
		if res.Offered > 0 {
			fmt.Fprintf(r.out, "%s: %s/s were offered\n", res.Load, count(res.Offered))
		}
		if res.Note != "" {
			fmt.Fprintf(r.out, "%s: %s\n", res.Load, res.Note)
		}
		switch {
		case res.Error != "":
			fmt.Fprintf(r.out, "%s: ended by an error after %.1f s\n", res.Load, res.Seconds)
		case res.Interrupted:
			fmt.Fprintf(r.out, "%s: interrupted after %.1f s\n", res.Load, res.Seconds)
		}
		if res.Load == "one" && res.Latency != nil && s.Probe.least() > 0 {
			fmt.Fprintf(r.out, "one: p50 is %.1f x (fsync + round trip) of the probe\n", res.Latency.P50/s.Probe.least())
		}
		if strings.HasPrefix(res.Load, "memory") {
			fmt.Fprintf(r.out, "%s: resident at most%s\n", res.Load, mebibytes(res.Resident))
		}
	}
	fmt.Fprintln(r.out, "µs: processor time an entry, user and system; the nodes' is known with --demo only")
}

// duration writes milliseconds with three digits.
func duration(ms float64) string {
	switch {
	case ms >= 9995:
		return fmt.Sprintf("%.1f s", ms/1000)
	case ms >= 99.95:
		return fmt.Sprintf("%.0f ms", ms)
	case ms >= 9.995:
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.2f ms", ms)
}

// count writes a number with commas, and one below ten with a digit behind the point.
func count(n float64) string {
	if n < 10 {
		return fmt.Sprintf("%.1f", n)
	}
	text := fmt.Sprintf("%.0f", n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
