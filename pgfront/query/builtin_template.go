package query

import (
	"math"

	"walle/pgfront/query/datum"
	"walle/pgfront/query/template"
)

// shown makes to_char of a moment; what is not finite, or has no template, is null.
func shown(moment func(c *call, v Value) template.Moment) fn2 {
	return func(c *call, v, pattern Value) (Value, error) {
		if pattern.Str() == "" || c.types[0] != datum.IntervalOID && !isFinite(v) {
			return Value{}, nil
		}
		s, err := template.FormatTime(moment(c, v), pattern.Str())
		return datum.String(s), err
	}
}

func zonedMoment(c *call, v Value) template.Moment {
	loc := c.run.codec.Style().Location
	m := template.MomentOf(datum.ToLocal(v.Micros(), loc))
	m.Offset, m.Zone = datum.ZoneOffset(v.Micros(), loc)
	return m
}

func shownInt(limit int64) fn2 {
	return func(_ *call, v, pattern Value) (Value, error) {
		s, err := template.FormatInt(v.Int(), pattern.Str(), limit)
		return datum.String(s), err
	}
}

func shownFloat(digits int) fn2 {
	return func(_ *call, v, pattern Value) (Value, error) {
		s, err := template.FormatFloat(v.Float(), pattern.Str(), digits)
		return datum.String(s), err
	}
}

func toNumber(_ *call, v, pattern Value) (Value, error) {
	if pattern.Str() == "" {
		return Value{}, nil
	}
	return numericValue(template.ParseNumber(v.Str(), pattern.Str()))
}

func toTimestamp(c *call, v, pattern Value) (Value, error) {
	r, err := template.ParseTime(v.Str(), pattern.Str())
	if err != nil {
		return Value{}, err
	}
	if r.Days > datum.Infinity/datum.MicrosPerDay || r.Days < datum.NegInfinity/datum.MicrosPerDay {
		return Value{}, datum.Errorf("22008", "timestamp out of range")
	}
	local := r.Days*datum.MicrosPerDay + r.Micros
	us := local - int64(r.Offset)*datum.MicrosPerSecond
	if !r.Zoned {
		us = datum.FromLocal(local, c.run.codec.Style().Location)
	}
	if !datum.ValidTimestamp(us) {
		return Value{}, datum.Errorf("22008", "timestamp out of range")
	}
	return datum.Micros(us), nil
}

func toDate(_ *call, v, pattern Value) (Value, error) {
	r, err := template.ParseTime(v.Str(), pattern.Str())
	if err != nil {
		return Value{}, err
	}
	if !datum.ValidDate(r.Days) {
		return Value{}, datum.Errorf("22008", "date out of range: \"%s\"", v.Str())
	}
	return datum.Days(r.Days), nil
}

func templateBuiltins() map[string]any {
	return map[string]any{
		"timestamp_to_char":   shown(func(_ *call, v Value) template.Moment { return template.MomentOf(v.Micros()) }),
		"timestamptz_to_char": shown(zonedMoment),
		"interval_to_char":    shown(func(_ *call, v Value) template.Moment { return template.MomentOfInterval(v.Interval()) }),
		"int4_to_char":        shownInt(math.MaxInt32), "int8_to_char": shownInt(math.MaxInt64),
		"float4_to_char": shownFloat(6), "float8_to_char": shownFloat(15),
		"numeric_to_char": fn2(func(_ *call, v, pattern Value) (Value, error) {
			s, err := template.FormatNumeric(v.Numeric(), pattern.Str())
			return datum.String(s), err
		}),
		"numeric_to_number": fn2(toNumber), "to_timestamp": fn2(toTimestamp), "to_date": fn2(toDate),
	}
}
