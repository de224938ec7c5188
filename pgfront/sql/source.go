package sql

import "unicode/utf8"

// Text is the statement's own text, from its first to its last token.
func (s *Source) Text() string { return s.query[s.offset:s.end] }

// Offset is where Text begins in the query, in bytes.
func (s *Source) Offset() int { return s.offset }

// Params is the highest n of the $n in the statement.
func (s *Source) Params() int { return s.params }

// Position is the 1-based character of the query at a location, which counts
// bytes from where the parser began to read; 0 when the location is not known.
func (s *Source) Position(location int32) int {
	at := s.base + int(location)
	if location < 0 || at > len(s.query) {
		return 0
	}
	return position(s.query, at)
}

// position is the 1-based character at a byte of the query.
func position(query string, at int) int {
	return utf8.RuneCountInString(query[:at]) + 1
}
