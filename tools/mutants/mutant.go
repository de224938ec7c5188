package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// mutant is a small change that breaks the protocol on purpose.
type mutant struct {
	name  string // what it breaks, in a few words
	file  string // below replication/
	old   string // occurs exactly once in file
	new   string
	rests string // what rests on the line: an invariant of package replication, or a promise
}

// verdict is what became of a mutant.
type verdict struct {
	mutant  mutant
	killed  bool
	checker string        // what noticed it
	seeds   int           // how many were run, the last of which noticed
	took    time.Duration // of the seeds
	err     error         // it could not be tried
}

// patch returns the file's text with the mutation.
func (m *mutant) patch(root string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, "replication", m.file))
	if err != nil {
		return nil, err
	}
	if n := bytes.Count(text, []byte(m.old)); n != 1 {
		return nil, fmt.Errorf("mutant %q: its line occurs %d times in %s", m.name, n, m.file)
	}
	return bytes.Replace(text, []byte(m.old), []byte(m.new), 1), nil
}

// build makes a simulator out of the mutated source: the tree is not touched,
// the compiler is told to read another file in its place.
func (m *mutant) build(root, dir string) (binary string, err error) {
	text, err := m.patch(root)
	if err != nil {
		return "", err
	}
	source := filepath.Join(dir, "mutated.go")
	if err := os.WriteFile(source, text, 0o644); err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, "replication", m.file): source}})
	if err != nil {
		return "", err
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o644); err != nil {
		return "", err
	}
	binary = filepath.Join(dir, "simulate")
	build := exec.Command("go", "build", "-overlay", list, "-o", binary, "./tools/simulate")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("mutant %q: %w\n%s", m.name, err, out)
	}
	return binary, nil
}

// failure is what the simulator prints of a failed run.
var failure = regexp.MustCompile(`(?m)^seed (\d+): .*\nstep \d+: ([^:]+): `)

// options say how to hunt.
type options struct {
	root     string // directory of the module
	seeds    int    // how many a mutant may survive
	cores    int    // how many mutants are hunted at one time
	patience time.Duration
	without  string // kinds of faults that are switched off
	sane     string // the simulator of the code as it is
}

// simulate is the command that runs seeds first..last with a simulator.
func (o *options) simulate(binary string, first, last int) *exec.Cmd {
	return exec.Command(binary, "-seeds", fmt.Sprintf("%d..%d", first, last), "-without", o.without,
		"-q", "-cores", "1", "-shrink=false", "-last", "0")
}

// hunt runs seeds from 1 on against the mutant, until one notices it.
func (m *mutant) hunt(o options) verdict {
	v := verdict{mutant: *m}
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		v.err = err
		return v
	}
	defer os.RemoveAll(dir)
	binary, err := m.build(o.root, dir)
	if err != nil {
		v.err = err
		return v
	}
	began := time.Now()
	run := o.simulate(binary, 1, o.seeds)
	var out bytes.Buffer
	run.Stdout = &out
	if err := run.Start(); err != nil {
		v.err = err
		return v
	}
	watchdog := time.AfterFunc(o.patience, func() { run.Process.Kill() })
	err = run.Wait()
	hung := !watchdog.Stop()
	v.took = time.Since(began)
	found := failure.FindSubmatch(out.Bytes())
	switch {
	case found != nil:
		v.killed, v.checker = true, string(found[2])
		v.seeds, v.err = strconv.Atoi(string(found[1]))
		if v.err == nil && o.simulate(o.sane, v.seeds, v.seeds).Run() != nil {
			v.killed, v.err = false, fmt.Errorf("mutant %q: the code as it is fails at seed %d too", m.name, v.seeds)
		}
	case hung:
		v.err = fmt.Errorf("mutant %q: %d seeds took longer than %v", m.name, o.seeds, o.patience)
	case err != nil:
		v.err = fmt.Errorf("mutant %q: %w\n%s", m.name, err, out.Bytes())
	default:
		v.seeds = o.seeds
	}
	return v
}
