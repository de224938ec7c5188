package sqltests_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestLinearizable fails where a read that asks for it does not show an entry that was acknowledged
// before, on another node: while a member is stopped, and on that member itself, which goes on
// without knowing that it was.
func TestLinearizable(t *testing.T) {
	c := cluster(t, 3)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	writer, other, stopped := connect(t, c.DSN(1)), connect(t, c.DSN(2)), connect(t, c.DSN(3))
	mustExec(t, writer, "CREATE STREAM s WITH (lease = '1min')", "CLAIM STREAM s")
	acknowledged := int64(0)
	insert := func() {
		mustExec(t, writer, "INSERT INTO s (data) VALUES ('x')")
		acknowledged++
	}
	for _, conn := range []*pgx.Conn{other, stopped} {
		mustExec(t, conn, "SET read_consistency = 'linearizable'")
	}
	for round := range 5 {
		insert()
		shows(ctx, t, stopped, acknowledged)
		if err := c.Act(ctx, 3, "pause"); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			insert()
			shows(ctx, t, other, acknowledged)
		}
		resumed := make(chan error, 1)
		go func() { resumed <- c.Act(ctx, 3, "resume") }() // the question may be there before the news
		shows(ctx, t, stopped, acknowledged)
		if err := <-resumed; err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}
}

// shows demands that a session sees so many entries at least, as soon as it sees any.
func shows(ctx context.Context, t *testing.T, conn *pgx.Conn, want int64) {
	t.Helper()
	var got int64
	poll(t, ctx, "a linearizable read", func() error { return conn.QueryRow(ctx, "SELECT count(*) FROM s").Scan(&got) })
	if got < want {
		t.Errorf("node of %v: %d entries, of which %d were acknowledged", conn.Config().Port, got, want)
	}
}
