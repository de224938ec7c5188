package sql

import "fmt"

// SQLSTATEs of the errors that this package makes.
const (
	codeSyntax         = "42601"
	codeName           = "42602"
	codeNameTooLong    = "42622"
	codeNotSupported   = "0A000"
	codeTooComplex     = "54001"
	codeLimit          = "54000"
	codeBadEncoding    = "22021"
	codeAmbiguousParam = "42P02"
	codeBadParameter   = "22023"
	codeInternal       = "XX000"
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
	return &Error{Code: codeNotSupported, Message: u.What + " is not supported", Hint: u.Hint, Position: u.Position(0)}
}
