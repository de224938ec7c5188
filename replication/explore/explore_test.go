package explore

import (
	"strings"
	"testing"
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
