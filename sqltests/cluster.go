package sqltests

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A Cluster is a set of walle processes on loopback, each with its own data directory. Its methods
// may be called by several goroutines, but those that act on one node only by one at a time.
type Cluster struct {
	bin   string
	dir   string
	nodes []*clusterNode
	peers string // the value of --cluster
}

type clusterNode struct {
	name            string
	sql, peer, http string // addresses
	proc            *process
}

// How long a node may take to serve, and to end.
const (
	startTimeout = 60 * time.Second
	endTimeout   = 30 * time.Second
)

// StartCluster starts n nodes of the binary bin with their data under dir.
func StartCluster(ctx context.Context, bin, dir string, n int) (*Cluster, error) {
	ports, err := freePorts(3 * n)
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin, dir: dir}
	var peers []string
	for i := range n {
		at := func(k int) string { return fmt.Sprintf("127.0.0.1:%d", ports[3*i+k]) }
		node := &clusterNode{name: fmt.Sprintf("n%d", i+1), sql: at(0), peer: at(1), http: at(2)}
		c.nodes = append(c.nodes, node)
		peers = append(peers, node.name+"="+node.peer)
	}
	c.peers = strings.Join(peers, ",")
	if err := c.StartAll(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// StartAll starts the nodes that are down and waits until all serve.
func (c *Cluster) StartAll(ctx context.Context) error {
	for i, node := range c.nodes {
		if !node.running() {
			if err := c.launch(i + 1); err != nil {
				return err
			}
		}
	}
	for i := range c.nodes {
		if err := c.serving(ctx, i+1); err != nil {
			return err
		}
	}
	return nil
}

// launch starts the process of a node.
func (c *Cluster) launch(node int) error {
	n := c.nodes[node-1]
	args := []string{"start", "--node", n.name, "--data", filepath.Join(c.dir, n.name),
		"--sql", n.sql, "--peer", n.peer, "--http", n.http, "--cluster", c.peers}
	proc, err := start(exec.Command(c.bin, args...), filepath.Join(c.dir, n.name+".log"))
	n.proc = proc
	return err
}

func (c *Cluster) serving(ctx context.Context, node int) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return c.nodes[node-1].proc.ready(ctx, ping(c.DSN(node)))
}

func (n *clusterNode) running() bool {
	if n.proc == nil {
		return false
	}
	select {
	case <-n.proc.done:
		return false
	default:
		return true
	}
}

// Nodes returns how many there are.
func (c *Cluster) Nodes() int { return len(c.nodes) }

// Addr returns host:port at which a node, numbered from 1, speaks SQL.
func (c *Cluster) Addr(node int) string { return c.nodes[node-1].sql }

// PID is the process of a node that runs.
func (c *Cluster) PID(node int) int { return c.nodes[node-1].proc.cmd.Process.Pid }

// DSN names one node.
func (c *Cluster) DSN(node int) string {
	return fmt.Sprintf("postgres://app@%s/walle?sslmode=disable", c.Addr(node))
}

// AnyDSN names all nodes, for a client that takes the first that answers.
func (c *Cluster) AnyDSN() string {
	var hosts []string
	for _, n := range c.nodes {
		hosts = append(hosts, n.sql)
	}
	return fmt.Sprintf("postgres://app@%s/walle?sslmode=disable&connect_timeout=5", strings.Join(hosts, ","))
}

// Act does to a node what a script asks for; start returns when the node serves.
func (c *Cluster) Act(ctx context.Context, node int, action string) error {
	if node < 1 || node > len(c.nodes) {
		return fmt.Errorf("no node %d", node)
	}
	n := c.nodes[node-1]
	if action == "start" {
		if n.running() {
			return fmt.Errorf("node %d runs already", node)
		}
		if err := c.launch(node); err != nil {
			return err
		}
		return c.serving(ctx, node)
	}
	if !n.running() {
		return fmt.Errorf("node %d does not run", node)
	}
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	switch action {
	case "kill":
		return n.proc.end(ctx, syscall.SIGKILL)
	case "stop":
		if err := n.proc.end(ctx, syscall.SIGTERM); err != nil {
			return err
		}
		if n.proc.err != nil {
			return fmt.Errorf("node %d, told to stop: %w:\n%s", node, n.proc.err, n.proc.tail())
		}
		return nil
	case "pause":
		return n.proc.cmd.Process.Signal(syscall.SIGSTOP)
	case "resume":
		return n.proc.cmd.Process.Signal(syscall.SIGCONT)
	}
	return fmt.Errorf("no such action: %q", action)
}

// Ended waits until a node's process has ended by itself, and returns its exit code and the end of what it has written.
func (c *Cluster) Ended(ctx context.Context, node int) (code int, log string, err error) {
	p := c.nodes[node-1].proc
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode(), p.tail(), nil
	case <-ctx.Done():
		return 0, "", fmt.Errorf("node %d does not end: %w", node, ctx.Err())
	}
}

// KillAll kills every node at once.
func (c *Cluster) KillAll(ctx context.Context) error {
	var errs []error
	for _, n := range c.nodes {
		if n.running() {
			errs = append(errs, n.proc.cmd.Process.Kill())
		}
	}
	for _, n := range c.nodes {
		if n.proc == nil {
			continue
		}
		select {
		case <-n.proc.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return errors.Join(errs...)
}

// Close kills what runs. The data stays.
func (c *Cluster) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
	defer cancel()
	return c.KillAll(ctx)
}

// Logs returns the end of what each node has written.
func (c *Cluster) Logs() string {
	var b strings.Builder
	for _, n := range c.nodes {
		if n.proc != nil {
			fmt.Fprintf(&b, "--- %s\n%s\n", n.name, n.proc.tail())
		}
	}
	return b.String()
}

// Target is the cluster as something to run scripts against.
func (c *Cluster) Target(protocol Protocol) Target {
	return Target{
		System: "walle", Protocol: protocol, Nodes: len(c.nodes), Act: c.Act,
		Open: func(ctx context.Context, node int) (Session, error) { return Open(ctx, c.DSN(node), protocol) },
	}
}

// Build compiles cmd/walle of the module whose root is given into dir and returns its path.
func Build(root, dir string) (string, error) {
	bin := filepath.Join(dir, "walle")
	cmd := exec.Command("go", "build", "-o", bin, "./cmd/walle")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./cmd/walle: %w\n%s", err, out)
	}
	_, err := os.Stat(bin)
	return bin, err
}
