package sql

import "strconv"

// Parse reads every statement of a query. The statements between semicolons
// that have no token are left out, so that an empty query has none. An error is
// always an *Error, and then no statement of the query is to be run.
func Parse(query string) ([]Statement, error) {
	if err := checkText(query); err != nil {
		return nil, err
	}
	s, err := scan(query, maxTokens)
	if err != nil {
		return nil, err
	}
	var statements []Statement
	for rest := s.tokens; len(rest) > 0; {
		var p piece
		p, rest = s.cut(rest)
		if len(p.tokens) == 0 {
			continue
		}
		statement, err := p.parse()
		if err != nil {
			return nil, err
		}
		statements = append(statements, statement)
	}
	return statements, nil
}

// ParseOne reads a query of exactly one statement, as a prepared statement is,
// or of none, which is *Empty.
func ParseOne(query string) (Statement, error) {
	statements, err := Parse(query)
	if err != nil {
		return nil, err
	}
	return one(query, statements)
}

func one(query string, statements []Statement) (Statement, error) {
	switch len(statements) {
	case 0:
		return &Empty{Source{query: query}}, nil
	case 1:
		return statements[0], nil
	}
	return nil, &Error{Code: codeSyntax, Message: "cannot insert multiple commands into a prepared statement"}
}

// piece is the part of a query that is one statement, or a statement within
// one: EXPLAIN's, say.
type piece struct {
	*scanned
	tokens []token // without the semicolon
	after  token   // the semicolon, the closing bracket, or the end
	base   int32   // byte of the query where the parser begins to read
}

// cut takes the first statement off the tokens. A semicolon in brackets does
// not end one: it is an error there, which the parser tells best.
func (s *scanned) cut(tokens []token) (p piece, rest []token) {
	depth := 0
	for i, t := range tokens {
		switch {
		case s.is(t, '('), s.is(t, '['):
			depth++
		case s.is(t, ')'), s.is(t, ']'):
			depth--
		case t.kind == tokenEnd, s.is(t, ';') && depth <= 0:
			return s.piece(tokens[:i], t), tokens[i+1:]
		}
	}
	return s.piece(tokens, token{tokenEnd, int32(len(s.query)), int32(len(s.query))}), nil
}

func (s *scanned) piece(tokens []token, after token) piece {
	p := piece{scanned: s, tokens: tokens, after: after}
	if len(tokens) > 0 {
		p.base = tokens[0].start
	}
	return p
}

// parse gives a statement to the parser that knows it.
func (p piece) parse() (Statement, error) {
	if err := p.weigh(p.tokens); err != nil {
		return nil, err
	}
	statement, err := p.parseAny()
	if err != nil {
		return nil, err
	}
	return statement, nil
}

func (p piece) parseAny() (Statement, *Error) {
	if p.isStream() || p.hasOwnVerb() {
		return p.parseStream()
	}
	return p.parseSQL()
}

// source is what the piece's statement remembers of its text.
func (p piece) source() (Source, *Error) {
	src := Source{
		query:  p.query,
		base:   int(p.base),
		offset: int(p.tokens[0].start),
		end:    int(p.tokens[len(p.tokens)-1].end),
	}
	for _, t := range p.tokens {
		if t.kind != tokenParam {
			continue
		}
		if int(t.end) < len(p.query) && isIdentStart(p.query[t.end]) {
			return src, p.errJunk(t, "parameter")
		}
		n, err := strconv.Atoi(p.text(t)[1:])
		if err != nil || n < 1 || n > maxParam {
			return src, p.errNoParam(t)
		}
		src.params = max(src.params, n)
	}
	return src, nil
}
