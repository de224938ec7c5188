package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
	"golang.org/x/sync/errgroup"
)

// appends are INSERTs of one entry on one session.
type appends struct {
	inFlight int // 0 is as many as are asked for
	open     bool
}

func (a appends) prepare(ctx context.Context, s *site, p params) (work, error) {
	if a.inFlight == 0 {
		a.inFlight = p.inFlight
	}
	rate := 0.0
	if a.open {
		if rate = p.rate; rate == 0 {
			rate = 0.8 * s.peak[p.size]
		}
		if rate == 0 {
			return nil, fmt.Errorf("at which rate? Give --rate, or run window with entries of %v before", &p.size)
		}
	}
	conn, err := s.connect(ctx, 0)
	if err != nil {
		return nil, err
	}
	w, err := s.writer(ctx, conn, p, 1)
	if err != nil {
		return nil, err
	}
	w.inFlight, w.pace.rate = a.inFlight, rate
	return w.work, nil
}

// writer makes a pipe of INSERTs of so many rows.
func (s *site) writer(ctx context.Context, conn *pgx.Conn, p params, rows int) (*pipe, error) {
	stream, err := s.claimed(ctx, conn)
	if err != nil {
		return nil, err
	}
	return s.writerTo(ctx, conn, stream, p, rows)
}

func (s *site) writerTo(ctx context.Context, conn *pgx.Conn, stream string, p params, rows int) (*pipe, error) {
	if _, err := conn.Prepare(ctx, "append", "INSERT INTO "+stream+" (data) VALUES "+placeholders(rows)); err != nil {
		return nil, err
	}
	raw, err := s.hijack(conn)
	if err != nil {
		return nil, err
	}
	return &pipe{conn: raw, encode: insert(newPayloads(p.size, 1), rows), inFlight: 1, batch: batchOf(rows * int(p.size.most)),
		pace: pace{pause: pause}}, nil
}

// work is the work of a load that has one pipe.
func (p *pipe) work(ctx context.Context, r *recorder) error {
	p.rec = r
	return p.run(ctx)
}

// placeholders are ($1),($2),…
func placeholders(rows int) string {
	list := make([]string, rows)
	for i := range list {
		list[i] = fmt.Sprintf("($%d)", i+1)
	}
	return strings.Join(list, ",")
}

// insert encodes Bind, Execute and Sync of the statement "append".
func insert(data *payloads, rows int) encoder {
	bind := &pgproto3.Bind{PreparedStatement: "append", ParameterFormatCodes: []int16{1}, Parameters: make([][]byte, rows)}
	return func(dst []byte) ([]byte, int, int, error) {
		bytes := 0
		for i := range bind.Parameters {
			bind.Parameters[i] = data.next()
			bytes += len(bind.Parameters[i])
		}
		dst, err := encode(dst, bind, &pgproto3.Execute{}, &pgproto3.Sync{})
		return dst, rows, bytes, err
	}
}

// encode appends frames.
func encode(dst []byte, frames ...pgproto3.FrontendMessage) ([]byte, error) {
	for _, f := range frames {
		var err error
		if dst, err = f.Encode(dst); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

// groups are appends of several entries of which all or none are in the stream.
type groups struct{ transaction bool }

// groupMost is how many parameters a statement may have.
const groupMost = 1<<16 - 1

func (g groups) prepare(ctx context.Context, s *site, p params) (work, error) {
	if p.group > groupMost {
		return nil, fmt.Errorf("--group %d: a statement has at most %d parameters", p.group, groupMost)
	}
	conn, err := s.connect(ctx, 0)
	if err != nil {
		return nil, err
	}
	if !g.transaction {
		w, err := s.writer(ctx, conn, p, p.group)
		if err != nil {
			return nil, err
		}
		return w.work, nil
	}
	for _, verb := range []string{"BEGIN", "COMMIT"} {
		if _, err := conn.Prepare(ctx, strings.ToLower(verb), verb); err != nil {
			return nil, err
		}
	}
	w, err := s.writer(ctx, conn, p, 1)
	if err != nil {
		return nil, err
	}
	w.encode = transaction(newPayloads(p.size, 1), p.group)
	return w.work, nil
}

// transaction encodes BEGIN, INSERTs and COMMIT, with one Sync behind them.
func transaction(data *payloads, rows int) encoder {
	begin, commit := &pgproto3.Bind{PreparedStatement: "begin"}, &pgproto3.Bind{PreparedStatement: "commit"}
	bind := &pgproto3.Bind{PreparedStatement: "append", ParameterFormatCodes: []int16{1}, Parameters: make([][]byte, 1)}
	return func(dst []byte) ([]byte, int, int, error) {
		dst, err := encode(dst, begin, &pgproto3.Execute{})
		bytes := 0
		for i := 0; i < rows && err == nil; i++ {
			bind.Parameters[0] = data.next()
			bytes += len(bind.Parameters[0])
			dst, err = encode(dst, bind, &pgproto3.Execute{})
		}
		if err == nil {
			dst, err = encode(dst, commit, &pgproto3.Execute{}, &pgproto3.Sync{})
		}
		return dst, rows, bytes, err
	}
}

// sessions are many writers, each with one append in flight.
type sessions struct{}

func (sessions) prepare(ctx context.Context, s *site, p params) (work, error) {
	if s.stream != "" {
		return nil, errors.New("each session needs a stream of its own: leave --stream out")
	}
	if err := s.idleStreams(ctx, p.streams-p.sessions); err != nil {
		return nil, err
	}
	return s.manyWriters(ctx, p, p.sessions, 1)
}

// idleStreams makes streams that nobody appends to.
func (s *site) idleStreams(ctx context.Context, n int) error {
	if n <= 0 {
		return nil
	}
	conn, err := s.connect(ctx, 0)
	for ; n > 0 && err == nil; n-- {
		_, err = s.newStream(ctx, conn)
	}
	return err
}

// manyWriters are sessions with a stream and a pipe each.
func (s *site) manyWriters(ctx context.Context, p params, sessions, inFlight int) (work, error) {
	var writers []*pipe
	for i := range sessions {
		node := 0
		if p.spread {
			node = i
		}
		conn, err := s.connect(ctx, node)
		if err != nil {
			return nil, err
		}
		w, err := s.writer(ctx, conn, p, 1)
		if err != nil {
			return nil, err
		}
		w.inFlight = inFlight
		writers = append(writers, w)
	}
	return func(ctx context.Context, r *recorder) error {
		g, ctx := errgroup.WithContext(ctx)
		for _, w := range writers {
			g.Go(func() error { return w.work(ctx, r) })
		}
		return g.Wait()
	}, nil
}

// flood are writers that send as fast as they are let.
type flood struct{}

const (
	floodSessions = 4
	floodInFlight = 1 << 17
)

func (flood) prepare(ctx context.Context, s *site, p params) (work, error) {
	return s.manyWriters(ctx, p, floodSessions, floodInFlight)
}
