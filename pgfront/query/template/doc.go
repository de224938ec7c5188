// Package template formats and reads dates, intervals and numbers by PostgreSQL's template
// patterns: to_char, to_date, to_timestamp and to_number.
//
// pattern.go splits a template into keywords and text. time_out.go and time_in.go are for
// moments and intervals, number.go describes a template of a number, number_out.go and
// number_in.go apply it. The locale is C.
package template
