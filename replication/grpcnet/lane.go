package grpcnet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"walle/replication"
)

// stream is what grpc.ClientStream and grpc.ServerStream share.
type stream interface {
	SendMsg(m any) error
	RecvMsg(m any) error
}

// lane carries one kind of messages between this node and one peer, both ways:
// at most one stream at a time, whoever dialled it.
type lane struct {
	net    *Net
	peer   *peer
	name   string // "live" or "bulk"
	method string
	probed bool // whether silence is noticed here: the live lane pings
	queue  *queue

	received atomic.Uint64 // messages
	rtt      atomic.Int64  // of the newest ping, nanoseconds; 0 before the first

	mu    sync.Mutex // guards what follows
	link  *link      // the newest stream, nil before the first; it may have ended
	up    bool       // link carries messages
	since time.Time  // of up
	err   error      // why it is down
}

// link is one stream in the service of a lane.
type link struct {
	lane    *lane
	stream  stream
	stop    context.CancelCauseFunc // ends run
	heard   atomic.Int64            // when the newest frame came, as Net.now
	working atomic.Int32            // run, write and read, as far as they are at it
	gone    chan struct{}           // closed when none is left
}

var (
	errSuperseded = errors.New("the peer opened a new stream")
	errSilent     = errors.New("nothing heard from the peer")
	errRemoved    = errors.New("the peer was removed")
	errClosed     = errors.New("closed")
	errEnded      = errors.New("the peer closed the stream")
	errNotYet     = errors.New("not connected yet")
)

// run carries messages over s until it fails, ctx ends, or the peer opens
// another. ready is called once the lane accepts messages. When run has
// returned, the caller must end s; the link is gone a little later.
func (l *lane) run(ctx context.Context, s stream, ready func() error) (*link, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	k := &link{lane: l, stream: s, stop: stop, gone: make(chan struct{})}
	k.working.Store(1)
	defer k.done() // not before the queue is shut: the next link will open it
	l.mu.Lock()
	before := l.link
	l.link = k
	l.mu.Unlock()
	if err := k.follow(ctx, before); err != nil {
		return k, err
	}
	l.queue.start()
	if err := ready(); err != nil {
		l.queue.shut()
		return k, err
	}
	k.heard.Store(int64(l.net.now()))
	l.change(true, nil)
	k.working.Add(2)
	l.net.running.Go(k.write)
	l.net.running.Go(k.read)
	err := k.watch(ctx)
	l.queue.shut()
	l.change(false, err)
	return k, err
}

// follow ends the link before k and waits until it is gone: what the two carry
// must not mix.
func (k *link) follow(ctx context.Context, before *link) error {
	if before == nil {
		return nil
	}
	before.stop(errSuperseded)
	select {
	case <-before.gone:
		return nil
	case <-ctx.Done():
		k.working.Add(1)
		k.lane.net.running.Go(func() { // who follows k follows before as well
			<-before.gone
			k.done()
		})
		return context.Cause(ctx)
	}
}

// watch waits for the link's end, and pings.
func (k *link) watch(ctx context.Context) error {
	l := k.lane
	var ticks <-chan time.Time
	if l.probed {
		ticker := time.NewTicker(l.net.cfg.Ping)
		defer ticker.Stop()
		ticks = ticker.C
		l.queue.put(&replication.Envelope{Msg: ping{l.net.now()}})
	}
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticks:
			if silent := l.net.now().Sub(replication.Time(k.heard.Load())); silent > l.net.cfg.DeadAfter {
				return fmt.Errorf("%w for %v", errSilent, silent.Round(time.Millisecond))
			}
			l.queue.put(&replication.Envelope{Msg: ping{l.net.now()}})
		}
	}
}

// write sends what is queued, one frame after the other. SendMsg returns once
// the frame is about to be written to the connection, and blocks while the peer
// takes nothing: meanwhile the queue collects the next frame, or overflows.
func (k *link) write() {
	defer k.done()
	var list []replication.Envelope
	for {
		var open bool
		list, open = k.lane.queue.take(list[:0], k.lane.net.cfg.FrameBytes)
		if !open {
			return
		}
		if err := k.stream.SendMsg(&envelopes{list: list}); err != nil {
			k.stop(streamError(err))
			return
		}
		clear(list)
	}
}

// read delivers what arrives. While Deliver blocks nothing is read, and the
// peer soon cannot send.
func (k *link) read() {
	defer k.done()
	l := k.lane
	frame := envelopes{from: l.peer.ID, to: l.net.cfg.Self.ID}
	for {
		if err := k.stream.RecvMsg(&frame); err != nil {
			k.stop(streamError(err))
			return
		}
		k.heard.Store(int64(replication.Never))
		if messages := k.answer(frame.list); len(messages) > 0 {
			l.received.Add(uint64(len(messages)))
			l.net.handlers.Deliver(messages)
		}
		k.heard.Store(int64(l.net.now()))
	}
}

// answer takes the pings and pongs out of list.
func (k *link) answer(list []replication.Envelope) []replication.Envelope {
	l := k.lane
	kept := list[:0]
	for _, e := range list {
		switch m := e.Msg.(type) {
		case ping:
			l.queue.put(&replication.Envelope{Msg: pong(m)})
		case pong:
			l.rtt.Store(int64(l.net.now().Sub(m.SentAt)))
		default:
			kept = append(kept, e)
		}
	}
	return kept
}

func (k *link) done() {
	if k.working.Add(-1) == 0 {
		close(k.gone)
	}
}

// change notes that the lane came up or went down, and logs what is news.
func (l *lane) change(up bool, err error) {
	l.mu.Lock()
	was, before := l.up, l.err
	l.up, l.err = up, err
	if up != was {
		l.since = time.Now()
	}
	l.mu.Unlock()
	switch {
	case errors.Is(err, errClosed) || errors.Is(err, errRemoved):
	case up:
		l.report("connected to a peer")
	case was:
		l.report("lost a peer", "reason", err)
	case before.Error() != err.Error():
		l.report("cannot connect to a peer", "reason", err)
	}
	if up != was {
		l.net.announce()
	}
}

// report logs news of the live lane; the bulk lane mostly fares alike.
func (l *lane) report(news string, more ...any) {
	level := slog.LevelDebug
	if l.probed {
		level = slog.LevelInfo
	}
	with := append([]any{"peer", l.peer.Name, "id", l.peer.ID, "addr", l.peer.Addr, "lane", l.name}, more...)
	l.net.log.Log(context.Background(), level, news, with...)
}

// dial keeps a stream to the peer until ctx ends.
func (l *lane) dial(ctx context.Context) {
	wait := l.net.cfg.RetryMin
	for ctx.Err() == nil {
		carried, err := l.connect(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case carried:
			wait = l.net.cfg.RetryMin
		default:
			l.change(false, err)
		}
		pause(ctx, wait/2+rand.N(wait))
		wait = min(2*wait, l.net.cfg.RetryMax)
	}
}

// connect opens one connection with one stream and runs it to its end. carried
// reports whether it ever was up.
func (l *lane) connect(ctx context.Context) (carried bool, err error) {
	n := l.net
	conn, err := n.newConn(l.peer.Addr, laneWindow)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	ctx, cancel := context.WithCancelCause(n.show(ctx, l.peer.ID))
	defer cancel(nil)
	timer := time.AfterFunc(n.cfg.OpenTimeout, func() {
		cancel(fmt.Errorf("%w for %v while connecting", errSilent, n.cfg.OpenTimeout))
	})
	s, err := l.open(ctx, conn)
	if !timer.Stop() && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return false, err
	}
	k, err := l.run(ctx, s, func() error { return nil })
	cancel(nil)
	<-k.gone
	return true, err
}

// open opens a stream on conn and waits until the peer has admitted it.
func (l *lane) open(ctx context.Context, conn *grpc.ClientConn) (grpc.ClientStream, error) {
	s, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, l.method)
	if err != nil {
		return nil, streamError(err)
	}
	md, err := s.Header()
	if err == nil && md == nil { // the stream ended without headers: its status says why
		err = s.RecvMsg(new(envelopes))
	}
	if err != nil {
		return nil, streamError(err)
	}
	b, err := l.net.checkAnswer(l.peer, md)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", errNotAdmitted, err)
	}
	l.peer.version.Store(&b.version)
	return s, nil
}

// serve runs a stream that the peer opened.
func (l *lane) serve(s grpc.ServerStream) error {
	ctx, cancel := context.WithCancelCause(s.Context())
	defer cancel(nil)
	stop := context.AfterFunc(l.peer.ctx, func() { cancel(context.Cause(l.peer.ctx)) })
	defer stop()
	_, err := l.run(ctx, s, func() error { return s.SendHeader(l.net.badgeFor(l.peer.ID).header()) })
	return err
}

// pause waits for d, or for ctx to end.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
