package sqltests_test

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"walle/sqltests"
)

// smallDisks starts three nodes, each on a disk of its own of 96 MiB.
func smallDisks(t *testing.T) (c *sqltests.Cluster, disks []string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"n1", "n2", "n3"} {
		disk := filepath.Join(dir, name)
		if err := os.Mkdir(disk, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=96m"); err != nil {
			t.Skipf("no disk can be mounted: %v", err)
		}
		t.Cleanup(func() {
			if err := syscall.Unmount(disk, 0); err != nil {
				t.Error(err)
			}
		})
		disks = append(disks, disk)
	}
	c, err := sqltests.StartCluster(t.Context(), walleBinary(t), dir, len(disks))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(c.Logs())
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c, disks
}

// fill appends until an append fails, and returns how many did not.
func fill(ctx context.Context, t *testing.T, conn *pgx.Conn, stream string) (appended int, failed error) {
	t.Helper()
	data := make([]byte, 500_000)
	rand.Read(data) // never fails
	for range 1000 {
		if _, err := conn.Exec(ctx, "INSERT INTO "+stream+" (data) VALUES ($1)", data); err != nil {
			return appended, err
		}
		appended++
	}
	t.Fatal("the disks are never full")
	return 0, nil
}

// appendsAgain appends one entry, once there is room.
func appendsAgain(ctx context.Context, t *testing.T, conn *pgx.Conn, stream string) {
	t.Helper()
	for {
		_, err := conn.Exec(ctx, "INSERT INTO "+stream+" (data) VALUES ('again')")
		if err == nil {
			return
		}
		if wantCode(t, "append before there is room", err, "53100"); t.Failed() || ctx.Err() != nil {
			t.FailNow()
		}
	}
}

func count(ctx context.Context, t *testing.T, conn *pgx.Conn, stream string) (n int) {
	t.Helper()
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM "+stream).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestDiskFull fails where full disks do more than refuse appends: where they cost a node, an acknowledged entry, a
// read or a trim, or where a restart is needed once there is room again.
func TestDiskFull(t *testing.T) {
	c, _ := smallDisks(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	conn := connect(t, c.DSN(1))
	mustExec(t, conn, "CREATE STREAM s")
	mustExec(t, conn, "CLAIM STREAM s")
	for round := range 2 {
		before := count(ctx, t, conn, "s")
		appended, err := fill(ctx, t, conn, "s")
		wantCode(t, "append to full disks", err, "53100")
		var told *pgconn.PgError
		if errors.As(err, &told) && (!strings.Contains(told.Detail, "Node n") || !strings.Contains(told.Hint, "TRIM STREAM")) {
			t.Errorf("round %d: DETAIL %q, HINT %q", round, told.Detail, told.Hint)
		}
		if n := count(ctx, t, conn, "s"); n != before+appended || appended < 50 {
			t.Fatalf("round %d: %d entries, of which %d were acknowledged", round, n, before+appended)
		}
		var full int
		if err := conn.QueryRow(ctx, "SELECT count(*) FROM walle.nodes WHERE disk_full AND free_bytes < min_free_bytes").Scan(&full); err != nil || full < 2 {
			t.Fatalf("round %d: %d nodes are shown as full, %v", round, full, err)
		}
		var last string
		if err := conn.QueryRow(ctx, "SELECT max(entry_id)::text FROM s").Scan(&last); err != nil {
			t.Fatal(err)
		}
		mustExec(t, conn, "TRIM STREAM s TO "+last)
		appendsAgain(ctx, t, conn, "s")
	}
}

// TestStartOnFullDisks fails where nodes do not start on disks that others have filled to the last byte, or do not
// serve there all that makes room.
func TestStartOnFullDisks(t *testing.T) {
	c, disks := smallDisks(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	conn := connect(t, c.DSN(1))
	for _, stream := range []string{"s", "other"} {
		mustExec(t, conn, "CREATE STREAM "+stream+" WITH (lease = '1s')")
	}
	mustExec(t, conn, "CLAIM STREAM s")
	appended, err := fill(ctx, t, conn, "s")
	wantCode(t, "append to full disks", err, "53100")
	if err := c.KillAll(ctx); err != nil {
		t.Fatal(err)
	}
	for _, disk := range disks {
		useUp(t, filepath.Join(disk, "others"))
	}
	if err := c.StartAll(ctx); err != nil {
		t.Fatal(err)
	}
	conn = connect(t, c.DSN(2))
	mustExec(t, conn, "SET read_consistency = 'linearizable'")
	if n := count(ctx, t, conn, "s"); n < appended {
		t.Fatalf("%d entries, of which %d were acknowledged", n, appended)
	}
	mustExec(t, conn, "CLAIM STREAM other")
	_, err = conn.Exec(ctx, "INSERT INTO other (data) VALUES ('x')")
	wantCode(t, "append after a start on full disks", err, "53100")
	mustExec(t, conn, "DROP STREAM s")
	for _, disk := range disks {
		if err := os.Remove(filepath.Join(disk, "others")); err != nil {
			t.Fatal(err)
		}
	}
	appendsAgain(ctx, t, conn, "other")
}

// TestLastWord fails where a write that finds no room at all does not end the process, with an exit code that says so
// and a last word that names the file, or where it costs an acknowledged entry.
func TestLastWord(t *testing.T) {
	c, disks := smallDisks(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	conn := connect(t, c.DSN(1))
	mustExec(t, conn, "CREATE STREAM s WITH (lease = '1s')", "CLAIM STREAM s", "INSERT INTO s (data) VALUES ('kept')")
	if err := os.Remove(filepath.Join(disks[2], "BALLAST")); err != nil {
		t.Fatal(err)
	}
	useUp(t, filepath.Join(disks[2], "others"))
	who := strings.Repeat("x", 3000) // is written down by every claim
	for ended := false; !ended; {
		mustExec(t, conn, "CLAIM STREAM s FORCE WITH (lease = '1s', writer = '"+who+"')", "RELEASE STREAM s")
		soon, cancel := context.WithTimeout(ctx, time.Millisecond)
		_, _, err := c.Ended(soon, 3)
		cancel()
		if ended = err == nil; ctx.Err() != nil {
			t.Fatal(err)
		}
	}
	code, log, err := c.Ended(ctx, 3)
	if err != nil || code != 3 || !strings.Contains(log, "walle: fatal: data directory "+disks[2]+": write "+disks[2]+"/db/") ||
		!strings.Contains(log, "no space left on device") {
		t.Fatalf("exit code %d, %v, after\n%s", code, err, log)
	}
	if err := os.Remove(filepath.Join(disks[2], "others")); err != nil {
		t.Fatal(err)
	}
	if err := c.Act(ctx, 3, "start"); err != nil {
		t.Fatal(err)
	}
	conn = connect(t, c.DSN(3))
	mustExec(t, conn, "SET read_consistency = 'linearizable'")
	if n := count(ctx, t, conn, "s"); n != 1 {
		t.Fatalf("%d entries after the restart", n)
	}
}

// useUp writes a file that leaves no room on its disk.
func useUp(t *testing.T, name string) {
	t.Helper()
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for block := make([]byte, 4096); err == nil; {
		_, err = file.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}
