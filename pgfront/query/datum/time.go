package datum

import (
	"math"
	"time"
)

// Timestamps are µs since 2000-01-01 00:00 UTC, dates are days since then, as PostgreSQL
// stores them. The largest and smallest numbers are infinity and -infinity.
const (
	epochUnix = 946684800 // 2000-01-01 in Unix seconds

	Infinity    = math.MaxInt64
	NegInfinity = math.MinInt64
	DateInf     = math.MaxInt32
	DateNegInf  = math.MinInt32

	MicrosPerSecond = 1_000_000
	MicrosPerMinute = 60 * MicrosPerSecond
	MicrosPerHour   = 60 * MicrosPerMinute
	MicrosPerDay    = 24 * MicrosPerHour
)

// MicrosOf converts a time to PostgreSQL's count of µs.
func MicrosOf(t time.Time) int64 {
	return (t.Unix()-epochUnix)*MicrosPerSecond + int64(t.Nanosecond()/1000)
}

// TimeOf converts PostgreSQL's count of µs to a time in UTC.
func TimeOf(us int64) time.Time {
	sec, rest := floorDiv(us, MicrosPerSecond)
	return time.Unix(sec+epochUnix, rest*1000).UTC()
}

func floorDiv(n, d int64) (q, r int64) {
	q, r = n/d, n%d
	if r < 0 {
		q, r = q-1, r+d
	}
	return q, r
}

// Interval is PostgreSQL's: months, days and µs are kept apart.
type Interval struct {
	Months int32
	Days   int32
	Micros int64
}
