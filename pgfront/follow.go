package pgfront

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/jackc/pgproto3/v2"

	"walle/engine"
	"walle/pgfront/query"
)

// follow scans beyond the tail. Without a first entry it begins with what is
// committed next.
func (r *streamRelation) follow(ctx context.Context, spec query.ScanSpec) (query.Rows, error) {
	req := r.request(spec)
	switch {
	case spec.Entries.From == math.MinInt64:
		b, err := r.session.server.cfg.Engine.Bounds(ctx, r.desc.ID, r.desc.Config)
		if err != nil {
			return nil, err
		}
		req.From = b.Commit + 1
	case spec.Entries.From < 1:
		return nil, &query.Error{Code: "22023", Message: "a stream is followed from an entry_id of at least 1"}
	}
	scan, err := r.session.server.cfg.Engine.Read(ctx, req)
	if err != nil {
		return nil, err
	}
	r.session.box.demand(r.session.timeouts.follower)
	return &streamRows{scan: &follower{Scanner: scan, session: r.session, stream: r}}, nil
}

// follower is a scan that goes on beyond the tail. Before it waits, what was
// read so far is sent. It costs its page of entries and no more: while its client
// does not read, its session stands still in a write, and the page with it.
type follower struct {
	engine.Scanner
	session *session
	stream  *streamRelation
	err     error // instead of the Scanner's
}

// over is a context that has ended: it asks for what is there at once.
var over = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

func (f *follower) Next(ctx context.Context) bool {
	f.err = nil
	return f.Scanner.Next(over) || f.wait(ctx)
}

// wait waits for the next entry, with a sign of life now and then.
func (f *follower) wait(ctx context.Context) bool {
	s := f.session
	s.flush()
	if f.err = s.box.broken(); f.err != nil {
		return false
	}
	until, bounded := ctx.Value(fetchUntil{}).(time.Time)
	if soon := time.Now().Add(fetchGrace); bounded && until.Before(soon) {
		until = soon
	}
	for {
		some, cancel := ctx, context.CancelFunc(func() {})
		beat := s.timeouts.heartbeat
		switch now := time.Now(); {
		case bounded && (beat == 0 || until.Before(now.Add(beat))):
			some, cancel = context.WithDeadline(ctx, until)
		case beat > 0:
			some, cancel = context.WithTimeout(ctx, beat)
		}
		more := f.Scanner.Next(some)
		passed := some.Err() != nil && ctx.Err() == nil
		cancel()
		switch {
		case more || !passed || engine.KindOf(f.Scanner.Err()) != engine.KindCancelled:
			return more
		case bounded && !time.Now().Before(until):
			f.err = query.ErrPaused
			return false
		}
		if f.err = s.heartbeat(f.stream); f.err != nil {
			return false
		}
	}
}

func (f *follower) Err() error {
	if f.err != nil {
		return f.err
	}
	return f.Scanner.Err()
}

func (f *follower) Close() error {
	f.session.box.demand(0)
	return f.Scanner.Close()
}

// heartbeatStatus is the parameter that a follower is told when there is nothing
// else to tell. Drivers keep parameters and say nothing of them.
const heartbeatStatus = "walle.heartbeat"

// heartbeat tells the client what is committed, as far as this node knows.
func (s *session) heartbeat(r *streamRelation) error {
	tail := ""
	if b, ok := s.server.cfg.Engine.Known(r.desc.ID); ok {
		tail = strconv.FormatUint(uint64(b.Commit), 10)
	}
	s.out.Send(&pgproto3.ParameterStatus{Name: heartbeatStatus, Value: tail})
	s.flush()
	return s.box.broken()
}

// fetchGrace is how long a FETCH waits at least, so that it finds what is there.
const fetchGrace = 10 * time.Millisecond

// fetchUntil is the key of a context's value: up to when a FETCH waits for rows
// of a tail.
type fetchUntil struct{}

// errSlow ends the session of a client that does not read what it follows.
func errSlow(patience time.Duration) error {
	return &query.Error{Code: "53400", Message: fmt.Sprintf("terminating connection because the client has not read for %v what it follows", patience),
		Detail: "follower_timeout limits that.", Hint: "Go on with TAIL STREAM … FROM the entry behind the last one received."}
}
