package sql

import (
	"errors"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"github.com/pganalyze/pg_query_go/v5/parser"
)

// parseSQL reads a statement of PostgreSQL's grammar. A stream verb in it, as in
// COPY (TAIL STREAM s) TO STDOUT, is hidden from PostgreSQL's parser behind an
// empty SELECT of the same length and read on its own.
func (p piece) parseSQL() (Statement, *Error) {
	text := p.query[p.base:p.after.end]
	if inner, ok := p.inner(); ok && inner.isStream() {
		from := inner.tokens[0].start - p.base
		to := inner.tokens[len(inner.tokens)-1].end - p.base
		const blank = "SELECT"
		text = text[:from] + blank + strings.Repeat(" ", int(to-from)-len(blank)) + text[to:]
	}
	node, err := p.parseTree(text)
	if err != nil {
		return nil, err
	}
	return p.convert(node)
}

// inner is the statement within EXPLAIN, PREPARE, DECLARE and COPY.
func (p piece) inner() (piece, bool) {
	first, end := 0, len(p.tokens)
	switch {
	case p.isWord(p.tokens[0], "explain"):
		first = p.explained()
	case p.isWord(p.tokens[0], "prepare"):
		first = 1 + p.find("as")
	case p.isWord(p.tokens[0], "declare"):
		first = 1 + p.find("for")
	case p.isWord(p.tokens[0], "copy") && p.at(1, '('):
		first, end = 2, p.closing(1)
	}
	if first == 0 || first >= end {
		return piece{}, false
	}
	after := p.after
	if end < len(p.tokens) {
		after = p.tokens[end]
	}
	return piece{scanned: p.scanned, tokens: p.tokens[first:end], after: after, base: p.base}, true
}

// explained is the index of the token behind EXPLAIN and its options.
func (p piece) explained() int {
	i := 1
	if p.at(1, '(') && len(p.tokens) > 2 && !p.at(2, '(') && !p.startsQuery(p.tokens[2]) {
		i = p.closing(1) + 1
	}
	for i < len(p.tokens) && (p.isWord(p.tokens[i], "analyze") ||
		p.isWord(p.tokens[i], "analyse") || p.isWord(p.tokens[i], "verbose")) {
		i++
	}
	return i
}

func (p piece) at(i int, c byte) bool { return i < len(p.tokens) && p.is(p.tokens[i], c) }

// find is the index of the first such word outside of brackets, or -1.
func (p piece) find(word string) int {
	for i := 0; i < len(p.tokens); i++ {
		if p.at(i, '(') {
			i = p.closing(i)
		} else if p.isWord(p.tokens[i], word) {
			return i
		}
	}
	return -1
}

// closing is the index of the bracket that closes the one at i, or the number
// of tokens when there is none.
func (p piece) closing(i int) int {
	depth := 0
	for ; i < len(p.tokens); i++ {
		switch {
		case p.at(i, '('):
			depth++
		case p.at(i, ')'):
			depth--
		}
		if depth == 0 {
			return i
		}
	}
	return len(p.tokens)
}

// parseTree calls PostgreSQL's parser for a text that begins at the piece's
// base and has been weighed.
func (p piece) parseTree(text string) (*pg_query.Node, *Error) {
	tree, err := pg_query.Parse(text)
	if err != nil {
		return nil, p.errPostgres(text, err)
	}
	if len(tree.Stmts) != 1 {
		// Our scanner found one statement where PostgreSQL's finds several, or
		// none: nothing that is read by such different rules may be run.
		return nil, p.errSyntax(p.tokens[0])
	}
	return tree.Stmts[0].Stmt, nil
}

// errPostgres places an error of PostgreSQL's parser in the whole query, and
// gives it the SQLSTATE that pg_query leaves out. The text that was parsed has
// the bytes of the query at their places, but blanks may stand for letters.
func (p piece) errPostgres(text string, err error) *Error {
	var failed *parser.Error
	if !errors.As(err, &failed) {
		// The tree is too deep to be carried over from C: see maxWeight.
		return p.errTooHeavy(p.tokens[0])
	}
	at := 0
	if failed.Cursorpos > 0 {
		at = position(p.query, min(int(p.base)+byteOf(text, failed.Cursorpos), len(p.query)))
	}
	code, hint := diagnose(failed)
	if code == codeTooComplex {
		return &Error{Code: code, Message: "statement too complex", Detail: clip(failed.Message) + ".", Position: at}
	}
	return &Error{Code: code, Message: clip(failed.Message), Hint: hint, Position: at}
}

// byteOf is the byte of a text at a position, the inverse of position.
func byteOf(text string, position int) int {
	for i := range text {
		if position--; position == 0 {
			return i
		}
	}
	return len(text)
}

// diagnose gives the SQLSTATE and the hint that PostgreSQL has for a message of
// its scanner and grammar.
func diagnose(failed *parser.Error) (code, hint string) {
	message := failed.Message
	begins := func(with string) bool { return strings.HasPrefix(message, with) }
	switch {
	case begins("memory exhausted"), begins("stack depth"):
		return codeTooComplex, ""
	case begins("out of memory"):
		return codeOutOfMemory, ""
	case begins("invalid byte sequence"):
		return codeBadEncoding, ""
	case message == "invalid Unicode escape" && failed.Funcname == "str_udeescape":
		return codeSyntax, `Unicode escapes must be \XXXX or \+XXXXXX.`
	case message == "invalid Unicode escape":
		return codeBadEscape, `Unicode escapes must be \uXXXX or \UXXXXXXXX.`
	case begins("frame "):
		return codeWindowing, ""
	case begins("LIMIT #,#"):
		return codeSyntax, "Use separate LIMIT and OFFSET clauses."
	case strings.HasSuffix(message, "not supported"), strings.HasSuffix(message, "not implemented"),
		strings.HasSuffix(message, "not yet implemented"):
		return codeNotSupported, ""
	}
	return codeSyntax, ""
}
