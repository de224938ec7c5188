package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"sync/atomic"
	"time"

	"walle/catalog"
	"walle/engine"
	"walle/engine/store"
	"walle/replication"
	"walle/replication/grpcnet"
	"walle/replication/node"
)

// server is one node: its parts, opened in the order of the fields and closed
// in reverse.
type server struct {
	cfg config
	log *slog.Logger
	// alive ends when the node cannot go on; its cause is a *fatalError.
	alive context.Context
	kill  context.CancelCauseFunc

	store     *store.Store
	self      grpcnet.Peer
	formation *formation
	net       *grpcnet.Net
	engine    *engine.Engine
	catalog   *catalog.Catalog
	peers     *addressBook
	sql       *sqlServer
	http      *httpServer

	// running is what the network's handlers use: it comes up before there is
	// anything behind it, so that nodes can meet.
	running atomic.Pointer[running]
}

type running struct {
	engine  *engine.Engine
	catalog *catalog.Catalog
}

func newServer(cfg config, log *slog.Logger) *server {
	s := &server{cfg: cfg, log: log}
	s.alive, s.kill = context.WithCancelCause(context.Background())
	return s
}

// open brings the node up. After an error, close still has to be called, unless
// it is a *fatalError.
func (s *server) open(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.alive, func() { cancel(context.Cause(s.alive)) })()
	for _, step := range []func(context.Context) error{
		s.openStore, s.listen, s.form, s.openEngine, s.openCatalog, s.serveSQL, s.serveHTTP,
	} {
		err := step(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// close stops what was opened, sessions first. Every part is closed, whatever
// the others say.
func (s *server) close() error {
	var errs []error
	if s.http != nil {
		errs = append(errs, s.http.close())
	}
	if s.sql != nil {
		errs = append(errs, s.sql.close())
	}
	if s.peers != nil {
		s.peers.close()
	}
	if s.catalog != nil {
		errs = append(errs, s.catalog.Close())
	}
	if s.engine != nil {
		errs = append(errs, s.engine.Close())
	}
	if s.net != nil {
		errs = append(errs, s.net.Close())
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	return errors.Join(errs...)
}

// checkAlone refuses to make a cluster of one for a node that was given a name
// but not its cluster. Most likely its disk was wiped, or this is the wrong
// directory: it would be a second cluster, with leaders of its own, to clients
// that look for it in the first.
func (s *server) checkAlone() error {
	if s.cfg.Node == "" || len(s.cfg.Cluster) > 0 {
		return nil
	}
	if files, err := os.ReadDir(s.cfg.Data); len(files) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil // there is something: what, is told when it is opened
	}
	return fmt.Errorf("data directory %s is new, and nothing says which cluster node %s belongs to: give --cluster with all its members, "+
		"or with only %s=%s for a cluster of one", s.cfg.Data, s.cfg.Node, s.cfg.Node, s.cfg.Peer)
}

func (s *server) openStore(context.Context) error {
	if err := s.checkAlone(); err != nil {
		return err
	}
	st, err := store.Open(store.Config{Dir: s.cfg.Data, MinFree: int64(s.cfg.MinFree), Logger: s.log, OnFatal: s.die})
	if err != nil {
		return err
	}
	s.store = st
	id := st.Identity()
	name := cmp.Or(s.cfg.Node, id.Name, "n1")
	if id.Formed() && name != id.Name {
		return fmt.Errorf("data directory %s belongs to node %s, not to node %s", s.cfg.Data, id.Name, name)
	}
	s.self = grpcnet.Peer{ID: id.NodeID, Name: name, Addr: s.cfg.Peer}
	s.formation = &formation{self: id.NodeID, name: name, cluster: s.cfg.Cluster, log: s.log}
	return s.formation.restore(st)
}

// listen opens the network. It delivers nothing before the node is formed, but
// answers those who ask who this is.
func (s *server) listen(context.Context) error {
	n, err := grpcnet.Listen(grpcnet.Config{
		Self: s.self, Cluster: s.store.Identity().Cluster, Version: version(), Logger: s.log,
	}, s.cfg.Peer)
	if err != nil {
		return fmt.Errorf("listen for other nodes at --peer %s: %w", s.cfg.Peer, err)
	}
	s.net = n
	s.self.Addr = advertised(cmp.Or(s.cfg.addrOf(s.self.Name), n.Addr()), "")
	n.Serve(grpcnet.Handlers{Deliver: s.deliver, Scan: s.serveScan, Call: s.serveCall, Hello: s.formation.answer})
	return nil
}

func (s *server) form(ctx context.Context) error {
	if err := s.formation.complete(ctx, s.store, s.net); err != nil {
		return err
	}
	s.net.SetCluster(s.formation.number)
	s.net.SetPeers(s.formation.founders)
	return nil
}

func (s *server) openEngine(context.Context) error {
	clock, err := node.NewSystemClock()
	if err != nil {
		return err
	}
	s.engine, err = engine.Open(engine.Config{
		Self: s.self.ID, Storage: s.store, Transport: s.net, Peers: s.net, Clock: clock,
		Random: rand.Uint64, OnFatal: s.die, Logger: s.log,
		ScrubBytes: int64(s.cfg.Scrub * (1 << 20)),
	})
	return err
}

func (s *server) openCatalog(context.Context) error {
	// Envelopes may come in from here on: the catalog needs them to open.
	s.running.Store(&running{engine: s.engine})
	if err := s.listenSQL(); err != nil { // so that its address can be announced
		return err
	}
	founders := make([]catalog.Node, len(s.formation.founders))
	for i, f := range s.formation.founders {
		founders[i] = catalog.Node{ID: f.ID, Name: f.Name, PeerAddr: f.Addr}
	}
	c, err := catalog.Open(catalog.Config{
		Engine: s.engine, Meta: s.store, Peers: s.net,
		Self: catalog.Node{
			ID: s.self.ID, Name: s.self.Name, PeerAddr: s.self.Addr,
			SQLAddr: advertised(s.sqlAddr(), s.self.Addr), Version: version(),
		},
		Founders: founders, Random: rand.Uint64, OnFatal: s.die, Logger: s.log,
	})
	if err != nil {
		return err
	}
	s.catalog = c
	s.running.Store(&running{engine: s.engine, catalog: c})
	s.peers = keepPeers(s.net, c, s.formation.founders)
	return nil
}

// advertised is addr with a host that others can use: a node that listens
// everywhere is known by the host of the other address, or the machine's name.
func advertised(addr, other string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); host != "" && (ip == nil || !ip.IsUnspecified()) {
		return addr
	}
	if h, _, err := net.SplitHostPort(other); err == nil {
		return net.JoinHostPort(h, port)
	}
	if h, err := os.Hostname(); err == nil {
		return net.JoinHostPort(h, port)
	}
	return addr
}

// die ends the process, from any goroutine.
func (s *server) die(err error) {
	s.kill(&fatalError{fmt.Errorf("data directory %s: %w", s.cfg.Data, err)})
}

func (s *server) deliver(envelopes []replication.Envelope) {
	if r := s.running.Load(); r != nil {
		r.engine.Deliver(envelopes)
	}
}

var errStarting = errors.New("this node is starting")

func (s *server) serveScan(ctx context.Context, req node.ScanRequest, send func(*replication.Entry) error) error {
	r := s.running.Load()
	if r == nil {
		return errStarting
	}
	return r.engine.ServeScan(ctx, req, send)
}

func (s *server) serveCall(ctx context.Context, _ replication.NodeID, method string, body []byte) ([]byte, error) {
	r := s.running.Load()
	switch {
	case r == nil:
		return nil, errStarting
	case r.engine.Serves(method):
		return r.engine.ServeCall(ctx, method, body)
	case r.catalog == nil:
		return nil, errStarting
	case r.catalog.Serves(method):
		return r.catalog.ServeCall(ctx, method, body)
	}
	return nil, fmt.Errorf("this node does not know the method %q", method)
}

// announcedWithin waits until the cluster knows this node.
func (s *server) announcedWithin(ctx context.Context, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	select {
	case <-s.catalog.Announced():
		return nil
	case <-s.alive.Done():
		return context.Cause(s.alive)
	case <-ctx.Done():
		return fmt.Errorf("node %s: %w", s.self.Name, ctx.Err())
	}
}
