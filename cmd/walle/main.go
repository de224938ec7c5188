// Command walle runs a node of WALLE, or a whole cluster to try it out.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/spf13/cobra"

	"walle/cmd/walle/bench"
)

// Exit codes.
const (
	exitOK      = 0
	exitRefused = 1 // it did not start, or what was asked for makes no sense
	exitFatal   = 3 // the storage failed: what was acknowledged is safe on the other replicas
)

// heapFloor is how much garbage there may be before it is worth collecting. A
// node's heap is small beside what passes through it (memtables lie elsewhere),
// so that collections that start when the heap has doubled would take an eighth
// of its time. A greater GOGC would do, too, but would multiply a heap that has
// grown because a disk is slow; this adds to it.
const heapFloor = 64 << 20

func main() {
	floor := make([]byte, heapFloor) // is never touched, and so takes no memory
	code := run(os.Args[1:], os.Stdout, os.Stderr)
	runtime.KeepAlive(floor)
	os.Exit(code)
}

// run executes a command line and returns the exit code. A first SIGINT or
// SIGTERM ends the command in order, a second one at once.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	root := rootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var fatal *fatalError
	var verified *verifyError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &verified):
		fmt.Fprintf(stderr, "walle: %v\n", err)
		return verified.code
	case errors.As(err, &fatal):
		fmt.Fprintf(stderr, "walle: %v\nwalle: stopped: nothing has been acknowledged since, and nothing that was acknowledged is lost\n", err)
		return exitFatal
	}
	fmt.Fprintf(stderr, "walle: %v\n", err)
	return exitRefused
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "walle",
		Short: "A replicated write-ahead log with leader election, spoken to in PostgreSQL's protocol",
		Long: `WALLE keeps streams of entries on several nodes. An application claims a
stream, appends to it, and reads it back, with any PostgreSQL client. Every
append that is acknowledged is on disk at a majority of the stream's replicas.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version(),
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("walle {{.Version}}\n")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(demoCommand(), startCommand(), bench.Command(version()), verifyCommand(), versionCommand())
	return root
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "walle %s\n", version())
			return err
		},
	}
}
