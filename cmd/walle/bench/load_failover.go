package bench

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// handOver passes a stream from one node to another and back.
type handOver struct{}

func (handOver) prepare(ctx context.Context, s *site, p params) (work, error) {
	var ends [2]*pgx.Conn
	for i := range ends {
		conn, err := s.connect(ctx, i)
		if err != nil {
			return nil, err
		}
		ends[i] = conn
	}
	stream, err := s.claimed(ctx, ends[0])
	if err != nil {
		return nil, err
	}
	data := newPayloads(p.size, 1)
	return func(ctx context.Context, r *recorder) error {
		whole := context.WithoutCancel(ctx)
		for ctx.Err() == nil && r.take(1) == 1 {
			from, to := ends[0], ends[1]
			start := r.now()
			if _, err := from.Exec(whole, "RELEASE STREAM "+stream); err != nil {
				return err
			}
			if err := claimAndAppend(whole, to, stream, "WAIT", p, data.next()); err != nil {
				return err
			}
			r.record(r.now(), op{start: start, entries: 1})
			ends[0], ends[1] = to, from
		}
		return nil
	}, nil
}

// claimAndAppend is all that a new writer does before it serves.
func claimAndAppend(ctx context.Context, conn *pgx.Conn, stream, mode string, p params, data []byte) error {
	claim := fmt.Sprintf("CLAIM STREAM %s %s WITH (lease = '%dms', writer = 'walle bench')", stream, mode, p.lease.Milliseconds())
	if _, err := conn.Exec(ctx, claim); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, "INSERT INTO "+stream+" (data) VALUES ($1)", data)
	return err
}

// takeOver claims a stream that another node has, whose writer is busy: by force,
// or because its node is killed.
type takeOver struct{ kill bool }

func (t takeOver) prepare(ctx context.Context, s *site, p params) (work, error) {
	conn, err := s.connect(ctx, 0)
	if err != nil {
		return nil, err
	}
	if s.stream != "" {
		return nil, errors.New("it takes over a stream of its own: leave --stream out")
	}
	stream, err := s.newStream(ctx, conn)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, r *recorder) error {
		for node := 0; ctx.Err() == nil && r.take(1) == 1; node++ {
			if err := t.round(ctx, s, node%len(s.nodes), stream, p, r); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// round has a writer on a node, which the next node takes over from.
func (t takeOver) round(ctx context.Context, s *site, node int, stream string, p params, r *recorder) error {
	old, err := s.connect(ctx, node)
	if err != nil {
		return err
	}
	defer old.Close(context.WithoutCancel(ctx))
	next, err := s.connect(ctx, node+1)
	if err != nil {
		return err
	}
	defer next.Close(context.WithoutCancel(ctx))
	data := newPayloads(p.size, 1).next()
	if err := claimAndAppend(ctx, old, stream, "FORCE", p, data); err != nil {
		return err
	}
	busy, stop := context.WithCancel(ctx)
	fenced := make(chan struct{})
	go func() { // a live writer, until it is fenced or gone
		defer close(fenced)
		for busy.Err() == nil {
			if _, err := old.Exec(context.WithoutCancel(busy), "INSERT INTO "+stream+" (data) VALUES ($1)", data); err != nil {
				return
			}
		}
	}()
	defer func() { stop(); <-fenced }()
	start := r.now()
	mode := "FORCE"
	if t.kill {
		mode = "WAIT"
		s.demo.nodes[node].kill()
	}
	if err := claimAndAppend(ctx, next, stream, mode, p, data); err != nil {
		return err
	}
	r.record(r.now(), op{start: start, entries: 1})
	if !t.kill {
		return nil
	}
	if err := s.demo.nodes[node].start(); err != nil {
		return err
	}
	return s.demo.await(ctx, s.demo.nodes[node])
}
