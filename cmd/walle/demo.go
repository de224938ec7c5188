package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
)

// demo is a whole cluster in one process.
type demo struct {
	data    string
	nodes   int
	sqlPort int
	log     *slog.Logger
	out     io.Writer
}

const (
	demoNodesMost = 9
	demoPortStep  = 10 // from one node's SQL port to the next one's
	// demoMinFree is less than a node would keep free, so that the demo takes little of the disk itself.
	demoMinFree = 128 << 20
)

func demoCommand() *cobra.Command {
	var d demo
	var level string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run a cluster of three nodes in one process, to try things out",
		Long: `Run a cluster on loopback, all its nodes in this process, until interrupted.
The data stays, so that the next run goes on with it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if d.nodes < 1 || d.nodes > demoNodesMost {
				return fmt.Errorf("--nodes %d: from 1 to %d", d.nodes, demoNodesMost)
			}
			if last := d.sqlPort + (d.nodes-1)*demoPortStep + 1; d.sqlPort < 1 || last > 65535 {
				return fmt.Errorf("--sql-port %d: the ports up to %d are needed", d.sqlPort, last)
			}
			if d.log, err = newLogger(cmd, level); err != nil {
				return err
			}
			d.out = cmd.OutOrStdout()
			return d.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&d.data, "data", "./walle-data", "`directory` with a data directory for each node")
	f.IntVar(&d.nodes, "nodes", 3, "how many nodes; data keeps the number it was made with")
	f.IntVar(&d.sqlPort, "sql-port", 7432, "`port` of the first node for clients; the next are 10 apart")
	f.StringVar(&level, "log-level", "warn", "debug, info, warn or error")
	return cmd
}

func (d *demo) run(ctx context.Context) error {
	start := time.Now()
	fmt.Fprintf(d.out, "walle %s: %d nodes, data in %s\n", version(), d.nodes, d.data)
	servers, err := d.servers()
	if err != nil {
		return err
	}
	err = d.open(ctx, servers)
	if err == nil {
		d.welcome(servers, time.Since(start))
		err = wait(ctx, servers)
	}
	fmt.Fprintln(d.out, "stopping")
	for i := len(servers) - 1; i >= 0; i-- {
		err = servers[i].closeAfter(ctx, err)
	}
	return err
}

// servers returns the nodes, each with an address for every other.
func (d *demo) servers() ([]*server, error) {
	var cluster []member
	for i := range d.nodes {
		addr, err := freeAddr(d.sqlPort + i*demoPortStep + 1)
		if err != nil {
			return nil, err
		}
		cluster = append(cluster, member{Name: fmt.Sprintf("n%d", i+1), Addr: addr})
	}
	var servers []*server
	for i, m := range cluster {
		cfg := config{
			Node: m.Name, Data: filepath.Join(d.data, m.Name), Cluster: cluster,
			SQL: fmt.Sprintf("127.0.0.1:%d", d.sqlPort+i*demoPortStep), Peer: m.Addr,
			Scrub: scrubDefault, MinFree: demoMinFree,
		}
		if err := cfg.validate(); err != nil {
			return nil, err
		}
		servers = append(servers, newServer(cfg, d.log.With("node", m.Name)))
	}
	return servers, nil
}

// freeAddr returns the loopback address with this port, or with any free one if
// that is taken: nodes of a demo find each other again whatever it is.
func freeAddr(port int) (string, error) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return "", err
		}
	}
	return l.Addr().String(), l.Close()
}

// open brings all nodes up at once, since they wait for each other, and returns
// when all are known to all.
func (d *demo) open(ctx context.Context, servers []*server) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	opened := make(chan error, len(servers))
	for _, s := range servers {
		go func() {
			err := s.open(ctx)
			if err != nil {
				cancel() // the others need not wait for it
			}
			opened <- err
		}()
	}
	var first error
	for range servers {
		if err := <-opened; first == nil || errors.Is(first, context.Canceled) {
			first = err
		}
	}
	if first != nil {
		return first
	}
	for _, s := range servers {
		if err := s.announcedWithin(ctx, time.Minute); err != nil {
			return err
		}
		fmt.Fprintf(d.out, "  %s serves SQL on %s\n", s.self.Name, s.sqlAddr())
	}
	return nil
}

func (d *demo) welcome(servers []*server, took time.Duration) {
	fmt.Fprintf(d.out, `ready after %v; end it with Ctrl-C, connect with

    psql "postgres://app@%s/walle"

and try

    CREATE STREAM orders;
    CLAIM STREAM orders;
    INSERT INTO orders VALUES ('hello');
    SELECT * FROM orders;

`, took.Round(time.Millisecond), servers[0].sqlAddr())
}

// wait returns nil when ctx ends, and an error when a node has died.
func wait(ctx context.Context, servers []*server) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for _, s := range servers {
		defer context.AfterFunc(s.alive, func() { cancel(context.Cause(s.alive)) })()
	}
	<-ctx.Done()
	var fatal *fatalError
	if errors.As(context.Cause(ctx), &fatal) {
		return fatal
	}
	return nil
}
