package sql

import (
	"fmt"
	"strings"
)

// SQLSTATEs of the errors that this package makes.
const (
	codeSyntax       = "42601"
	codeNameTooLong  = "42622"
	codeNoParam      = "42P02"
	codeNotSupported = "0A000"
	codeTooComplex   = "54001"
	codeLimit        = "54000"
	codeBadEncoding  = "22021"
	codeBadValue     = "22023"
	codeBadEscape    = "22025"
	codeOutOfMemory  = "53200"
	codeBadCursor    = "42P11"
	codeWindowing    = "42P20"
)

// Error is a refused text, with what PostgreSQL's ErrorResponse carries.
type Error struct {
	Code     string // SQLSTATE
	Message  string
	Detail   string
	Hint     string
	Position int // 1-based, in characters of the query; 0: none
}

func (e *Error) Error() string {
	if e.Position == 0 {
		return fmt.Sprintf("%s: %s", e.Code, e.Message)
	}
	return fmt.Sprintf("%s: %s at position %d", e.Code, e.Message, e.Position)
}

// Err is what running the statement comes to.
func (u *Unsupported) Err() *Error {
	return &Error{
		Code:     codeNotSupported,
		Message:  u.What + " is not supported",
		Hint:     u.Hint,
		Position: position(u.query, u.offset),
	}
}

func (s *scanned) position(t token) int { return position(s.query, int(t.start)) }

// errSyntax is PostgreSQL's complaint about a token that nothing can begin or
// go on with.
func (s *scanned) errSyntax(t token) *Error {
	err := &Error{Code: codeSyntax, Position: s.position(t)}
	switch t.kind {
	case tokenEnd:
		err.Message = "syntax error at end of input"
	case tokenBroken:
		err.Message = fmt.Sprintf(`%s at or near "%s"`, s.broken, clip(s.text(t)))
	default:
		err.Message = fmt.Sprintf(`syntax error at or near "%s"`, clip(s.text(t)))
	}
	return err
}

func (s *scanned) errNoParam(t token) *Error {
	return &Error{
		Code:     codeNoParam,
		Message:  "there is no parameter " + clip(s.text(t)),
		Position: s.position(t),
	}
}

// errJunk is about a letter right behind a number or parameter.
func (s *scanned) errJunk(t token, what string) *Error {
	end := int(t.end)
	for end < len(s.query) && isIdent(s.query[end]) {
		end++
	}
	return &Error{
		Code:     codeSyntax,
		Message:  fmt.Sprintf(`trailing junk after %s at or near "%s"`, what, clip(s.query[t.start:end])),
		Position: s.position(t),
	}
}

// errConflict is about an option that is given twice.
func (p piece) errConflict(location int32) *Error {
	return &Error{
		Code:     codeSyntax,
		Message:  "conflicting or redundant options",
		Position: position(p.query, int(p.base+location)),
	}
}

// maxQuoted bounds how much of a query an error message repeats.
const maxQuoted = 1000

// clip shortens a text for a message. It leaves whole characters, which
// PostgreSQL's scanner does not: it takes 0é for a number and half a letter.
func clip(text string) string {
	if len(text) <= maxQuoted {
		return strings.ToValidUTF8(text, "")
	}
	return strings.ToValidUTF8(text[:maxQuoted], "") + "…"
}
