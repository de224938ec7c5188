package datum

import "time"

// The input functions of date, time, timestamp and timestamptz.

func (c *Codec) now() time.Time {
	if c.Now == nil {
		return time.Unix(epochUnix, 0)
	}
	return c.Now()
}

func (c *Codec) location() *time.Location { return c.style.Location }

// specialTimestamp turns 'now', 'today' … into a wall clock of the session's zone; instant
// says that the words name an instant (timestamptz).
func (c *Codec) specialTimestamp(word string) int64 {
	local := ToLocal(MicrosOf(c.now()), c.location())
	days, _ := floorDiv(local, MicrosPerDay)
	switch word {
	case "now":
		return local
	case "today":
		return days * MicrosPerDay
	case "tomorrow":
		return (days + 1) * MicrosPerDay
	case "yesterday":
		return (days - 1) * MicrosPerDay
	case "infinity":
		return Infinity
	case "-infinity":
		return NegInfinity
	}
	return -epochUnix * MicrosPerSecond // epoch
}

// ParseTimestamp reads a timestamp without time zone; a zone in the text is ignored.
func (c *Codec) ParseTimestamp(text string) (int64, error) {
	dt, err := c.style.parseDatetime("timestamp", text)
	if err != nil {
		return 0, err
	}
	if dt.special != "" {
		return c.specialTimestamp(dt.special), nil
	}
	if !dt.hasDate {
		return 0, invalidDatetime("timestamp", text)
	}
	us, ok := dt.civil.Timestamp()
	if !ok {
		return 0, Errorf("22008", "timestamp out of range: \"%s\"", text)
	}
	return us, nil
}

// ParseTimestamptz reads a timestamp with time zone; without a zone in the text it is in
// the session's.
func (c *Codec) ParseTimestamptz(text string) (int64, error) {
	dt, err := c.style.parseDatetime("timestamp with time zone", text)
	if err != nil {
		return 0, err
	}
	if dt.special == "epoch" {
		return -epochUnix * MicrosPerSecond, nil
	}
	if dt.special == "now" {
		return MicrosOf(c.now()), nil
	}
	if dt.special != "" {
		return FromLocal(c.specialTimestamp(dt.special), c.location()), nil
	}
	if !dt.hasDate {
		return 0, invalidDatetime("timestamp with time zone", text)
	}
	us, ok := dt.civil.Timestamp()
	if ok {
		zone := dt.zone
		if zone == nil {
			zone = c.location()
		}
		us = FromLocal(us, zone)
	}
	if !ok || !ValidTimestamp(us) {
		return 0, Errorf("22008", "timestamp out of range: \"%s\"", text)
	}
	return us, nil
}

// ParseDate reads a date; a time in the text is ignored.
func (c *Codec) ParseDate(text string) (int64, error) {
	dt, err := c.style.parseDatetime("date", text)
	if err != nil {
		return 0, err
	}
	switch dt.special {
	case "infinity":
		return DateInf, nil
	case "-infinity":
		return DateNegInf, nil
	case "":
	default:
		days, _ := floorDiv(c.specialTimestamp(dt.special), MicrosPerDay)
		return days, nil
	}
	if !dt.hasDate {
		return 0, invalidDatetime("date", text)
	}
	days := DayNumber(dt.civil.Year, dt.civil.Month, dt.civil.Day)
	if !ValidDate(days) {
		return 0, Errorf("22008", "date out of range: \"%s\"", text)
	}
	return days, nil
}

// ParseTime reads a time of day; a date and a zone in the text are ignored.
func (c *Codec) ParseTime(text string) (int64, error) {
	dt, err := c.style.parseDatetime("time", text)
	if err != nil {
		return 0, err
	}
	if dt.special == "now" {
		_, us := floorDiv(c.specialTimestamp("now"), MicrosPerDay)
		return us, nil
	}
	if dt.special != "" || !dt.hasTime {
		return 0, invalidDatetime("time", text)
	}
	us := dt.civil.TimeOfDay()
	if us > MicrosPerDay {
		return 0, datetimeField(text)
	}
	return us, nil
}
