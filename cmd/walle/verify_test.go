package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/jackc/pgx/v5"

	"walle/engine/store"
	"walle/engine/store/storetest"
	"walle/replication"
	"walle/replication/node"
)

// noise is what entry id of a stream is filled with: nothing compresses it.
func noise(stream string, id int) []byte {
	var b []byte
	for i := range 32 {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d/%d", stream, id, i))
		b = append(b, sum[:]...)
	}
	return b
}

// dial connects to a node.
func (n nodeArgs) dial(t *testing.T) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), n.dsn())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func (n nodeArgs) dsn() string { return "postgres://app@" + n.sql + "/walle" }

// fill makes a stream of entries of noise.
func fill(t *testing.T, conn *pgx.Conn, stream string, entries int) {
	t.Helper()
	for _, text := range []string{"CREATE STREAM " + stream, "CLAIM STREAM " + stream} {
		if _, err := conn.Exec(t.Context(), text, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(text, err)
		}
	}
	batch := &pgx.Batch{}
	for id := 1; id <= entries; id++ {
		batch.Queue("INSERT INTO "+stream+" (data) VALUES ($1)", noise(stream, id))
	}
	if err := conn.SendBatch(t.Context(), batch).Close(); err != nil {
		t.Fatal(err)
	}
}

// settle writes what a directory, on which no node runs, has in memory into
// tables.
func settle(t *testing.T, dir string) {
	t.Helper()
	withStore(t, dir, func(*store.Store) {})
}

func withStore(t *testing.T, dir string, use func(*store.Store)) {
	t.Helper()
	s, err := store.Open(store.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	use(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// spoil hands the database an entry with other bytes than were sealed, so that
// its own checksums are right.
func spoil(t *testing.T, dir string, stream replication.StreamID, id replication.EntryID) {
	t.Helper()
	withStore(t, dir, func(s *store.Store) {
		list, err := storetest.Collect(s.Scan(node.ScanRequest{Stream: stream, From: id, To: id}))
		if err != nil || len(list) != 1 {
			t.Fatalf("entry %d of stream %d: %v, %v", id, stream, list, err)
		}
		list[0].Data[0]++
		p, err := s.Apply([]replication.Write{{Stream: stream, Entries: list}}, true)
		if err == nil {
			err = p.Wait()
		}
		if err != nil {
			t.Fatal(err)
		}
	})
}

// Damage on one of three disks must be found, by its entry, offline and in the
// running cluster; the cluster must mend it, and say so.
func TestVerify(t *testing.T) {
	list := nodes(t, 3)
	var running []*process
	for _, n := range list {
		running = append(running, n.launch(t, "--cluster", clusterFlag(list)))
	}
	for i, n := range list {
		n.wantServing(running[i])
	}
	conn := list[0].dial(t)
	running[0].until("knew all nodes", func() bool {
		var known int
		if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM walle.nodes WHERE sql_addr <> ''").Scan(&known); err != nil {
			t.Fatal(err)
		}
		return known == len(list)
	})
	fill(t, conn, "orders", 300)
	fill(t, conn, "bills", 300)
	cluster := []string{"verify", "--cluster", list[0].dsn()}
	launch(t, cluster...).wantExit(exitOK, "verified 2 streams, 600 entries")
	n2 := list[1]
	launch(t, "verify", n2.data).wantExit(exitUnverified, "in use", "--cluster")
	running[1].terminate()
	launch(t, cluster...).wantExit(exitUnverified, "node n2 cannot be reached")

	// A bit of a table.
	settle(t, n2.data)
	launch(t, "verify", n2.data).wantExit(exitOK, "verified 3 streams")
	if err := storetest.Damage(vfs.Default, n2.data, noise("orders", 122)[:32]); err != nil {
		t.Fatal(err)
	}
	p := launch(t, "verify", n2.data)
	p.wantExit(exitDamaged, `stream "orders" (`, "), entries 1", "checksum mismatch", "it fetches these entries from n1, n3")
	if strings.Contains(p.out.String(), "bills") {
		t.Fatalf("other streams are damaged:\n%s", p.out)
	}
	running[1] = n2.launch(t, "--scrub-rate", "0")
	n2.wantServing(running[1])
	launch(t, cluster...).wantExit(exitDamaged, `stream "orders"`, "on node n2", "checksum mismatch")
	running[1].until("mended what was found", func() bool {
		p := launch(t, cluster...)
		<-p.done
		return p.cmd.ProcessState.ExitCode() == exitOK
	})
	running[1].terminate()
	launch(t, "verify", n2.data).wantExit(exitOK, "verified 3 streams")

	// Bytes of an entry that the database takes for right.
	var orders, bills replication.StreamID
	if err := conn.QueryRow(t.Context(), "SELECT max(stream_id) FILTER (WHERE name = 'orders'), max(stream_id) FILTER (WHERE name = 'bills') FROM walle.streams").
		Scan(&orders, &bills); err != nil {
		t.Fatal(err)
	}
	spoil(t, n2.data, bills, 10)
	launch(t, "verify", "--stream", "orders", n2.data).wantExit(exitOK, "verified 1 streams, 300 entries")
	launch(t, "verify", "--json", "--stream", fmt.Sprint(bills), n2.data).wantExit(exitDamaged, `"stream":"bills"`, `"entry_id":10`, `"damaged":1`)
	running[1] = n2.launch(t)
	n2.wantServing(running[1])
	var damaged, repaired, others int64
	running[1].until("mended what its scrub found", func() bool {
		err := conn.QueryRow(t.Context(), `SELECT coalesce(max(damaged) FILTER (WHERE stream = 'bills' AND node = 'n2'), 0),
			coalesce(max(repaired) FILTER (WHERE stream = 'bills' AND node = 'n2'), 0),
			coalesce(max(damaged) FILTER (WHERE stream <> 'bills' OR node <> 'n2'), 0) FROM walle.replicas`).Scan(&damaged, &repaired, &others)
		if err != nil {
			t.Fatal(err)
		}
		return repaired > 0
	})
	if damaged != 1 || repaired != 1 || others != 0 {
		t.Fatalf("%d entries were damaged, %d are mended, %d elsewhere", damaged, repaired, others)
	}
	launch(t, cluster...).wantExit(exitOK, "verified 2 streams, 600 entries")
}

// A wrong command line is no damage: the exit code says so.
func TestVerifyRefused(t *testing.T) {
	for _, test := range []struct{ args, says string }{
		{"", "Give one data directory"},
		{"a b", "Give one data directory"},
		{"a --cluster postgres://b", "Give one data directory"},
		{"--nonsense", "unknown flag"},
		{filepath.Join(t.TempDir(), "nothing"), "is no data directory"},
		{t.TempDir(), "is no data directory"},
		{"--cluster postgres://app@127.0.0.1:1/walle", "--cluster"},
	} {
		launch(t, append([]string{"verify"}, strings.Fields(test.args)...)...).wantExit(exitUnverified, "walle: ", test.says)
	}
}

// soon is a context that ends after it was looked at some times.
type soon struct {
	context.Context
	looks int
}

func (s *soon) Err() error {
	if s.looks--; s.looks < 0 {
		return context.Canceled
	}
	return nil
}

// A run that is stopped must go on where it was, count what it did before, and
// tell again what it found; and one after a run that is through begins anew.
func TestVerifyResumes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "n1")
	const entries = 19999 // the end of a group
	withStore(t, dir, func(s *store.Store) {
		log := storetest.Log{Term: 1}
		state := &replication.State{First: 1, Promised: 1, History: replication.History{{Term: 1, Start: 1}}}
		for _, stream := range []replication.StreamID{20, 21} {
			log := log
			list := log.Sized(entries, 1000)
			if stream == 20 {
				list[99].Data[0]++
			}
			for part := range slices.Chunk(list, 1000) {
				w := replication.Write{Stream: stream, State: state, Entries: part, Commit: part[len(part)-1].ID}
				if _, err := s.Apply([]replication.Write{w}, false); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
	verify := func(ctx context.Context) (*verifyReport, string, error) {
		var out strings.Builder
		r := &verifyReport{out: &out, bar: newProgressBar(io.Discard)}
		err := verifyDir(ctx, verifyOptions{dir: dir}, r)
		return r, out.String(), err
	}
	var before uint64
	stops := 0
	for {
		r, said, err := verify(&soon{t.Context(), 3})
		if !strings.Contains(said, "entry 100:") {
			t.Fatalf("after %d stops the damage is not told:\n%s", stops, said)
		}
		if r.Entries <= before || len(r.Findings) != 1 {
			t.Fatalf("after %d stops: %d entries, %d before; %d findings: %v", stops, r.Entries, before, len(r.Findings), r.Findings)
		}
		before = r.Entries
		if err == nil {
			if r.Entries != 2*entries || r.Streams != 2 {
				t.Fatalf("%d entries of %d streams in the end", r.Entries, r.Streams)
			}
			break
		}
		stops++
	}
	if stops < 3 {
		t.Fatalf("it was through after %d stops", stops)
	}
	if _, err := os.Stat(dir + ".verify"); !os.IsNotExist(err) {
		t.Fatalf("what is to be resumed is left over: %v", err)
	}
	if r, _, err := verify(t.Context()); err != nil || r.Entries != 2*entries {
		t.Fatalf("%d entries anew, %v", r.Entries, err)
	}
}

// On a terminal the bar changes in place; elsewhere lines come, seldom.
func TestProgressBar(t *testing.T) {
	var out strings.Builder
	b := newProgressBar(&out)
	b.start(0, 100)
	b.add(10, "soon")
	if out.Len() > 0 {
		t.Fatalf("a line at once: %q", out.String())
	}
	b.shown = b.shown.Add(-time.Minute)
	b.add(40, "stream \"s\"")
	if s := out.String(); !strings.HasPrefix(s, " 50 %") || !strings.HasSuffix(s, "stream \"s\"\n") {
		t.Fatalf("line %q", s)
	}
	out.Reset()
	b.terminal = true
	b.shown = b.shown.Add(-time.Minute)
	b.add(0, "stream \"s\"")
	if s := out.String(); !strings.HasPrefix(s, "\r[===============               ]  50 %") {
		t.Fatalf("bar %q", s)
	}
	b.clear()
	if s := out.String(); !strings.HasSuffix(s, " \r") {
		t.Fatalf("cleared %q", s)
	}
}
