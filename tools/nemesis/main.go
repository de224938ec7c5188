// Command nemesis runs a cluster of real processes, does to it what happens to
// processes, networks and disks, and checks what its clients were told.
//
//	go run ./tools/nemesis                          5 minutes, three nodes, all faults (as root)
//	go run ./tools/nemesis -nodes 5 -duration 30m
//	go run ./tools/nemesis -faults kill,pause -seed 7
//	go run ./tools/nemesis recovery                 measures how long recovery takes
//
// Every node has a network namespace and a file system in memory of its own;
// without root they are on loopback and in plain directories, and the faults that
// need more are left out.
//
// It ends with exit code 1 when something is wrong; then logs, data and history
// are kept. The seed decides which faults strike in which order, not when a
// process does what: the same seed is not the same run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "nemesis:", err)
		stop()
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 && args[0] == "recovery" {
		return recoveryCommand(ctx, args[1:], out)
	}
	flags := flag.NewFlagSet("nemesis", flag.ContinueOnError)
	cfg := config{out: out}
	names := flags.String("faults", "all", "`kinds` of faults: "+strings.Join(kindNames(faults()), ", "))
	keep := flags.Bool("keep", false, "keep logs and data when nothing is wrong, too")
	flags.IntVar(&cfg.cluster.nodes, "nodes", 3, "how many nodes: 3 or 5")
	flags.StringVar(&cfg.cluster.walle, "walle", "", "the walle `binary` (default: built from this module)")
	dir := flags.String("dir", "", "`directory` in which one is made for logs and data (default: that for temporary files)")
	flags.StringVar(&cfg.cluster.logLevel, "log-level", "info", "of the nodes")
	flags.BoolVar(&cfg.cluster.loopback, "loopback", false, "no namespaces, even as root")
	disk := flags.Int64("disk", 512, "size of a node's disk in `MiB` of memory; 0 takes plain directories, which cannot be filled")
	flags.DurationVar(&cfg.duration, "duration", 5*time.Minute, "of the faults")
	flags.Uint64Var(&cfg.seed, "seed", uint64(time.Now().UnixNano()), "of the schedule")
	flags.IntVar(&cfg.streams, "streams", 4, "how many streams")
	flags.DurationVar(&cfg.pace, "pace", 10*time.Millisecond, "mean pause of a program between two appends")
	flags.DurationVar(&cfg.report, "report", 5*time.Second, "time between two lines")
	if err := flags.Parse(args); err != nil {
		return err
	}
	cfg.cluster.disk = *disk << 20
	var err error
	if cfg.kinds, err = chooseFaults(*names); err != nil {
		return err
	}
	if n := cfg.cluster.nodes; n != 3 && n != 5 {
		return fmt.Errorf("-nodes %d: 3 or 5", n)
	}
	if cfg.cluster.dir, err = os.MkdirTemp(*dir, "nemesis"); err != nil {
		return err
	}
	if cfg.cluster.walle == "" {
		if cfg.cluster.walle, err = build(ctx, cfg.cluster.dir); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "seed %d, %d nodes, %v, in %s\n", cfg.seed, cfg.cluster.nodes, cfg.duration, cfg.cluster.dir)
	r := &run{cfg: cfg, stats: newStats(), began: time.Now()}
	if err := r.execute(ctx); err != nil {
		return err
	}
	if err := r.tell(); err != nil {
		return err
	}
	if *keep {
		return nil
	}
	return os.RemoveAll(cfg.cluster.dir)
}

// tell prints the summary, and returns an error if something is wrong.
func (r *run) tell() error {
	fmt.Fprintf(r.cfg.out, "\n%s\n\nlease %v, patience of clients %v\n%s\n", r.stats.line(), lease, patience, r.stats.table())
	found := r.violations()
	for _, v := range found[:min(len(found), 50)] {
		fmt.Fprintln(r.cfg.out, "VIOLATION", v)
	}
	fmt.Fprintf(r.cfg.out, "%d violations\n", len(found))
	if len(found) == 0 {
		return nil
	}
	err := fmt.Errorf("%d violations; logs, data and history are in %s; seed %d", len(found), r.cfg.cluster.dir, r.cfg.seed)
	return errors.Join(err, r.writeHistory())
}

func kindNames(kinds []fault) []string {
	var list []string
	for _, f := range kinds {
		list = append(list, f.name)
	}
	return list
}

// chooseFaults returns the kinds that a list names.
func chooseFaults(list string) ([]fault, error) {
	all := faults()
	switch list {
	case "all":
		return all, nil
	case "none":
		return nil, nil
	}
	var chosen []fault
	for _, name := range strings.Split(list, ",") {
		i := slices.IndexFunc(all, func(f fault) bool { return f.name == name })
		if i < 0 {
			return nil, fmt.Errorf("-faults: no such kind: %q", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// build compiles walle of the module that this is run in.
func build(ctx context.Context, dir string) (string, error) {
	bin := filepath.Join(dir, "walle")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", bin, "walle/cmd/walle").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return bin, nil
}
