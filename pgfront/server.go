package pgfront

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"walle/catalog"
	"walle/engine"
	"walle/pgfront/query"
	"walle/pgfront/sql"
	"walle/replication"
)

// Config is what a server is made of. Catalog, Engine, Node and Version are
// required.
type Config struct {
	Catalog *catalog.Catalog
	Engine  *engine.Engine
	Node    string // this node's name
	Version string // of this program

	// Alive says whether a node is connected to this one. Nil: nothing is known,
	// so all are.
	Alive func(replication.NodeID) bool

	Database       string        // the cluster's name to clients; "": walle
	MaxConnections int           // 0: 2000
	StartupTimeout time.Duration // for a client to say who it is; 0: 1 min
	QueryMemory    int64         // bytes of heap beyond which statements keep no more; 0: half of the machine's memory
	ReleaseTimeout time.Duration // for giving back the streams of a session that ends; 0: 5 s
	Logger         *slog.Logger
}

func (c *Config) complete() error {
	if c.Catalog == nil || c.Engine == nil || c.Node == "" || c.Version == "" {
		return errors.New("pgfront: Catalog, Engine, Node and Version are required")
	}
	if c.Database == "" {
		c.Database = "walle"
	}
	if c.MaxConnections == 0 {
		c.MaxConnections = 2000
	}
	if c.StartupTimeout == 0 {
		c.StartupTimeout = time.Minute
	}
	if c.QueryMemory == 0 {
		c.QueryMemory = machineMemory() / 2
	}
	if c.ReleaseTimeout == 0 {
		c.ReleaseTimeout = 5 * time.Second
	}
	if c.Alive == nil {
		c.Alive = func(replication.NodeID) bool { return true }
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

// Limits of the cache of parsed texts, which all sessions share.
var cacheLimits = sql.CacheLimits{Entries: 4096, Bytes: 64 << 20}

// Server answers clients. Serve may be called for several listeners.
type Server struct {
	cfg      Config
	cache    *sql.Cache
	started  time.Time
	settings settingTable
	memory   *query.Memory // of all statements

	running sync.WaitGroup // connections

	mu        sync.Mutex // guards what follows
	stopping  bool
	listeners map[net.Listener]struct{}
	sessions  map[int32]*session // by process number
	conns     map[net.Conn]struct{}
	nextPID   int32
}

// New makes a server that does not listen yet.
func New(c Config) (*Server, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	s := &Server{
		cfg: c, cache: sql.NewCache(cacheLimits), started: time.Now(), memory: query.NewMemory(c.QueryMemory),
		listeners: make(map[net.Listener]struct{}),
		sessions:  make(map[int32]*session), conns: make(map[net.Conn]struct{}),
	}
	s.settings = newSettingTable(c)
	return s, nil
}

// acceptPause is how long not to accept clients after a failure.
const acceptPause = 50 * time.Millisecond

// Serve answers the clients that connect to l. It returns nil after Shutdown.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	if s.stopping {
		s.mu.Unlock()
		return l.Close()
	}
	s.listeners[l] = struct{}{}
	s.mu.Unlock()
	for {
		conn, err := l.Accept()
		switch {
		case err != nil && s.isStopping():
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept clients on %v: %w", l.Addr(), err)
		case err != nil: // out of file descriptors, most likely: it passes
			s.cfg.Logger.Warn("cannot accept a client", "error", err)
			time.Sleep(acceptPause)
			continue
		}
		if !s.admit(conn) {
			conn.Close()
			return nil
		}
		s.running.Go(func() {
			defer s.forget(conn)
			s.serveConn(conn)
		})
	}
}

func (s *Server) isStopping() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopping
}

func (s *Server) admit(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		return false
	}
	s.conns[conn] = struct{}{}
	return true
}

func (s *Server) forget(conn net.Conn) {
	conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
}

// serveConn lives as long as a connection.
func (s *Server) serveConn(conn net.Conn) {
	c := &connection{server: s, conn: conn}
	hello, err := c.start()
	if err != nil {
		s.cfg.Logger.Debug("client not let in", "client", conn.RemoteAddr(), "reason", err)
		return
	}
	if hello == nil {
		return // it only came to cancel
	}
	session, err := s.newSession(c, hello)
	if err != nil {
		c.refuse(err)
		return
	}
	defer s.unregister(session)
	session.serve()
}

// register gives a session its process number. One connection more than
// MaxConnections is refused.
func (s *Server) register(session *session) error {
	var secret [4]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stopping:
		return errShutdown
	case len(s.sessions) >= s.cfg.MaxConnections:
		return errTooMany
	}
	for {
		s.nextPID = s.nextPID%(1<<30) + 1
		if s.sessions[s.nextPID] == nil {
			break
		}
	}
	session.pid, session.secret = s.nextPID, int32(binary.BigEndian.Uint32(secret[:]))
	s.sessions[session.pid] = session
	return nil
}

func (s *Server) unregister(session *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, session.pid)
}

// cancel does what a CancelRequest asks for. One with a wrong secret does
// nothing, and nobody is told.
func (s *Server) cancel(pid, secret int32) {
	s.mu.Lock()
	session := s.sessions[pid]
	s.mu.Unlock()
	if session != nil && session.secret == secret {
		session.interrupt(errCancelled)
	}
}

// Shutdown ends all sessions: idle ones at once, others after what they have in
// flight. It waits for them until ctx ends, then breaks the connections.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.stopping = true
	var errs []error
	for l := range s.listeners {
		errs = append(errs, l.Close())
		delete(s.listeners, l)
	}
	for _, session := range s.sessions {
		session.stop()
	}
	for conn := range s.conns {
		// Wakes those who wait for a message. It fails for those who have gone.
		_ = conn.SetReadDeadline(time.Unix(1, 0))
	}
	s.mu.Unlock()

	ended := make(chan struct{})
	go func() {
		s.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		s.breakConnections()
		<-ended
	}
	return errors.Join(errs...)
}

func (s *Server) breakConnections() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		conn.Close()
	}
}

// sessionsNow lists the sessions that there are.
func (s *Server) sessionsNow() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*session, 0, len(s.sessions))
	for _, session := range s.sessions {
		list = append(list, session)
	}
	return list
}
