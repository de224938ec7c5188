package sql

// Parse reads every statement of a query. The statements between semicolons
// that have no token are left out, so that an empty query has none. An error is
// always an *Error, and then no statement of the query is to be run.
func Parse(query string) ([]Statement, error) {
	return nil, &Error{Code: codeNotSupported, Message: "not yet"}
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
