package sqltests

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A Target is a system to run scripts against.
type Target struct {
	System   string // walle or postgresql
	Protocol Protocol
	Nodes    int
	// Open connects to a node, numbered from 1.
	Open func(ctx context.Context, node int) (Session, error)
	// Act kills, starts, stops, pauses or resumes a node; nil when the nodes are not ours to touch.
	Act func(ctx context.Context, node int, action string) error
}

// Tags are what skipif and onlyif see.
func (t Target) Tags() map[string]bool {
	return map[string]bool{
		t.System: true, string(t.Protocol): true, "one": t.Nodes == 1, "three": t.Nodes == 3,
	}
}

// A Problem is a record whose outcome was not the expected one.
type Problem struct {
	File, SQL, Complaint string
	Line                 int
}

func (p Problem) String() string {
	s := fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Complaint)
	if p.SQL != "" {
		s += "\n  SQL:\n" + indent(p.SQL)
	}
	return s
}

// Limits of a run. A record that reaches one of them is a problem of its script.
const (
	recordTimeout = 60 * time.Second // one answer
	retryTimeout  = 20 * time.Second // a query with retry, a notice
	retryPause    = 20 * time.Millisecond
)

// A runner runs one script. It is used by one goroutine; only async records have their own.
type runner struct {
	target   Target
	script   *Script
	tags     map[string]bool
	sessions map[string]*session
	current  string
	vars     map[string]string
	labels   map[string]string
	hashOver int
	problems []Problem
	edits    []edit
	inLoop   bool
}

// A session is a Session with what the script has asked of it.
type session struct {
	Session
	node    int
	pending *pending // the async record that it is busy with
}

type pending struct {
	rec  Record
	run  Run
	done chan outcome // of capacity 1
}

type outcome struct {
	res Result
	err error
}

const defaultSession = "default"

// RunScript runs a script against target and returns where outcomes were not the expected ones,
// and the script as it would be if its expectations were the actual outcomes.
func RunScript(ctx context.Context, target Target, script *Script) ([]Problem, string) {
	r := &runner{
		target: target, script: script, tags: target.Tags(), current: defaultSession,
		sessions: map[string]*session{}, vars: map[string]string{}, labels: map[string]string{},
	}
	r.records(ctx, script.Records)
	r.closeAll(ctx)
	return r.problems, rewrite(script.Lines, r.edits)
}

// errHalt ends a script early and is no problem.
var errHalt = errors.New("halt")

// records runs recs and reports whether the script goes on after them.
func (r *runner) records(ctx context.Context, recs []Record) bool {
	for _, rec := range recs {
		if !rec.guarded(r.tags) {
			continue
		}
		err := r.record(ctx, rec)
		if errors.Is(err, errHalt) {
			return false
		}
		if err != nil {
			// What comes after a record that could not even be run would only confuse.
			r.problem(rec.Line, "", err.Error())
			return false
		}
	}
	return true
}

func (r *runner) problem(line int, sql, complaint string) {
	r.problems = append(r.problems, Problem{File: r.script.Name, Line: line, SQL: sql, Complaint: complaint})
}

// record runs one record. Errors are those after which the script cannot go on.
func (r *runner) record(ctx context.Context, rec Record) error {
	switch step := rec.Step.(type) {
	case Run:
		return r.run(ctx, rec, r.expand(step))
	case Loop:
		return r.loop(ctx, step)
	case Let:
		return r.let(ctx, rec, step)
	case Halt:
		return errHalt
	case HashThreshold:
		r.hashOver = step.N
	case Connection:
		r.current = step.Name
		_, err := r.session(ctx, step.Name, step.Node)
		return err
	case Reconnect:
		return r.reconnect(ctx, step)
	case Stream:
		return r.stream(ctx, step)
	case Notice:
		return r.notice(ctx, step)
	case Await:
		return r.await(ctx, step.Session)
	case Cancel:
		return r.cancel(ctx, step.Session)
	case Nodes:
		if r.target.Act == nil || r.target.Nodes != step.N {
			return errHalt
		}
	case NodeAction:
		if r.target.Act == nil {
			return fmt.Errorf("the nodes of this target are not ours to %s", step.Action)
		}
		return r.target.Act(ctx, step.Node, step.Action)
	default:
		return fmt.Errorf("no way to run a %T", step)
	}
	return nil
}

func (r *runner) run(ctx context.Context, rec Record, run Run) error {
	s, err := r.session(ctx, r.current, 0)
	if err != nil {
		return err
	}
	if s.pending != nil {
		return fmt.Errorf("session %s is busy with the async record of line %d", r.current, s.pending.rec.Line)
	}
	if rec.Async {
		s.pending = &pending{rec: rec, run: run, done: make(chan outcome, 1)}
		go func(p *pending) { p.done <- ask(ctx, s, run) }(s.pending)
		return nil
	}
	out := ask(ctx, s, run)
	if rows, ok := run.Expect.(Rows); ok && rows.Retry {
		out = r.retry(ctx, s, run, out)
	}
	return r.check(rec, run, out)
}

func ask(ctx context.Context, s Session, run Run) outcome {
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	res, err := s.Exec(ctx, run.SQL, run.Args)
	return outcome{res, err}
}

// retry runs a query again until its outcome agrees or the time is over.
func (r *runner) retry(ctx context.Context, s Session, run Run, out outcome) outcome {
	ctx, cancel := context.WithTimeout(ctx, retryTimeout)
	defer cancel()
	pause := time.NewTicker(retryPause)
	defer pause.Stop()
	for out.err == nil {
		if complaint, _ := judge(run.Expect, out.res, r.hashOver); complaint == "" {
			return out
		}
		select {
		case <-ctx.Done():
			return out
		case <-pause.C:
		}
		again := ask(ctx, s, run)
		if ctx.Err() != nil {
			return out
		}
		out = again
	}
	return out
}

// check compares an outcome with what the record expects.
func (r *runner) check(rec Record, run Run, out outcome) error {
	if out.err != nil {
		r.problem(rec.Line, run.SQL, out.err.Error())
		return errHalt // the session is of no more use
	}
	complaint, actual := judge(run.Expect, out.res, r.hashOver)
	if complaint != "" {
		r.problem(rec.Line, run.SQL, complaint)
		if !r.inLoop {
			r.edits = append(r.edits, editOf(rec.Line, run, out.res, actual)...)
		}
		return nil
	}
	rows, ok := run.Expect.(Rows)
	if !ok || rows.Label == "" {
		return nil
	}
	got := strings.Join(actual, "\n")
	if before, known := r.labels[rows.Label]; known && before != got {
		r.problem(rec.Line, run.SQL, "differs from the earlier result labelled "+rows.Label)
	}
	r.labels[rows.Label] = got
	return nil
}

func (r *runner) loop(ctx context.Context, l Loop) error {
	nested := r.inLoop
	r.inLoop = true
	defer func() { r.inLoop = nested; delete(r.vars, l.Var) }()
	for i := l.From; i < l.To; i++ {
		r.vars[l.Var] = strconv.Itoa(i)
		if !r.records(ctx, l.Body) {
			return errHalt
		}
	}
	return nil
}

func (r *runner) let(ctx context.Context, rec Record, l Let) error {
	s, err := r.session(ctx, r.current, 0)
	if err != nil {
		return err
	}
	out := ask(ctx, s, r.expand(Run{SQL: l.SQL, Expect: OK{}}))
	if out.err != nil {
		return fmt.Errorf("let %s: %w", l.Var, out.err)
	}
	if out.res.Failed {
		return fmt.Errorf("let %s: %s", l.Var, out.res.Error)
	}
	if len(out.res.Rows) != 1 || out.res.Columns != 1 || out.res.Rows[0][0] == nil {
		return fmt.Errorf("let %s: the query of line %d does not yield one value", l.Var, rec.Line)
	}
	r.vars[l.Var] = *out.res.Rows[0][0]
	return nil
}

// expand replaces ${VAR} in all that a record says.
func (r *runner) expand(run Run) Run {
	run.SQL = r.subst(run.SQL)
	switch e := run.Expect.(type) {
	case Rows:
		lines := make([]string, len(e.Lines))
		for i, line := range e.Lines {
			lines[i] = r.subst(line)
		}
		e.Lines = lines
		run.Expect = e
	case Failure:
		e.Text = r.subst(e.Text)
		if e.Pattern != nil {
			e.Pattern = r.substPattern(e.Pattern)
		}
		run.Expect = e
	}
	return run
}

func (r *runner) subst(s string) string {
	if !strings.Contains(s, "${") {
		return s
	}
	for name, value := range r.vars {
		s = strings.ReplaceAll(s, "${"+name+"}", value)
	}
	return s
}

// substPattern puts values, not patterns, in the place of variables.
func (r *runner) substPattern(re *regexp.Regexp) *regexp.Regexp {
	text := re.String()
	for name, value := range r.vars {
		text = strings.ReplaceAll(text, "${"+name+"}", regexp.QuoteMeta(value))
	}
	if text == re.String() {
		return re
	}
	return regexp.MustCompile(text) // a pattern stays one when literal text is put in
}

// session returns the session of that name, opened on node, or, where node is 0, on the next in turn.
func (r *runner) session(ctx context.Context, name string, node int) (*session, error) {
	if s, ok := r.sessions[name]; ok {
		return s, nil
	}
	if name != defaultSession && node == 0 {
		// The default session is there first, so that the others begin with the second node.
		if _, err := r.session(ctx, defaultSession, 1); err != nil {
			return nil, err
		}
		node = len(r.sessions) + 1
	}
	node = (max(node, 1)-1)%r.target.Nodes + 1
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	opened, err := r.target.Open(ctx, node)
	if err != nil {
		return nil, fmt.Errorf("session %s on node %d: %w", name, node, err)
	}
	s := &session{Session: opened, node: node}
	r.sessions[name] = s
	return s, nil
}

func (r *runner) reconnect(ctx context.Context, c Reconnect) error {
	if old, ok := r.sessions[c.Name]; ok {
		if c.Node == 0 {
			c.Node = old.node
		}
		closeSession(ctx, old)
		delete(r.sessions, c.Name)
	}
	r.current = c.Name
	_, err := r.session(ctx, c.Name, c.Node)
	return err
}

// closeSession ends a session. That its connection may be broken already is no fault of the script.
func closeSession(ctx context.Context, s *session) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = s.Close(ctx)
}

func (r *runner) notice(ctx context.Context, n Notice) error {
	s, err := r.session(ctx, r.current, 0)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, retryTimeout)
	defer cancel()
	return s.AwaitNotice(ctx, r.substPattern(n.Pattern))
}

func (r *runner) await(ctx context.Context, name string) error {
	s, ok := r.sessions[name]
	if !ok || s.pending == nil {
		return fmt.Errorf("session %s has no async record", name)
	}
	p := s.pending
	s.pending = nil
	return r.check(p.rec, p.run, <-p.done)
}

// cancel asks until the record ends: a request that comes before the server has begun with the
// statement goes unheard.
func (r *runner) cancel(ctx context.Context, name string) error {
	s, ok := r.sessions[name]
	if !ok || s.pending == nil {
		return fmt.Errorf("session %s has no async record", name)
	}
	again := time.NewTicker(retryPause)
	defer again.Stop()
	for {
		if err := s.Cancel(ctx); err != nil {
			return fmt.Errorf("cancel session %s: %w", name, err)
		}
		select {
		case out := <-s.pending.done:
			s.pending.done <- out // for await
			return nil
		case <-again.C:
		}
	}
}

// closeAll ends the sessions, and those async records that nobody awaited.
func (r *runner) closeAll(ctx context.Context) {
	for name, s := range r.sessions {
		if s.pending != nil {
			r.problem(s.pending.rec.Line, s.pending.run.SQL, "async, but never awaited")
			if err := r.cancel(ctx, name); err != nil {
				r.problem(s.pending.rec.Line, "", err.Error())
			}
		}
		closeSession(ctx, s)
	}
}
