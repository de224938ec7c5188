package datum

// The errors of the input functions. PostgreSQL quotes the input as it is, unescaped.

func invalidSyntax(typ, s string) *Error {
	if typ == "bytea" {
		return Errorf("22P02", "invalid input syntax for type bytea")
	}
	return Errorf("22P02", "invalid input syntax for type %s: \"%s\"", typ, s)
}

func invalidDatetime(typ, s string) *Error {
	return Errorf("22007", "invalid input syntax for type %s: \"%s\"", typ, s)
}

func datetimeField(s string) *Error {
	return Errorf("22008", "date/time field value out of range: \"%s\"", s)
}

func outOfRange(typ, s string) *Error {
	return Errorf("22003", "value \"%s\" is out of range for type %s", s, typ)
}

func insufficientData() *Error {
	return Errorf("08P01", "insufficient data left in message")
}

func badBinary(typ string) *Error {
	return Errorf("22P03", "incorrect binary data format for type %s", typ)
}
