package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"

	"walle/sqltests"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("oracle", flag.ContinueOnError)
	c := campaign{listed: loadListed()}
	flags.IntVar(&c.count, "n", 10000, "how many statements to run")
	flags.Uint64Var(&c.seed, "seed", 1, "seed of the campaign")
	flags.IntVar(&c.only, "only", -1, "run the `case` of this number alone, and print it")
	flags.IntVar(&c.workers, "workers", runtime.NumCPU(), "how many statements run at one time")
	flags.BoolVar(&c.messages, "messages", false, "compare the texts of errors too")
	refused := flags.Bool("refused", false, "list what is refused with 0A000")
	dsn := flags.String("dsn", "", "ask this `server` instead of starting one")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if *dsn == "" {
		o, err := sqltests.StartOracle(ctx)
		if err != nil {
			return err
		}
		defer o.Close()
		*dsn = o.DSN()
	}
	c.dsn = *dsn
	found, err := c.run(ctx)
	if err != nil {
		return err
	}
	found.print(os.Stdout, *refused)
	if n := found.unlisted(); n > 0 {
		return fmt.Errorf("%d kinds of unlisted differences", n)
	}
	return nil
}
