package sqltests

import (
	"fmt"
	"regexp"
)

// A Script is a parsed file. Lines keeps the text it came from, for messages and for rewriting.
type Script struct {
	Name    string
	Lines   []string
	Records []Record
}

// A Record is one step of a script with what guards it.
type Record struct {
	Line  int      // of the directive, from 1
	Only  []string // tags that must all hold
	Skip  []string // tags of which none may hold
	Async bool     // start, and leave the outcome to await
	Step  Step
}

// A Step is one of the types below.
type Step interface{ step() }

// Run is a statement or query: SQL to send and the outcome to expect.
type Run struct {
	SQL    string
	Args   []*string // parameters as text; nil sends none, by the simple protocol
	Expect Expectation
	// Want is where the expected outcome stands in Script.Lines, for -rewrite: from the line that
	// follows the SQL up to, but not including, To. From == To when there is none yet.
	WantFrom, WantTo int
}

// An Expectation is one of OK, Count, Failure, Rows.
type Expectation interface{ expectation() }

type (
	// OK accepts every success.
	OK struct{}
	// Count demands a command tag with N rows.
	Count struct{ N int64 }
	// Failure demands an error: by Pattern, or by its whole Text when Pattern is nil.
	Failure struct {
		Pattern *regexp.Regexp
		Text    string
	}
	// Rows demands a result set.
	Rows struct {
		Types string
		Sort  Sort
		Retry bool
		Label string
		Lines []string // as written after ----
	}
)

func (OK) expectation()      {}
func (Count) expectation()   {}
func (Failure) expectation() {}
func (Rows) expectation()    {}

// Sort says how rows are brought into an order before they are compared.
type Sort string

// The ways to sort.
const (
	NoSort    Sort = "nosort"
	RowSort   Sort = "rowsort"
	ValueSort Sort = "valuesort"
)

type (
	// Stream makes a fresh, claimed stream.
	Stream struct{ Name, Options string }
	// Connection selects a session. Node 0 leaves the choice to the runner.
	Connection struct {
		Name string
		Node int
	}
	// Reconnect closes a session and opens it again. Node 0 is where it was.
	Reconnect Connection
	// Notice awaits a notice on the current session.
	Notice struct{ Pattern *regexp.Regexp }
	// Await joins the async record of a session.
	Await struct{ Session string }
	// Cancel sends a cancel request for a session.
	Cancel struct{ Session string }
	// Let binds the one value of a query to a variable.
	Let struct{ Var, SQL string }
	// Loop repeats Body with Var from From to To-1.
	Loop struct {
		Var      string
		From, To int
		Body     []Record
	}
	// Nodes demands a cluster of N nodes that the runner controls.
	Nodes struct{ N int }
	// NodeAction acts on the process of a node.
	NodeAction struct {
		Node   int
		Action string
	}
	// HashThreshold sets the number of values above which results are compared by hash; 0 is never.
	HashThreshold struct{ N int }
	// Halt ends the script.
	Halt struct{}
)

func (Run) step()           {}
func (Stream) step()        {}
func (Connection) step()    {}
func (Reconnect) step()     {}
func (Notice) step()        {}
func (Await) step()         {}
func (Cancel) step()        {}
func (Let) step()           {}
func (Loop) step()          {}
func (Nodes) step()         {}
func (NodeAction) step()    {}
func (HashThreshold) step() {}
func (Halt) step()          {}

// Needs returns the number of nodes of its own that the script demands, 0 if none.
func (s *Script) Needs() int {
	for _, rec := range s.Records {
		if n, ok := rec.Step.(Nodes); ok {
			return n.N
		}
	}
	return 0
}

// guarded reports whether the record runs where tags hold.
func (r Record) guarded(tags map[string]bool) bool {
	for _, tag := range r.Only {
		if !tags[tag] {
			return false
		}
	}
	for _, tag := range r.Skip {
		if tags[tag] {
			return false
		}
	}
	return true
}

// Skips says why the script has nothing to say about target; "" when it has.
func (s *Script) Skips(target Target) string {
	if n := s.Needs(); n > 0 && (target.Act == nil || target.Nodes != n) {
		return fmt.Sprintf("needs %d nodes of its own", n)
	}
	tags := target.Tags()
	for _, rec := range s.Records {
		if !rec.guarded(tags) {
			continue
		}
		if _, halts := rec.Step.(Halt); halts {
			return "does not apply to this target"
		}
		return ""
	}
	return "does not apply to this target"
}
