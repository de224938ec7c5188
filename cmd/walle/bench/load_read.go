package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
)

// fill returns a stream to read from and its last entry: the one that was asked
// for, or one of ours with params.entries entries.
func (s *site) fill(ctx context.Context, conn *pgx.Conn, p params) (stream string, last int64, err error) {
	key := fmt.Sprint(p.entries, &p.size)
	stream = s.filled[key]
	switch {
	case s.stream != "":
		stream = pgx.Identifier{s.stream}.Sanitize()
	case stream == "":
		if stream, err = s.claimed(ctx, conn); err != nil {
			return "", 0, err
		}
		if err := s.copyEntries(ctx, conn, stream, p); err != nil {
			return "", 0, err
		}
		s.filled[key] = stream
	}
	err = conn.QueryRow(ctx, "SELECT coalesce(max(entry_id), 0) FROM "+stream).Scan(&last)
	if err == nil && last == 0 {
		err = fmt.Errorf("stream %s is empty: there is nothing to read", stream)
	}
	return stream, last, err
}

func (s *site) copyEntries(ctx context.Context, conn *pgx.Conn, stream string, p params) error {
	at := max(1, copyBytes/int(p.size.most))
	p.binary = true
	input := newCopyInput(p, min(at, p.entries))
	for left := p.entries; left > 0; left -= input.rows {
		if left < input.rows {
			input = newCopyInput(p, left)
		}
		if err := input.send(ctx, conn, stream); err != nil {
			return err
		}
	}
	return nil
}

// scan reads a stream from its first entry to its last, over and over.
type scan struct{}

func (scan) prepare(ctx context.Context, s *site, p params) (work, error) {
	conn, err := s.connect(ctx, 0)
	if err != nil {
		return nil, err
	}
	stream, _, err := s.fill(ctx, conn, p)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Prepare(ctx, "scan", "SELECT entry_id, data FROM "+stream+" ORDER BY entry_id"); err != nil {
		return nil, err
	}
	raw, err := s.hijack(conn)
	if err != nil {
		return nil, err
	}
	query, err := encode(nil, &pgproto3.Bind{PreparedStatement: "scan", ResultFormatCodes: []int16{1}}, &pgproto3.Execute{}, &pgproto3.Sync{})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, r *recorder) error {
		// A scan that is under way when the time is over need not come to its end.
		defer context.AfterFunc(ctx, func() { _ = raw.Close() })()
		for ctx.Err() == nil && r.take(1) == 1 {
			if err := readAll(raw, query, r); err != nil && ctx.Err() == nil {
				return err
			}
		}
		return nil
	}, nil
}

// rowHead is of a row of two columns: the length of the frame, the number of
// columns, entry_id, and the length of data.
const rowHead = 2 + 4 + 8 + 4

// readAll sends a query, and records its rows as they come.
func readAll(conn net.Conn, query []byte, r *recorder) error {
	in := newFrames(conn, r.now)
	if _, err := conn.Write(query); err != nil {
		return err
	}
	read := op{start: unmeasured}
	for {
		if !in.ready() && read.entries > 0 {
			r.record(in.arrival, read)
			read = op{start: unmeasured}
		}
		kind, body, err := in.take()
		if err != nil {
			return err
		}
		switch kind {
		case 'D':
			read.entries++
			read.bytes += max(0, len(body)-rowHead)
		case 'E':
			return refused(body)
		case 'Z':
			r.record(in.arrival, read)
			return nil
		}
	}
}

// refused is the error that an ErrorResponse is.
func refused(body []byte) error {
	e, err := refusal(body)
	if err != nil {
		return err
	}
	return e
}

// pointRead reads single entries.
type pointRead struct{}

func (pointRead) prepare(ctx context.Context, s *site, p params) (work, error) {
	conn, err := s.connect(ctx, 0)
	if err != nil {
		return nil, err
	}
	stream, last, err := s.fill(ctx, conn, p)
	if err != nil {
		return nil, err
	}
	var first int64
	if err := conn.QueryRow(ctx, "SELECT min(entry_id) FROM "+stream).Scan(&first); err != nil {
		return nil, err
	}
	if _, err := conn.Prepare(ctx, "read", "SELECT data FROM "+stream+" WHERE entry_id = $1"); err != nil {
		return nil, err
	}
	raw, err := s.hijack(conn)
	if err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(3, 1))
	id := make([]byte, 8)
	bind := &pgproto3.Bind{PreparedStatement: "read", ParameterFormatCodes: []int16{1}, Parameters: [][]byte{id}, ResultFormatCodes: []int16{1}}
	read := func(dst []byte) ([]byte, int, int, error) {
		binary.BigEndian.PutUint64(id, uint64(first+random.Int64N(last-first+1)))
		dst, err := encode(dst, bind, &pgproto3.Execute{}, &pgproto3.Sync{})
		return dst, 1, int(p.size.least+p.size.most) / 2, err
	}
	w := &pipe{conn: raw, encode: read, inFlight: 1, batch: 1, pace: pace{pause: pause}}
	return w.work, nil
}

// tail follows a stream on another node than its writer's.
type tail struct{}

// tailRate is slow enough that nothing waits in a queue.
const tailRate = 500

func (tail) prepare(ctx context.Context, s *site, p params) (work, error) {
	conn, err := s.connect(ctx, 0)
	if err != nil {
		return nil, err
	}
	stream, err := s.claimed(ctx, conn)
	if err != nil {
		return nil, err
	}
	var from int64
	if err := conn.QueryRow(ctx, "SELECT coalesce(max(entry_id), 0) + 1 FROM "+stream).Scan(&from); err != nil {
		return nil, err
	}
	w, err := s.writerTo(ctx, conn, stream, p, 1)
	if err != nil {
		return nil, err
	}
	w.inFlight, w.pace.rate = p.inFlight, p.rate
	w.strict = true // rows are matched with appends by their order
	if p.rate == 0 {
		w.pace.rate = tailRate
	}
	reader, err := s.connect(ctx, 1)
	if err != nil {
		return nil, err
	}
	raw, err := s.hijack(reader)
	if err != nil {
		return nil, err
	}
	f := &following{conn: raw}
	if f.query, err = encode(nil, &pgproto3.Query{String: fmt.Sprintf("TAIL STREAM %s FROM %d", stream, from)}); err != nil {
		return nil, err
	}
	return func(ctx context.Context, r *recorder) error { return f.run(ctx, r, w) }, nil
}

// following matches the rows of a tail with the appends, which come in one order.
type following struct {
	conn  net.Conn
	query []byte

	mu    sync.Mutex // guards what follows
	begun []op       // appends whose rows have not come yet
	over  bool       // nothing more is appended
}

func (f *following) run(ctx context.Context, r *recorder, w *pipe) error {
	w.begun = func(o op) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.begun = append(f.begun, o)
	}
	w.ended = func(time.Duration, ...op) {}
	read := make(chan error, 1)
	go func() { read <- f.read(r) }()
	err := w.work(ctx, r)
	f.mu.Lock()
	f.over = true
	if err != nil || len(f.begun) == 0 {
		_ = f.conn.Close()
	}
	f.mu.Unlock()
	_ = f.conn.SetDeadline(time.Now().Add(drainTime))
	return errors.Join(err, <-read)
}

// read records each row as the end of the append that it shows, until the rows of
// all have come.
func (f *following) read(r *recorder) error {
	if _, err := f.conn.Write(f.query); err != nil {
		return err
	}
	in := newFrames(f.conn, r.now)
	for {
		kind, body, err := in.take()
		if err != nil {
			if f.complete() {
				return nil
			}
			return fmt.Errorf("follow on another node: %w", err)
		}
		switch kind {
		case 'D':
			if f.arrived(in.arrival, r) {
				return nil
			}
		case 'E':
			return refused(body)
		}
	}
}

func (f *following) complete() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.over && len(f.begun) == 0
}

// arrived reports whether this was the last row.
func (f *following) arrived(at time.Duration, r *recorder) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.begun) > 0 { // else it was appended by somebody else
		r.record(at, f.begun[0])
		f.begun = f.begun[1:]
	}
	return f.over && len(f.begun) == 0
}
