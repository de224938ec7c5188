package main

import (
	"errors"
	"net"

	"github.com/jackc/pgx/v5/pgconn"

	"walle/tools/nemesis/history"
)

// errNotSent wraps the error of an append that ended before anything was sent
// that could have made it happen.
type errNotSent struct{ error }

func (e errNotSent) Unwrap() error { return e.error }

// outcomeOf is what an error says about an append, as docs/sql.md has it.
func outcomeOf(err error) history.Outcome {
	var notSent errNotSent
	var refused *pgconn.PgError
	switch {
	case err == nil:
		return history.Applied
	case errors.As(err, &notSent):
		return history.NotApplied
	case errors.As(err, &refused):
		if refused.Code == "08007" || refused.Code == "57P01" {
			return history.Unknown
		}
		return history.NotApplied
	}
	// pgconn.SafeToRetry is not asked: of a COMMIT whose connection breaks before it
	// is answered it says that nothing was sent (pgx 5.12.0, "conn closed").
	return history.Unknown
}

// codeOf is the SQLSTATE of an error, or what else became of the session.
func codeOf(err error) string {
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &refused):
		return refused.Code
	case pgconn.Timeout(err), errors.Is(err, net.ErrClosed):
		return "no answer"
	}
	return "broken"
}

// isBug reports whether an error says that WALLE is at fault.
func isBug(err error) bool {
	code := codeOf(err)
	return code == "XX000" || code == "XX001" || code == "XX002"
}
