package datum

import "strconv"

// appendInterval prints an interval in the session's IntervalStyle.
func (s Style) appendInterval(buf []byte, iv Interval) []byte {
	switch s.IntervalMode {
	case ISOIntervals:
		return appendISOInterval(buf, iv)
	case SQLStandardIntervals:
		return appendSQLInterval(buf, iv)
	case PostgresVerboseIntervals:
		return appendVerboseInterval(buf, iv)
	}
	return appendPlainInterval(buf, iv)
}

// appendPlainInterval prints "1 year 2 mons -3 days +04:05:06.7".
func appendPlainInterval(buf []byte, iv Interval) []byte {
	start, before := len(buf), false
	field := func(n int32, unit string) {
		if n == 0 {
			return
		}
		if len(buf) > start {
			buf = append(buf, ' ')
		}
		if before && n > 0 {
			buf = append(buf, '+')
		}
		buf = strconv.AppendInt(buf, int64(n), 10)
		buf = append(append(buf, ' '), unit...)
		if n != 1 {
			buf = append(buf, 's')
		}
		before = n < 0
	}
	field(iv.Months/12, "year")
	field(iv.Months%12, "mon")
	field(iv.Days, "day")
	if iv.Micros == 0 && len(buf) > start {
		return buf
	}
	if len(buf) > start {
		buf = append(buf, ' ')
	}
	if iv.Micros < 0 {
		buf = append(buf, '-')
	} else if before {
		buf = append(buf, '+')
	}
	return appendDuration(buf, iv.Micros)
}

// appendDuration prints hours:minutes:seconds without sign; hours may exceed 99.
func appendDuration(buf []byte, us int64) []byte {
	u := uint64(us)
	if us < 0 {
		u = -u
	}
	hours := u / MicrosPerHour
	if hours < 10 {
		buf = append(buf, '0')
	}
	buf = append(strconv.AppendUint(buf, hours, 10), ':')
	buf = append(pad2(buf, int(u/MicrosPerMinute%60)), ':')
	return appendFraction(pad2(buf, int(u/MicrosPerSecond%60)), int(u%MicrosPerSecond))
}

// appendISOInterval prints "P1Y2M-3DT4H5M6.7S".
func appendISOInterval(buf []byte, iv Interval) []byte {
	if iv == (Interval{}) {
		return append(buf, "PT0S"...)
	}
	field := func(n int64, unit byte) {
		if n != 0 {
			buf = append(strconv.AppendInt(buf, n, 10), unit)
		}
	}
	buf = append(buf, 'P')
	field(int64(iv.Months/12), 'Y')
	field(int64(iv.Months%12), 'M')
	field(int64(iv.Days), 'D')
	if iv.Micros == 0 {
		return buf
	}
	buf = append(buf, 'T')
	field(iv.Micros/MicrosPerHour, 'H')
	field(iv.Micros%MicrosPerHour/MicrosPerMinute, 'M')
	if rest := iv.Micros % MicrosPerMinute; rest != 0 {
		if rest < 0 {
			buf, rest = append(buf, '-'), -rest
		}
		buf = strconv.AppendInt(buf, rest/MicrosPerSecond, 10)
		buf = append(appendFraction(buf, int(rest%MicrosPerSecond)), 'S')
	}
	return buf
}

// appendSQLInterval prints "1-2", "3 4:05:06" or, with mixed signs or all fields,
// "+1-2 -3 +4:05:06".
func appendSQLInterval(buf []byte, iv Interval) []byte {
	neg := iv.Months < 0 || iv.Days < 0 || iv.Micros < 0
	pos := iv.Months > 0 || iv.Days > 0 || iv.Micros > 0
	if !neg && !pos {
		return append(buf, '0')
	}
	signed := neg && pos || iv.Months != 0 && (iv.Days != 0 || iv.Micros != 0)
	sign := func(n int64) {
		if n < 0 {
			buf = append(buf, '-')
		} else if signed {
			buf = append(buf, '+')
		}
	}
	abs := func(n int64) int64 { return max(n, -n) }
	years := func() {
		sign(int64(iv.Months))
		m := abs(int64(iv.Months))
		buf = append(strconv.AppendInt(buf, m/12, 10), '-')
		buf = strconv.AppendInt(buf, m%12, 10)
	}
	clock := func() {
		u := abs(iv.Micros)
		buf = append(strconv.AppendInt(buf, u/MicrosPerHour, 10), ':')
		buf = append(pad2(buf, int(u/MicrosPerMinute%60)), ':')
		buf = appendFraction(pad2(buf, int(u/MicrosPerSecond%60)), int(u%MicrosPerSecond))
	}
	switch {
	case signed:
		years()
		buf = append(buf, ' ')
		sign(int64(iv.Days))
		buf = append(strconv.AppendInt(buf, abs(int64(iv.Days)), 10), ' ')
		sign(iv.Micros)
		clock()
	case iv.Months != 0:
		years()
	case iv.Days != 0:
		buf = append(strconv.AppendInt(buf, int64(iv.Days), 10), ' ')
		clock()
	default:
		sign(iv.Micros)
		clock()
	}
	return buf
}

// appendVerboseInterval prints "@ 1 year 2 mons 3 days 4 hours ago".
func appendVerboseInterval(buf []byte, iv Interval) []byte {
	buf = append(buf, '@')
	zero, ago := true, false
	field := func(n int64, frac int64, unit string) {
		if n == 0 && frac == 0 {
			return
		}
		if zero {
			ago = n < 0 || frac < 0
		}
		zero = false
		if ago {
			n, frac = -n, -frac
		}
		buf = append(buf, ' ')
		if n == 0 && frac < 0 || n < 0 {
			buf = append(buf, '-')
		}
		buf = strconv.AppendInt(buf, max(n, -n), 10)
		buf = appendFraction(buf, int(max(frac, -frac)))
		buf = append(append(buf, ' '), unit...)
		if n != 1 || frac != 0 {
			buf = append(buf, 's')
		}
	}
	field(int64(iv.Months/12), 0, "year")
	field(int64(iv.Months%12), 0, "mon")
	field(int64(iv.Days), 0, "day")
	field(iv.Micros/MicrosPerHour, 0, "hour")
	field(iv.Micros%MicrosPerHour/MicrosPerMinute, 0, "min")
	field(iv.Micros%MicrosPerMinute/MicrosPerSecond, iv.Micros%MicrosPerSecond, "sec")
	if zero {
		return append(buf, " 0"...)
	}
	if ago {
		buf = append(buf, " ago"...)
	}
	return buf
}
