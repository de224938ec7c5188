package replication

import "fmt"

// A Violation is a broken invariant: a bug of ours, or a disk that lies. The
// machine panics with it, and the node stops rather than spread it.
type Violation struct {
	Invariant string // "I5"
	Detail    string
}

func (v Violation) Error() string { return "invariant " + v.Invariant + " broken: " + v.Detail }

// must panics with a Violation unless ok. Where it is asked for every entry or
// message, use violated behind an if: args are made even when ok.
func must(ok bool, invariant, format string, args ...any) {
	if !ok {
		violated(invariant, format, args...)
	}
}

// violated panics with a Violation.
func violated(invariant, format string, args ...any) {
	panic(Violation{Invariant: invariant, Detail: fmt.Sprintf(format, args...)})
}
