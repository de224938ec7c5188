package bench

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var rewrite = flag.Bool("rewrite", false, "write what the tests got over what they want")

// example is a run with something of everything.
func example() *summary {
	measure := func(latency func(i int) time.Duration, entries int) measured {
		r := newRecorder(0)
		r.begin(0)
		for i := range 2000 {
			end := at(i + 1)
			start := unmeasured
			if latency != nil {
				start = end - latency(i)
			}
			r.record(end, op{start: start, entries: entries, bytes: entries * 1024})
			if i == 999 {
				r.tick(at(1000), []int64{100 << 20, 90 << 20, 80 << 20})
			}
		}
		r.tick(at(2000), []int64{110 << 20, 90 << 20, 80 << 20})
		r.end(at(2000))
		return r.result()
	}
	failing := measure(func(i int) time.Duration { return time.Duration(i) * 10 * time.Millisecond }, 1)
	failing.Offered, failing.Note = 1200, "something else"
	failing.Errors = map[string]int64{"57P03": 7, "08007": 1}
	return &summary{
		Version: "v1", At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), System: "linux/amd64", Go: "go1", Processors: 2,
		Demo: true, Nodes: []string{"a:1", "b:2", "c:3"}, Probe: &probed{Fsync: 0.1, RoundTrip: 0.02, Dir: "somewhere"},
		Results: []result{
			{Load: "one", Unit: "appends", Size: "1KiB", Processor: &processor{Nodes: 123.4, Bench: 5.6},
				measured: measure(func(i int) time.Duration { return time.Duration(200+i%100) * time.Microsecond }, 1)},
			{Load: "copy:size=100", Unit: "rows", Size: "100", measured: measure(nil, 1000)},
			{Load: "open", Unit: "appends", Size: "1KiB", measured: failing, Interrupted: true},
			{Load: "memory", Unit: "appends", Size: "1KiB", measured: measured{}, Resident: []int64{300 << 20, 200 << 20, 100 << 20}, Error: "lost"},
		},
		Interrupted: true,
	}
}

// TestReport fails if a run is told in other words, or with other figures.
func TestReport(t *testing.T) {
	var out bytes.Buffer
	r := &report{out: &out, progress: &out, summary: *example()}
	r.head()
	r.second("one", true, interval{To: 0.5, Rate: 1234567.8, P50: 0.1234, P99: 12.34, Max: 20})
	r.second("open", false, interval{To: 12, Rate: 7.4, P50: 123.4, P99: 12345, Max: 20000, Errors: 3, Memory: []int64{1 << 20, 2 << 30}})
	r.second("copy", false, interval{To: 1, Rate: 99999})
	r.table()
	golden(t, "report.txt", out.Bytes())
}

// TestJSON fails if what programs read of a run changes.
func TestJSON(t *testing.T) {
	s := example()
	for i := range s.Results {
		s.Results[i].Curve = s.Results[i].Curve[:min(2, len(s.Results[i].Curve))]
	}
	var out bytes.Buffer
	if err := s.writeJSON(&out); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.json", out.Bytes())
	var back summary
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || back.Results[0].Latency.P99 != s.Results[0].Latency.P99 {
		t.Errorf("read back: %v", err)
	}
}

// golden compares with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

// TestPlot fails if the picture is none, if a load is missing in it, or if a run
// that has little to show cannot be drawn.
func TestPlot(t *testing.T) {
	one := example()
	one.Results = one.Results[1:2]
	one.Results[0].Series = one.Results[0].Series[:1]
	for _, s := range []*summary{example(), one, {}} {
		var out bytes.Buffer
		if err := s.draw(&out); err != nil {
			t.Fatal(err)
		}
		words := wordsOf(t, &out)
		for _, res := range s.Results {
			if len(res.Series) > 0 && !strings.Contains(words, res.Load) {
				t.Errorf("load %s is not in the picture: %s", res.Load, words)
			}
		}
		if !strings.Contains(words, "Latency by percentile") || !strings.Contains(words, "Throughput") {
			t.Errorf("no titles: %s", words)
		}
	}
}

// wordsOf is the text in a picture, which must be XML.
func wordsOf(t *testing.T, svg io.Reader) string {
	t.Helper()
	var words strings.Builder
	for d := xml.NewDecoder(svg); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return words.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := token.(xml.CharData); ok {
			words.Write(text)
		}
	}
}
