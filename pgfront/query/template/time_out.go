package template

import (
	"fmt"
	"strings"

	"walle/pgfront/query/datum"
)

// A Moment is what a template can show of a timestamp or an interval.
type Moment struct {
	Year, Month, Day     int // of an interval: its years, months and days
	Hour, Minute, Second int
	Micros               int   // of the second
	Days                 int64 // since 2000-01-01, not for an interval
	Interval             bool
	// Zone is set for a timestamp with time zone: its abbreviation and seconds east.
	Zone   string
	Offset int
}

// MomentOf takes a timestamp apart.
func MomentOf(us int64) Moment {
	c := datum.CivilOf(us)
	m := Moment{Year: c.Year, Month: c.Month, Day: c.Day, Hour: c.Hour, Minute: c.Minute, Second: c.Second, Micros: c.Micros}
	m.Days = datum.DayNumber(c.Year, c.Month, c.Day)
	return m
}

// MomentOfInterval takes an interval apart.
func MomentOfInterval(iv datum.Interval) Moment {
	rest := iv.Micros
	m := Moment{Interval: true, Year: int(iv.Months / 12), Month: int(iv.Months % 12), Day: int(iv.Days)}
	m.Hour, rest = int(rest/datum.MicrosPerHour), rest%datum.MicrosPerHour
	m.Minute, rest = int(rest/datum.MicrosPerMinute), rest%datum.MicrosPerMinute
	m.Second, m.Micros = int(rest/datum.MicrosPerSecond), int(rest%datum.MicrosPerSecond)
	return m
}

var (
	months   = strings.Fields("January February March April May June July August September October November December")
	weekdays = strings.Fields("Sunday Monday Tuesday Wednesday Thursday Friday Saturday")
	romans   = strings.Fields("I II III IV V VI VII VIII IX X XI XII")
)

// FormatTime is to_char of a timestamp or an interval.
func FormatTime(m Moment, template string) (string, error) {
	var b strings.Builder
	for _, n := range parse(template, timeKeywords, true) {
		if n.kind != action {
			b.WriteString(n.text)
			continue
		}
		text, err := m.field(n)
		if err != nil {
			return "", err
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

// field is what a keyword shows.
func (m Moment) field(n node) (string, error) {
	key := strings.ToUpper(n.text)
	if m.Interval && strings.Contains(" A.D. AD B.C. BC DAY DY D ID IW IYYY IYY IY I IDDD OF TZ TZH TZM ", " "+key+" ") ||
		m.Interval && (key == "MONTH" || key == "MON") {
		return "", datum.Errorf("22007", "invalid format specification for an interval value").
			WithHint("Intervals are not tied to specific calendar dates.")
	}
	if text, ok := m.word(n, key); ok {
		return text, nil
	}
	number, ok := m.number(n, key)
	if ok && n.ordinal != "" {
		number += ordinal(number, n.ordinal)
	}
	return number, nil
}

// cased writes s as the keyword is written: MONTH, Month or month.
func cased(s, like string) string {
	switch {
	case like == strings.ToLower(like):
		return strings.ToLower(s)
	case like == strings.ToUpper(like):
		return strings.ToUpper(s)
	}
	return s
}

// word is the fields that are words; ok is false for all others.
func (m Moment) word(n node, key string) (string, bool) {
	padded := func(s string, width int) string {
		if n.fill || n.local {
			return cased(s, n.text)
		}
		return fmt.Sprintf("%-*s", width, cased(s, n.text))
	}
	switch key {
	case "AM", "PM", "A.M.", "P.M.":
		half := "AM"
		if mod(m.Hour, 24) >= 12 {
			half = "PM"
		}
		return dotted(half, n.text), true
	case "AD", "BC", "A.D.", "B.C.":
		era := "AD"
		if m.Year <= 0 {
			era = "BC"
		}
		return dotted(era, n.text), true
	case "MONTH":
		return padded(months[m.Month-1], 9), true
	case "MON":
		return cased(months[m.Month-1][:3], n.text), true
	case "DAY":
		return padded(weekdays[datum.Weekday(m.Days)], 9), true
	case "DY":
		return cased(weekdays[datum.Weekday(m.Days)][:3], n.text), true
	case "RM":
		if m.Month == 0 && m.Year == 0 {
			return "", true
		}
		return padded(m.roman(), 4), true
	case "TZ":
		return cased(m.Zone, n.text), true
	case "FX":
		return "", true
	}
	return "", false
}

func dotted(s, like string) string {
	if strings.Contains(like, ".") {
		s = s[:1] + "." + s[1:] + "."
	}
	return cased(s, like)
}

// roman is the month; an interval counts back from December.
func (m Moment) roman() string {
	switch {
	case m.Month == 0 && m.Year >= 0:
		return romans[11]
	case m.Month == 0:
		return romans[0]
	case m.Month < 0:
		return romans[12+m.Month]
	}
	return romans[m.Month-1]
}

// mod is C's remainder, which keeps the sign.
func mod(n, d int) int { return n % d }

// number is the fields that are numbers; ok is false if nothing is shown.
func (m Moment) number(n node, key string) (string, bool) {
	// width of two digits, three with a sign
	two := func(v, sign int) string {
		switch {
		case n.fill:
			return fmt.Sprint(v)
		case sign >= 0:
			return fmt.Sprintf("%02d", v)
		}
		return fmt.Sprintf("%03d", v)
	}
	switch key {
	case "HH", "HH12":
		if h := mod(m.Hour, 12); h != 0 {
			return two(h, m.Hour), true
		}
		return two(12, m.Hour), true
	case "HH24":
		return two(m.Hour, m.Hour), true
	case "MI":
		return two(m.Minute, m.Minute), true
	case "SS":
		return two(m.Second, m.Second), true
	case "FF1", "FF2", "FF3", "FF4", "FF5", "FF6":
		places := int(key[2] - '0')
		unit := 1
		for range 6 - places {
			unit *= 10
		}
		return fmt.Sprintf("%0*d", places, m.Micros/unit), true
	case "MS":
		return fmt.Sprintf("%03d", m.Micros/1000), true
	case "US":
		return fmt.Sprintf("%06d", m.Micros), true
	case "SSSS", "SSSSS":
		return fmt.Sprint(m.Hour*3600 + m.Minute*60 + m.Second), true
	case "TZH":
		return fmt.Sprintf("%c%02d", sign(m.Offset), abs(m.Offset)/3600), true
	case "TZM":
		return fmt.Sprintf("%02d", abs(m.Offset)%3600/60), true
	case "OF":
		return m.offset(n.fill), true
	}
	return m.dateNumber(n, key, two)
}

func (m Moment) dateNumber(n node, key string, two func(v, sign int) string) (string, bool) {
	switch key {
	case "MM":
		return two(m.Month, m.Month), true
	case "DD":
		return two(m.Day, 0), true
	case "DDD", "IDDD":
		day := m.yearDay()
		if key == "IDDD" {
			day = m.isoYearDay()
		}
		if n.fill {
			return fmt.Sprint(day), true
		}
		return fmt.Sprintf("%03d", day), true
	case "D":
		return fmt.Sprint(datum.Weekday(m.Days) + 1), true
	case "ID":
		return fmt.Sprint((datum.Weekday(m.Days)+6)%7 + 1), true
	case "WW":
		return two((m.yearDay()-1)/7+1, 0), true
	case "IW":
		_, week := datum.ISOWeek(m.Days)
		return two(week, 0), true
	case "W":
		return fmt.Sprint((m.Day-1)/7 + 1), true
	case "Q":
		if m.Month == 0 {
			return "", false
		}
		return fmt.Sprint((m.Month-1)/3 + 1), true
	case "J":
		return fmt.Sprint(m.julian()), true
	case "CC":
		c := m.century()
		if c > 99 || c < -99 {
			return fmt.Sprint(c), true
		}
		return two(c, c), true
	}
	return m.yearNumber(n, key)
}

func (m Moment) yearNumber(n node, key string) (string, bool) {
	year := m.shownYear(m.Year)
	if key[0] == 'I' {
		iso, _ := datum.ISOWeek(m.Days)
		year = m.shownYear(iso)
	}
	padded := func(v, width int) string {
		if n.fill {
			return fmt.Sprint(v)
		}
		if year < 0 {
			width++
		}
		return fmt.Sprintf("%0*d", width, v)
	}
	switch key {
	case "Y,YYY":
		thousands := year / 1000
		return fmt.Sprintf("%d,%03d", thousands, year-thousands*1000), true
	case "YYYY", "IYYY":
		return padded(year, 4), true
	case "YYY", "IYY":
		return padded(mod(year, 1000), 3), true
	case "YY", "IY":
		return padded(mod(year, 100), 2), true
	}
	return fmt.Sprint(mod(year, 10)), true
}

// shownYear has no year 0: that is 1 BC.
func (m Moment) shownYear(year int) int {
	if m.Interval || year > 0 {
		return year
	}
	return -(year - 1)
}

func (m Moment) century() int {
	switch {
	case m.Interval:
		return m.Year / 100
	case m.Year > 0:
		return (m.Year-1)/100 + 1
	}
	return m.Year/100 - 1
}

func (m Moment) yearDay() int {
	if m.Interval {
		return int(int32((m.Year*12+m.Month)*30 + m.Day)) // as far as PostgreSQL counts
	}
	return int(m.Days-datum.DayNumber(m.Year, 1, 1)) + 1
}

func (m Moment) isoYearDay() int {
	_, week := datum.ISOWeek(m.Days)
	return (week-1)*7 + (datum.Weekday(m.Days)+6)%7 + 1
}

func (m Moment) julian() int64 {
	if m.Interval {
		return julianOf(m.Year, m.Month, m.Day)
	}
	return datum.JulianDay(m.Days)
}

// julianOf is PostgreSQL's date2j, also for what is no date.
func julianOf(y, m, d int) int64 {
	if m > 2 {
		m, y = m+1, y+4800
	} else {
		m, y = m+13, y+4799
	}
	century := y / 100
	return int64(y*365 - 32167 + y/4 - century + century/4 + 7834*m/256 + d)
}

func sign(n int) byte {
	if n < 0 {
		return '-'
	}
	return '+'
}

func abs(n int) int { return max(n, -n) }

func (m Moment) offset(fill bool) string {
	width := 2
	if fill {
		width = 0
	}
	s := fmt.Sprintf("%c%0*d", sign(m.Offset), width, abs(m.Offset)/3600)
	if minutes := abs(m.Offset) % 3600 / 60; minutes != 0 {
		s += fmt.Sprintf(":%02d", minutes)
	}
	return s
}
