// Command explore visits every state that the protocol can reach in small worlds
// (package replication/explore), and says which scopes it has exhausted.
//
//	go run ./tools/explore                    the default scopes: some minutes
//	go run ./tools/explore -scope small       seconds
//	go run ./tools/explore -scope deep        as long and as much as -memory allows
//	go run ./tools/explore -scope "^duel$"    those whose name matches
//
// It ends with exit code 1 when the protocol breaks a promise, and tells the
// shortest way there. The line before the way is
//
//	broken: <scope>: <check>: <detail>
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"

	"walle/replication/explore"
)

func main() {
	broken, err := run(os.Args[1:], os.Stdout)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "explore:", err)
		os.Exit(2)
	case broken:
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) (broken bool, err error) {
	flags := flag.NewFlagSet("explore", flag.ContinueOnError)
	scope := flags.String("scope", "default", "small, default, deep, all, or an `expression` that names match")
	memory := flags.Int("memory", 4096, "`MiB` that the states of one scope may take")
	states := flags.Int("states", 0, "how many of one scope to visit at most; 0 for all")
	cores := flags.Int("cores", 2, "how many states are followed at one time")
	quiet := flags.Bool("q", false, "no progress")
	list := flags.Bool("list", false, "only name the scopes")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	scopes, err := choose(*scope)
	if err != nil {
		return false, err
	}
	for _, s := range scopes {
		fmt.Fprintln(out, s)
		if *list {
			continue
		}
		r, err := search(s, explore.Options{Cores: *cores, Memory: *memory << 20, Worlds: *states}, *quiet, out)
		if err != nil || r.Failure != nil {
			return r != nil, err
		}
	}
	return false, nil
}

func choose(name string) ([]explore.Scope, error) {
	all := append(append(explore.Small(), explore.Default()...), explore.Deep()...)
	switch name {
	case "small":
		return explore.Small(), nil
	case "default":
		return explore.Default(), nil
	case "deep":
		return explore.Deep(), nil
	case "all":
		return all, nil
	}
	match, err := regexp.Compile(name)
	if err != nil {
		return nil, err
	}
	var chosen []explore.Scope
	for _, s := range all {
		if match.MatchString(s.Name) {
			chosen = append(chosen, s)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no scope is called %s", name)
	}
	return chosen, nil
}

// search exhausts one scope, as far as it can.
func search(s explore.Scope, o explore.Options, quiet bool, out io.Writer) (*explore.Result, error) {
	began := time.Now()
	if !quiet {
		o.Progress = progress(began, out)
	}
	r, err := explore.Search(s, o)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "  %s\n  nodes were in %d states (%d with a gap, %d trimmed), claims in %d (%d served); %d messages, %d steps of machines\n",
		standing(r.Progress, time.Since(began)), r.Parts.Nodes, r.Parts.Gaps, r.Parts.Trimmed, r.Parts.Claims, r.Parts.Serving, r.Parts.Messages, r.Parts.Effects)
	switch {
	case r.Failure != nil:
		fmt.Fprintf(out, "broken: %s: %v\n", s.Name, r.Failure)
		for _, line := range r.Path {
			fmt.Fprintln(out, line)
		}
	case r.Exhausted:
		fmt.Fprintln(out, "  exhausted: no other state can be reached")
	default:
		fmt.Fprintf(out, "  NOT exhausted: %s\n", r.Stopped)
	}
	return r, nil
}

func standing(p explore.Progress, took time.Duration) string {
	return fmt.Sprintf("%d states, up to %d actions deep, %v, %.0f states/s", p.Worlds, p.Depth, took.Round(time.Second/10), float64(p.Worlds)/took.Seconds())
}

// progress tells now and then how far a search is.
func progress(began time.Time, out io.Writer) func(explore.Progress) bool {
	const every = 5 * time.Second
	var lock = make(chan time.Time, 1)
	lock <- began
	return func(p explore.Progress) bool {
		last := <-lock
		if time.Since(last) >= every {
			fmt.Fprintf(out, "  … %s, %d at this depth\n", standing(p, time.Since(began)), p.Ahead)
			last = time.Now()
		}
		lock <- last
		return true
	}
}
