// Command mutants breaks the protocol on purpose, one line at a time, and demands
// that each break is noticed: a checker that catches nothing is worth nothing.
//
//	go run ./tools/mutants               all of them; prints the table of docs/reliability.md
//	go run ./tools/mutants -quick        those that the first few seeds catch, in two minutes
//	go run ./tools/mutants -run lease    those whose name matches
package main

import (
	"errors"
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

// quickSeeds is how many seeds a quick hunt has for each mutant: some more than
// were needed when it was marked.
const quickSeeds = 60

func run(args []string) error {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	var o options
	match := flags.String("run", "", "only mutants whose name matches this `expression`")
	slow := flags.Bool("slow", false, "only those that a quick hunt leaves out")
	quick := flags.Bool("quick", false, "only those that the first few seeds catch")
	by := flags.String("by", "", "another `hunter` for all of the protocol: seeds or scripts")
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
		if !name.MatchString(m.name) || *quick && !m.quick || *slow && m.quick || *by != "" && m.hunter == stores {
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
	for _, m := range chosen {
		h := m.hunter
		if o.sane[h] != "" {
			continue
		}
		if o.sane[h], err = h.build(o.root, dir, ""); err != nil {
			return nil, err
		}
	}
	if o.sane[scripts] != "" && !o.content(scripts, 0) {
		return nil, errors.New("the scripts fail with the code as it is")
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
