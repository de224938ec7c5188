// Command mutants breaks the protocol on purpose, one line at a time, and demands
// that the simulator notices each: a checker that catches nothing is worth
// nothing.
//
//	go run ./tools/mutants               all of them; prints the table of docs/reliability.md
//	go run ./tools/mutants -run lease    those whose name matches
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	var o options
	match := flags.String("run", "", "only mutants whose name matches this `expression`")
	flags.StringVar(&o.root, "root", ".", "`directory` of the module")
	flags.IntVar(&o.seeds, "seeds", 5000, "how many seeds each mutant may survive")
	flags.IntVar(&o.cores, "cores", 2, "how many mutants are tried at one time")
	flags.DurationVar(&o.patience, "patience", 10*time.Minute, "for one mutant")
	flags.StringVar(&o.without, "without", "", "kinds of faults to switch off")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var err error
	if o.root, err = filepath.Abs(o.root); err != nil {
		return err
	}
	name, err := regexp.Compile(*match)
	if err != nil {
		return err
	}
	var chosen []mutant
	for _, m := range mutants {
		if name.MatchString(m.name) {
			chosen = append(chosen, m)
		}
	}
	verdicts, err := huntAll(chosen, o)
	if err != nil {
		return err
	}
	return report(verdicts)
}

// huntAll tries all, some at one time, and keeps their order.
func huntAll(chosen []mutant, o options) ([]verdict, error) {
	dir, err := os.MkdirTemp("", "sane")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	o.sane = filepath.Join(dir, "simulate")
	build := exec.Command("go", "build", "-o", o.sane, "./tools/simulate")
	build.Dir = o.root
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the simulator: %w\n%s", err, out)
	}
	verdicts := make([]verdict, len(chosen))
	tokens := make(chan struct{}, o.cores)
	var all sync.WaitGroup
	for i := range chosen {
		all.Go(func() {
			tokens <- struct{}{}
			defer func() { <-tokens }()
			verdicts[i] = chosen[i].hunt(o)
			fmt.Fprintf(os.Stderr, "%3d of %d: %s: %s\n", i+1, len(chosen), chosen[i].name, verdicts[i])
		})
	}
	all.Wait()
	return verdicts, nil
}

func (v verdict) String() string {
	switch {
	case v.err != nil:
		return v.err.Error()
	case v.killed:
		return fmt.Sprintf("killed by %q at seed %d, %v", v.checker, v.seeds, v.took.Round(time.Second/10))
	}
	return fmt.Sprintf("SURVIVED %d seeds", v.seeds)
}

// report prints the table, and fails if a mutant lives.
func report(verdicts []verdict) error {
	fmt.Println("| break | where | rests on it | caught by | seeds |")
	fmt.Println("|---|---|---|---|---|")
	alive := 0
	for _, v := range verdicts {
		m := v.mutant
		by, seeds := v.checker, fmt.Sprint(v.seeds)
		if !v.killed {
			by, alive = "nothing", alive+1
		}
		if v.err != nil {
			seeds = "-"
		}
		fmt.Printf("| %s | %s | %s | %s | %s |\n", m.name, m.file, m.rests, by, seeds)
	}
	if alive > 0 {
		return fmt.Errorf("%d of %d mutants live", alive, len(verdicts))
	}
	return nil
}
