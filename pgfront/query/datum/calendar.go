package datum

// The proleptic Gregorian calendar with astronomical years (0 is 1 BC), as day numbers
// relative to 2000-01-01.

const (
	julianEpoch = 2451545 // 2000-01-01 as a Julian day

	minDate = 0 - julianEpoch          // 4714-11-24 BC
	endDate = 2147483494 - julianEpoch // 5874898-01-01

	minTimestamp = -211813488000000000 // 4714-11-24 BC
	endTimestamp = 9223371331200000000 // 294277-01-01
)

// Civil is a broken-down timestamp.
type Civil struct {
	Year, Month, Day     int
	Hour, Minute, Second int
	Micros               int
}

// DayNumber returns the days from 2000-01-01 to a date of the calendar.
func DayNumber(year, month, day int) int64 {
	y := int64(year)
	if month <= 2 {
		y--
	}
	era, yoe := floorDiv(y, 400)
	mp := int64((month + 9) % 12)
	doy := (153*mp+2)/5 + int64(day) - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return era*146097 + doe - 730425
}

// DateOf is the inverse of DayNumber.
func DateOf(days int64) (year, month, day int) {
	era, doe := floorDiv(days+730425, 146097)
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = int(doy-(153*mp+2)/5) + 1
	month = int(mp) + 3
	year = int(yoe + era*400)
	if month > 12 {
		month -= 12
	}
	if month <= 2 {
		year++
	}
	return year, month, day
}

// CivilOf breaks down µs since 2000-01-01.
func CivilOf(us int64) Civil {
	days, rest := floorDiv(us, MicrosPerDay)
	c := Civil{}
	c.Year, c.Month, c.Day = DateOf(days)
	c.Hour, rest = int(rest/MicrosPerHour), rest%MicrosPerHour
	c.Minute, rest = int(rest/MicrosPerMinute), rest%MicrosPerMinute
	c.Second, c.Micros = int(rest/MicrosPerSecond), int(rest%MicrosPerSecond)
	return c
}

// TimeOfDay returns the µs since midnight.
func (c Civil) TimeOfDay() int64 {
	return int64(c.Hour)*MicrosPerHour + int64(c.Minute)*MicrosPerMinute + int64(c.Second)*MicrosPerSecond + int64(c.Micros)
}

// Timestamp is the inverse of CivilOf; ok is false if the result is beyond the range of
// timestamps.
func (c Civil) Timestamp() (us int64, ok bool) {
	days := DayNumber(c.Year, c.Month, c.Day)
	if days < minDate-1 || days > endTimestamp/MicrosPerDay+1 {
		return 0, false
	}
	us = days*MicrosPerDay + c.TimeOfDay()
	return us, ValidTimestamp(us)
}

// ValidTimestamp says whether us is a finite timestamp that PostgreSQL can hold.
func ValidTimestamp(us int64) bool { return us >= minTimestamp && us < endTimestamp }

// ValidDate says whether days is a finite date that PostgreSQL can hold.
func ValidDate(days int64) bool { return days >= minDate && days < endDate }

// Weekday is 0 on Sunday.
func Weekday(days int64) int {
	_, r := floorDiv(days+6, 7)
	return int(r)
}

// DaysIn returns the length of a month.
func DaysIn(year, month int) int {
	next, nextYear := month+1, year
	if next > 12 {
		next, nextYear = 1, year+1
	}
	return int(DayNumber(nextYear, next, 1) - DayNumber(year, month, 1))
}

// ISOWeek returns the week of ISO 8601 and the year it belongs to.
func ISOWeek(days int64) (year, week int) {
	thursday := days - int64((Weekday(days)+6)%7) + 3
	year, _, _ = DateOf(thursday)
	return year, int(thursday-DayNumber(year, 1, 1))/7 + 1
}

// JulianDay converts a day number to the Julian day.
func JulianDay(days int64) int64 { return days + julianEpoch }
