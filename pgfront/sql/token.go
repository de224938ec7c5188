package sql

// token is one lexical element of a query. Whitespace and comments are none.
type token struct {
	kind       tokenKind
	start, end int32 // bytes of the query
}

type tokenKind uint8

const (
	tokenEnd      tokenKind = iota // the end of the query
	tokenWord                      // a keyword or a plain identifier
	tokenQuoted                    // "identifier"
	tokenString                    // '…' and all its kin: E'…', B'…', X'…', U&'…', $$…$$
	tokenNumber                    // 1, 1.5e3, 0x1F
	tokenParam                     // $1
	tokenOperator                  // +, <=, ::
	tokenPunct                     // one of ( ) [ ] , ; . and any stray character
	tokenBroken                    // what has no end: the rest of the query
)

// scanned is a query in tokens, the last of which is tokenEnd or tokenBroken.
type scanned struct {
	query  string
	tokens []token
	broken string // what is wrong with a tokenBroken, in PostgreSQL's words
}

func (s *scanned) text(t token) string { return s.query[t.start:t.end] }

// is tells whether t is the one character c.
func (s *scanned) is(t token, c byte) bool {
	return t.kind == tokenPunct && s.query[t.start] == c
}

// isWord tells whether t is a plain word, given in lower case.
func (s *scanned) isWord(t token, word string) bool {
	return t.kind == tokenWord && int(t.end-t.start) == len(word) && lower(s.text(t)) == word
}

// lower folds an identifier as PostgreSQL does: ASCII alone, so that the two
// agree about which names are equal.
func lower(s string) string {
	for i := 0; i < len(s); i++ {
		if isUpper(s[i]) {
			return lowerBytes([]byte(s))
		}
	}
	return s
}

func lowerBytes(b []byte) string {
	for i, c := range b {
		if isUpper(c) {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isIdentStart and isIdent take every byte beyond ASCII for a letter, as
// PostgreSQL's scanner does.
func isIdentStart(c byte) bool {
	return 'a' <= c && c <= 'z' || isUpper(c) || c == '_' || c >= 0x80
}
func isIdent(c byte) bool { return isIdentStart(c) || isDigit(c) || c == '$' }

func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\f' || isNewline(c)
}
func isNewline(c byte) bool { return c == '\n' || c == '\r' }

func isOperator(c byte) bool {
	switch c {
	case '~', '!', '@', '#', '^', '&', '|', '`', '?', '+', '-', '*', '/', '%', '<', '>', '=':
		return true
	}
	return false
}
