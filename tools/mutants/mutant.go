package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// mutant is a small change that breaks the protocol on purpose.
type mutant struct {
	name   string // what it breaks, in a few words
	dir    string // of the package; replication when empty
	file   string // in it
	old    string // occurs exactly once in file
	new    string
	rests  string // what rests on the line: an invariant of package replication, or a promise
	hunter hunter // who is to catch it
	quick  bool   // the first few seeds catch it: part of a quick hunt
}

// path is where the mutant's file is.
func (m *mutant) path(root string) string {
	return filepath.Join(root, cmp.Or(m.dir, "replication"), m.file)
}

// patch returns the file's text with the mutation.
func (m *mutant) patch(root string) ([]byte, error) {
	text, err := os.ReadFile(m.path(root))
	if err != nil {
		return nil, err
	}
	if n := bytes.Count(text, []byte(m.old)); n != 1 {
		return nil, fmt.Errorf("mutant %q: its line occurs %d times in %s", m.name, n, m.file)
	}
	return bytes.Replace(text, []byte(m.old), []byte(m.new), 1), nil
}

// overlay writes into dir what makes the compiler read the mutated file in place
// of the original: the tree is not touched.
func (m *mutant) overlay(root, dir string) (list string, err error) {
	text, err := m.patch(root)
	if err != nil {
		return "", err
	}
	source := filepath.Join(dir, "mutated.go")
	if err := os.WriteFile(source, text, 0o644); err != nil {
		return "", err
	}
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{m.path(root): source}})
	if err != nil {
		return "", err
	}
	list = filepath.Join(dir, "overlay.json")
	return list, os.WriteFile(list, replace, 0o644)
}

// build makes the hunter's program in dir. Without a list of files to replace
// it is one of the code as it is.
func (h hunter) build(root, dir, list string) (binary string, err error) {
	binary = filepath.Join(dir, h.String())
	args := []string{"build", "-o", binary, "./tools/mutants/" + h.String()}
	if h == scripts {
		args = []string{"test", "-c", "-o", binary, "./replication"}
	}
	if list != "" {
		args = append([]string{args[0], "-overlay", list}, args[1:]...)
	}
	build := exec.Command("go", args...)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go %v: %w\n%s", args, err, out)
	}
	return binary, nil
}
