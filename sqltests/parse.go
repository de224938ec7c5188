package sqltests

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// tags are the words that skipif and onlyif know: a misspelt one must not silently skip a test.
var tags = []string{"walle", "postgresql", "simple", "extended", "one", "three"}

// Parse reads a script. name is only for messages.
func Parse(name, text string) (*Script, error) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	p := &parser{name: name, lines: strings.Split(strings.TrimSuffix(text, "\n"), "\n")}
	recs, err := p.records(false)
	if err != nil {
		return nil, err
	}
	return &Script{Name: name, Lines: p.lines, Records: recs}, nil
}

type parser struct {
	name  string
	lines []string
	next  int // index of the line to read
}

func (p *parser) errorf(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", p.name, line, fmt.Sprintf(format, args...))
}

// records reads up to the end of the file, or of the loop it is in.
func (p *parser) records(inLoop bool) ([]Record, error) {
	var recs []Record
	for {
		rec, ok, err := p.record()
		if err != nil {
			return nil, err
		}
		if !ok {
			if inLoop {
				return nil, p.errorf(len(p.lines), "loop without end")
			}
			return recs, nil
		}
		if rec.Step == nil {
			if !inLoop {
				return nil, p.errorf(rec.Line, "end without loop")
			}
			return recs, nil
		}
		recs = append(recs, rec)
	}
}

// record reads one record with its prefixes. ok is false at the end of the file; Step is nil at an
// end line.
func (p *parser) record() (rec Record, ok bool, err error) {
	var args []*string
	prefixed := false
	for p.next < len(p.lines) {
		line := strings.TrimSpace(p.lines[p.next])
		p.next++
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		rec.Line = p.next
		word, rest, _ := strings.Cut(line, " ")
		rest = strings.TrimSpace(rest)
		switch word {
		case "skipif", "onlyif":
			if !slices.Contains(tags, rest) {
				return rec, false, p.errorf(rec.Line, "%s %q: the tags are %s", word, rest, strings.Join(tags, ", "))
			}
			if word == "skipif" {
				rec.Skip = append(rec.Skip, rest)
			} else {
				rec.Only = append(rec.Only, rest)
			}
		case "async":
			rec.Async = true
		case "bind":
			if args, err = bindValues(rest); err != nil {
				return rec, false, p.errorf(rec.Line, "bind: %v", err)
			}
		default:
			if rec.Step, err = p.step(word, rest); err != nil {
				return rec, false, p.errorf(rec.Line, "%v", err)
			}
			run, isRun := rec.Step.(Run)
			if !isRun && (rec.Async || args != nil) {
				return rec, false, p.errorf(rec.Line, "bind and async belong before a statement or query")
			}
			if isRun {
				run.Args = args
				rec.Step = run
			}
			return rec, true, nil
		}
		prefixed = true
	}
	if prefixed {
		return rec, false, p.errorf(rec.Line, "nothing follows")
	}
	return rec, false, nil
}

// step reads the rest of the record that word begins. It returns nil for end.
func (p *parser) step(word, rest string) (Step, error) {
	fields := strings.Fields(rest)
	switch word {
	case "statement":
		return p.statement(rest)
	case "query":
		return p.query(rest)
	case "halt":
		return Halt{}, nil
	case "end":
		return nil, nil
	case "stream":
		name := streamName.FindString(rest)
		if name == "" {
			return nil, fmt.Errorf("stream needs a name")
		}
		return Stream{Name: name, Options: strings.TrimSpace(rest[len(name):])}, nil
	case "connection", "reconnect":
		return connection(word, fields)
	case "await", "cancel":
		if len(fields) != 1 {
			return nil, fmt.Errorf("%s needs the name of a session", word)
		}
		if word == "await" {
			return Await{fields[0]}, nil
		}
		return Cancel{fields[0]}, nil
	case "notice":
		re, err := pattern(rest)
		return Notice{re}, err
	case "let":
		if len(fields) != 1 {
			return nil, fmt.Errorf("let needs the name of a variable")
		}
		return Let{Var: fields[0], SQL: p.sql()}, nil
	case "loop":
		return p.loop(fields)
	case "nodes", "hash-threshold":
		n, err := strconv.Atoi(rest)
		if err != nil {
			return nil, fmt.Errorf("%s needs a number, not %q", word, rest)
		}
		if word == "nodes" {
			return Nodes{n}, nil
		}
		return HashThreshold{n}, nil
	case "node":
		return nodeAction(fields)
	}
	return nil, fmt.Errorf("no such directive: %q", word)
}

// streamName is a name as SQL has it, quoted or not.
var streamName = regexp.MustCompile(`^(?:"(?:[^"]|"")*"|[^\s"]+)`)

func (p *parser) statement(rest string) (Step, error) {
	kind, arg, _ := strings.Cut(rest, " ")
	switch kind {
	case "ok":
		return p.run(OK{})
	case "count":
		n, err := strconv.ParseInt(arg, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("statement count needs a number, not %q", arg)
		}
		return p.run(Count{n})
	case "error":
		return p.failure(arg)
	}
	return nil, fmt.Errorf("statement %q: expected ok, count N or error REGEX", rest)
}

func (p *parser) query(rest string) (Step, error) {
	types, opts, _ := strings.Cut(rest, " ")
	if types == "error" {
		return p.failure(opts)
	}
	if types == "" || strings.Trim(types, "IRTB") != "" {
		return nil, fmt.Errorf("query %q: one letter a column, of I R B T", types)
	}
	rows := Rows{Types: types, Sort: NoSort}
	for _, opt := range strings.Fields(opts) {
		switch opt {
		case "nosort", "rowsort", "valuesort":
			rows.Sort = Sort(opt)
		case "retry":
			rows.Retry = true
		default:
			rows.Label = opt
		}
	}
	return p.run(rows)
}

func (p *parser) failure(arg string) (Step, error) {
	f := Failure{}
	if arg = strings.TrimSpace(arg); arg != "" {
		re, err := pattern(arg)
		if err != nil {
			return nil, err
		}
		f.Pattern = re
	}
	return p.run(f)
}

// run reads the SQL and, after ----, what is expected.
func (p *parser) run(expect Expectation) (Step, error) {
	r := Run{SQL: p.sql(), Expect: expect}
	if r.SQL == "" {
		return nil, fmt.Errorf("no SQL follows")
	}
	r.WantFrom = p.next
	want, separated := p.want()
	r.WantTo = p.next
	switch e := expect.(type) {
	case Rows:
		e.Lines = want
		r.Expect = e
	case Failure:
		if separated && e.Pattern != nil {
			return nil, fmt.Errorf("an error is matched by a pattern or by its text, not by both")
		}
		e.Text = strings.Join(want, "\n")
		r.Expect = e
	default:
		if separated {
			return nil, fmt.Errorf("a statement has no rows to expect")
		}
	}
	return r, nil
}

// sql reads lines up to an empty line or ----, which it leaves.
func (p *parser) sql() string {
	start := p.next
	for p.next < len(p.lines) && !ends(p.lines[p.next]) && p.lines[p.next] != "----" {
		p.next++
	}
	return strings.Join(p.lines[start:p.next], "\n")
}

// want reads ---- and the lines after it up to an empty one.
func (p *parser) want() (lines []string, separated bool) {
	if p.next == len(p.lines) || p.lines[p.next] != "----" {
		return nil, false
	}
	p.next++
	start := p.next
	for p.next < len(p.lines) && !ends(p.lines[p.next]) {
		p.next++
	}
	return slices.Clone(p.lines[start:p.next]), true
}

func ends(line string) bool { return strings.TrimSpace(line) == "" }

func (p *parser) loop(fields []string) (Step, error) {
	if len(fields) != 3 {
		return nil, fmt.Errorf("loop needs VAR FROM TO")
	}
	from, err1 := strconv.Atoi(fields[1])
	to, err2 := strconv.Atoi(fields[2])
	if err1 != nil || err2 != nil || from > to {
		return nil, fmt.Errorf("loop %s: bad bounds %s %s", fields[0], fields[1], fields[2])
	}
	body, err := p.records(true)
	if err != nil {
		return nil, err
	}
	return Loop{Var: fields[0], From: from, To: to, Body: body}, nil
}

func connection(word string, fields []string) (Step, error) {
	if len(fields) != 1 && len(fields) != 2 {
		return nil, fmt.Errorf("%s needs NAME [NODE]", word)
	}
	c := Connection{Name: fields[0]}
	if len(fields) == 2 {
		n, err := strconv.Atoi(fields[1])
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%s: nodes are numbered from 1, not %q", word, fields[1])
		}
		c.Node = n
	}
	if word == "reconnect" {
		return Reconnect(c), nil
	}
	return c, nil
}

func nodeAction(fields []string) (Step, error) {
	if len(fields) == 2 {
		n, err := strconv.Atoi(fields[0])
		if err == nil && n > 0 && slices.Contains(nodeActions, fields[1]) {
			return NodeAction{Node: n, Action: fields[1]}, nil
		}
	}
	return nil, fmt.Errorf("node needs a number and one of %s", strings.Join(nodeActions, ", "))
}

var nodeActions = []string{"kill", "start", "stop", "pause", "resume"}

// pattern compiles REGEX so that a dot reaches into DETAIL and HINT.
func pattern(expr string) (*regexp.Regexp, error) {
	re, err := regexp.Compile("(?s)" + expr)
	if err != nil {
		return nil, fmt.Errorf("bad pattern %q: %w", expr, err)
	}
	return re, nil
}

// bindValues splits a bind line into words and 'quoted words'; NULL is nil.
func bindValues(s string) ([]*string, error) {
	vals := []*string{}
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		var v string
		if s[0] == '\'' {
			end := strings.IndexByte(s[1:], '\'')
			if end < 0 {
				return nil, fmt.Errorf("unterminated quote in %q", s)
			}
			v, s = s[1:1+end], s[2+end:]
		} else if v, s, _ = strings.Cut(s, " "); v == "NULL" {
			vals = append(vals, nil)
			continue
		}
		vals = append(vals, &v)
	}
	return vals, nil
}
