package explore

import (
	"reflect"
	"strings"
	"testing"

	"walle/replication"
)

// TestSmall exhausts the small scopes. If it fails, the protocol breaks a promise
// in the way that is printed.
func TestSmall(t *testing.T) {
	for _, s := range Small() {
		t.Run(s.Name, func(t *testing.T) {
			r, err := Search(s, Options{Cores: 2})
			if err != nil {
				t.Fatal(err)
			}
			if r.Failure != nil {
				t.Fatalf("%v\n%s", r.Failure, strings.Join(r.Path, "\n"))
			}
			if !r.Exhausted {
				t.Fatalf("not exhausted: %s", r.Stopped)
			}
			t.Logf("%d worlds, depth %d", r.Worlds, r.Depth)
		})
	}
}

// TestCounters: if a Replica has got a counter that explore does not know of,
// nothing is merged that differs in one, and no scope is ever exhausted.
func TestCounters(t *testing.T) {
	if !countersKnown() {
		t.Errorf("the counters of a Replica are %v; say in counters.go what the new ones count", countersOf(reflect.TypeFor[replication.Replica](), ""))
	}
}
