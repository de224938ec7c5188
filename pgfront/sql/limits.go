package sql

import (
	"fmt"
	"unicode/utf8"
)

// The parser for SQL is C in our process: a stack that overflows in it is the
// death of the node, and not an error. It recurses once for each level of the
// tree, so the depth of the tree is bounded here, before it is called. Measured
// on pg_query 5.1, a level costs at most 345 bytes of C stack in a chain
// (1+1+…, a::t::t…, JOIN … JOIN) and 1.2 kB in a subselect. A thread has 8 MiB
// by default, which chains of 24,000 levels exhaust; the limits below keep any
// text under 2.5 MiB.
const (
	// MaxQuery is the longest query, in bytes.
	MaxQuery = 16 << 20
	// maxTokens bounds the memory of a tree: a token costs about 125 bytes
	// while it is parsed, and 90 afterwards.
	maxTokens = 1_000_000
	// maxWeight bounds the depth of a tree by the number of tokens that can
	// have to do with each other; see weigh.
	maxWeight = 10_000
	// maxNesting bounds brackets within each other.
	maxNesting = 500
	// maxEffort bounds what a text can cost PostgreSQL's scanner beyond twice
	// its length, in bytes that are read once more.
	maxEffort = 4 << 20
	// maxParam is the highest $n that a Bind message has room for.
	maxParam = 65535
)

// checkText refuses what must not even be scanned.
func checkText(query string) *Error {
	if len(query) > MaxQuery {
		return &Error{
			Code:    codeLimit,
			Message: fmt.Sprintf("query of %d bytes is too long", len(query)),
			Detail:  fmt.Sprintf("A query may have %d bytes.", MaxQuery),
			Hint:    "Use parameters or COPY for bulk data.",
		}
	}
	for i, r := range query {
		if r == 0 || r == utf8.RuneError && badEncoding(query[i:]) {
			return errBadEncoding(query[i:])
		}
	}
	return nil
}

// badEncoding tells a broken byte from a U+FFFD that was really sent.
func badEncoding(s string) bool {
	_, size := utf8.DecodeRuneInString(s)
	return size == 1
}

// errBadEncoding names the bytes of the character that s fails to begin with.
func errBadEncoding(s string) *Error {
	size := 1
	switch c := s[0]; {
	case c >= 0xf8: // begins nothing
	case c >= 0xf0:
		size = 4
	case c >= 0xe0:
		size = 3
	case c >= 0xc0:
		size = 2
	}
	message := `invalid byte sequence for encoding "UTF8":`
	for _, c := range []byte(s[:min(size, len(s))]) {
		message += fmt.Sprintf(" 0x%02x", c)
	}
	return &Error{Code: codeBadEncoding, Message: message}
}

func errTooManyTokens(query string, t token, limit int) *Error {
	return &Error{
		Code:     codeTooComplex,
		Message:  "statement too complex",
		Detail:   fmt.Sprintf("A query may have %d words, values and signs.", limit),
		Hint:     "Use several statements, parameters or COPY for bulk data.",
		Position: position(query, int(t.start)),
	}
}

// level is an open bracket, or the statement itself, while tokens are weighed.
type level struct {
	below   int // weight of what is around this level
	chain   int // weight of the arms of UNION and its kin before this one
	longest int // weight of the arm's heaviest element so far
	run     int // weight of the current element
}

func (l *level) weight() int { return l.chain + max(l.longest, l.run) }

// weigh refuses a statement whose tree could be too deep. Its measure is the
// weight of an element: the tokens between two commas of a list, where a list
// within it counts as the heaviest of its elements. A list is flat in the tree,
// and therefore no branch is deeper than the weight of the whole, while VALUES
// and IN lists of any length weigh as much as one row. The commas of a target
// list do not make UNION flat: the arms of UNION add up.
func (s *scanned) weigh(tokens []token) *Error {
	levels := make([]level, 1, 16)
	prefix := false
	for _, t := range tokens {
		top := &levels[len(levels)-1]
		switch {
		case s.is(t, '('), s.is(t, '['):
			if len(levels) > maxNesting {
				return s.errTooDeep(t)
			}
			levels = append(levels, level{below: top.below + top.weight()})
			top = &levels[len(levels)-1]
		case len(levels) > 1 && (s.is(t, ')') || s.is(t, ']')):
			weight := top.weight()
			levels = levels[:len(levels)-1]
			top = &levels[len(levels)-1]
			top.run += weight
		case s.is(t, ','):
			top.longest, top.run = max(top.longest, top.run), 0
		case s.isSetOperation(t):
			top.chain, top.longest, top.run = top.weight(), 0, 0
		}
		top.run += s.levelsOf(t, prefix)
		prefix = t.kind == tokenOperator || s.isWord(t, "not")
		if top.below+top.weight() > maxWeight {
			return s.errTooHeavy(t)
		}
	}
	return nil
}

func (s *scanned) isSetOperation(t token) bool {
	return s.isWord(t, "union") || s.isWord(t, "intersect") || s.isWord(t, "except")
}

// levelsOf is what a token weighs: 2 when it can make a level of the tree with
// no second token's help, which every other level needs.
func (s *scanned) levelsOf(t token, afterPrefix bool) int {
	switch {
	case t.kind == tokenOperator && afterPrefix,
		s.isWord(t, "not"), s.isWord(t, "isnull"), s.isWord(t, "notnull"):
		return 2
	}
	return 1
}

func (s *scanned) errTooTangled(t token) *Error {
	return &Error{
		Code:     codeTooComplex,
		Message:  "statement too complex",
		Detail:   "It has too many operators or beginnings of comments without a blank between them.",
		Position: s.position(t),
	}
}

func (s *scanned) errTooDeep(t token) *Error {
	return &Error{
		Code:     codeTooComplex,
		Message:  "statement too complex",
		Detail:   fmt.Sprintf("Brackets may be nested %d deep.", maxNesting),
		Hint:     "Break the expression into several.",
		Position: s.position(t),
	}
}

func (s *scanned) errTooHeavy(t token) *Error {
	return &Error{
		Code:     codeTooComplex,
		Message:  "statement too complex",
		Detail:   fmt.Sprintf("A statement may have %d words, values and signs outside of lists.", maxWeight),
		Hint:     "Use IN or = ANY ($1) for long chains of OR, and several statements for the rest.",
		Position: s.position(t),
	}
}
