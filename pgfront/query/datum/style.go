package datum

import "time"

// Style is what settings say about the text form of values.
type Style struct {
	Location     *time.Location // TimeZone
	DateOrder    DateOrder      // of DateStyle
	DateFormat   DateFormat     // of DateStyle
	IntervalMode IntervalMode   // IntervalStyle
	ByteaEscape  bool           // bytea_output = escape
	FloatDigits  int            // extra_float_digits
}

// DateOrder says how an ambiguous date is read.
type DateOrder uint8

const (
	MDY DateOrder = iota
	DMY
	YMD
)

// DateFormat is the output format of dates.
type DateFormat uint8

const (
	ISODates DateFormat = iota
	SQLDates
	PostgresDates
	GermanDates
)

// IntervalMode is the output format of intervals.
type IntervalMode uint8

const (
	PostgresIntervals IntervalMode = iota
	PostgresVerboseIntervals
	SQLStandardIntervals
	ISOIntervals
)

// DefaultStyle is the style of a session that has set nothing.
func DefaultStyle() Style { return Style{Location: time.UTC, FloatDigits: 1} }
