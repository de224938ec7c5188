package pgfront_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"walle/catalog"
	"walle/engine/enginetest"
	"walle/pgfront"
)

// served is a cluster of nodes that answer clients on loopback.
type served struct {
	t       testing.TB
	nodes   *enginetest.Cluster
	servers []*pgfront.Server
	addrs   []string
}

// serve starts n nodes. They end with the test.
func serve(t testing.TB, n int) *served {
	s := &served{t: t, nodes: enginetest.New(t, n)}
	var founders []catalog.Node
	for _, node := range s.nodes.Nodes {
		founders = append(founders, catalog.Node{ID: node.Peer.ID, Name: node.Peer.Name})
	}
	for _, node := range s.nodes.Nodes {
		c, err := catalog.Open(catalog.Config{
			Engine: node.Engine, Meta: node.Store, Peers: node.Net, Founders: founders, Random: rand.Uint64,
			Self:    catalog.Node{ID: node.Peer.ID, Name: node.Peer.Name, PeerAddr: node.Peer.Addr, SQLAddr: "here", Version: "test"},
			OnFatal: func(err error) { t.Errorf("catalog of %s: %v", node.Peer.Name, err) },
		})
		if err != nil {
			t.Fatal(err)
		}
		node.Handle(c.ServeCall)
		t.Cleanup(func() {
			if err := c.Close(); err != nil {
				t.Errorf("close the catalog of %s: %v", node.Peer.Name, err)
			}
		})
		s.listen(c, node)
	}
	return s
}

func (s *served) listen(c *catalog.Catalog, node *enginetest.Node) {
	t := s.t
	config := pgfront.Config{Catalog: c, Engine: node.Engine, Node: node.Peer.Name, Version: "test", MaxConnections: 20, ReleaseTimeout: time.Second}
	if os.Getenv("WALLE_TEST_LOG") != "" {
		config.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	front, err := pgfront.New(config)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- front.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := front.Shutdown(ctx); err != nil {
			t.Errorf("shut down %s: %v", node.Peer.Name, err)
		}
		if err := <-ended; err != nil {
			t.Errorf("serve %s: %v", node.Peer.Name, err)
		}
	})
	s.servers, s.addrs = append(s.servers, front), append(s.addrs, l.Addr().String())
}

// dsn names a node, from 0.
func (s *served) dsn(node int) string {
	return fmt.Sprintf("postgres://app@%s/walle?sslmode=disable", s.addrs[node])
}

// connect opens a session, which ends with the test.
func (s *served) connect(node int, options ...func(*pgx.ConnConfig)) *pgx.Conn {
	s.t.Helper()
	config, err := pgx.ParseConfig(s.dsn(node))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, o := range options {
		o(config)
	}
	conn, err := pgx.ConnectConfig(context.Background(), config)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func exec(t testing.TB, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, text := range statements {
		if _, err := conn.Exec(context.Background(), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}
