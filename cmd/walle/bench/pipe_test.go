package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// backend answers operations as a node would; before operation n it does as told.
// It holds its answers back until it has so many more than held.
func backend(t *testing.T, conn net.Conn, held int, before func(n int) pgproto3.BackendMessage) {
	in := newFrames(conn, func() time.Duration { return 0 })
	var out []byte
	for n := 0; ; {
		kind, _, err := in.take()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Error(err)
			return
		}
		if kind != 'S' {
			continue
		}
		answer := before(n)
		if answer == nil {
			answer = &pgproto3.CommandComplete{CommandTag: []byte("INSERT 0 1")}
		}
		out, err = answer.Encode(out)
		if err == nil {
			out, err = (&pgproto3.ReadyForQuery{TxStatus: 'I'}).Encode(out)
		}
		if err == nil && n >= held {
			_, err = conn.Write(out)
			out = out[:0]
		}
		if err != nil {
			t.Error(err)
			return
		}
		n++
	}
}

// drive runs a pipe of count appends against a backend, and returns what was recorded.
func drive(t *testing.T, inFlight, count int, rate float64, held int, before func(n int) pgproto3.BackendMessage) (measured, error) {
	client, server := net.Pipe()
	done := make(chan struct{})
	go func() { backend(t, server, held, before); close(done) }()
	r := newRecorder(int64(count))
	p := &pipe{
		conn: client, encode: insert(newPayloads(sizes{100, 100}, 1), 1), inFlight: inFlight, batch: batchOf(100),
		pace: pace{rate: rate, pause: time.Sleep},
	}
	r.begin(0)
	err := p.work(t.Context(), r)
	r.end(r.now())
	_ = client.Close()
	<-done
	return r.result(), err
}

// TestOpenLoopCountsWaiting fails if an append that could not begin when it was to,
// because the ones before it were slow, is taken for a fast one. Of 5,000 appends in
// 5 s, those of the one second in which the server stands still wait between 1 s and
// nothing, however few of them were on their way.
func TestOpenLoopCountsWaiting(t *testing.T) {
	for _, inFlight := range []int{1, 10} {
		t.Run(fmt.Sprint(inFlight), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, err := drive(t, inFlight, 5000, 1000, 0, func(n int) pgproto3.BackendMessage {
					if n == 1000 {
						time.Sleep(time.Second)
					}
					return nil
				})
				if err != nil || m.Operations != 5000 {
					t.Fatalf("%d operations, %v", m.Operations, err)
				}
				l := m.Latency
				if l.P50 > 1 || !near(l.P90, 500) || !near(l.P99, 950) || !near(l.Max, 1000) {
					t.Errorf("latency %+v; want a p90 of 500 ms, and a p99 of 950 ms", l)
				}
				if m.Seconds < 4.9 || m.Seconds > 5.1 {
					t.Errorf("took %v s; want 5", m.Seconds)
				}
			})
		})
	}
}

// TestOpenLoopCountsOverdue fails if appends that could not even begin before the
// load was over are left out: the server stands still from 1 s on, and the load
// ends at 3 s.
func TestOpenLoopCountsOverdue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		go backend(t, server, 0, func(n int) pgproto3.BackendMessage {
			if n == 1000 {
				time.Sleep(2500 * time.Millisecond)
			}
			return nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		r := newRecorder(0)
		time.AfterFunc(3*time.Second, func() { r.end(r.now()); cancel() })
		p := &pipe{
			conn: client, encode: insert(newPayloads(sizes{100, 100}, 1), 1), inFlight: 10, batch: 10,
			pace: pace{rate: 1000, pause: time.Sleep},
		}
		if err := p.work(ctx, r); err != nil {
			t.Fatal(err)
		}
		_ = client.Close()
		m := r.result()
		if l := m.Latency; !near(l.P50, 500) || !near(l.P90, 1700) || m.Operations > 1020 || m.Offered != 1000 {
			t.Errorf("%d operations, offered %v, latency %+v; want a p50 of 500 ms, and a p90 of 1700 ms", m.Operations, m.Offered, l)
		}
	})
}

// TestClosedLoop fails if a closed loop puts more on the session than it is to, or less.
func TestClosedLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, err := drive(t, 10, 1000, 0, 0, func(n int) pgproto3.BackendMessage {
			if n%10 == 0 && n < 1000 { // behind them is the Sync that ends the load
				time.Sleep(time.Millisecond)
			}
			return nil
		})
		if err != nil || m.Operations != 1000 || m.Bytes != 100_000 {
			t.Fatalf("%+v, %v", m, err)
		}
		if m.Seconds != 0.1 || m.Latency.Max < 1 || m.Latency.Max > 2.1 {
			t.Errorf("took %v s, at most %v ms each; want 0.1 s, and 1 or 2 ms", m.Seconds, m.Latency.Max)
		}
	})
}

// TestAnswersTogether fails if answers are lost that come with the one that ends the load.
func TestAnswersTogether(t *testing.T) {
	m, err := drive(t, 100, 20, 0, 20, func(int) pgproto3.BackendMessage { return nil })
	if err != nil || m.Operations != 20 {
		t.Errorf("%d operations, %v", m.Operations, err)
	}
}

// TestPipeErrors fails if a refused append ends a load that could go on, or if one
// is counted as done.
func TestPipeErrors(t *testing.T) {
	refuse := func(code string) func(int) pgproto3.BackendMessage {
		return func(n int) pgproto3.BackendMessage {
			if n == 5 {
				return &pgproto3.ErrorResponse{Severity: "ERROR", Code: code, Message: "refused"}
			}
			return nil
		}
	}
	m, err := drive(t, 10, 20, 0, 0, refuse("57P03"))
	if err != nil || m.Operations != 19 || m.Errors["57P03"] != 1 {
		t.Errorf("no quorum for one: %d operations, errors %v, %v", m.Operations, m.Errors, err)
	}
	var pg *pgconn.PgError
	if m, err = drive(t, 1, 20, 0, 0, refuse("WA001")); !errors.As(err, &pg) || pg.Code != "WA001" || m.Operations != 5 {
		t.Errorf("fenced: %d operations, %v", m.Operations, err)
	}
}

// TestPipeStops fails if a load goes on after its time, or does not wait for what is in flight.
func TestPipeStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		go backend(t, server, 0, func(int) pgproto3.BackendMessage { time.Sleep(time.Second); return nil })
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		r := newRecorder(0)
		p := &pipe{conn: client, encode: insert(newPayloads(sizes{100, 100}, 1), 1), inFlight: 3, batch: 1}
		if err := p.work(ctx, r); err != nil {
			t.Error(err)
		}
		if n := r.result().Operations; n != p.sent.Load() || n < 3 {
			t.Errorf("%d of %d appends are recorded", n, p.sent.Load())
		}
		_ = client.Close()
	})
}

// TestFrames fails if frames are torn apart by how they arrive.
func TestFrames(t *testing.T) {
	long := make([]byte, 300<<10)
	messages := []pgproto3.BackendMessage{
		&pgproto3.BindComplete{}, &pgproto3.DataRow{Values: [][]byte{long}}, &pgproto3.ReadyForQuery{TxStatus: 'I'},
	}
	var sent []byte
	for _, m := range messages {
		sent, _ = m.Encode(sent) // they are well-formed
	}
	for _, piece := range []int{1, 7, 1000, len(sent)} {
		from, to := io.Pipe()
		go func() {
			for rest := sent; len(rest) > 0; rest = rest[min(piece, len(rest)):] {
				_, _ = to.Write(rest[:min(piece, len(rest))])
			}
			_ = to.Close()
		}()
		in := newFrames(from, func() time.Duration { return 0 })
		var got []string
		for {
			kind, body, err := in.take()
			if err != nil {
				break
			}
			got = append(got, fmt.Sprintf("%c%d", kind, len(body)))
		}
		if want := fmt.Sprintf("[20 D%d Z1]", len(long)+6); fmt.Sprint(got) != want {
			t.Errorf("in pieces of %d: %v, want %v", piece, got, want)
		}
	}
	bad := newFrames(io.LimitReader(zeros{}, 100), func() time.Duration { return 0 })
	if _, _, err := bad.take(); err == nil {
		t.Error("a frame shorter than its length is taken")
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
