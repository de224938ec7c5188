// Command mutants breaks the protocol on purpose, one line at a time, and demands
// that each break is noticed: a checker that catches nothing is worth nothing.
//
//	go run ./tools/mutants               all of them; prints the table of docs/reliability.md
//	go run ./tools/mutants -quick        those that few seeds, or a script, catch
//	go run ./tools/mutants -run lease    those whose name matches
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// quickSeeds is how many seeds a quick hunt has for each mutant.
const quickSeeds = 150

func run(args []string) error {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	var o options
	match := flags.String("run", "", "only mutants whose name matches this `expression`")
	slow := flags.Bool("slow", false, "only those that a quick hunt leaves out")
	quick := flags.Bool("quick", false, fmt.Sprintf("only those that %d seeds or the scripts catch", quickSeeds))
	by := flags.String("by", "", "another `hunter` for all: seeds or scripts")
	flags.StringVar(&o.root, "root", ".", "`directory` of the module")
	flags.IntVar(&o.seeds, "seeds", 20000, "how many seeds each mutant may survive")
	flags.IntVar(&o.cores, "cores", runtime.NumCPU(), "how many mutants are hunted at one time")
	flags.DurationVar(&o.patience, "patience", 20*time.Minute, "for one mutant")
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
	if *quick {
		o.seeds = quickSeeds
	}
	var chosen []mutant
	for _, m := range mutants() {
		if !name.MatchString(m.name) || *quick && m.slow || *slow && !m.slow {
			continue
		}
		switch *by {
		case "":
		case seeds.String():
			m.hunter = seeds
		case scripts.String():
			m.hunter = scripts
		default:
			return fmt.Errorf("no hunter is called %q", *by)
		}
		chosen = append(chosen, m)
	}
	verdicts, err := huntAll(chosen, o)
	if err != nil {
		return err
	}
	return report(verdicts)
}

// huntAll hunts all, some at one time, and keeps their order.
func huntAll(chosen []mutant, o options) ([]verdict, error) {
	dir, err := os.MkdirTemp("", "sane")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	o.sane = make(map[hunter]string)
	for _, h := range []hunter{seeds, scripts} {
		if o.sane[h], err = h.build(o.root, dir, ""); err != nil {
			return nil, err
		}
	}
	if out, err := o.run(scripts, o.sane[scripts], 0, 0); err != nil || len(out) > 0 {
		return nil, fmt.Errorf("the scripts fail with the code as it is: %w\n%s", err, out)
	}
	verdicts := make([]verdict, len(chosen))
	tokens := make(chan struct{}, o.cores)
	var all sync.WaitGroup
	for i := range chosen {
		tokens <- struct{}{}
		all.Go(func() {
			defer func() { <-tokens }()
			verdicts[i] = chosen[i].hunt(o)
			fmt.Fprintf(os.Stderr, "%3d of %d: %s: %s\n", i+1, len(chosen), chosen[i].name, verdicts[i])
		})
	}
	all.Wait()
	return verdicts, nil
}

// report prints the table, and fails if a mutant lives.
func report(verdicts []verdict) error {
	fmt.Println("| break | where | rests on it | caught by | at seed |")
	fmt.Println("|---|---|---|---|---|")
	alive := 0
	for _, v := range verdicts {
		by, seed := v.by, ""
		if v.seed > 0 {
			seed = fmt.Sprint(v.seed)
		}
		if !v.killed {
			by, alive = "nothing", alive+1
		}
		fmt.Printf("| %s | %s | %s | %s | %s |\n", v.mutant.name, v.mutant.file, v.mutant.rests, by, seed)
	}
	if alive > 0 {
		return fmt.Errorf("%d of %d mutants live", alive, len(verdicts))
	}
	return nil
}
