package sql

import (
	"fmt"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"
)

// verbParser reads the stream verbs, one token after the other. It keeps the
// first error and reads on, so that a caller asks once, at the end.
type verbParser struct {
	piece
	next int
	err  *Error
}

func (v *verbParser) fail(err *Error) {
	if v.err == nil {
		v.err = err
	}
}

// peek is the next token; behind the last one, what ends the statement.
func (v *verbParser) peek() token {
	if v.next < len(v.tokens) {
		return v.tokens[v.next]
	}
	return v.after
}

func (v *verbParser) errUnexpected() *Error { return v.errSyntax(v.peek()) }

// maybe takes these words, all or none.
func (v *verbParser) maybe(words ...string) bool {
	if len(v.tokens)-v.next < len(words) {
		return false
	}
	for i, word := range words {
		if !v.isWord(v.tokens[v.next+i], word) {
			return false
		}
	}
	v.next += len(words)
	return true
}

// word demands a word.
func (v *verbParser) word(word string) {
	if !v.maybe(word) {
		v.fail(v.errUnexpected())
	}
}

// maybePunct takes a bracket, comma, dot or equals sign.
func (v *verbParser) maybePunct(c byte) bool {
	t := v.peek()
	if v.next == len(v.tokens) || int(t.end-t.start) != 1 || v.query[t.start] != c {
		return false
	}
	v.next++
	return true
}

func (v *verbParser) punct(c byte) {
	if !v.maybePunct(c) {
		v.fail(v.errUnexpected())
	}
}

// end demands that nothing is left.
func (v *verbParser) end() {
	if v.next < len(v.tokens) {
		v.fail(v.errUnexpected())
	}
}

// name is [[database.]schema.]stream.
func (v *verbParser) name() Name {
	n := Name{Location: v.peek().start - v.base}
	n.Name = v.identifier()
	for dots := 1; v.maybePunct('.'); dots++ {
		if dots > 2 {
			v.fail(v.errUnexpected())
			break
		}
		n.Database, n.Schema, n.Name = n.Schema, n.Name, v.identifier()
	}
	return n
}

// identifier is a plain word in lower case, or what is in double quotes.
func (v *verbParser) identifier() string {
	t := v.peek()
	text := v.text(t)
	switch {
	case t.kind == tokenWord && !IsReserved(lower(text)):
		text = lower(text)
	case t.kind == tokenQuoted && text[0] == '"':
		text = strings.ReplaceAll(text[1:len(text)-1], `""`, `"`)
	default:
		v.fail(v.errUnexpected())
		return ""
	}
	if err := v.checkIdentifier(t, text); err != nil {
		v.fail(err)
	}
	v.next++
	return text
}

// maxIdentifier is NAMEDATALEN-1.
const maxIdentifier = 63

// checkIdentifier refuses what PostgreSQL would cut to 63 bytes: the rest could
// be what tells two streams apart.
func (s *scanned) checkIdentifier(t token, name string) *Error {
	switch {
	case name == "":
		return &Error{
			Code:     codeSyntax,
			Message:  `zero-length delimited identifier at or near """"`,
			Position: s.position(t),
		}
	case len(name) > maxIdentifier:
		return &Error{
			Code:     codeNameTooLong,
			Message:  fmt.Sprintf(`identifier "%s" is too long`, clip(name)),
			Detail:   fmt.Sprintf("It has %d bytes, of %d that a name may have.", len(name), maxIdentifier),
			Position: s.position(t),
		}
	}
	return nil
}

// node is a node's name: an identifier, or a string for names such as 'n-1'.
func (v *verbParser) node() string {
	if v.peek().kind == tokenString {
		return v.string()
	}
	return v.identifier()
}

// string is a constant in single quotes or in dollars. The kinds with escapes
// are left to the parser that knows them.
func (v *verbParser) string() string {
	t := v.peek()
	text := v.text(t)
	if t.kind != tokenString {
		v.fail(v.errUnexpected())
		return ""
	}
	v.next++
	switch {
	case text[0] == '\'' && !strings.ContainsAny(text, "\r\n"):
		return strings.ReplaceAll(text[1:len(text)-1], "''", "'")
	case text[0] == '$':
		tag := strings.IndexByte(text[1:], '$') + 2
		return text[tag : len(text)-tag]
	}
	constant := v.valueOf(v.parseExpression(t.start, t.end))
	if constant.Kind != ValueString {
		v.fail(v.errSyntax(t))
	}
	return constant.Text
}

// options is (name = value, …).
func (v *verbParser) options() []Option {
	var options []Option
	seen := make(map[string]bool)
	v.punct('(')
	for more := true; more && v.err == nil; more = v.maybePunct(',') {
		o := v.option()
		if seen[o.Name] {
			v.fail(v.errConflict(o.Location))
		}
		seen[o.Name] = true
		options = append(options, o)
	}
	v.punct(')')
	return options
}

func (v *verbParser) option() Option {
	t := v.peek()
	o := Option{Kind: OptionBool, Value: "true", Location: t.start - v.base}
	if t.kind == tokenWord {
		o.Name = lower(v.text(t)) // any word: no reserved one can be misread here
		v.next++
	} else {
		o.Name = v.identifier()
	}
	if !v.maybePunct('=') {
		return o
	}
	switch t := v.peek(); t.kind {
	case tokenString:
		o.Kind, o.Value = OptionString, v.string()
	case tokenNumber, tokenOperator:
		o.Kind, o.Value = OptionNumber, v.number()
	case tokenWord:
		o.Kind, o.Value = optionWord(lower(v.text(t)))
		v.next++
	default:
		o.Kind, o.Value = OptionWord, v.identifier()
	}
	return o
}

func optionWord(word string) (OptionKind, string) {
	switch word {
	case "true", "on":
		return OptionBool, "true"
	case "false", "off":
		return OptionBool, "false"
	}
	return OptionWord, word
}

// number is a number with at most one sign, as it was written.
func (v *verbParser) number() string {
	sign := ""
	if v.maybePunct('-') {
		sign = "-"
	} else {
		v.maybePunct('+')
	}
	t := v.peek()
	switch {
	case t.kind != tokenNumber:
		v.fail(v.errUnexpected())
	case int(t.end) < len(v.query) && isIdentStart(v.query[t.end]):
		v.fail(v.errJunk(t, "numeric literal"))
	default:
		v.next++
	}
	return sign + v.text(t)
}

// value is an expression of SQL, with the shapes told apart that need no
// evaluation.
func (v *verbParser) value() Value { return v.valueOf(v.expression()) }

// expression is an expression of SQL, up to the end of the statement, or up to
// a WHERE or comma outside of brackets, neither of which can be in one.
func (v *verbParser) expression() *pg_query.Node {
	first := v.next
	for depth := 0; v.next < len(v.tokens); v.next++ {
		t := v.tokens[v.next]
		switch {
		case v.is(t, '('), v.is(t, '['):
			depth++
		case v.is(t, ')'), v.is(t, ']'):
			depth--
		}
		if depth < 0 || depth == 0 && (v.is(t, ',') || v.isWord(t, "where")) {
			break
		}
	}
	if v.next == first || v.startsQuery(v.tokens[first]) {
		v.next = first
		v.fail(v.errUnexpected())
		return nil
	}
	return v.parseExpression(v.tokens[first].start, v.tokens[v.next-1].end)
}

// startsQuery tells of the words that begin a subquery, which as an expression
// must be in brackets.
func (s *scanned) startsQuery(t token) bool {
	return s.isWord(t, "select") || s.isWord(t, "values") || s.isWord(t, "with") || s.isWord(t, "table")
}

// parseExpression has an expression read as a target list of one, in a text of
// blanks that puts it where it is in the query: so the positions are right, in
// errors and in the nodes.
func (v *verbParser) parseExpression(start, end int32) *pg_query.Node {
	if v.err != nil {
		return nil
	}
	const before, after = "SELECT(", ")"
	text := strings.Repeat(" ", int(start-v.base)-len(before)) + before + v.query[start:end] + after
	node, err := v.parseTree(text)
	if err != nil {
		if err.Position == position(v.query, int(end)) {
			err = v.errUnexpected() // it complains about our own bracket
		}
		v.fail(err)
		return nil
	}
	targets := node.GetSelectStmt().GetTargetList()
	if len(targets) != 1 {
		v.fail(v.errUnexpected())
		return nil
	}
	return targets[0].GetResTarget().GetVal()
}
