package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"
)

func startCommand() *cobra.Command {
	var cfg config
	var cluster, join, level string
	cmd := &cobra.Command{
		Use:   "start",
		Short: "Run one node",
		Long: `Run one node until it gets SIGTERM or SIGINT.

Without --cluster the node is a cluster of its own. With it, the nodes that are
named form a cluster at their first start, once every one of them has been
reached; later starts may leave it out, or give it with other addresses.`,
		Example: `  walle start
  walle start --node n1 --data /var/lib/walle --sql 10.0.0.1:7432 --peer 10.0.0.1:7433 --insecure \
      --cluster n1=10.0.0.1:7433,n2=10.0.0.2:7433,n3=10.0.0.3:7433`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if join != "" {
				return errors.New("--join is not supported yet: a cluster keeps the nodes that it was formed with")
			}
			var err error
			if cfg.Cluster, err = parseCluster(cluster); err != nil {
				return err
			}
			if err := cfg.validate(); err != nil {
				return err
			}
			log, err := newLogger(cmd, level)
			if err != nil {
				return err
			}
			return runNode(cmd.Context(), cfg, log)
		},
	}
	f := cmd.Flags()
	f.StringVar(&cfg.Node, "node", "", "the node's `name` in its cluster (default: as the data directory says, or n1)")
	f.StringVar(&cfg.Data, "data", "./walle-data/n1", "data `directory`")
	f.StringVar(&cfg.SQL, "sql", "127.0.0.1:7432", "listen here for PostgreSQL clients, `host:port`")
	f.StringVar(&cfg.Peer, "peer", "127.0.0.1:7433", "listen here for other nodes, `host:port`")
	f.StringVar(&cfg.HTTP, "http", "", "serve /metrics, /healthz and /debug/pprof/ here, `host:port` (default: nowhere)")
	f.StringVar(&cluster, "cluster", "", "the founding `members`, name=host:port,… with this node among them")
	f.StringVar(&join, "join", "", "join the cluster of the node at `host:port`")
	f.BoolVar(&cfg.Insecure, "insecure", false, "allow to listen beyond loopback, although there is no authentication yet")
	f.Var(&cfg.MinFree, "min-free", "keep so much of the disk free of entries, `size` such as 512MiB (default: an eighth of the disk, at most 1GiB)")
	f.Var(&cfg.Queries, "query-memory", "beyond this `size` of the heap, such as 2GiB, no query keeps more (default: half of the memory)")
	f.Float64Var(&cfg.Scrub, "scrub-rate", scrubDefault, "how many `MiB` a second of the node's own entries are read to find damage; 0 reads none")
	f.StringVar(&level, "log-level", "info", "debug, info, warn or error")
	return cmd
}

func newLogger(cmd *cobra.Command, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("--log-level: %w", err)
	}
	return slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: l})), nil
}

// drainTime is how long sessions may take to end when the node is told to stop.
const drainTime = 10 * time.Second

// runNode runs a node until ctx ends or its storage fails.
func runNode(ctx context.Context, cfg config, log *slog.Logger) error {
	n := newServer(cfg, log)
	if err := n.open(ctx); err != nil {
		return n.closeAfter(ctx, err)
	}
	log.Info("node serves", "node", n.self.Name, "sql", n.sqlAddr(), "peer", n.net.Addr(), "version", version())
	select {
	case <-ctx.Done():
	case <-n.alive.Done():
		return context.Cause(n.alive)
	}
	log.Info("node stops", "node", n.self.Name)
	return n.close()
}

// closeAfter ends a node that did not come up, because of err or because ctx has
// ended, which is no error.
func (s *server) closeAfter(ctx context.Context, err error) error {
	var fatal *fatalError
	if errors.As(err, &fatal) {
		return err
	}
	if ctx.Err() != nil {
		err = nil
	}
	return errors.Join(err, s.close())
}

// fatalError is a failure that the process does not outlive. Nothing is closed
// after it: a failed disk may hold up for ever whoever waits for it.
type fatalError struct{ err error }

func (e *fatalError) Error() string { return "fatal: " + e.err.Error() }
func (e *fatalError) Unwrap() error { return e.err }
