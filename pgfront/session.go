package pgfront

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"walle/engine"
	"walle/pgfront/query"
	"walle/pgfront/wire"
	"walle/replication"
)

// session is one client's. Its goroutine owns all fields but those that say
// otherwise.
type session struct {
	server *Server
	conn   net.Conn
	reader *wire.Reader
	box    *outbox

	pid, secret    int32
	user, database string
	since          time.Time

	out      wire.Buffer // what goes to the box next
	values   values
	codec    *query.Codec // for values; nil until it is used
	timeouts timeouts     // of values
	workMem  int64        // of values, in bytes
	link     linkSettings // of values

	claims     map[replication.StreamID]*claim
	listening  map[string]*listener
	watchers   sync.WaitGroup // a goroutine for each claim, and for each channel listened to
	statements map[string]*prepared
	portals    map[string]*portal

	tx transaction
	// skipping: after an error, messages are passed over up to the Sync.
	skipping bool
	// group in out: from here on the answer depends on the outcome of the append
	// that the Sync will start; -1 while nothing does.
	deferred int
	late     []lateRows // of RETURNING, to be put into out once the outcome is known

	watch watch
	// broken is what a statement has found wrong with the connection: the loop
	// ends with it.
	broken error

	ending func() // end, made a value once and not with each statement

	mu       sync.Mutex // guards what follows
	scope    context.Context
	cancel   context.CancelCauseFunc // of scope
	busy     bool                    // a statement runs in scope
	stopped  bool                    // the server shuts down
	activity activity                // for walle.sessions
}

// activity is what others see of a session.
type activity struct {
	application string
	statement   string // the one that runs, or the last one
	state       string // active, idle, idle in transaction …
	since       time.Time
}

func (s *Server) newSession(c *connection, h *hello) (*session, error) {
	session := &session{
		server: s, conn: c.conn, reader: c.reader, user: h.user, database: h.database, since: time.Now(),
		claims: make(map[replication.StreamID]*claim), listening: make(map[string]*listener),
		statements: make(map[string]*prepared), portals: make(map[string]*portal),
		deferred: -1,
	}
	session.watch.session, session.ending = session, session.end
	session.values.start = map[string]string{"session_authorization": h.user}
	for _, given := range h.settings {
		if err := session.setAtStart(given); err != nil {
			return nil, err
		}
	}
	session.readTimeouts()
	if err := s.register(session); err != nil {
		return nil, err
	}
	session.renewScope()
	if err := session.setReadDeadline(time.Time{}); err != nil {
		s.unregister(session)
		return nil, err
	}
	c.reader.Admit()
	session.box = newOutbox(c.conn, outboxDefault, session.failure)
	session.end()
	session.welcome(h)
	return session, nil
}

// renewScope makes the context that statements run in, until one is cancelled.
func (s *session) renewScope() {
	s.scope, s.cancel = context.WithCancelCause(context.Background())
}

// serve runs the session until the client goes, or the server stops.
func (s *session) serve() {
	err := s.loop()
	s.drop()
	told := (*query.Error)(nil)
	broken := err
	var farewell wire.Buffer
	if errors.As(err, &told) {
		if told == errShutdown {
			told = s.shutdownWithClaims()
		}
		sendError(&farewell, "FATAL", told)
		broken = nil
	}
	if broken == nil {
		s.out.Raw(farewell.Bytes())
		s.flush()
	}
	s.unlistenAll()
	s.letGo(err == nil)
	s.box.close(broken)
	if told != nil && told == s.box.err {
		s.server.cfg.Logger.Warn("a client is cut off that does not read what it follows", "pid", s.pid, "client", s.conn.RemoteAddr())
		s.box.lastWords(farewell.Bytes())
	}
	if told != nil {
		linger(s.conn)
	}
	s.watchers.Wait()
	s.cancel(nil)
}

// lingerMost is how long a client that has been told why its session ends may
// take to read that, while it still sends.
const lingerMost = time.Second

// linger reads what the client still sends. A connection that is closed with
// unread input is reset, and what was sent last is lost with it.
func linger(conn net.Conn) {
	half, ok := conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil || conn.SetReadDeadline(time.Now().Add(lingerMost)) != nil {
		return
	}
	_, _ = io.Copy(io.Discard, conn) // nobody is there to hear of an error
}

// drop forgets what was buffered and not committed, and what would be answered
// to it.
func (s *session) drop() {
	s.closeAll()
	s.tx.group = group{}
	s.late = nil
	if s.deferred >= 0 {
		s.out.Truncate(s.deferred)
		s.deferred = -1
	}
}

// loop answers messages. It returns nil after a Terminate, a *query.Error that
// the client is to be told, or the connection's error.
func (s *session) loop() error {
	for {
		if !s.reader.Buffered() && s.deferred < 0 {
			s.flush()
		}
		if s.broken != nil {
			return s.broken
		}
		if err := errors.Join(s.out.Err(), s.box.broken()); err != nil {
			return err
		}
		if s.isStopped() {
			return errShutdown
		}
		kind, body, err := s.awaitMessage()
		switch {
		case err != nil:
			if err := s.unread(kind, err); err != nil {
				return s.readError(err)
			}
		case kind == 'X':
			return nil
		default:
			if err := s.message(kind, body); err != nil {
				return err
			}
		}
	}
}

// unread goes on after an error of reading a message, if that can be.
func (s *session) unread(kind byte, err error) error {
	var long *wire.TooLongError
	if errors.As(err, &long) && handlers[kind] != nil {
		return s.passOverLong(kind, long)
	}
	return err
}

// awaitMessage reads the next message, for which an idle session does not wait
// for ever if a setting says so.
func (s *session) awaitMessage() (kind byte, body []byte, err error) {
	limit, reason := s.timeouts.idle, errIdle
	if s.tx.block {
		limit, reason = s.timeouts.idleInBlock, errIdleInBlock
	}
	if limit == 0 || s.reader.Buffered() || s.box.waiting() > 0 {
		return s.reader.Message()
	}
	if err := s.setReadDeadline(time.Now().Add(limit)); err != nil {
		return 0, nil, err
	}
	err = s.reader.Fill()
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded) && !s.isStopped():
		return 0, nil, reason
	case err != nil:
		return 0, nil, err
	}
	if err := s.setReadDeadline(time.Time{}); err != nil {
		return 0, nil, err
	}
	return s.reader.Message()
}

// passOverLong refuses a message of which nothing but the kind and the length
// was read.
func (s *session) passOverLong(kind byte, long *wire.TooLongError) error {
	if err := s.reader.Skip(); err != nil || s.skipping {
		return err
	}
	s.fail(errTooLong(long))
	if kind == 'Q' {
		s.endQuery()
	} else {
		s.skipping = true
	}
	return nil
}

func errTooLong(long *wire.TooLongError) *query.Error {
	return &query.Error{Code: "54000", Message: "a message cannot have more than 64 MiB", Detail: fmt.Sprintf("It has %d bytes.", long.Length),
		Hint: "Use COPY to append more: it may come in any number of messages."}
}

// readError says what to tell the client, if anything, when no message can be
// read.
func (s *session) readError(err error) error {
	switch {
	case errors.Is(err, wire.ErrLength), errors.As(err, new(*wire.TooLongError)):
		return protocolError("%v", err)
	case errors.Is(err, os.ErrDeadlineExceeded) && s.isStopped():
		return errShutdown
	}
	return err
}

// flush hands what there is to the outbox.
func (s *session) flush() {
	if s.out.Len() == 0 || len(s.late) > 0 {
		return
	}
	// An error of the connection is found out by the loop.
	_ = s.box.send(s.out.Bytes())
	s.out.Reset()
	if s.deferred > 0 {
		s.deferred = 0
	}
}

// spillAt is how much output is gathered before it is sent unasked.
const spillAt = 32 << 10

// deferredMost is how much output is held back for the outcome of an append.
const deferredMost = 256 << 10

// spill keeps the buffer bounded.
func (s *session) spill() error {
	limit := spillAt
	if s.deferred >= 0 {
		limit = deferredMost
	}
	if s.out.Len() < limit {
		return nil
	}
	s.flush()
	return s.box.broken()
}

// sendReady says that the session waits for the next statement.
func (s *session) sendReady() {
	buf, mark := s.out.Begin('Z')
	s.out.End(append(buf, s.tx.status()), mark)
}

// message does what one message asks for. An error ends the session; so does a
// bug, which costs the client that met it, and nobody else.
func (s *session) message(kind byte, body []byte) (err error) {
	defer func() {
		if bug := recover(); bug != nil {
			s.server.cfg.Logger.Error("session ended by a bug", "pid", s.pid, "panic", bug, "stack", string(debug.Stack()))
			err = &query.Error{Code: "XX000", Message: fmt.Sprintf("internal error: %v", bug), Hint: "This is a bug of WALLE; the node's log has more."}
		}
	}()
	return s.answer(kind, body)
}

// handlers answer the messages that there are. After an error of one that is
// answered before its Sync, the session skips to that.
var handlers = [256]func(*session, []byte) error{
	'Q': (*session).simple,
	'P': (*session).parseMessage,
	'B': (*session).bindMessage,
	'D': (*session).describeMessage,
	'E': (*session).executeMessage,
	'C': (*session).closeMessage,
	'S': (*session).syncMessage,
	'H': (*session).flushMessage,
	'F': (*session).functionCall,
	// Of a COPY that has failed: the client did not know yet.
	'd': passOver, 'c': passOver, 'f': passOver,
}

func passOver(*session, []byte) error { return nil }

func (s *session) answer(kind byte, body []byte) error {
	handler := handlers[kind]
	if handler == nil {
		return protocolError("invalid frontend message type %d", kind)
	}
	if s.skipping && kind != 'S' {
		return nil
	}
	if err := handler(s, body); err != nil {
		s.fail(err)
		s.skipping = true
	}
	return nil
}

// functionCall refuses the fast path, which is not followed by a Sync.
func (s *session) functionCall([]byte) error {
	s.fail(&query.Error{Code: "0A000", Message: "fastpath function calls are not supported"})
	s.sendReady()
	return nil
}

// fail tells the client of a statement's error, and dooms the transaction.
func (s *session) fail(err error) {
	s.tx.fail()
	if len(s.late) > 0 { // their rows will never be known
		s.out.Truncate(s.late[0].at)
		s.late = nil
	}
	sendError(&s.out, "ERROR", s.server.explain(err))
}

// notice tells the client something that is no error, if it wants to hear it.
func (s *session) notice(severity string, e *query.Error) {
	if s.wants(severity) {
		sendNotice(&s.out, severity, e)
	}
}

// wants tells whether the client wants to hear a NOTICE or a WARNING.
func (s *session) wants(severity string) bool {
	switch s.get("client_min_messages") {
	case "error":
		return false
	case "warning":
		return severity == "WARNING"
	}
	return true
}

// begin starts the statement that text is of: until end, it can be cancelled.
// The context is for what may take long.
func (s *session) begin(text string) (ctx context.Context, end func()) {
	s.mu.Lock()
	if s.scope.Err() != nil && !s.stopped {
		s.renewScope()
	}
	now := time.Now()
	s.busy, s.activity.state, s.activity.statement, s.activity.since = true, "active", text, now
	ctx = s.scope
	s.mu.Unlock()
	s.tx.statementAt = now
	if s.tx.began.IsZero() {
		s.tx.began = now
	}
	timeout := s.timeouts.statement
	if timeout == 0 {
		return ctx, s.ending
	}
	bounded, cancel := context.WithTimeoutCause(ctx, timeout, errStatementTimeout)
	return bounded, func() { cancel(); s.end() }
}

func (s *session) end() {
	s.mu.Lock()
	s.busy, s.activity.state = false, s.tx.state()
	s.mu.Unlock()
}

// interrupt cancels what the session is doing. Any goroutine may call it.
func (s *session) interrupt(cause *query.Error) {
	s.mu.Lock()
	busy := s.busy
	if busy {
		s.cancel(cause)
	}
	s.mu.Unlock()
	if !busy && cause == errCancelled {
		// What the client waits for can only be appends.
		s.box.abandon()
	}
}

// stop makes the session end. Any goroutine may call it.
func (s *session) stop() {
	s.mu.Lock()
	s.stopped = true
	s.cancel(errShutdown)
	s.mu.Unlock()
}

func (s *session) isStopped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped
}

// setReadDeadline moves the deadline of reads, unless the server has set one to
// end the session.
func (s *session) setReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil
	}
	return s.conn.SetReadDeadline(t)
}

// ended replaces err by the reason for which ctx has ended, if that is behind it.
func ended(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || engine.KindOf(err) == engine.KindUnknown {
		return err // what is not known is not known, whatever ended the waiting
	}
	kind := engine.KindOf(err)
	var failed *engine.Error
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.As(err, &failed) && kind == engine.KindCancelled || isCancelled(err) {
		var told *query.Error
		if errors.As(context.Cause(ctx), &told) {
			return told
		}
	}
	return err
}

// isCancelled tells of 57014 as query says it, which does not know why.
func isCancelled(err error) bool {
	var told *query.Error
	return errors.As(err, &told) && told.Code == errCancelled.Code && told.Detail == ""
}

// shutdownWithClaims is errShutdown with what becomes of the session's streams.
func (s *session) shutdownWithClaims() *query.Error {
	var kept []string
	for _, c := range s.claims {
		if c.claim.Err() == nil {
			kept = append(kept, fmt.Sprintf("The lease on stream \"%s\" runs for up to %v more.", c.desc.Name, c.claim.Lease()))
		}
	}
	if len(kept) == 0 {
		return errShutdown
	}
	slices.Sort(kept)
	told := *errShutdown
	told.Detail = strings.Join(kept, " ")
	told.Hint = "Connect to another node, and claim again: CLAIM waits until the lease has run out."
	return &told
}

// letGo gives up all claims: back to others at once if the client has ended the
// session in order; else by letting their leases run out. A client whose
// connection broke may still believe in them, and so may one whose node shuts
// down: it hears of that when it reads from the connection next.
func (s *session) letGo(inOrder bool) {
	if !inOrder {
		for _, c := range s.claims {
			c.claim.Drop()
		}
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.server.cfg.ReleaseTimeout)
	defer cancel()
	var releasing sync.WaitGroup
	for _, c := range s.claims {
		releasing.Go(func() {
			if err := c.claim.Release(ctx); err != nil {
				c.claim.Drop()
			}
		})
	}
	releasing.Wait()
}

// watch notices that the client is gone while a statement runs that may take
// long: nobody reads its messages then.
type watch struct {
	session *session
	timer   *time.Timer
	done    chan struct{}
}

// watchAfter is how long a statement runs before anyone looks.
const watchAfter = 20 * time.Millisecond

func (w *watch) start() {
	s := w.session
	done := make(chan struct{})
	w.done = done
	w.timer = time.AfterFunc(watchAfter, func() {
		defer close(done)
		for {
			switch err := s.reader.Fill(); {
			case err == nil:
			case errors.Is(err, wire.ErrFull), errors.Is(err, os.ErrDeadlineExceeded):
				return
			case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed), err != nil:
				s.interrupt(errClientGone)
				return
			}
		}
	})
}

// stop ends the watching; the reader is the session's again.
func (w *watch) stop() {
	if w.timer.Stop() {
		return
	}
	s := w.session
	_ = s.setReadDeadline(time.Unix(1, 0)) // a connection that refuses this refuses the next read, too
	<-w.done
	_ = s.setReadDeadline(time.Time{})
}
