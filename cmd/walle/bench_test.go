package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// benchResult is what these tests read of walle bench --json.
type benchResult struct {
	Load       string
	Operations int
	Entries    int
	Errors     map[string]int
	Latency    *struct{ Max float64 } `json:"latency_ms"`
	Processor  *struct{}
}

// TestBenchDemo fails if a load does not get through on a cluster of the command's
// own, or if something of that cluster is left.
func TestBenchDemo(t *testing.T) {
	data, file := t.TempDir(), filepath.Join(t.TempDir(), "run.json")
	picture := file + ".svg"
	p := launch(t, "bench", "--demo", "--dir", data, "--json", file, "--plot", picture,
		"--count", "20", "--size", "10..300", "--sessions", "3", "--streams", "5", "--group", "7", "--entries", "500", "--rate", "500",
		"--lease", "200ms", "--rounds", "1", "--backlog", "100KiB",
		"one", "window", "sessions:spread", "group", "transaction", "copy:count=1", "copy:count=1,binary", "open", "scan:count=2", "point",
		"tail", "claim", "force", "kill", "readers", "stopped", "backfill", "memory")
	p.wantExit(exitOK, "probe: fsync", "sessions:spread ", "one: p50 is", "rows/s were read meanwhile", "of what it had missed")
	want := map[string]int{
		"one": 20, "window": 20, "sessions:spread": 20, "group": 140, "transaction": 140, "open": 20, "scan:count=2": 1000, "point": 20,
		"tail": 20, "claim": 20, "force": 1, "kill": 1, "readers": 20, "stopped": 20, "backfill": 20, "memory": 20,
	}
	results := benchResults(t, file)
	for _, res := range results {
		if n, ok := want[res.Load]; ok && res.Entries != n || len(res.Errors) > 0 || res.Entries == 0 {
			t.Errorf("load %s: %d entries, want %d; errors %v", res.Load, res.Entries, n, res.Errors)
		}
		if unmeasured := strings.HasPrefix(res.Load, "copy") || strings.HasPrefix(res.Load, "scan"); unmeasured != (res.Latency == nil) {
			t.Errorf("load %s: latency %v", res.Load, res.Latency)
		}
	}
	if len(results) != 18 {
		t.Errorf("%d results", len(results))
	}
	if text, err := os.ReadFile(picture); err != nil || !strings.HasPrefix(string(text), "<?xml") {
		t.Errorf("--plot: %v, %.20q", err, text)
	}
	if left, err := os.ReadDir(data); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func benchResults(t *testing.T, file string) []benchResult {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var run struct{ Results []benchResult }
	if err := json.Unmarshal(text, &run); err != nil {
		t.Fatal(err)
	}
	return run.Results
}

// TestBenchCluster fails if what stands in the way of a load is not told, or if
// streams are left on somebody's cluster, or streams of somebody's are dropped.
func TestBenchCluster(t *testing.T) {
	n := nodes(t, 1)[0]
	node := n.launch(t, n.alone()...)
	n.wantServing(node)
	dsn := "postgres://app@127.0.0.1:1," + n.sql + "/walle?sslmode=disable" // nobody is at the first
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	bench := func(args ...string) *process {
		return launch(t, append([]string{"bench", "--dsn", dsn, "--count", "5"}, args...)...)
	}

	bench("--stream", "orders", "one").wantExit(exitRefused, `load one: `, `"orders" does not exist`)
	bench("open").wantExit(exitRefused, "load open: at which rate? Give --rate, or run window")
	if _, err := conn.Exec(ctx, "CREATE STREAM orders"); err != nil {
		t.Fatal(err)
	}
	bench("--stream", "orders", "scan").wantExit(exitRefused, `stream "orders" is empty`)
	bench("--stream", "orders", "sessions").wantExit(exitRefused, "leave --stream out")
	bench("--stream", "orders", "one", "scan", "tail").wantExit(exitOK)
	if _, err := conn.Exec(ctx, "CLAIM STREAM orders WITH (writer = 'the shop')"); err != nil {
		t.Fatal(err)
	}
	bench("--stream", "orders", "window").wantExit(exitRefused, "SQLSTATE 55P03", "the shop")
	bench("window", "sessions:sessions=2", "force:rounds=1,lease=100ms").wantExit(exitOK)

	rows, _ := conn.Query(ctx, "SELECT name FROM walle.streams")
	left, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || !slices.Equal(left, []string{"orders"}) {
		t.Errorf("streams that are left: %v, %v", left, err)
	}
	var entries int
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM orders").Scan(&entries); err != nil || entries != 10 {
		t.Errorf("stream orders has %d entries, want 10: %v", entries, err)
	}
	node.terminate()
}
