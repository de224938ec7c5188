package sqltests_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// connect opens a connection that the test closes.
func connect(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// mustExec runs statements that must succeed.
func mustExec(t testing.TB, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// wantCode fails the test unless err is an error of the server with that SQLSTATE.
func wantCode(t *testing.T, what string, err error, code string) {
	t.Helper()
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) || pgErr.Code != code {
		t.Errorf("%s: %v, want SQLSTATE %s", what, err, code)
	}
}

// A pipeline appends one payload after the other over one connection without waiting for answers.
type pipeline struct {
	history *history
	pipe    *pgconn.Pipeline
	sent    []string // not yet answered, oldest first
}

// load appends payloads to stream with up to window of them in flight, and records each outcome.
// It returns the first error; the connection is of use no more after one.
func (h *history) load(ctx context.Context, conn *pgx.Conn, stream string, payloads []string, window int) error {
	const name = "append"
	if _, err := conn.Prepare(ctx, name, "INSERT INTO "+stream+" (data) VALUES ($1) RETURNING entry_id"); err != nil {
		return err
	}
	p := &pipeline{history: h, pipe: conn.PgConn().StartPipeline(ctx)}
	err := p.run(name, payloads, window)
	if err != nil && len(p.sent) > 0 {
		h.record(p.sent, nil, errUnanswered)
	}
	return errors.Join(err, p.pipe.Close())
}

var errUnanswered = errors.New("sent, and not answered")

// run sends and receives until all payloads are answered, or the connection breaks. After a refusal
// it sends no more, but hears the outcome of what is under way.
func (p *pipeline) run(statement string, payloads []string, window int) (refusal error) {
	for len(payloads) > 0 && refusal == nil || len(p.sent) > 0 {
		for len(payloads) > 0 && len(p.sent) < window && refusal == nil {
			p.pipe.SendQueryPrepared(statement, [][]byte{[]byte(payloads[0])}, []int16{1}, []int16{0})
			p.pipe.SendPipelineSync()
			p.sent, payloads = append(p.sent, payloads[0]), payloads[1:]
		}
		if err := p.pipe.Flush(); err != nil {
			return err
		}
		for range max(1, len(p.sent)/2) {
			refused, err := p.receive()
			if err != nil {
				return err
			}
			refusal = cmp.Or(refusal, refused)
		}
	}
	return refusal
}

// receive takes the answer to the oldest append: its row or its refusal, then the end of its Sync.
// Only that end says that the append is durable. err is for a connection that is broken.
func (p *pipeline) receive() (refused, err error) {
	var id int64
	for {
		res, err := p.pipe.GetResults()
		if err != nil && !survives(err) {
			return nil, err
		}
		switch res := res.(type) {
		case nil:
			refused = err
		case *pgconn.ResultReader:
			for res.NextRow() {
				if _, err := fmt.Sscan(string(res.Values()[0]), &id); err != nil {
					return nil, err
				}
			}
			if _, refused = res.Close(); refused != nil && !survives(refused) {
				return nil, refused
			}
		case *pgconn.PipelineSync:
			p.history.record(p.sent[:1], []int64{id}, refused)
			p.sent = p.sent[1:]
			return refused, nil
		}
	}
}

// survives reports whether the connection goes on after err.
func survives(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.Severity != "FATAL"
}

// reclaim connects to any node and claims stream there, however long the old lease lasts, and notes
// which of the unknown appends are in it. It retries until ctx ends.
func (h *history) reclaim(ctx context.Context, dsn, stream, mode string) (*pgx.Conn, error) {
	for {
		conn, err := h.tryClaim(ctx, dsn, stream, mode)
		if err == nil {
			return conn, nil
		}
		if pause(ctx) != nil {
			return nil, fmt.Errorf("claim of %s: %w", stream, err)
		}
	}
}

func (h *history) tryClaim(ctx context.Context, dsn, stream, mode string) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	if err := h.claim(ctx, conn, stream, mode); err != nil {
		conn.Close(ctx)
		return nil, err
	}
	return conn, nil
}

// pause keeps a client that meets nothing but errors from spinning.
func pause(ctx context.Context) error {
	timer := time.NewTimer(50 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (h *history) claim(ctx context.Context, conn *pgx.Conn, stream, mode string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if _, err := conn.Exec(ctx, "CLAIM STREAM "+stream+" "+mode); err != nil {
		return err
	}
	rows, err := conn.Query(ctx, "SELECT entry_id, data FROM "+stream)
	if err != nil {
		return err
	}
	var id int64
	var data []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &data}, func() error {
		h.read(string(data), id)
		return nil
	})
	return err
}

// read notes that a payload of unknown outcome was read, which makes it as good as acknowledged.
func (h *history) read(payload string, id int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.unknown[payload] {
		delete(h.unknown, payload)
		h.acked[payload] = id
	}
}
