package sql

import "strings"

// scanner cuts a query into tokens by PostgreSQL's lexical rules, with
// standard_conforming_strings on. It decides where statements end, which text
// is too complex to be given to the parser, and what the stream verbs say; what
// is inside a string or number is left to whoever reads it. Both scanners must
// agree about where tokens begin and end: a quote that one of them misses would
// hide a semicolon, or a million parentheses.
type scanner struct {
	scanned
	at      int
	runEnd  int // where the run of operators ends that was met last
	effort  int // bytes that such runs cost PostgreSQL's scanner; see readRun
	allowed int // effort beyond which the text is refused
}

// scan reads at most limit tokens; more are an error.
func scan(query string, limit int) (*scanned, *Error) {
	s := &scanner{scanned: scanned{query: query}, allowed: maxEffort + 2*len(query)}
	s.tokens = make([]token, 0, 2+len(query)/6)
	for {
		t := s.next()
		if s.effort > s.allowed {
			return nil, s.errTooTangled(t)
		}
		s.tokens = append(s.tokens, t)
		if t.kind == tokenEnd || t.kind == tokenBroken {
			return &s.scanned, nil
		}
		if len(s.tokens) > limit {
			return nil, errTooManyTokens(query, t, limit)
		}
	}
}

// peek is the byte n beyond the current one; 0, which no query holds, at the end.
func (s *scanner) peek(n int) byte {
	if s.at+n >= len(s.query) {
		return 0
	}
	return s.query[s.at+n]
}

func (s *scanner) next() token {
	start, ok := s.skipBlank()
	if !ok {
		return s.breakAt(start, "unterminated /* comment")
	}
	c := s.peek(0)
	switch {
	case s.at >= len(s.query):
		return token{tokenEnd, int32(s.at), int32(s.at)}
	case c == '\'', c == '"':
		return s.quoted(start, doubles)
	case isIdentStart(c):
		return s.word(start)
	case isDigit(c), c == '.' && isDigit(s.peek(1)):
		return s.number(start)
	case c == '$':
		return s.dollar(start)
	case c == ':' && s.peek(1) == ':', c == ':' && s.peek(1) == '=', c == '.' && s.peek(1) == '.':
		return s.take(tokenOperator, start, 2)
	case isOperator(c):
		return s.operator(start)
	}
	return s.take(tokenPunct, start, 1)
}

// take ends a token n bytes from here.
func (s *scanner) take(kind tokenKind, start, n int) token {
	s.at += n
	return token{kind, int32(start), int32(s.at)}
}

// breakAt makes the rest of the query a token that says what is wrong with it.
func (s *scanner) breakAt(start int, message string) token {
	s.broken = message
	s.at = len(s.query)
	return token{tokenBroken, int32(start), int32(s.at)}
}

// skipBlank goes to the next token and returns where it starts, or where the
// comment starts that has no end.
func (s *scanner) skipBlank() (start int, ok bool) {
	for s.at < len(s.query) {
		switch c := s.query[s.at]; {
		case isSpace(c):
			s.at++
		case c == '-' && s.peek(1) == '-':
			s.skipLine()
		case c == '/' && s.peek(1) == '*':
			if start := s.at; !s.skipComment() {
				return start, false
			}
		default:
			return s.at, true
		}
	}
	return s.at, true
}

func (s *scanner) skipLine() {
	for s.at < len(s.query) && !isNewline(s.query[s.at]) {
		s.at++
	}
}

// skipComment passes a comment and those in it: /* a /* b */ c */ is one.
func (s *scanner) skipComment() bool {
	depth := 0
	for s.at < len(s.query) {
		switch {
		case s.effort > s.allowed:
			return false
		case s.peek(0) == '/' && s.peek(1) == '*':
			s.readRun()
			depth++
			s.at += 2
		case s.peek(0) == '*' && s.peek(1) == '/':
			depth--
			s.at += 2
			if depth == 0 {
				return true
			}
		default:
			s.at++
		}
	}
	return false
}

// word is an identifier, or the prefix of a string: E'…', B'…', X'…', N'…', U&'…'.
func (s *scanner) word(start int) token {
	switch c, quote := s.peek(0)|0x20, s.peek(1); {
	case quote == '\'' && c == 'e':
		s.at++
		return s.quoted(start, doubles|escapes)
	case quote == '\'' && (c == 'b' || c == 'x'):
		s.at++
		return s.quoted(start, 0)
	case quote == '\'' && c == 'n':
		return s.take(tokenWord, start, 1) // NCHAR, and then the string
	case c == 'u' && quote == '&' && (s.peek(2) == '\'' || s.peek(2) == '"'):
		s.at += 2
		return s.quoted(start, doubles)
	}
	for s.at < len(s.query) && isIdent(s.query[s.at]) {
		s.at++
	}
	return token{tokenWord, int32(start), int32(s.at)}
}

// quoting is how a quote can be part of what is quoted.
type quoting uint8

const (
	doubles quoting = 1 << iota // by being doubled; not in B'…' and X'…'
	escapes                     // behind a backslash, in E'…' alone
)

// quoted passes a string or an identifier, whose opening quote is here.
func (s *scanner) quoted(start int, how quoting) token {
	quote := s.peek(0)
	s.at++
	for s.at < len(s.query) {
		c := s.query[s.at]
		s.at++
		switch {
		case c == '\\' && how&escapes != 0:
			s.at++
		case c == quote && s.peek(0) == quote && how&doubles != 0:
			s.at++
		case c == quote && quote == '"':
			return token{tokenQuoted, int32(start), int32(s.at)}
		case c == quote && !s.continued():
			return token{tokenString, int32(start), int32(s.at)}
		}
	}
	if quote == '"' {
		return s.breakAt(start, "unterminated quoted identifier")
	}
	return s.breakAt(start, unterminated(s.query[start]))
}

func unterminated(first byte) string {
	switch first | 0x20 {
	case 'b':
		return "unterminated bit string literal"
	case 'x':
		return "unterminated hexadecimal string literal"
	}
	return "unterminated quoted string"
}

// continued tells whether the string that just ended goes on behind a line
// break, as 'a'⏎'b' does, and goes there. It goes on by its own rules: in
// E'a'⏎'b\'c' the second part has an escape.
func (s *scanner) continued() bool {
	newline := false
	for n := 0; ; n++ {
		switch c := s.peek(n); {
		case isSpace(c):
			newline = newline || isNewline(c)
		case c == '\'' && newline:
			s.at += n + 1
			return true
		default:
			return false
		}
	}
}

// number takes what can be in a number; whether it is one, its reader says.
func (s *scanner) number(start int) token {
	if c := s.peek(1) | 0x20; s.peek(0) == '0' && (c == 'x' || c == 'o' || c == 'b') {
		s.at += 2
		s.digits(isHex)
		return token{tokenNumber, int32(start), int32(s.at)}
	}
	s.digits(isDigit)
	if s.peek(0) == '.' && s.peek(1) != '.' {
		s.at++
		s.digits(isDigit)
	}
	if s.peek(0)|0x20 == 'e' {
		sign := 0
		if s.peek(1) == '+' || s.peek(1) == '-' {
			sign = 1
		}
		if isDigit(s.peek(1 + sign)) {
			s.at += 1 + sign
			s.digits(isDigit)
		}
	}
	return token{tokenNumber, int32(start), int32(s.at)}
}

// digits passes digits, with single underscores between them.
func (s *scanner) digits(digit func(byte) bool) {
	for digit(s.peek(0)) || s.peek(0) == '_' && digit(s.peek(1)) {
		s.at++
	}
}

func isHex(c byte) bool {
	return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f'
}

// dollar is $1, or a string in $tag$ … $tag$.
func (s *scanner) dollar(start int) token {
	if isDigit(s.peek(1)) {
		n := 1
		for isDigit(s.peek(n)) {
			n++
		}
		return s.take(tokenParam, start, n)
	}
	n := 1
	if isIdentStart(s.peek(n)) {
		for isIdentStart(s.peek(n)) || isDigit(s.peek(n)) {
			n++
		}
	}
	if s.peek(n) != '$' {
		return s.take(tokenPunct, start, 1)
	}
	tag := s.query[start : start+n+1]
	s.at += len(tag)
	end := strings.Index(s.query[s.at:], tag)
	if end < 0 {
		return s.breakAt(start, "unterminated dollar-quoted string")
	}
	return s.take(tokenString, start, end+len(tag))
}

// operator takes the longest operator before a comment. One that ends in + or -
// loses these unless it has a character that only operators of users have: *-
// is two, and +-+- four operators, but @- is one.
func (s *scanner) operator(start int) token {
	s.readRun()
	n := 0
	for isOperator(s.peek(n)) && !s.commentAt(n) {
		n++
	}
	if !strings.ContainsAny(s.query[start:start+n], "~!@#^&|`?%") {
		for n > 1 && strings.IndexByte("+-", s.peek(n-1)) >= 0 {
			n--
		}
	}
	return s.take(tokenOperator, start, n)
}

// readRun accounts for what PostgreSQL's scanner does at an operator or at the
// beginning of a comment: it reads all operators that follow without a blank,
// and gives back those that it does not need. A long run with many beginnings,
// /*/*/*/* or +-+-+-, would keep it busy for days.
func (s *scanner) readRun() {
	if s.at >= s.runEnd {
		s.runEnd = s.at
		for s.runEnd < len(s.query) && isOperator(s.query[s.runEnd]) {
			s.runEnd++
		}
	}
	s.effort += s.runEnd - s.at
}

func (s *scanner) commentAt(n int) bool {
	return s.peek(n) == '-' && s.peek(n+1) == '-' || s.peek(n) == '/' && s.peek(n+1) == '*'
}
