package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// recovery measures how long things take after a fault, on loopback and on the
// real disk, one after the other. It judges nothing: what is to be reached stands
// beside each figure.
type recovery struct {
	cluster *cluster
	out     io.Writer
	entries int
	sample  time.Duration
}

func recoveryCommand(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("nemesis recovery", flag.ContinueOnError)
	cfg := clusterConfig{nodes: 3, loopback: true, logLevel: "warn"}
	r := recovery{out: out}
	flags.StringVar(&cfg.walle, "walle", "", "the walle `binary` (default: built from this module)")
	dir := flags.String("dir", "", "`directory` in which one is made for logs and data (default: that for temporary files)")
	flags.IntVar(&r.entries, "entries", 10_000_000, "how many a node has that is restarted")
	flags.DurationVar(&r.sample, "sample", 15*time.Second, "how long appends are timed before and after a fault")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var err error
	if cfg.dir, err = os.MkdirTemp(*dir, "nemesis"); err != nil {
		return err
	}
	defer os.RemoveAll(cfg.dir)
	if cfg.walle == "" {
		if cfg.walle, err = build(ctx, cfg.dir); err != nil {
			return err
		}
	}
	if r.cluster, err = startCluster(ctx, cfg, func(string, ...any) {}); err != nil {
		return err
	}
	return errors.Join(r.measure(ctx), r.cluster.Close())
}

func (r *recovery) measure(ctx context.Context) error {
	fmt.Fprintln(r.out, "| what | to be reached | measured |\n|---|---|---|")
	for _, m := range []struct {
		what, bound string
		measure     func(context.Context) (string, error)
	}{
		{"claim after a release, on another node", "20 ms", r.afterRelease},
		{"`CLAIM … FORCE` over a living writer, lease 5 s", "5.05 s", r.force},
		{"longest append when a node is killed that is not the writer's", "twice the usual p999", r.killOther},
		{"p99 of appends while the third replica is stopped (SIGSTOP)", "1.2 times the usual", r.stopThird},
		{fmt.Sprintf("kill -9 and restart of a node with %d million entries, until it has read the last", r.entries/1_000_000), "2 s", r.restart},
	} {
		result, err := m.measure(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", m.what, err)
		}
		fmt.Fprintf(r.out, "| %s | %s | %s |\n", m.what, m.bound, result)
	}
	return nil
}

// session opens a session on a node, and runs statements.
func (r *recovery) session(ctx context.Context, node int, statements ...string) (*pgx.Conn, error) {
	conn, err := r.cluster.connect(ctx, node, nil)
	if err != nil {
		return nil, err
	}
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", sql, err), conn.Close(ctx))
		}
	}
	return conn, nil
}

// timed runs a statement.
func timed(ctx context.Context, conn *pgx.Conn, sql string, args ...any) (time.Duration, error) {
	began := time.Now()
	_, err := conn.Exec(ctx, sql, args...)
	return time.Since(began), err
}

// afterRelease lets two nodes give a stream to each other.
func (r *recovery) afterRelease(ctx context.Context) (string, error) {
	const rounds = 200
	a, err := r.session(ctx, 1, "CREATE STREAM released", "CLAIM STREAM released", "RELEASE STREAM released")
	if err != nil {
		return "", err
	}
	defer closeSession(a)
	b, err := r.session(ctx, 2)
	if err != nil {
		return "", err
	}
	defer closeSession(b)
	var times []time.Duration
	for range rounds {
		took, err := timed(ctx, b, "CLAIM STREAM released")
		if err != nil {
			return "", err
		}
		times = append(times, took)
		for _, sql := range []string{"INSERT INTO released VALUES ('x')", "RELEASE STREAM released"} {
			if _, err := b.Exec(ctx, sql); err != nil {
				return "", err
			}
		}
		a, b = b, a
	}
	slices.Sort(times)
	return fmt.Sprintf("median %s, p99 %s, max %s of %d", quantile(times, 0.5), quantile(times, 0.99), quantile(times, 1), rounds), nil
}

// force takes a stream from a writer that appends all the time.
func (r *recovery) force(ctx context.Context) (string, error) {
	const rounds = 5
	writer, err := r.session(ctx, 1, "CREATE STREAM forced WITH (lease = '5s')", "CLAIM STREAM forced")
	if err != nil {
		return "", err
	}
	var times []time.Duration
	for i := range rounds {
		appending := make(chan error, 1)
		stopped, stop := context.WithCancel(ctx)
		go func(conn *pgx.Conn) {
			for stopped.Err() == nil {
				if _, err := conn.Exec(ctx, "INSERT INTO forced VALUES ('x')"); err != nil {
					break // it is fenced
				}
			}
			appending <- conn.Close(ctx)
		}(writer)
		usurper, err := r.session(ctx, 2+i%2)
		if err != nil {
			stop()
			return "", errors.Join(err, <-appending)
		}
		_ = pause(ctx, time.Second) // in which the writer lives
		took, err := timed(ctx, usurper, "CLAIM STREAM forced FORCE")
		stop()
		if err := errors.Join(err, <-appending); err != nil {
			return "", err
		}
		times = append(times, took)
		writer = usurper
	}
	closeSession(writer)
	slices.Sort(times)
	return fmt.Sprintf("median %s, max %s of %d", quantile(times, 0.5), quantile(times, 1), rounds), nil
}

// appends times appends one after the other, of 1 KiB, for some time.
func (r *recovery) appends(ctx context.Context, conn *pgx.Conn, stream string, d time.Duration) ([]time.Duration, error) {
	payload := []byte(strings.Repeat("x", 1024))
	var times []time.Duration
	for began := time.Now(); time.Since(began) < d; {
		took, err := timed(ctx, conn, "INSERT INTO "+stream+" (data) VALUES ($1)", payload)
		if err != nil {
			return nil, err
		}
		times = append(times, took)
	}
	slices.Sort(times)
	return times, nil
}

func (r *recovery) killOther(ctx context.Context) (string, error) {
	conn, err := r.session(ctx, 1, "CREATE STREAM survivor", "CLAIM STREAM survivor")
	if err != nil {
		return "", err
	}
	defer closeSession(conn)
	usual, err := r.appends(ctx, conn, "survivor", r.sample)
	if err != nil {
		return "", err
	}
	struck := time.AfterFunc(time.Second, func() { r.cluster.nodes[2].signal(syscall.SIGKILL) }) // the supervisor starts it again
	defer struck.Stop()
	after, err := r.appends(ctx, conn, "survivor", r.sample)
	if err != nil {
		return "", err
	}
	longest, p999 := after[len(after)-1], usual[int(0.999*float64(len(usual)-1))]
	return fmt.Sprintf("%s; usual p999 %s, max %s: %.1f times p999", quantile(after, 1), quantile(usual, 0.999), quantile(usual, 1),
		float64(longest)/float64(p999)), r.cluster.serving(ctx)
}

// stopThird stops a replica while another node's writer appends.
func (r *recovery) stopThird(ctx context.Context) (string, error) {
	conn, err := r.session(ctx, 1, "CREATE STREAM held", "CLAIM STREAM held")
	if err != nil {
		return "", err
	}
	defer closeSession(conn)
	usual, err := r.appends(ctx, conn, "held", r.sample)
	if err != nil {
		return "", err
	}
	before, err := memory(r.cluster.nodes[0].pid())
	if err != nil {
		return "", err
	}
	third := r.cluster.nodes[2]
	third.signal(syscall.SIGSTOP)
	held, err := r.appends(ctx, conn, "held", 2*r.sample)
	after, merr := memory(r.cluster.nodes[0].pid())
	third.signal(syscall.SIGCONT)
	if err := errors.Join(err, merr); err != nil {
		return "", err
	}
	p99 := func(times []time.Duration) float64 { return float64(times[int(0.99*float64(len(times)-1))]) }
	return fmt.Sprintf("%s; usual %s: %.2f times; memory of the writer's node %.0f MiB before, %.0f MiB after %d appends",
		quantile(held, 0.99), quantile(usual, 0.99), p99(held)/p99(usual), before, after, len(held)), nil
}

// restart loads many entries, and kills and starts a node.
func (r *recovery) restart(ctx context.Context) (string, error) {
	const rounds = 3
	conn, err := r.session(ctx, 1, "CREATE STREAM long", "CLAIM STREAM long")
	if err != nil {
		return "", err
	}
	defer closeSession(conn)
	if err := load(ctx, conn, "long", r.entries); err != nil {
		return "", err
	}
	n := r.cluster.nodes[2]
	query := fmt.Sprintf("SELECT 1 / count(*) FROM long WHERE entry_id = %d", r.entries)
	if err := r.cluster.await(ctx, n, query); err != nil {
		return "", err
	}
	var times []time.Duration
	for range rounds {
		up := n.down(syscall.SIGKILL)
		_ = pause(ctx, time.Second)
		began := time.Now()
		up()
		if err := r.cluster.await(ctx, n, query); err != nil {
			return "", err
		}
		times = append(times, time.Since(began))
	}
	slices.Sort(times)
	return fmt.Sprintf("median %s, max %s of %d", quantile(times, 0.5), quantile(times, 1), rounds), nil
}

// load copies n small entries into a stream.
func load(ctx context.Context, conn *pgx.Conn, stream string, n int) error {
	text, write := io.Pipe()
	go func() {
		line := []byte("0123456789abcdef\n")
		block := slices.Repeat(line, 1000)
		var err error
		for left := n; left > 0 && err == nil; left -= 1000 {
			_, err = write.Write(block[:len(line)*min(left, 1000)])
		}
		write.CloseWithError(err)
	}()
	tag, err := conn.PgConn().CopyFrom(ctx, text, fmt.Sprintf("COPY %s (data) FROM STDIN", stream))
	if err == nil && tag.RowsAffected() != int64(n) {
		err = fmt.Errorf("%d of %d entries loaded", tag.RowsAffected(), n)
	}
	return errors.Join(err, text.Close())
}

// memory is the resident memory of a process, in MiB.
func memory(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return math.NaN(), err
	}
	_, rest, ok := strings.Cut(string(text), "VmRSS:")
	var kib float64
	if _, err := fmt.Sscan(rest, &kib); err != nil || !ok {
		return math.NaN(), fmt.Errorf("no VmRSS of process %d", pid)
	}
	return kib / 1024, nil
}
