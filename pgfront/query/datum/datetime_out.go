package datum

import "strconv"

// Text forms of dates and times, in the session's DateStyle.

func pad2(buf []byte, n int) []byte { return append(buf, byte('0'+n/10), byte('0'+n%10)) }

func padYear(buf []byte, y int) []byte {
	if y <= 0 {
		y = 1 - y
	}
	for limit := 1000; limit > 1 && y < limit; limit /= 10 {
		buf = append(buf, '0')
	}
	return strconv.AppendInt(buf, int64(y), 10)
}

func appendFraction(buf []byte, us int) []byte {
	if us == 0 {
		return buf
	}
	buf = append(buf, '.')
	for unit := 100000; us > 0; unit /= 10 {
		buf = append(buf, byte('0'+us/unit))
		us %= unit
	}
	return buf
}

func appendClock(buf []byte, c Civil) []byte {
	buf = append(pad2(buf, c.Hour), ':')
	buf = append(pad2(buf, c.Minute), ':')
	return appendFraction(pad2(buf, c.Second), c.Micros)
}

func appendOffset(buf []byte, seconds int) []byte {
	sign := byte('+')
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	buf = pad2(append(buf, sign), seconds/3600)
	if rest := seconds % 3600; rest != 0 {
		buf = pad2(append(buf, ':'), rest/60)
		if rest%60 != 0 {
			buf = pad2(append(buf, ':'), rest%60)
		}
	}
	return buf
}

func (s Style) appendDate(buf []byte, days int64) []byte {
	switch days {
	case DateInf:
		return append(buf, "infinity"...)
	case DateNegInf:
		return append(buf, "-infinity"...)
	}
	y, m, d := DateOf(days)
	buf = s.appendCalendar(buf, y, m, d)
	if y <= 0 {
		buf = append(buf, " BC"...)
	}
	return buf
}

func (s Style) appendCalendar(buf []byte, y, m, d int) []byte {
	join := func(sep byte, first, second int) []byte {
		buf = append(pad2(buf, first), sep)
		buf = append(pad2(buf, second), sep)
		return padYear(buf, y)
	}
	switch {
	case s.DateFormat == ISODates:
		buf = append(padYear(buf, y), '-')
		buf = append(pad2(buf, m), '-')
		return pad2(buf, d)
	case s.DateFormat == GermanDates:
		return join('.', d, m)
	case s.DateFormat == SQLDates && s.DateOrder == DMY:
		return join('/', d, m)
	case s.DateFormat == SQLDates:
		return join('/', m, d)
	case s.DateOrder == DMY:
		return join('-', d, m)
	}
	return join('-', m, d)
}

func appendTime(buf []byte, us int64) []byte {
	if us == MicrosPerDay {
		return append(buf, "24:00:00"...)
	}
	return appendClock(buf, CivilOf(us))
}

func (s Style) appendTimestamp(buf []byte, us int64) []byte {
	if text, ok := infinite(us); ok {
		return append(buf, text...)
	}
	return s.appendCivil(buf, us, nil)
}

func (s Style) appendTimestamptz(buf []byte, us int64) []byte {
	if text, ok := infinite(us); ok {
		return append(buf, text...)
	}
	off, abbrev := ZoneOffset(us, s.Location)
	return s.appendCivil(buf, us+int64(off)*MicrosPerSecond, &zoneText{off, abbrev})
}

type zoneText struct {
	offset int
	abbrev string
}

func infinite(us int64) (string, bool) {
	switch us {
	case Infinity:
		return "infinity", true
	case NegInfinity:
		return "-infinity", true
	}
	return "", false
}

func (s Style) appendCivil(buf []byte, us int64, zone *zoneText) []byte {
	c := CivilOf(us)
	if s.DateFormat == PostgresDates {
		return s.appendPostgres(buf, us, zone)
	}
	buf = append(s.appendCalendar(buf, c.Year, c.Month, c.Day), ' ')
	buf = appendClock(buf, c)
	if zone != nil {
		buf = s.appendZone(buf, zone)
	}
	return appendEra(buf, c)
}

func appendEra(buf []byte, c Civil) []byte {
	if c.Year <= 0 {
		return append(buf, " BC"...)
	}
	return buf
}

// appendZone prints the offset, or in the styles for people the abbreviation.
func (s Style) appendZone(buf []byte, zone *zoneText) []byte {
	if s.DateFormat == ISODates {
		return appendOffset(buf, zone.offset)
	}
	if zone.abbrev != "" && zone.abbrev[0] != '+' && zone.abbrev[0] != '-' {
		return append(append(buf, ' '), zone.abbrev...)
	}
	if s.DateFormat == PostgresDates {
		buf = append(buf, ' ')
	}
	return appendOffset(buf, zone.offset)
}

// appendPostgres prints "Wed Dec 17 07:37:16 1997 PST".
func (s Style) appendPostgres(buf []byte, us int64, zone *zoneText) []byte {
	c := CivilOf(us)
	days, _ := floorDiv(us, MicrosPerDay)
	buf = append(append(buf, DayNames[Weekday(days)][:3]...), ' ')
	month := MonthNames[c.Month-1][:3]
	if s.DateOrder == DMY {
		buf = append(append(pad2(buf, c.Day), ' '), month...)
	} else {
		buf = pad2(append(append(buf, month...), ' '), c.Day)
	}
	buf = append(appendClock(append(buf, ' '), c), ' ')
	buf = padYear(buf, c.Year)
	if zone != nil {
		buf = s.appendZone(buf, zone)
	}
	return appendEra(buf, c)
}

// DayNames start with Sunday.
var DayNames = [...]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}

// MonthNames are in English whatever lc_time says.
var MonthNames = [...]string{"January", "February", "March", "April", "May", "June", "July", "August",
	"September", "October", "November", "December"}
