package bench

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// beside is the load open while something else goes on, which other prepares. Its
// work ends with its context, and records nothing but a note.
type beside struct {
	other func(ctx context.Context, s *site, p params) (work, error)
}

func (b beside) prepare(ctx context.Context, s *site, p params) (work, error) {
	open, err := appends{open: true}.prepare(ctx, s, p)
	if err != nil {
		return nil, err
	}
	other, err := b.other(ctx, s, p)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, r *recorder) error {
		both, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- other(both, r) }()
		err := open(ctx, r)
		stop()
		return errors.Join(err, <-ended)
	}, nil
}

// scanAll reads over and over.
func scanAll(ctx context.Context, s *site, p params) (work, error) {
	scan, err := scan{}.prepare(ctx, s, p)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, r *recorder) error {
		read := newRecorder(0)
		err := scan(ctx, read)
		read.end(read.now())
		m := read.result()
		r.note("%s rows/s were read meanwhile", count(m.rate()))
		return err
	}, nil
}

// away is the node to which things happen: no session is on it.
func (s *site) away() *node { return s.demo.nodes[len(s.demo.nodes)-1] }

// stopNode has a node stand still, as one whose disk hangs.
func stopNode(_ context.Context, s *site, _ params) (work, error) {
	n := s.away()
	return func(ctx context.Context, _ *recorder) error {
		if err := n.process.Process.Signal(syscall.SIGSTOP); err != nil {
			return fmt.Errorf("stop node %s: %w", n.name, err)
		}
		<-ctx.Done()
		return n.process.Process.Signal(syscall.SIGCONT)
	}, nil
}

// backfill has a node down while a stream grows, and up again while it is measured.
func backfill(ctx context.Context, s *site, p params) (work, error) {
	conn, err := s.connect(ctx, 0)
	if err != nil {
		return nil, err
	}
	stream, err := s.claimed(ctx, conn)
	if err != nil {
		return nil, err
	}
	n := s.away()
	n.kill()
	p.entries = int(max(1, 2*p.backlog/(p.size.least+p.size.most)))
	if err := s.copyEntries(ctx, conn, stream, p); err != nil {
		return nil, err
	}
	f := filling{conn: conn, stream: stream, node: n.name, entries: int64(p.entries)}
	return func(ctx context.Context, r *recorder) error {
		if err := n.start(); err != nil {
			return err
		}
		took, err := f.watch(ctx)
		r.note("node %s had %.0f %% of what it had missed after %.1f s: %.0f MB/s", n.name, 100*f.part(),
			took.Seconds(), f.part()*float64(p.backlog)/1e6/max(took.Seconds(), 1e-9))
		return err
	}, nil
}

// filling is how far a replica has come with what it had missed.
type filling struct {
	conn         *pgx.Conn
	stream, node string
	entries      int64
	lacks        int64
}

func (f *filling) part() float64 { return 1 - float64(f.lacks)/float64(f.entries) }

// fillingPause is how often a replica is asked.
const fillingPause = 100 * time.Millisecond

// watch waits until the replica has all, or ctx ends, and returns how long that
// took since the replica could be reached.
func (f *filling) watch(ctx context.Context) (took time.Duration, err error) {
	tick := time.NewTicker(fillingPause)
	defer tick.Stop()
	f.lacks = f.entries
	var from time.Time
	for f.lacks > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return since(from), nil
		}
		var flush, missing *int64
		err := f.conn.QueryRow(context.WithoutCancel(ctx), "SELECT flush, missing FROM walle.replicas WHERE stream = $1 AND node = $2",
			f.stream, f.node).Scan(&flush, &missing)
		if err != nil {
			return 0, err
		}
		if flush == nil || missing == nil {
			continue // it is not reached yet
		}
		if from.IsZero() {
			from = time.Now()
		}
		f.lacks = min(f.entries, *missing+max(0, f.entries-*flush))
	}
	return since(from), nil
}

// since is 0 for what has not begun.
func since(from time.Time) time.Duration {
	if from.IsZero() {
		return 0
	}
	return time.Since(from)
}
