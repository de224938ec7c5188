package query

import (
	"math"

	"walle/pgfront/query/datum"
)

// addZoned adds an interval to a timestamptz: months and days on the wall clock of the
// session, the time on the time line.
func addZoned(c *call, us int64, iv datum.Interval) (int64, error) {
	if us == datum.Infinity || us == datum.NegInfinity {
		return us, nil
	}
	loc := c.run.codec.Style().Location
	if iv.Months != 0 || iv.Days != 0 {
		local, err := datum.AddToTimestamp(datum.ToLocal(us, loc), datum.Interval{Months: iv.Months, Days: iv.Days})
		if err != nil {
			return 0, err
		}
		us = datum.FromLocal(local, loc)
	}
	return datum.AddToTimestamp(us, datum.Interval{Micros: iv.Micros})
}

func addLocal(_ *call, us int64, iv datum.Interval) (int64, error) {
	return datum.AddToTimestamp(us, iv)
}

type adder = func(c *call, us int64, iv datum.Interval) (int64, error)

// plusInterval makes timestamp + interval, or minus if negate.
func plusInterval(add adder, negate bool) fn2 {
	return func(c *call, t, iv Value) (Value, error) {
		step := iv.Interval()
		if negate {
			var err error
			if step, err = datum.NegInterval(step); err != nil {
				return Value{}, err
			}
		}
		us, err := add(c, t.Micros(), step)
		return datum.Micros(us), err
	}
}

func swapped(f fn2) fn2 { return func(c *call, a, b Value) (Value, error) { return f(c, b, a) } }

// dateUp converts a date to a timestamp, checking the smaller range.
func dateUp(v Value) (int64, error) {
	us := datum.DateToTimestamp(v.Int())
	if us != datum.Infinity && us != datum.NegInfinity && !datum.ValidTimestamp(us) ||
		us == datum.Infinity && v.Int() != datum.DateInf || us == datum.NegInfinity && v.Int() != datum.DateNegInf {
		return 0, datum.Errorf("22008", "date out of range for timestamp")
	}
	return us, nil
}

func datePlusInterval(negate bool) fn2 {
	plus := plusInterval(addLocal, negate)
	return func(c *call, d, iv Value) (Value, error) {
		us, err := dateUp(d)
		if err != nil {
			return Value{}, err
		}
		return plus(c, datum.Micros(us), iv)
	}
}

// datePlusDays makes date + integer.
func datePlusDays(sign int64) fn2 {
	return func(_ *call, d, n Value) (Value, error) {
		if d.Int() == datum.DateInf || d.Int() == datum.DateNegInf {
			return d, nil
		}
		days := d.Int() + sign*n.Int()
		if !datum.ValidDate(days) {
			return Value{}, datum.Errorf("22008", "date out of range")
		}
		return datum.Days(days), nil
	}
}

func dateMinusDate(_ *call, a, b Value) (Value, error) {
	for _, v := range []Value{a, b} {
		if v.Int() == datum.DateInf || v.Int() == datum.DateNegInf {
			return Value{}, datum.Errorf("22008", "cannot subtract infinite dates")
		}
	}
	return datum.Int(a.Int() - b.Int()), nil
}

func datePlusTime(_ *call, d, t Value) (Value, error) {
	us, err := dateUp(d)
	if err != nil || us == datum.Infinity || us == datum.NegInfinity {
		return datum.Micros(us), err
	}
	return datum.Micros(us + t.Micros()), nil
}

func timestampMinus(_ *call, a, b Value) (Value, error) {
	iv, err := datum.SubTimestamps(a.Micros(), b.Micros())
	return datum.IntervalValue(iv), err
}

// timePlus keeps within the day.
func timePlus(sign int64) fn2 {
	return func(_ *call, t, iv Value) (Value, error) {
		us := (t.Micros() + sign*(iv.Interval().Micros%datum.MicrosPerDay)) % datum.MicrosPerDay
		if us < 0 {
			us += datum.MicrosPerDay
		}
		return datum.Micros(us), nil
	}
}

// Casts between the types of date and time.

func timestampToDate(_ *call, v Value) (Value, error) {
	return datum.Days(datum.TimestampToDate(v.Micros())), nil
}

func zonedToLocal(c *call, v Value) (Value, error) {
	return datum.Micros(datum.ToLocal(v.Micros(), c.run.codec.Style().Location)), nil
}

func localToZoned(c *call, v Value) (Value, error) {
	us := datum.FromLocal(v.Micros(), c.run.codec.Style().Location)
	if us != datum.Infinity && us != datum.NegInfinity && !datum.ValidTimestamp(us) {
		return Value{}, datum.Errorf("22008", "timestamp out of range")
	}
	return datum.Micros(us), nil
}

func dateToTimestamp(_ *call, v Value) (Value, error) {
	us, err := dateUp(v)
	return datum.Micros(us), err
}

func after(f, g fn1) fn1 {
	return func(c *call, v Value) (Value, error) {
		v, err := f(c, v)
		if err != nil {
			return Value{}, err
		}
		return g(c, v)
	}
}

func timeOfDay(_ *call, v Value) (Value, error) {
	if v.Micros() == datum.Infinity || v.Micros() == datum.NegInfinity {
		return Value{}, nil
	}
	us := v.Micros() % datum.MicrosPerDay
	if us < 0 {
		us += datum.MicrosPerDay
	}
	return datum.Micros(us), nil
}

func scaleTime(_ *call, v, typmod Value) (Value, error) {
	if typmod.Int() < 0 {
		return v, nil
	}
	return datum.Micros(roundMicros(v.Micros(), int(typmod.Int()))), nil
}

// atZone makes timezone(zone, timestamptz) and its inverse.
func atZone(convert func(us int64, c *call, zone string) (int64, error)) fn2 {
	return func(c *call, zone, t Value) (Value, error) {
		if !isFinite(t) {
			return t, nil
		}
		us, err := convert(t.Micros(), c, zone.Str())
		if err == nil && us != datum.Infinity && us != datum.NegInfinity && !datum.ValidTimestamp(us) {
			err = datum.Errorf("22008", "timestamp out of range")
		}
		return datum.Micros(us), err
	}
}

func toZone(us int64, _ *call, zone string) (int64, error) {
	loc, err := datum.LoadZone(zone)
	if err != nil {
		return 0, err
	}
	return datum.ToLocal(us, loc), nil
}

func fromZone(us int64, _ *call, zone string) (int64, error) {
	loc, err := datum.LoadZone(zone)
	if err != nil {
		return 0, err
	}
	return datum.FromLocal(us, loc), nil
}

// atOffset is AT TIME ZONE with an interval.
func atOffset(sign int64) fn2 {
	return func(_ *call, iv, t Value) (Value, error) {
		if !isFinite(t) {
			return t, nil
		}
		step := iv.Interval()
		if step.Months != 0 || step.Days != 0 {
			return Value{}, datum.Errorf("22023", "interval time zone \"%s\" must not include months or days",
				datum.NewCodec(datum.DefaultStyle(), nil).Text(datum.IntervalOID, iv))
		}
		return datum.Micros(t.Micros() + sign*(step.Micros/datum.MicrosPerSecond*datum.MicrosPerSecond)), nil
	}
}

// epochToZoned is to_timestamp(double precision).
func epochToZoned(_ *call, v Value) (Value, error) {
	s := v.Float()
	switch {
	case math.IsNaN(s):
		return Value{}, datum.Errorf("22008", "timestamp cannot be NaN")
	case math.IsInf(s, 1):
		return datum.Micros(datum.Infinity), nil
	case math.IsInf(s, -1):
		return datum.Micros(datum.NegInfinity), nil
	}
	us := math.RoundToEven((s - 946684800) * 1e6)
	if us < -2.2e17 || us > 9.3e18 || !datum.ValidTimestamp(int64(us)) {
		return Value{}, datum.Errorf("22008", "timestamp out of range: \"%g\"", s)
	}
	return datum.Micros(int64(us)), nil
}

func makeDate(_ *call, y, m, d Value) (Value, error) {
	year := int(y.Int())
	if year < 0 {
		year++ // -1 is 1 BC
	} else if year == 0 {
		return Value{}, makeDateError(y, m, d)
	}
	if m.Int() < 1 || m.Int() > 12 || d.Int() < 1 || year > 5874897 || year < -4713 || int(d.Int()) > datum.DaysIn(year, int(m.Int())) {
		return Value{}, makeDateError(y, m, d)
	}
	return datum.Days(datum.DayNumber(year, int(m.Int()), int(d.Int()))), nil
}

func makeDateError(y, m, d Value) error {
	return datum.Errorf("22008", "date field value out of range: %d-%02d-%02d", y.Int(), m.Int(), d.Int())
}

func makeTime(_ *call, h, m, s Value) (Value, error) {
	sec := math.RoundToEven(s.Float()*1e6) / 1e6
	if h.Int() < 0 || h.Int() > 24 || m.Int() < 0 || m.Int() > 59 || !(sec >= 0 && sec <= 60) || h.Int() == 24 && (m.Int() > 0 || sec > 0) {
		return Value{}, datum.Errorf("22008", "time field value out of range: %d:%02d:%02g", h.Int(), m.Int(), sec)
	}
	return datum.Micros(h.Int()*datum.MicrosPerHour + m.Int()*datum.MicrosPerMinute + int64(math.RoundToEven(sec*1e6))), nil
}

// makeTimestamp is make_timestamp(y, m, d, h, mi, s).
func makeTimestamp(c *call, v []Value) (Value, error) {
	d, err := makeDate(c, v[0], v[1], v[2])
	if err != nil {
		return Value{}, err
	}
	t, err := makeTime(c, v[3], v[4], v[5])
	if err != nil {
		return Value{}, err
	}
	return datePlusTime(c, d, t)
}

func makeTimestamptz(c *call, v []Value) (Value, error) {
	t, err := makeTimestamp(c, v)
	if err != nil {
		return Value{}, err
	}
	if len(v) > 6 {
		us, err := fromZone(t.Micros(), c, v[6].Str())
		return datum.Micros(us), err
	}
	return localToZoned(c, t)
}

// bin is date_bin: the start of the stride that a time is in, counted from origin.
func bin(_ *call, stride, t, origin Value) (Value, error) {
	iv := stride.Interval()
	if !isFinite(t) {
		return t, nil
	}
	if !isFinite(origin) {
		return Value{}, datum.Errorf("22008", "origin out of range")
	}
	if iv.Months != 0 {
		return Value{}, datum.Errorf("0A000", "timestamps cannot be binned into intervals containing months or years")
	}
	step := int64(iv.Days)*datum.MicrosPerDay + iv.Micros
	if step <= 0 {
		return Value{}, datum.Errorf("22008", "stride must be greater than zero")
	}
	diff := t.Micros() - origin.Micros()
	if (diff < 0) != (t.Micros() < origin.Micros()) {
		return Value{}, datum.Errorf("22008", "interval out of range")
	}
	rest := diff % step
	if rest < 0 {
		rest += step
	}
	return datum.Micros(t.Micros() - rest), nil
}

func isFinite(v Value) bool { return v.Micros() != datum.Infinity && v.Micros() != datum.NegInfinity }

func ageOf(_ *call, a, b Value) (Value, error) {
	if !isFinite(a) || !isFinite(b) {
		return Value{}, datum.Errorf("22008", "timestamp out of range")
	}
	return datum.IntervalValue(datum.Age(a.Micros(), b.Micros())), nil
}

func ageOfZoned(c *call, a, b Value) (Value, error) {
	loc := c.run.codec.Style().Location
	return ageOf(c, datum.Micros(datum.ToLocal(a.Micros(), loc)), datum.Micros(datum.ToLocal(b.Micros(), loc)))
}

// today is midnight of the transaction's day on the session's wall clock.
func today(c *call) Value {
	local := datum.ToLocal(datum.MicrosOf(c.run.now), c.run.codec.Style().Location)
	return datum.Micros(datum.DateToTimestamp(datum.TimestampToDate(local)))
}

func timeBuiltins() map[string]any {
	zonedPlus, zonedMinus := plusInterval(addZoned, false), plusInterval(addZoned, true)
	plus, minus := plusInterval(addLocal, false), plusInterval(addLocal, true)
	datePlus := datePlusInterval(false)
	finite := fn1(func(_ *call, v Value) (Value, error) { return datum.Bool(isFinite(v)), nil })
	return map[string]any{
		"timestamptz_pl_interval": zonedPlus, "timestamptz_mi_interval": zonedMinus,
		"timestamp_pl_interval": plus, "timestamp_mi_interval": minus,
		"interval_pl_timestamptz(interval,timestamptz)": swapped(zonedPlus),
		"interval_pl_timestamp(interval,timestamp)":     swapped(plus),
		"interval_pl_date(interval,date)":               swapped(datePlus),
		"date_pl_interval":                              datePlus, "date_mi_interval": datePlusInterval(true),
		"date_pli": datePlusDays(1), "date_mii": datePlusDays(-1), "date_mi": fn2(dateMinusDate),
		"integer_pl_date(int4,date)": swapped(datePlusDays(1)),
		"datetime_timestamp":         fn2(datePlusTime), "timedate_pl(time,date)": swapped(datePlusTime),
		"timestamp_mi": fn2(timestampMinus), "timestamptz_mi": fn2(timestampMinus),
		"time_pl_interval": timePlus(1), "time_mi_interval": timePlus(-1), "interval_pl_time(interval,time)": swapped(timePlus(1)),
		"time_mi_time": fn2(func(_ *call, a, b Value) (Value, error) {
			return datum.IntervalValue(datum.Interval{Micros: a.Micros() - b.Micros()}), nil
		}),
		"timestamp_date": fn1(timestampToDate), "timestamptz_date": after(zonedToLocal, timestampToDate),
		"date_timestamp": fn1(dateToTimestamp), "date_timestamptz": after(dateToTimestamp, localToZoned),
		"timestamp_timestamptz": fn1(localToZoned), "timestamptz_timestamp": fn1(zonedToLocal),
		"timestamp_time": fn1(timeOfDay), "timestamptz_time": after(zonedToLocal, timeOfDay),
		"timestamp_scale": fn2(scaleTime), "timestamptz_scale": fn2(scaleTime), "time_scale": fn2(scaleTime),
		"timestamptz_zone": atZone(toZone), "timestamp_zone": atZone(fromZone),
		"timestamptz_izone": atOffset(1), "timestamp_izone": atOffset(-1),
		"float8_timestamptz": fn1(epochToZoned),
		"make_date":          fn3(makeDate), "make_time": fn3(makeTime), "make_timestamp": fnN(makeTimestamp),
		"make_timestamptz": fnN(makeTimestamptz), "make_timestamptz_at_timezone": fnN(makeTimestamptz),
		"timestamp_bin": fn3(bin), "timestamptz_bin": fn3(bin),
		"timestamp_finite": finite,
		"date_finite": fn1(func(_ *call, v Value) (Value, error) {
			return datum.Bool(v.Int() != datum.DateInf && v.Int() != datum.DateNegInf), nil
		}),
		"timestamp_age": fn2(ageOf), "timestamptz_age": fn2(ageOfZoned),
		"age(timestamp)": fn1(func(c *call, v Value) (Value, error) { return ageOf(c, today(c), v) }),
		"age(timestamptz)": fn1(func(c *call, v Value) (Value, error) {
			local, err := zonedToLocal(c, v)
			if err != nil {
				return Value{}, err
			}
			return ageOf(c, today(c), local)
		}),
		"timestamp_larger":  fn2(func(_ *call, a, b Value) (Value, error) { return datum.Micros(max(a.Micros(), b.Micros())), nil }),
		"timestamp_smaller": fn2(func(_ *call, a, b Value) (Value, error) { return datum.Micros(min(a.Micros(), b.Micros())), nil }),
	}
}
