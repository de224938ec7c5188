package datum

import (
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// PathKind is the kind of a PathNode.
type PathKind uint8

const (
	PathRoot      PathKind = iota // $
	PathCurrent                   // @
	PathLast                      // last
	PathVariable                  // $name: Text
	PathLiteral                   // Literal
	PathKey                       // .name: Text
	PathAnyKey                    // .*
	PathAnyElem                   // [*]
	PathSubscript                 // [Args]: pairs of from and to, to may be nil
	PathAny                       // .**{First to Last}
	PathFilter                    // ?(Args[0])
	PathMethod                    // .Text()
	PathUnary                     // Text Args[0], Text is + or -
	PathBinary                    // Args[0] Text Args[1], arithmetic
	PathCompare                   // Args[0] Text Args[1]
	PathAnd                       // Args[0] && Args[1]
	PathOr                        // Args[0] || Args[1]
	PathNot                       // !(Args[0])
	PathExists                    // exists (Args[0])
	PathUnknown                   // (Args[0]) is unknown
	PathStarts                    // Args[0] starts with Args[1]
	PathRegex                     // Args[0] like_regex Text flag Flags
)

// A PathNode is a step of a path, or an expression; Next is the step after it.
type PathNode struct {
	Kind        PathKind
	Text, Flags string
	Literal     *JSON
	Args        []*PathNode
	First, Last int // -1 is "last"
	Next        *PathNode
}

// A Path is a parsed jsonpath.
type Path struct {
	Strict bool
	Root   *PathNode
}

// predicate says whether n yields true, false or unknown.
func (n *PathNode) predicate() bool {
	return n.Kind >= PathCompare && n.Next == nil
}

// maxPathDepth bounds the nesting of a path.
const maxPathDepth = 2000

// ParsePath reads what jsonpath's input function reads.
func ParsePath(s string) (*Path, error) {
	if s == "" {
		return nil, invalidSyntax("jsonpath", s)
	}
	tokens, err := scanPath(s)
	if err != nil {
		return nil, err
	}
	p := pathParser{tokens: tokens}
	path := &Path{}
	if p.word("strict") {
		path.Strict = true
	} else {
		p.word("lax")
	}
	if path.Root, err = p.or(); err != nil {
		return nil, err
	}
	if p.peek().kind != pathEnd {
		return nil, p.unexpected()
	}
	return path, nil
}

type pathTokenKind uint8

const (
	pathEnd pathTokenKind = iota
	pathWord
	pathString
	pathNumber
	pathVar
	pathMark // an operator or a bracket
)

type pathToken struct {
	kind pathTokenKind
	text string
}

// pathMarks are tried in this order.
var pathMarks = []string{"**", "&&", "||", "==", "!=", "<>", "<=", ">=", "<", ">", "=", "!", "+", "-", "*", "/", "%", "(", ")", "[", "]", "{", "}", "?", ".", ",", "@", "$"}

func scanPath(s string) ([]pathToken, error) {
	var tokens []pathToken
	for {
		s = strings.TrimLeft(s, " \t\n\r\f")
		if s == "" {
			return append(tokens, pathToken{}), nil
		}
		token, rest, err := scanPathToken(s)
		if err != nil {
			return nil, err
		}
		tokens, s = append(tokens, token), rest
	}
}

func scanPathToken(s string) (pathToken, string, error) {
	switch c := s[0]; {
	case c == '"':
		text, rest, err := scanPathString(s)
		return pathToken{pathString, text}, rest, err
	case c == '$' && len(s) > 1 && s[1] == '"':
		text, rest, err := scanPathString(s[1:])
		return pathToken{pathVar, text}, rest, err
	case c == '$' && len(s) > 1 && isPathWord(s[1]):
		n := pathWordLength(s[1:])
		return pathToken{pathVar, s[1 : 1+n]}, s[1+n:], nil
	case isDigit(c) || c == '.' && len(s) > 1 && isDigit(s[1]):
		return scanPathNumber(s)
	case isPathWord(c):
		n := pathWordLength(s)
		return pathToken{pathWord, s[:n]}, s[n:], nil
	}
	for _, m := range pathMarks {
		if strings.HasPrefix(s, m) {
			return pathToken{pathMark, m}, s[len(m):], nil
		}
	}
	return pathToken{}, "", Errorf("42601", "syntax error at or near \"%s\" of jsonpath input", s[:1])
}

func isPathWord(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' || c >= 0x80 }

func pathWordLength(s string) int {
	n := 0
	for n < len(s) && isPathWord(s[n]) {
		n++
	}
	return n
}

func scanPathString(s string) (text, rest string, err error) {
	p := jsonParser{text: s}
	if text, err = p.str(); err != nil {
		return "", "", Errorf("42601", "unterminated quoted string at end of jsonpath input")
	}
	return text, s[p.pos:], nil
}

func scanPathNumber(s string) (pathToken, string, error) {
	n := 0
	digits := func() {
		for n < len(s) && isDigit(s[n]) {
			n++
		}
	}
	digits()
	if n < len(s) && s[n] == '.' {
		n++
		digits()
	}
	if n < len(s) && s[n]|0x20 == 'e' {
		m := n + 1
		if m < len(s) && (s[m] == '+' || s[m] == '-') {
			m++
		}
		if m < len(s) && isDigit(s[m]) {
			n = m
			digits()
		}
	}
	if n > 1 && s[0] == '0' && isDigit(s[1]) {
		n = 1
	}
	if n < len(s) && (isPathWord(s[n]) || s[0] == '0' && isDigit(s[n])) {
		return pathToken{}, "", Errorf("42601", "trailing junk after numeric literal at or near \"%s\" of jsonpath input", s[:n+1])
	}
	return pathToken{pathNumber, s[:n]}, s[n:], nil
}

// pathParser descends: or, and, not, comparison, sum, product, unary, steps.
type pathParser struct {
	tokens    []pathToken
	depth     int
	inFilter  int // @ is allowed
	subscript int // last is allowed
}

func (p *pathParser) peek() pathToken { return p.tokens[0] }

func (p *pathParser) next() pathToken {
	t := p.tokens[0]
	if t.kind != pathEnd {
		p.tokens = p.tokens[1:]
	}
	return t
}

func (p *pathParser) mark(m string) bool {
	if t := p.peek(); t.kind == pathMark && t.text == m {
		p.next()
		return true
	}
	return false
}

func (p *pathParser) word(w string) bool {
	if t := p.peek(); t.kind == pathWord && (t.text == w || w != "true" && w != "false" && w != "null" && strings.EqualFold(t.text, w)) {
		p.next()
		return true
	}
	return false
}

func (p *pathParser) unexpected() error {
	if t := p.peek(); t.kind != pathEnd {
		return Errorf("42601", "syntax error at or near \"%s\" of jsonpath input", t.text)
	}
	return Errorf("42601", "syntax error at end of jsonpath input")
}

func (p *pathParser) expect(m string) error {
	if !p.mark(m) {
		return p.unexpected()
	}
	return nil
}

func (p *pathParser) both(kind PathKind, text string, parse func() (*PathNode, error), left *PathNode, predicates bool) (*PathNode, error) {
	right, err := parse()
	if err != nil {
		return nil, err
	}
	if left.predicate() != predicates || right.predicate() != predicates {
		return nil, p.unexpected()
	}
	return &PathNode{Kind: kind, Text: text, Args: []*PathNode{left, right}}, nil
}

func (p *pathParser) or() (*PathNode, error) {
	if p.depth++; p.depth > maxPathDepth {
		return nil, Errorf("54001", "stack depth limit exceeded")
	}
	defer func() { p.depth-- }()
	n, err := p.and()
	for err == nil && p.mark("||") {
		n, err = p.both(PathOr, "||", p.and, n, true)
	}
	return n, err
}

func (p *pathParser) and() (*PathNode, error) {
	n, err := p.comparison()
	for err == nil && p.mark("&&") {
		n, err = p.both(PathAnd, "&&", p.comparison, n, true)
	}
	return n, err
}

func (p *pathParser) comparison() (*PathNode, error) {
	n, err := p.sum()
	if err != nil {
		return nil, err
	}
	for _, op := range []string{"==", "=", "!=", "<>", "<=", ">=", "<", ">"} {
		if p.mark(op) {
			op = strings.NewReplacer("<>", "!=").Replace(op)
			if op == "=" {
				op = "=="
			}
			return p.both(PathCompare, op, p.sum, n, false)
		}
	}
	switch {
	case p.word("starts"):
		return p.startsWith(n)
	case p.word("like_regex"):
		return p.likeRegex(n)
	}
	return n, nil
}

func (p *pathParser) startsWith(n *PathNode) (*PathNode, error) {
	if n.predicate() || !p.word("with") {
		return nil, p.unexpected()
	}
	switch t := p.peek(); t.kind {
	case pathString:
		p.next()
		return &PathNode{Kind: PathStarts, Args: []*PathNode{n, {Kind: PathLiteral, Literal: &JSON{Kind: JSONString, Text: t.text}}}}, nil
	case pathVar:
		p.next()
		return &PathNode{Kind: PathStarts, Args: []*PathNode{n, {Kind: PathVariable, Text: t.text}}}, nil
	}
	return nil, p.unexpected()
}

func (p *pathParser) likeRegex(n *PathNode) (*PathNode, error) {
	t := p.peek()
	if n.predicate() || t.kind != pathString {
		return nil, p.unexpected()
	}
	p.next()
	out := &PathNode{Kind: PathRegex, Text: t.text, Args: []*PathNode{n}}
	if p.word("flag") {
		t := p.peek()
		if t.kind != pathString {
			return nil, p.unexpected()
		}
		p.next()
		for _, f := range t.text {
			switch {
			case f == 'x':
				return nil, Errorf("0A000", "XQuery \"x\" flag (expanded regular expressions) is not implemented")
			case strings.ContainsRune("ismq", f):
				if !strings.ContainsRune(out.Flags, f) {
					out.Flags += string(f)
				}
			default:
				return nil, Errorf("42601", "invalid input syntax for type jsonpath").
					WithDetail("Unrecognized flag character \"%c\" in LIKE_REGEX predicate.", f)
			}
		}
	}
	return out, nil
}

func (p *pathParser) sum() (*PathNode, error) {
	n, err := p.product()
	for err == nil {
		switch {
		case p.mark("+"):
			n, err = p.both(PathBinary, "+", p.product, n, false)
		case p.mark("-"):
			n, err = p.both(PathBinary, "-", p.product, n, false)
		default:
			return n, nil
		}
	}
	return n, err
}

func (p *pathParser) product() (*PathNode, error) {
	n, err := p.unary()
	for err == nil {
		op := ""
		for _, m := range []string{"*", "/", "%"} {
			if p.mark(m) {
				op = m
			}
		}
		if op == "" {
			return n, nil
		}
		n, err = p.both(PathBinary, op, p.unary, n, false)
	}
	return n, err
}

func (p *pathParser) unary() (*PathNode, error) {
	for _, op := range []string{"+", "-"} {
		if p.mark(op) {
			if p.depth++; p.depth > maxPathDepth {
				return nil, Errorf("54001", "stack depth limit exceeded")
			}
			arg, err := p.unary()
			if err != nil {
				return nil, err
			}
			if arg.predicate() {
				return nil, p.unexpected()
			}
			return &PathNode{Kind: PathUnary, Text: op, Args: []*PathNode{arg}}, nil
		}
	}
	if p.mark("!") {
		return p.negation()
	}
	if p.word("exists") {
		arg, err := p.parenthesized()
		if err != nil {
			return nil, err
		}
		return &PathNode{Kind: PathExists, Args: []*PathNode{arg}}, nil
	}
	return p.steps()
}

// negation is ! before a predicate in parentheses or exists.
func (p *pathParser) negation() (*PathNode, error) {
	if t := p.peek(); !(t.kind == pathMark && t.text == "(") && !(t.kind == pathWord && strings.EqualFold(t.text, "exists")) {
		return nil, p.unexpected()
	}
	arg, err := p.unary()
	if err != nil {
		return nil, err
	}
	if !arg.predicate() {
		return nil, p.unexpected()
	}
	return &PathNode{Kind: PathNot, Args: []*PathNode{arg}}, nil
}

func (p *pathParser) parenthesized() (*PathNode, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	return n, p.expect(")")
}

// steps is a primary and the accessors behind it.
func (p *pathParser) steps() (*PathNode, error) {
	n, closed, err := p.primary()
	if err != nil {
		return nil, err
	}
	if closed && n.predicate() && p.word("is") {
		if !p.word("unknown") {
			return nil, p.unexpected()
		}
		return &PathNode{Kind: PathUnknown, Args: []*PathNode{n}}, nil
	}
	last := n
	for last.Next != nil {
		last = last.Next
	}
	for {
		step, err := p.accessor()
		if err != nil || step == nil {
			return n, err
		}
		last.Next = step
		last = step
	}
}

func (p *pathParser) primary() (n *PathNode, closed bool, err error) {
	t := p.peek()
	switch {
	case t.kind == pathMark && t.text == "(":
		n, err = p.parenthesized()
		return n, true, err
	case p.mark("$"):
		return &PathNode{Kind: PathRoot}, false, nil
	case t.kind == pathMark && t.text == "@":
		if p.inFilter == 0 {
			return nil, false, Errorf("42601", "@ is not allowed in root expressions")
		}
		p.next()
		return &PathNode{Kind: PathCurrent}, false, nil
	case t.kind == pathVar:
		p.next()
		return &PathNode{Kind: PathVariable, Text: t.text}, false, nil
	case p.word("last"):
		if p.subscript == 0 {
			return nil, false, Errorf("42601", "LAST is allowed only in array subscripts")
		}
		return &PathNode{Kind: PathLast}, false, nil
	}
	literal, err := p.literal()
	return &PathNode{Kind: PathLiteral, Literal: literal}, false, err
}

func (p *pathParser) literal() (*JSON, error) {
	t := p.peek()
	switch {
	case t.kind == pathString:
		p.next()
		return &JSON{Kind: JSONString, Text: t.text}, nil
	case t.kind == pathNumber:
		d, err := ParseNumeric(t.text)
		p.next()
		return &JSON{Kind: JSONNumber, Number: d}, err
	case p.word("null"):
		return &JSON{}, nil
	case p.word("true"):
		return &JSON{Kind: JSONBool, Bool: true}, nil
	case p.word("false"):
		return &JSON{Kind: JSONBool}, nil
	}
	return nil, p.unexpected()
}

// accessor reads one step, nil if there is none.
func (p *pathParser) accessor() (*PathNode, error) {
	switch {
	case p.mark("."):
		return p.member()
	case p.mark("["):
		return p.elements()
	case p.mark("?"):
		p.inFilter++
		defer func() { p.inFilter-- }()
		cond, err := p.parenthesized()
		if err != nil {
			return nil, err
		}
		if !cond.predicate() {
			return nil, p.unexpected()
		}
		return &PathNode{Kind: PathFilter, Args: []*PathNode{cond}}, nil
	}
	return nil, nil
}

var pathMethods = map[string]bool{"type": true, "size": true, "abs": true, "floor": true, "ceiling": true, "double": true, "keyvalue": true, "datetime": true}

func (p *pathParser) member() (*PathNode, error) {
	switch t := p.peek(); {
	case p.mark("*"):
		return &PathNode{Kind: PathAnyKey}, nil
	case p.mark("**"):
		return p.levels()
	case t.kind == pathString:
		p.next()
		return &PathNode{Kind: PathKey, Text: t.text}, nil
	case t.kind == pathWord:
		p.next()
		if !pathMethods[strings.ToLower(t.text)] || !p.mark("(") {
			return &PathNode{Kind: PathKey, Text: t.text}, nil
		}
		if strings.EqualFold(t.text, "datetime") {
			return nil, Unsupported("jsonpath item method .datetime()")
		}
		return &PathNode{Kind: PathMethod, Text: strings.ToLower(t.text)}, p.expect(")")
	}
	return nil, p.unexpected()
}

// levels reads what may follow **: {n}, {n to m}, {last}.
func (p *pathParser) levels() (*PathNode, error) {
	n := &PathNode{Kind: PathAny, First: 0, Last: -1}
	if !p.mark("{") {
		return n, nil
	}
	var err error
	if n.First, err = p.level(); err != nil {
		return nil, err
	}
	n.Last = n.First
	if p.word("to") {
		if n.Last, err = p.level(); err != nil {
			return nil, err
		}
	}
	return n, p.expect("}")
}

func (p *pathParser) level() (int, error) {
	if p.word("last") {
		return -1, nil
	}
	t := p.peek()
	if t.kind != pathNumber || strings.Trim(t.text, "0123456789") != "" || len(t.text) > 9 {
		return 0, p.unexpected()
	}
	p.next()
	n := 0
	for _, c := range t.text {
		n = n*10 + int(c-'0')
	}
	return n, nil
}

func (p *pathParser) elements() (*PathNode, error) {
	if p.mark("*") {
		return &PathNode{Kind: PathAnyElem}, p.expect("]")
	}
	p.subscript++
	defer func() { p.subscript-- }()
	n := &PathNode{Kind: PathSubscript}
	for {
		from, err := p.sum()
		if err != nil {
			return nil, err
		}
		var to *PathNode
		if p.word("to") {
			if to, err = p.sum(); err != nil {
				return nil, err
			}
		}
		if from.predicate() || to != nil && to.predicate() {
			return nil, p.unexpected()
		}
		n.Args = append(n.Args, from, to)
		if !p.mark(",") {
			return n, p.expect("]")
		}
	}
}

// JSONInt makes a number.
func JSONInt(n int64) *JSON { return &JSON{Kind: JSONNumber, Number: apd.New(n, 0)} }
