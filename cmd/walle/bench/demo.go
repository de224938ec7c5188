package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"walle/cmd/walle/client"
)

// demo is a cluster of processes of this program, in a directory that goes with it.
type demo struct {
	dir   string
	nodes []*node
}

// node is a process of a demo.
type node struct {
	name, sql, peer string
	args            []string
	log             string // file
	process         *exec.Cmd
	exited          chan struct{}
}

const (
	demoNodes = 3
	// demoPatience is how long a cluster may take to come up.
	demoPatience = time.Minute
	// demoMinFree is less than a node would keep free, as for walle demo.
	demoMinFree = "128MiB"
)

// openDemo starts a cluster in a new directory below parent.
func openDemo(ctx context.Context, parent string) (*demo, error) {
	dir, err := os.MkdirTemp(parent, "walle-bench-")
	if err != nil {
		return nil, fmt.Errorf("--dir: %w", err)
	}
	d := &demo{dir: dir}
	if err := d.open(ctx); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func (d *demo) open(ctx context.Context) error {
	addrs, err := freeAddrs(2 * demoNodes)
	if err != nil {
		return err
	}
	var members []string
	for i := range demoNodes {
		n := &node{name: fmt.Sprintf("n%d", i+1), sql: addrs[2*i], peer: addrs[2*i+1]}
		members = append(members, n.name+"="+n.peer)
		d.nodes = append(d.nodes, n)
	}
	for _, n := range d.nodes {
		n.log = filepath.Join(d.dir, n.name+".log")
		n.args = []string{"start", "--node", n.name, "--data", filepath.Join(d.dir, n.name), "--sql", n.sql, "--peer", n.peer,
			"--cluster", strings.Join(members, ","), "--min-free", demoMinFree, "--log-level", "warn"}
		if err := n.start(); err != nil {
			return err
		}
	}
	for _, n := range d.nodes {
		if err := d.await(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// freeAddrs returns loopback addresses that nobody listens on.
func freeAddrs(n int) (addrs []string, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // all are held until all are known, so that they differ
		addrs = append(addrs, l.Addr().String())
	}
	return addrs, nil
}

func (n *node) start() error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.OpenFile(n.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close() // the process has its own descriptor
	n.process = exec.Command(program, n.args...)
	n.process.Stdout, n.process.Stderr = log, log
	leash(n.process)
	if err := n.process.Start(); err != nil {
		return fmt.Errorf("start node %s: %w", n.name, err)
	}
	n.exited = make(chan struct{})
	go func(process *exec.Cmd, exited chan struct{}) {
		_ = process.Wait() // how it ended is of interest only while it is awaited, and then its log tells
		close(exited)
	}(n.process, n.exited)
	return nil
}

// kill ends the node as a crash would.
func (n *node) kill() {
	_ = n.process.Process.Kill() // it may have ended by itself
	<-n.exited
}

// await returns when the node answers and knows all nodes.
func (d *demo) await(ctx context.Context, n *node) error {
	ctx, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := d.ask(ctx, n)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-n.exited:
			return fmt.Errorf("node %s has ended; the end of its log:\n%s", n.name, n.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("node %s does not serve: %w; the end of its log:\n%s", n.name, err, n.lastWords())
		}
	}
}

func (d *demo) ask(ctx context.Context, n *node) error {
	cfg, err := pgx.ParseConfig(n.dsn())
	if err != nil {
		return err
	}
	conn, err := client.Connect(ctx, cfg)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var known int
	err = conn.QueryRow(ctx, "SELECT count(*) FROM walle.nodes WHERE alive AND sql_addr <> ''").Scan(&known)
	if err == nil && known < len(d.nodes) {
		err = fmt.Errorf("it knows %d of %d nodes", known, len(d.nodes))
	}
	return err
}

func (n *node) dsn() string { return "postgres://bench@" + n.sql + "/walle?sslmode=disable" }

// lastWords is the end of what the node has logged.
func (n *node) lastWords() string {
	const most = 2000
	text, err := os.ReadFile(n.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-most):])
}

// close kills the nodes and removes what they have written.
func (d *demo) close() error {
	for _, n := range d.nodes {
		if n.process != nil && n.exited != nil {
			n.kill()
		}
	}
	return os.RemoveAll(d.dir)
}
