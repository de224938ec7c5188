package query

import (
	"strings"

	"github.com/cockroachdb/apd/v3"

	"walle/pgfront/query/datum"
)

// extractor finds a field of a moment; ok is false if the type has no such field, which may
// still exist for others (known).
type extractor func(c *call, unit string, v Value) (d *apd.Decimal, known, ok bool)

func whole(n int64) *apd.Decimal               { return datum.NumericFromInt(n) }
func scaled(n int64, scale int32) *apd.Decimal { return apd.New(n, -scale) }

// unitName folds the spellings of a field.
func unitName(s string) string {
	s = strings.ToLower(s)
	for name, spellings := range map[string]string{
		"microseconds": "microsecond microseconds us usec usecs usecond useconds microsecon",
		"milliseconds": "millisecond milliseconds ms msec msecs millisecon msecond mseconds",
		"second":       "second seconds s sec secs", "minute": "minute minutes m min mins", "hour": "hour hours h hr hrs",
		"day": "day days d", "week": "week weeks w", "month": "month months mon mons", "quarter": "quarter qtr",
		"year": "year years y yr yrs", "decade": "decade decades dec decs", "century": "century centuries c cent",
		"millennium": "millennium millennia mil mils millenium", "timezone_h": "timezone_hour timezone_h", "timezone_m": "timezone_minute timezone_m",
		"julian": "julian j jd",
	} {
		for _, spelling := range strings.Fields(spellings) {
			if s == spelling {
				return name
			}
		}
	}
	return s
}

var knownUnits = map[string]bool{"microseconds": true, "milliseconds": true, "second": true, "minute": true, "hour": true, "day": true,
	"week": true, "month": true, "quarter": true, "year": true, "decade": true, "century": true, "millennium": true, "julian": true,
	"isoyear": true, "dow": true, "isodow": true, "doy": true, "epoch": true, "timezone": true, "timezone_h": true, "timezone_m": true}

// clockField extracts from the time within a day or an interval.
func clockField(unit string, us int64) (*apd.Decimal, bool) {
	seconds := us % datum.MicrosPerMinute
	switch unit {
	case "microseconds":
		return whole(seconds), true
	case "milliseconds":
		return scaled(seconds, 3), true
	case "second":
		return scaled(seconds, 6), true
	case "minute":
		return whole(us / datum.MicrosPerMinute % 60), true
	case "hour":
		return whole(us / datum.MicrosPerHour), true
	}
	return nil, false
}

// centuries counts from year 1; there is no century 0.
func countedFromOne(year, length int) int64 {
	if year > 0 {
		return int64((year + length - 1) / length)
	}
	return int64(-((length - 1 - (year - 1)) / length))
}

func dateField(unit string, days int64) (*apd.Decimal, bool) {
	year, month, day := datum.DateOf(days)
	isoYear, week := datum.ISOWeek(days)
	switch unit {
	case "day":
		return whole(int64(day)), true
	case "month":
		return whole(int64(month)), true
	case "quarter":
		return whole(int64((month-1)/3 + 1)), true
	case "year":
		return whole(int64(bcYear(year))), true
	case "isoyear":
		return whole(int64(bcYear(isoYear))), true
	case "week":
		return whole(int64(week)), true
	case "decade":
		if year >= 0 {
			return whole(int64(year / 10)), true
		}
		return whole(int64(-((8 - (year - 1)) / 10))), true
	case "century":
		return whole(countedFromOne(year, 100)), true
	case "millennium":
		return whole(countedFromOne(year, 1000)), true
	case "dow":
		return whole(int64(datum.Weekday(days))), true
	case "isodow":
		return whole(int64((datum.Weekday(days)+6)%7 + 1)), true
	case "doy":
		return whole(days - datum.DayNumber(year, 1, 1) + 1), true
	}
	return nil, false
}

// bcYear turns the astronomical year into PostgreSQL's, which has no 0.
func bcYear(year int) int {
	if year <= 0 {
		return year - 1
	}
	return year
}

// ever is the value of a field at infinity: infinite if it grows without end, else null.
func ever(unit string, negative bool) *apd.Decimal {
	switch unit {
	case "year", "decade", "century", "millennium", "julian", "isoyear", "epoch":
		return &apd.Decimal{Form: apd.Infinite, Negative: negative}
	}
	return nil
}

// localField extracts from a wall clock.
func localField(unit string, us int64) (*apd.Decimal, bool) {
	days := datum.TimestampToDate(us)
	clock := us - days*datum.MicrosPerDay
	if d, ok := clockField(unit, clock); ok {
		return d, true
	}
	if unit == "julian" {
		part, err := datum.DivNumeric(whole(clock), whole(datum.MicrosPerDay))
		if err != nil {
			return nil, false
		}
		return datum.AddNumeric(whole(datum.JulianDay(days)), part), true
	}
	return dateField(unit, days)
}

func epochOf(us int64) *apd.Decimal {
	return datum.AddNumeric(scaled(us, 6), whole(946684800))
}

func timestampField(_ *call, unit string, v Value) (*apd.Decimal, bool, bool) {
	if !isFinite(v) {
		return ever(unit, v.Micros() < 0), knownUnits[unit], knownUnits[unit]
	}
	if unit == "epoch" {
		return epochOf(v.Micros()), true, true
	}
	d, ok := localField(unit, v.Micros())
	return d, knownUnits[unit], ok
}

func zonedField(c *call, unit string, v Value) (*apd.Decimal, bool, bool) {
	if !isFinite(v) {
		return ever(unit, v.Micros() < 0), knownUnits[unit], knownUnits[unit]
	}
	offset, _ := datum.ZoneOffset(v.Micros(), c.run.codec.Style().Location)
	switch unit {
	case "epoch":
		return epochOf(v.Micros()), true, true
	case "timezone":
		return whole(int64(offset)), true, true
	case "timezone_h":
		return whole(int64(offset / 3600)), true, true
	case "timezone_m":
		return whole(int64(offset % 3600 / 60)), true, true
	}
	d, ok := localField(unit, v.Micros()+int64(offset)*datum.MicrosPerSecond)
	return d, knownUnits[unit], ok
}

func dateFieldOf(_ *call, unit string, v Value) (*apd.Decimal, bool, bool) {
	switch unit {
	case "microseconds", "milliseconds", "second", "minute", "hour", "timezone", "timezone_h", "timezone_m":
		return nil, true, false
	}
	if v.Int() == datum.DateInf || v.Int() == datum.DateNegInf {
		return ever(unit, v.Int() < 0), knownUnits[unit], knownUnits[unit]
	}
	switch unit {
	case "epoch":
		return whole(v.Int()*86400 + 946684800), true, true
	case "julian":
		return whole(datum.JulianDay(v.Int())), true, true
	}
	d, ok := dateField(unit, v.Int())
	return d, knownUnits[unit], ok
}

func timeField(_ *call, unit string, v Value) (*apd.Decimal, bool, bool) {
	if unit == "epoch" {
		return scaled(v.Micros(), 6), true, true
	}
	d, ok := clockField(unit, v.Micros())
	return d, knownUnits[unit], ok
}

func intervalField(_ *call, unit string, v Value) (*apd.Decimal, bool, bool) {
	iv := v.Interval()
	if d, ok := clockField(unit, iv.Micros); ok {
		return d, true, true
	}
	years := int64(iv.Months / 12)
	switch unit {
	case "day":
		return whole(int64(iv.Days)), true, true
	case "month":
		return whole(int64(iv.Months % 12)), true, true
	case "quarter":
		return whole(int64(iv.Months%12/3 + 1)), true, true
	case "year":
		return whole(years), true, true
	case "decade":
		return whole(years / 10), true, true
	case "century":
		return whole(years / 100), true, true
	case "millennium":
		return whole(years / 1000), true, true
	case "epoch":
		// A year has 365.25 days, what is left of the months 30 each.
		days := years*1461*6 + int64(iv.Months%12)*30*24 + int64(iv.Days)*24 // in hours
		return datum.AddNumeric(scaled(iv.Micros, 6), whole(days*3600)), true, true
	}
	return nil, knownUnits[unit], false
}

// extract makes extract() of numeric, and date_part() of float8.
func extract(field extractor, float bool) fn2 {
	return func(c *call, unit, v Value) (Value, error) {
		d, known, ok := field(c, unitName(unit.Str()), v)
		name := datum.TypeName(c.types[1])
		switch {
		case !ok && known:
			return Value{}, datum.Errorf("0A000", "unit \"%s\" not supported for type %s", strings.ToLower(unit.Str()), name)
		case !ok:
			return Value{}, datum.Errorf("22023", "unit \"%s\" not recognized for type %s", strings.ToLower(unit.Str()), name)
		case d == nil:
			return Value{}, nil
		case float:
			f, _ := datum.FloatFromNumeric(d)
			return datum.Float(f), nil
		}
		return datum.Numeric(d), nil
	}
}

// truncateLocal is date_trunc on a wall clock; known is false if it has no such unit, ok if the
// result is out of range.
func truncateLocal(unit string, us int64) (out int64, known, ok bool) {
	c := datum.CivilOf(us)
	switch unit {
	case "microseconds":
		return us, true, true
	case "milliseconds":
		c.Micros = c.Micros / 1000 * 1000
		out, ok = c.Timestamp()
		return out, true, ok
	case "week":
		days := datum.TimestampToDate(us)
		return datum.DateToTimestamp(days - int64((datum.Weekday(days)+6)%7)), true, true
	}
	levels := []string{"second", "minute", "hour", "day", "month", "quarter", "year", "decade", "century", "millennium"}
	level := -1
	for i, l := range levels {
		if l == unit {
			level = i
		}
	}
	if level < 0 {
		return 0, false, false
	}
	c.Micros = 0
	reset := []func(){
		func() { c.Second = 0 }, func() { c.Minute = 0 }, func() { c.Hour = 0 }, func() { c.Day = 1 },
		func() { c.Month = (c.Month-1)/3*3 + 1 }, func() { c.Month = 1 },
	}
	for i := 0; i < min(level, len(reset)); i++ {
		reset[i]()
	}
	switch unit {
	case "decade":
		c.Year = floorTo(c.Year, 10)
	case "century":
		c.Year = floorTo(c.Year-1, 100) + 1
	case "millennium":
		c.Year = floorTo(c.Year-1, 1000) + 1
	}
	out, ok = c.Timestamp()
	return out, true, ok
}

func floorTo(n, unit int) int {
	if n < 0 {
		return -((-n + unit - 1) / unit * unit)
	}
	return n / unit * unit
}

func truncate(unit Value, us int64, name string) (int64, error) {
	folded := unitName(unit.Str())
	out, known, ok := truncateLocal(folded, us)
	switch {
	case ok:
		return out, nil
	case known:
		return 0, datum.Errorf("22008", "timestamp out of range")
	case knownUnits[folded]:
		return 0, datum.Errorf("0A000", "unit \"%s\" not supported for type %s", strings.ToLower(unit.Str()), name)
	}
	return 0, datum.Errorf("22023", "unit \"%s\" not recognized for type %s", strings.ToLower(unit.Str()), name)
}

func timestampTrunc(_ *call, unit, v Value) (Value, error) {
	if !isFinite(v) {
		return v, nil
	}
	us, err := truncate(unit, v.Micros(), "timestamp without time zone")
	return datum.Micros(us), err
}

// zonedTrunc truncates on the wall clock of the session, or of the zone given.
func zonedTrunc(c *call, v []Value) (Value, error) {
	if !isFinite(v[1]) {
		return v[1], nil
	}
	loc := c.run.codec.Style().Location
	if len(v) > 2 {
		var err error
		if loc, err = datum.LoadZone(v[2].Str()); err != nil {
			return Value{}, err
		}
	}
	us, err := truncate(v[0], datum.ToLocal(v[1].Micros(), loc), "timestamp with time zone")
	if err != nil {
		return Value{}, err
	}
	return datum.Micros(datum.FromLocal(us, loc)), nil
}

func intervalTrunc(_ *call, unit, v Value) (Value, error) {
	iv := v.Interval()
	switch folded := unitName(unit.Str()); folded {
	case "microseconds":
	case "milliseconds":
		iv.Micros = iv.Micros / 1000 * 1000
	case "second":
		iv.Micros = iv.Micros / datum.MicrosPerSecond * datum.MicrosPerSecond
	case "minute":
		iv.Micros = iv.Micros / datum.MicrosPerMinute * datum.MicrosPerMinute
	case "hour":
		iv.Micros = iv.Micros / datum.MicrosPerHour * datum.MicrosPerHour
	case "day":
		iv.Micros = 0
	case "month":
		iv.Micros, iv.Days = 0, 0
	case "quarter":
		iv = datum.Interval{Months: iv.Months / 3 * 3}
	case "year":
		iv = datum.Interval{Months: iv.Months / 12 * 12}
	case "decade":
		iv = datum.Interval{Months: iv.Months / 120 * 120}
	case "century":
		iv = datum.Interval{Months: iv.Months / 1200 * 1200}
	case "millennium":
		iv = datum.Interval{Months: iv.Months / 12000 * 12000}
	default:
		if folded == "week" {
			return Value{}, datum.Errorf("0A000", "unit \"week\" not supported for type interval").
				WithDetail("Months usually have fractional weeks.")
		}
		return Value{}, datum.Errorf("22023", "unit \"%s\" not recognized for type interval", strings.ToLower(unit.Str()))
	}
	return datum.IntervalValue(iv), nil
}

func extractBuiltins() map[string]any {
	dateAsTimestamp := fn2(func(c *call, unit, v Value) (Value, error) {
		us, err := dateUp(v)
		if err != nil {
			return Value{}, err
		}
		inner := call{run: c.run, types: []OID{datum.TextOID, datum.TimestampOID}}
		return extract(timestampField, true)(&inner, unit, datum.Micros(us))
	})
	return map[string]any{
		"extract_timestamp": extract(timestampField, false), "extract_timestamptz": extract(zonedField, false),
		"extract_date": extract(dateFieldOf, false), "extract_time": extract(timeField, false),
		"extract_interval": extract(intervalField, false),
		"timestamp_part":   extract(timestampField, true), "timestamptz_part": extract(zonedField, true),
		"time_part": extract(timeField, true), "interval_part": extract(intervalField, true),
		"date_part(text,date)": dateAsTimestamp,
		"timestamp_trunc":      fn2(timestampTrunc), "timestamptz_trunc": fnN(zonedTrunc), "timestamptz_trunc_zone": fnN(zonedTrunc),
		"interval_trunc": fn2(intervalTrunc),
	}
}
