package main

import (
	"flag"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

var hunt = flag.Bool("mutants", false, "build and hunt every mutant; takes long")

// TestTable: a mutant whose line is gone from the source tests nothing.
func TestTable(t *testing.T) {
	names := make(map[string]bool)
	for _, m := range mutants() {
		if names[m.name] {
			t.Errorf("two mutants are called %q", m.name)
		}
		names[m.name] = true
		if _, err := m.patch("../.."); err != nil {
			t.Error(err)
		}
	}
}

// TestMutants: every break of the protocol is noticed within a bounded range of
// seeds. Run it with: go test ./tools/mutants -run TestMutants -timeout 2h -args -mutants.
func TestMutants(t *testing.T) {
	if !*hunt {
		t.Skip("asked for with -args -mutants")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	verdicts, err := huntAll(mutants(), options{root: root, seeds: 20000, cores: runtime.NumCPU(), patience: 20 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range verdicts {
		if v.err != nil || !v.killed {
			t.Errorf("%s: %v", v.mutant.name, v)
		}
	}
}
