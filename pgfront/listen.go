package pgfront

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgproto3/v2"

	"walle/catalog"
	"walle/engine"
	"walle/pgfront/query"
	"walle/pgfront/sql"
	"walle/pgfront/wire"
	"walle/replication"
)

// listener waits for commits of one stream on behalf of LISTEN.
type listener struct {
	session *session
	channel string // the stream's name when it was listened to
	desc    catalog.Desc
	seen    replication.EntryID // what the client knows of, or is being told
	cancel  context.CancelFunc
	done    chan struct{}
}

// channelChange is a LISTEN or UNLISTEN of a transaction block, which takes
// effect when that commits.
type channelChange struct {
	channel string // "" is every channel
	desc    catalog.Desc
	listen  bool
}

// listenMost is how many channels a session may listen to. Each costs a
// goroutine.
const listenMost = 1000

func (s *session) listen(ctx context.Context, stmt *sql.Listen) (*result, error) {
	desc, err := s.stream(ctx, stmt, sql.Name{Name: stmt.Channel, Location: -1})
	if err != nil {
		return nil, hinted(err, "A channel is a stream: it tells of every commit to it.")
	}
	return &result{tag: stmt.Tag()}, s.changeChannel(ctx, channelChange{channel: stmt.Channel, desc: desc, listen: true})
}

// hinted adds a hint to an error that has none.
func hinted(err error, hint string) error {
	told, ok := err.(*query.Error)
	if !ok || told.Hint != "" {
		return err
	}
	more := *told
	more.Hint = hint
	return &more
}

func (s *session) unlisten(ctx context.Context, stmt *sql.Unlisten) (*result, error) {
	return &result{tag: stmt.Tag()}, s.changeChannel(ctx, channelChange{channel: stmt.Channel})
}

func (s *session) changeChannel(ctx context.Context, c channelChange) error {
	if s.tx.block {
		s.tx.channels = append(s.tx.channels, c)
		return nil
	}
	return s.applyChannel(ctx, c)
}

// applyChannels does what a transaction block has asked for. The stream may be
// gone by then: it is not listened to, and the client is told.
func (s *session) applyChannels(ctx context.Context) {
	for _, c := range s.tx.channels {
		if err := s.applyChannel(ctx, c); err != nil {
			s.notice("WARNING", s.server.explain(err))
		}
	}
}

func (s *session) applyChannel(ctx context.Context, c channelChange) error {
	switch {
	case c.channel == "":
		s.unlistenAll()
		return nil
	case !c.listen:
		s.unlistenFrom(c.channel)
		return nil
	}
	if old := s.listening[c.channel]; old != nil {
		if old.desc.ID == c.desc.ID {
			return nil
		}
		s.unlistenFrom(c.channel) // it was another stream's name
	}
	if len(s.listening) >= listenMost {
		return &query.Error{Code: "54000", Message: fmt.Sprintf("a session cannot listen to more than %d channels", listenMost)}
	}
	b, err := s.server.cfg.Engine.Bounds(ctx, c.desc.ID, c.desc.Config)
	if err != nil {
		return ended(ctx, err)
	}
	l := &listener{session: s, channel: c.channel, desc: c.desc, seen: b.Commit, done: make(chan struct{})}
	life, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	s.listening[c.channel] = l
	go l.run(life)
	return nil
}

func (s *session) unlistenFrom(channel string) {
	if l := s.listening[channel]; l != nil {
		delete(s.listening, channel)
		l.cancel()
		<-l.done
		s.box.forgetLatest(channel)
	}
}

func (s *session) unlistenAll() {
	for channel := range s.listening {
		s.unlistenFrom(channel)
	}
}

// listenPause is how long to wait after nobody could say what is committed.
const listenPause = 500 * time.Millisecond

// run tells the client of each commit, until it is cancelled or the stream is
// gone.
func (l *listener) run(ctx context.Context) {
	defer close(l.done)
	s := l.session
	for {
		tail, err := s.server.cfg.Engine.WaitCommit(ctx, l.desc.ID, l.desc.Config, l.seen)
		switch {
		case ctx.Err() != nil, engine.KindOf(err) == engine.KindShuttingDown:
			return
		case engine.KindOf(err) == engine.KindNoStream:
			l.gone()
			return
		case err != nil:
			if !pause(ctx, listenPause) {
				return
			}
		case tail > l.seen:
			l.seen = tail
			var out wire.Buffer
			// No process has sent it. A client that passes over its own
			// notifications, by its number, must not pass over this one.
			out.Send(&pgproto3.NotificationResponse{Channel: l.channel, Payload: fmt.Sprint(uint64(tail))})
			s.box.notifyLatest(l.channel, out.Bytes())
		}
	}
}

// gone says that there will be no more notifications.
func (l *listener) gone() {
	var out wire.Buffer
	sendNotice(&out, "WARNING", &query.Error{Code: "42P01", Message: fmt.Sprintf("stream \"%s\" was dropped, there are no more notifications of it", l.channel)})
	l.session.box.notify(out.Bytes())
}

// pause waits, and reports whether ctx still goes on.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
