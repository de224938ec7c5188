package sqltests_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"walle/sqltests"
)

// few makes a number of appends small for go test -short.
func few(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

func numbered(n int) []string {
	payloads := make([]string, n)
	for i := range payloads {
		payloads[i] = fmt.Sprintf("payload %06d", i)
	}
	return payloads
}

// newStream creates a stream with a short lease, so that a killed writer is soon replaced.
func newStream(t *testing.T, c *sqltests.Cluster, stream string) {
	t.Helper()
	mustExec(t, connect(t, c.DSN(1)), "CREATE STREAM "+stream+" WITH (lease = '1s')")
}

// TestKillWriterNode fails where a client that pipelines appends, loses its node to kill -9, and goes
// on at another, finds an acknowledged entry lost, moved or doubled.
func TestKillWriterNode(t *testing.T) {
	c := cluster(t, 3)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	newStream(t, c, "load")
	h := newHistory()
	payloads := numbered(few(100_000))
	var nemesis sync.WaitGroup
	nemesis.Go(func() {
		// The client takes the first node that answers, so that each kill hits the writer's node.
		for i, step := range []struct {
			node   int
			action string
		}{{1, "kill"}, {1, "start"}, {2, "kill"}, {2, "start"}, {1, "kill"}, {1, "start"}} {
			if err := h.await(ctx, len(payloads)*(i+1)/10); err != nil {
				t.Error(err)
				return
			}
			if err := c.Act(ctx, step.node, step.action); err != nil {
				t.Error(err)
				return
			}
		}
	})
	claims := 0
	for rest := payloads; len(rest) > 0; rest = h.open(payloads) {
		conn, err := h.reclaim(ctx, c.AnyDSN(), "load", "")
		if err != nil {
			t.Fatal(err)
		}
		claims++
		err = h.load(ctx, conn, "load", h.open(payloads), 1000)
		t.Logf("claim %d: %d acknowledged, then %v", claims, h.size(), err)
		conn.Close(ctx)
	}
	nemesis.Wait()
	if claims < 4 {
		t.Errorf("%d claims: the kills hit nobody", claims)
	}
	h.verify(t, c, "load")
}

// TestKillAll fails where the death of all nodes at once loses what was acknowledged before.
func TestKillAll(t *testing.T) {
	c := cluster(t, 3)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	newStream(t, c, "load")
	h := newHistory()
	payloads := numbered(few(50_000))
	for round := range 3 {
		var killer sync.WaitGroup
		killer.Go(func() {
			if err := h.await(ctx, len(payloads)*(round+1)/5); err != nil {
				t.Error(err)
			}
			if err := c.KillAll(ctx); err != nil {
				t.Error(err)
			}
		})
		h.round(ctx, t, c, payloads)
		killer.Wait()
		if err := c.StartAll(ctx); err != nil {
			t.Fatal(err)
		}
	}
	for len(h.open(payloads)) > 0 {
		h.round(ctx, t, c, payloads)
	}
	h.verify(t, c, "load")
}

// round claims the stream and appends what is still open until that fails.
func (h *history) round(ctx context.Context, t *testing.T, c *sqltests.Cluster, payloads []string) {
	conn, err := h.reclaim(ctx, c.AnyDSN(), "load", "")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	err = h.load(ctx, conn, "load", h.open(payloads), 1000)
	t.Logf("%d acknowledged, then %v", h.size(), err)
}

// TestReadAfterKillAll fails where entries that were acknowledged cannot be read, once all nodes have
// died and are back, until somebody claims the stream.
func TestReadAfterKillAll(t *testing.T) {
	c := cluster(t, 3)
	newStream(t, c, "load")
	h := newHistory()
	conn, err := h.reclaim(t.Context(), c.AnyDSN(), "load", "")
	if err != nil {
		t.Fatal(err)
	}
	payloads := numbered(1000)
	if err := h.load(t.Context(), conn, "load", payloads, 100); err != nil {
		t.Fatal(err)
	}
	if err := c.KillAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.StartAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	for node := 1; node <= c.Nodes(); node++ {
		entries := readAll(t, c.DSN(node), "load", int64(len(payloads)))
		for _, w := range h.check(entries) {
			t.Errorf("node %d: %s", node, w)
		}
	}
}

// TestCompetingPrograms fails where two programs that take a stream from each other, while nodes are
// killed and restarted, break the log: every acknowledged group is read from every node, in order, once.
func TestCompetingPrograms(t *testing.T) {
	c := cluster(t, 3)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	newStream(t, c, "contested")
	h := newHistory()
	compete, stop := context.WithCancel(ctx)
	var programs sync.WaitGroup
	for i := range 2 {
		p := &program{name: fmt.Sprintf("p%d", i), history: h, rand: rand.New(rand.NewPCG(1, uint64(i)))}
		for node := 1; node <= 3; node++ {
			p.dsns = append(p.dsns, c.DSN(node))
		}
		programs.Go(func() { p.run(compete) })
	}
	for i := range 6 {
		node := i%3 + 1
		for _, action := range []string{"kill", "start"} {
			// Faults come by progress, not by the clock: each is survived before the next.
			if err := h.await(ctx, h.size()+few(500)); err != nil {
				t.Fatal(err)
			}
			if err := c.Act(ctx, node, action); err != nil {
				t.Fatal(err)
			}
		}
	}
	stop()
	programs.Wait()
	h.verify(t, c, "contested")
}

// A program claims a stream over and over, and appends groups until it is fenced or cut off.
type program struct {
	name    string
	dsns    []string
	history *history
	rand    *rand.Rand
	groups  int
}

func (p *program) run(ctx context.Context) {
	for ctx.Err() == nil {
		mode := "FORCE"
		if p.rand.IntN(2) == 0 {
			mode = ""
		}
		conn, err := p.history.tryClaim(ctx, p.dsns[p.rand.IntN(len(p.dsns))], "contested", mode)
		if err != nil {
			if pause(ctx) != nil {
				return
			}
			continue // the node is down: another one
		}
		for range 1 + p.rand.IntN(200) {
			if p.append(ctx, conn) != nil {
				break
			}
		}
		conn.Close(context.Background())
	}
}

// append appends one group: a statement of several rows, or a transaction of several statements.
func (p *program) append(ctx context.Context, conn *pgx.Conn) error {
	p.groups++
	payloads := make([]string, 1+p.rand.IntN(4))
	for i := range payloads {
		payloads[i] = fmt.Sprintf("%s-%d/%d/%d", p.name, p.groups, i, len(payloads))
	}
	// An append that is under way when the test ends may take its time to be answered.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	ids, err := []int64(nil), error(nil)
	if p.rand.IntN(2) == 0 {
		ids, err = appendStatement(ctx, conn, payloads)
	} else {
		ids, err = appendTransaction(ctx, conn, payloads)
	}
	p.history.record(payloads, ids, err)
	return err
}

func appendStatement(ctx context.Context, conn *pgx.Conn, payloads []string) ([]int64, error) {
	var values []string
	var args []any
	for i, payload := range payloads {
		values = append(values, fmt.Sprintf("($%d)", i+1))
		args = append(args, []byte(payload))
	}
	rows, err := conn.Query(ctx, "INSERT INTO contested (data) VALUES "+strings.Join(values, ", ")+" RETURNING entry_id", args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

func appendTransaction(ctx context.Context, conn *pgx.Conn, payloads []string) ([]int64, error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(payloads))
	for i, payload := range payloads {
		err := tx.QueryRow(ctx, "INSERT INTO contested (data) VALUES ($1) RETURNING entry_id", []byte(payload)).Scan(&ids[i])
		if err != nil {
			return nil, err
		}
	}
	return ids, tx.Commit(ctx)
}
