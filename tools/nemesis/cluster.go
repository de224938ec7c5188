package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// A cluster is a set of walle processes, and the network between them and the
// clients. Nodes are numbered from 1; host 0 is the clients.
type cluster struct {
	dir     string
	nodes   []*node
	network *network // nil on loopback
}

// clusterConfig says what to start.
type clusterConfig struct {
	walle    string // the binary
	dir      string // of logs and data
	nodes    int
	disk     int64 // size of a disk in bytes; 0 takes plain directories
	loopback bool
	logLevel string
}

// startCluster starts the processes and their supervisors. What the machine
// cannot do is left out, and told by say.
func startCluster(ctx context.Context, cfg clusterConfig, say func(format string, args ...any)) (*cluster, error) {
	c := &cluster{dir: cfg.dir}
	if !cfg.loopback {
		var err error
		if c.network, err = openNetwork(cfg.nodes); err != nil {
			say("no network of namespaces, so loopback and no faults of the network: %v", err)
		}
	}
	addrs, err := c.addresses(cfg.nodes)
	if err != nil {
		return nil, err
	}
	var members []string
	for i, a := range addrs {
		members = append(members, fmt.Sprintf("n%d=%s", i+1, a.peer))
	}
	for i, a := range addrs {
		n := &node{number: i + 1, name: fmt.Sprintf("n%d", i+1), sql: a.sql, changed: make(chan struct{})}
		n.log = filepath.Join(cfg.dir, n.name+".log")
		if n.disk, err = newDisk(filepath.Join(cfg.dir, n.name), cfg.disk); err != nil {
			say("no disks that can be filled: %v", err)
			cfg.disk = 0
			if n.disk, err = newDisk(filepath.Join(cfg.dir, n.name), 0); err != nil {
				return nil, errors.Join(err, c.Close())
			}
		}
		args := []string{"start", "--node", n.name, "--data", n.disk.data(), "--sql", a.sql, "--peer", a.peer,
			"--cluster", strings.Join(members, ","), "--insecure", "--log-level", cfg.logLevel}
		n.command = func() *exec.Cmd { return exec.Command(cfg.walle, args...) }
		n.launch = (*exec.Cmd).Start
		if c.network != nil {
			n.launch = func(cmd *exec.Cmd) error { return c.network.start(n.number, cmd) }
		}
		c.nodes = append(c.nodes, n)
	}
	for _, n := range c.nodes {
		n.supervise()
	}
	if err := c.serving(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

type addresses struct{ sql, peer string }

// addresses are where the nodes listen.
func (c *cluster) addresses(nodes int) ([]addresses, error) {
	list := make([]addresses, nodes)
	for i := range list {
		if c.network != nil {
			ip := c.network.addr(i + 1)
			list[i] = addresses{ip + ":7432", ip + ":7433"}
			continue
		}
		for _, a := range []*string{&list[i].sql, &list[i].peer} {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return nil, err
			}
			defer l.Close() // all are held until all are known, so that they differ
			*a = l.Addr().String()
		}
	}
	return list, nil
}

// connect opens a session with these settings on a node.
func (c *cluster) connect(ctx context.Context, node int, settings map[string]string) (*pgx.Conn, error) {
	cfg, err := pgx.ParseConfig(fmt.Sprintf("postgres://nemesis@%s/walle?sslmode=disable", c.nodes[node-1].sql))
	if err != nil {
		return nil, err
	}
	if c.network != nil {
		cfg.DialFunc = c.network.dial
	}
	maps.Copy(cfg.RuntimeParams, settings)
	return pgx.ConnectConfig(ctx, cfg)
}

// serving returns when every node answers.
func (c *cluster) serving(ctx context.Context) error {
	for _, n := range c.nodes {
		if err := c.await(ctx, n, "SELECT 1"); err != nil {
			return err
		}
	}
	return nil
}

// await returns when a node has answered a query.
func (c *cluster) await(ctx context.Context, n *node, query string) error {
	for {
		err := c.ask(ctx, n, query)
		if err == nil {
			return nil
		}
		if pause(ctx, 20*time.Millisecond) != nil {
			return fmt.Errorf("node %s does not serve: %w; the end of its log:\n%s", n.name, err, n.lastWords())
		}
	}
}

func (c *cluster) ask(ctx context.Context, n *node, query string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	conn, err := c.connect(ctx, n.number, nil)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, query)
	return errors.Join(err, conn.Close(ctx))
}

// Close kills all nodes. The data of plain directories stays.
func (c *cluster) Close() error {
	var errs []error
	for _, n := range c.nodes {
		n.retire()
	}
	for _, n := range c.nodes {
		errs = append(errs, n.disk.Close())
	}
	if c.network != nil {
		errs = append(errs, c.network.Close())
	}
	return errors.Join(errs...)
}

// keep ends all nodes, and copies what is on disks that vanish to directories that
// do not.
func (c *cluster) keep() error {
	var errs []error
	for _, n := range c.nodes {
		n.retire()
		errs = append(errs, n.disk.copyTo(filepath.Join(c.dir, "kept", n.name)))
	}
	return errors.Join(errs...)
}

// lastWords is the end of what the node has logged.
func (n *node) lastWords() string {
	const most = 2000
	text, err := os.ReadFile(n.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-most):])
}

// pause waits, and returns an error if ctx ends before that.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
