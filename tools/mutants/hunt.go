package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// hunter is what looks for a mutant.
type hunter int

const (
	seeds   hunter = iota // of the simulator, from 1 on
	scripts               // the tests of package replication: conversations and walks
	stores                // seeds of the simulator with real stores
)

func (h hunter) String() string { return [...]string{"seeds", "scripts", "stores"}[h] }

// options say how to hunt.
type options struct {
	root     string            // directory of the module
	seeds    int               // how many a mutant may survive
	cores    int               // how many mutants are hunted at one time
	patience time.Duration     // for one mutant
	sane     map[hunter]string // the hunters' programs, of the code as it is
}

// verdict is what became of a mutant.
type verdict struct {
	mutant mutant
	killed bool
	by     string        // the checker or test that noticed it
	seed   int           // at which; 0 for scripts
	took   time.Duration // to hunt
	err    error         // it could not be tried
}

// hunt builds the mutant and lets its hunter loose. What catches it must be
// content with the code as it is.
func (m *mutant) hunt(o options) verdict {
	v := verdict{mutant: *m}
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		v.err = err
		return v
	}
	defer os.RemoveAll(dir)
	list, err := m.overlay(o.root, dir)
	if err != nil {
		v.err = err
		return v
	}
	binary, err := m.hunter.build(o.root, dir, list)
	if err != nil {
		v.err = err
		return v
	}
	began := time.Now()
	for first := 1; first <= o.seeds; first = v.seed + 1 {
		out, err := o.run(m.hunter, binary, first, o.seeds)
		if v.read(out); err != nil {
			v.err = err
		}
		if v.err != nil || !v.killed || m.hunter == scripts || o.content(m.hunter, v.seed) {
			break
		}
		v.killed = false // what the code as it is fails at as well
	}
	v.took = time.Since(began)
	return v
}

// content reports whether a seed passes with the code as it is.
func (o *options) content(h hunter, seed int) bool {
	out, err := o.run(h, o.sane[h], seed, seed)
	return err == nil && len(out) == 0
}

// run runs a hunter's program and returns what it found; nothing if it is
// content.
func (o *options) run(h hunter, binary string, first, last int) ([]byte, error) {
	run := exec.Command(binary, "-first", strconv.Itoa(first), "-last", strconv.Itoa(last))
	if h == scripts {
		run = exec.Command(binary, "-test.failfast")
		run.Dir = filepath.Join(o.root, "replication") // where its testdata is
	}
	var out bytes.Buffer
	run.Stdout, run.Stderr = &out, &out
	if err := run.Start(); err != nil {
		return nil, err
	}
	watchdog := time.AfterFunc(o.patience, func() { run.Process.Kill() })
	err := run.Wait()
	switch {
	case !watchdog.Stop():
		return nil, fmt.Errorf("took longer than %v", o.patience)
	case err == nil:
		return nil, nil
	}
	return out.Bytes(), nil
}

var (
	failedSeed = regexp.MustCompile(`(?m)^seed (\d+): (.+)$`)
	failedTest = regexp.MustCompile(`(?m)^ *--- FAIL: (\S+)`)
)

// read takes from a hunter's output what caught the mutant.
func (v *verdict) read(out []byte) {
	if len(out) == 0 {
		return
	}
	if v.mutant.hunter != scripts {
		found := failedSeed.FindSubmatch(out)
		if found == nil {
			v.err = errors.New(string(out))
			return
		}
		v.killed, v.by = true, string(found[2])
		v.seed, v.err = strconv.Atoi(string(found[1]))
		return
	}
	found := failedTest.FindAllSubmatch(out, -1)
	if found == nil {
		v.err = errors.New(string(out))
		return
	}
	v.killed, v.by = true, string(found[len(found)-1][1]) // of nested tests the innermost
}

func (v verdict) String() string {
	switch {
	case v.err != nil:
		return fmt.Sprintf("could not be hunted: %v", v.err)
	case v.killed && v.seed > 0:
		return fmt.Sprintf("caught by %q at seed %d, %v", v.by, v.seed, v.took.Round(time.Second/10))
	case v.killed:
		return fmt.Sprintf("caught by %s, %v", v.by, v.took.Round(time.Second/10))
	}
	return fmt.Sprintf("SURVIVED the %v", v.mutant.hunter)
}
