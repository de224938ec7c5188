package datum

import "fmt"

// Error is an error as PostgreSQL reports it to a client.
type Error struct {
	Code     string // SQLSTATE
	Message  string
	Detail   string
	Hint     string
	Position int // 1-based character of the statement, 0 if unknown
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf makes an Error from a SQLSTATE and a message.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Unsupported is the error for what PostgreSQL has and WALLE has not.
func Unsupported(format string, args ...any) *Error {
	return Errorf("0A000", format+" is not supported", args...)
}

func (e *Error) WithDetail(format string, args ...any) *Error {
	e.Detail = fmt.Sprintf(format, args...)
	return e
}

func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// At sets the position from a byte offset of the parser (-1 and 0 mean unknown or start;
// the parser gives 0 for both, so an error at the very start has no position).
func (e *Error) At(location int32) *Error {
	if e.Position == 0 && location > 0 {
		e.Position = int(location) + 1
	}
	return e
}
