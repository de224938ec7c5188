package main

import (
	"os"
	"strings"
	"testing"
)

// TestListed fails where a difference is passed over whose reason the reader of docs/sql.md
// does not find.
func TestListed(t *testing.T) {
	page, err := os.ReadFile("../../docs/sql.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range loadListed() {
		if !strings.Contains(string(page), "| "+d.reason+" |") {
			t.Errorf("docs/sql.md has no row %q", d.reason)
		}
	}
}

// TestGenerator fails where a seed does not make the same statement again, so that a case
// cannot be looked at.
func TestGenerator(t *testing.T) {
	c := campaign{seed: 7}
	for n := range int64(200) {
		if a, b := c.statement(n).String(), c.statement(n).String(); a != b {
			t.Fatalf("case %d: %s\nand %s", n, a, b)
		}
	}
}

// TestNearly fails where differences other than in last digits are passed over.
func TestNearly(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{`"0.30000000000000004"`, `"0.30000000000000010"`, true},
		{`"1e+100"`, `"1.0000000000000002e+100"`, true},
		{`"0.3"`, `"0.31"`, false},
		{`"1", "a"`, `"1", "b"`, false},
		{`"1"`, `"1", "2"`, false},
	} {
		if got := nearly(c.a, c.b); got != c.want {
			t.Errorf("nearly(%s, %s) = %v", c.a, c.b, got)
		}
	}
}
