package bench

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"
)

// TestSpecs fails if a load is not told what its spec says, or another hears of it.
func TestSpecs(t *testing.T) {
	all := defaults()
	sp, err := parseSpec("window:size=100..4KiB,in-flight=10,spread,duration=7s", all)
	if err != nil {
		t.Fatal(err)
	}
	want := all
	want.size, want.inFlight, want.spread, want.duration = sizes{100, 4096}, 10, true, 7*time.Second
	if sp.params != want || sp.kind.name != "window" {
		t.Errorf("%+v, want %+v", sp.params, want)
	}
	if all != defaults() {
		t.Errorf("what one load is told has changed the others: %+v", all)
	}
}

// TestRefused fails if a command line that makes no sense is run, or refused without a reason.
func TestRefused(t *testing.T) {
	for line, reason := range map[string]string{
		"windows":                      `there is no load "windows": there are one, window,`,
		"window:size=1..":              `load window:size=1..: invalid argument "1.."`,
		"window:size=5..4":             "from the smaller to the larger",
		"window:size=1GiB":             "up to 8388608",
		"window:speed=3":               "no such flag -speed",
		"window:in-flight=0":           "--in-flight 0: at least 1",
		"window:in-flight=many":        "load window:in-flight=many: invalid argument",
		"--sessions 0":                 "--sessions 0: at least 1",
		"--stream s --demo":            "leave out --demo or --stream",
		"kill":                         "load kill does things to nodes: it needs --demo",
		"--json no/such/dir/file":      "no such file or directory",
		"--dsn postgres://[":           "--dsn: cannot parse",
		"--demo --dir no/such/dir one": "--dir: ",
		"--dsn postgres://127.0.0.1:1/walle?sslmode=disable": "start a cluster with \"walle demo\", name one with --dsn, or give --demo",
	} {
		cmd := Command("test")
		cmd.SilenceUsage, cmd.SilenceErrors = true, true
		cmd.SetArgs(strings.Fields(line))
		cmd.SetOut(&bytes.Buffer{})
		if err := cmd.ExecuteContext(context.Background()); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v; want %q", line, err, reason)
		}
	}
}

// TestListed fails if a load cannot be found out about, or the loads of a run that names none cannot be run.
func TestListed(t *testing.T) {
	for _, k := range kinds() {
		if k.about == "" || k.unit == "" || !strings.Contains(listing(), "  "+k.name+" ") {
			t.Errorf("load %s is not listed with what it does", k.name)
		}
	}
	for _, demo := range []bool{false, true} {
		o := options{demo: demo, params: defaults()}
		if specs, err := o.specs(nil); err != nil || len(specs) == 0 {
			t.Errorf("demo %v: %v", demo, err)
		}
	}
}

// TestPayloads fails if entries do not have the sizes that were asked for.
func TestPayloads(t *testing.T) {
	data := newPayloads(sizes{100, 103}, 1)
	seen := map[int]int{}
	for range 4000 {
		seen[len(data.next())]++
	}
	for n := 100; n <= 103; n++ {
		if seen[n] < 800 || seen[n] > 1200 {
			t.Errorf("%d of 4000 entries have %d bytes", seen[n], n)
		}
	}
	if len(seen) != 4 {
		t.Errorf("sizes %v", seen)
	}
}
