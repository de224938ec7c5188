package bench

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// pipe keeps operations in flight on one session. An operation is what its
// encoder writes; the ReadyForQuery that answers its one Sync ends it.
//
//	sender    begins as many operations as recorder, pace and room allow, notes
//	          them in the ring, and writes their frames at once
//	receiver  takes all answers that have come, and records them together
type pipe struct {
	conn     net.Conn
	encode   encoder
	inFlight int // how many operations may wait for their answer
	batch    int // how many may be written at once
	pace     pace
	strict   bool // no error is survived
	rec      *recorder
	// Who wants to know when an operation begins, and to record by itself when it has ended.
	begun func(op)
	ended func(end time.Duration, ops ...op)

	ring     []op         // operation n is at n % inFlight until it is answered
	sent     atomic.Int64 // set by the sender, before it writes
	answered atomic.Int64 // set by the receiver, when it has read the ring
	room     chan struct{}

	// Of the receiver:
	in      *frames
	done    []op // what is answered and not recorded yet
	refused *pgconn.PgError
}

// An encoder appends the frames of one operation, up to its Sync, and says what is in it.
type encoder func(dst []byte) (frames []byte, entries, bytes int, err error)

const (
	// writeBytes is about how much is written at once.
	writeBytes = 64 << 10
	// drainTime is how long the last answers are waited for, longer than append_timeout.
	drainTime = 15 * time.Second
)

// batchOf is how many operations of so many bytes are written at once.
func batchOf(bytes int) int { return min(max(writeBytes/max(bytes, 1), 1), 256) }

// run puts operations on the session until ctx ends or the recorder lets no more
// begin, and waits for all answers.
func (p *pipe) run(ctx context.Context) error {
	p.rec.offer(p.pace.rate)
	err := p.operate(ctx)
	if ctx.Err() != nil {
		// What was to begin, and had not when the time was over, has taken at least so
		// long. Left out, a cluster that stands still at the end would seem a fast one.
		end := p.rec.over()
		for _, start := range p.pace.overdue(end) {
			p.rec.late(end, op{start: start})
		}
	}
	return err
}

func (p *pipe) operate(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() { _ = p.conn.SetDeadline(time.Now().Add(drainTime)) })()
	p.ring = make([]op, p.inFlight)
	p.room = make(chan struct{}, 1)
	p.in = newFrames(p.conn, p.rec.now)
	if p.ended == nil {
		p.ended = p.rec.record
	}
	if p.inFlight == 1 {
		return p.lockstep(ctx)
	}
	ctx, stop := context.WithCancel(ctx)
	received := make(chan error, 1)
	go func() {
		err := p.receive()
		if err != nil {
			_ = p.conn.Close() // the sender may wait for room in it
		}
		stop()
		received <- err
	}()
	sendErr := p.send(ctx)
	if sendErr != nil {
		_ = p.conn.Close()
	}
	if err := <-received; err != nil {
		return err
	}
	return sendErr
}

// lockstep needs no second goroutine: each operation waits for the one before.
func (p *pipe) lockstep(ctx context.Context) error {
	var out []byte
	for ctx.Err() == nil {
		var err error
		if out, err = p.begin(ctx, out[:0], 1); len(out) == 0 || err != nil {
			return err
		}
		if _, err = p.conn.Write(out); err != nil {
			return err
		}
		for p.answered.Load() < p.sent.Load() {
			if _, err := p.absorb(); err != nil {
				return err
			}
		}
	}
	return nil
}

// begin appends the frames of up to most operations that are to begin now; none,
// if no more are to.
func (p *pipe) begin(ctx context.Context, out []byte, most int) ([]byte, error) {
	allowed := p.rec.take(min(most, p.batch))
	if allowed == 0 {
		return out, nil
	}
	first, n := p.pace.next(ctx, p.rec.now, allowed)
	p.rec.giveBack(allowed - n)
	for i := range n {
		o := op{start: p.pace.start(first, i)}
		var err error
		if out, o.entries, o.bytes, err = p.encode(out); err != nil {
			return nil, err
		}
		p.ring[p.sent.Load()%int64(p.inFlight)] = o
		p.sent.Add(1)
		if p.begun != nil {
			p.begun(o)
		}
	}
	return out, nil
}

// send ends with a Sync of its own, whose answer tells the receiver that this was all.
func (p *pipe) send(ctx context.Context) error {
	var out []byte
	for ctx.Err() == nil {
		room := p.inFlight - int(p.sent.Load()-p.answered.Load())
		if room == 0 {
			select {
			case <-p.room:
			case <-ctx.Done():
			}
			continue
		}
		var err error
		if out, err = p.begin(ctx, out[:0], room); err != nil {
			return err
		}
		if len(out) == 0 {
			break
		}
		if _, err := p.conn.Write(out); err != nil {
			return err
		}
	}
	out, err := (&pgproto3.Sync{}).Encode(out[:0])
	if err == nil {
		_, err = p.conn.Write(out)
	}
	return err
}

func (p *pipe) receive() error {
	for {
		last, err := p.absorb()
		if last || err != nil {
			return err
		}
		select {
		case p.room <- struct{}{}:
		default: // the sender has a token already
		}
	}
}

// absorb takes the answers that have come, or waits for one, and records what
// they end. The last answers no operation.
func (p *pipe) absorb() (last bool, err error) {
	for first := true; first || p.in.ready() && !last && err == nil; first = false {
		last, err = p.answer()
	}
	p.ended(p.in.arrival, p.done...)
	p.done = p.done[:0]
	return last, err
}

// answer takes one frame.
func (p *pipe) answer() (last bool, err error) {
	kind, body, err := p.in.take()
	if err != nil {
		return false, fmt.Errorf("the node has broken the connection off: %w", err)
	}
	switch kind {
	case 'E':
		if p.refused, err = refusal(body); err == nil && (p.strict || !survivable(p.refused)) {
			err = p.refused
		}
		return false, err
	case 'Z':
		n := p.answered.Load()
		if n == p.sent.Load() {
			return true, nil
		}
		if p.refused != nil {
			p.rec.fail(p.refused.Code)
			p.refused = nil
		} else {
			p.done = append(p.done, p.ring[n%int64(p.inFlight)])
		}
		p.answered.Add(1)
	}
	return false, nil
}

// refusal is what an ErrorResponse says.
func refusal(body []byte) (*pgconn.PgError, error) {
	var e pgproto3.ErrorResponse
	if err := e.Decode(body); err != nil {
		return nil, err
	}
	return pgconn.ErrorResponseToPgError(&e), nil
}

// survivable tells an error of one operation from one after which all others fail too.
func survivable(e *pgconn.PgError) bool {
	switch e.Code {
	case "57P03", "08007", "53100", "53200", "57014":
		return e.Severity == "ERROR"
	}
	return false
}
