package sql

import "unicode/utf8"

// Text is the statement's own text, from its first to its last token.
func (s *Source) Text() string { return s.query[s.offset : s.offset+s.length] }

// Offset is where Text begins in the query, in bytes.
func (s *Source) Offset() int { return s.offset }

// Params is the highest n of the $n in the statement.
func (s *Source) Params() int { return s.params }

// Position is the 1-based character of the query at a location, which counts
// bytes from the statement's beginning; 0 when the location is not known.
func (s *Source) Position(location int32) int {
	at := s.offset + int(location)
	if location < 0 || at > len(s.query) {
		return 0
	}
	return utf8.RuneCountInString(s.query[:at]) + 1
}
