package query

import (
	"walle/pgfront/query/datum"
)

// countNulls makes num_nulls and num_nonnulls.
func countNulls(null bool) fnN {
	return func(_ *call, v []Value) (Value, error) {
		n := int64(0)
		for _, x := range v {
			if x.IsNull() == null {
				n++
			}
		}
		return datum.Int(n), nil
	}
}

// overlaps is (a, b) OVERLAPS (c, d) of moments: b and d may be intervals, which add.
func overlaps(add func(c *call, t OID, us int64, iv datum.Interval) (int64, error)) fnN {
	return func(c *call, v []Value) (Value, error) {
		var ends [4]Value
		for i := range v {
			ends[i] = v[i]
			if c.types[i] != datum.IntervalOID || v[i].IsNull() {
				continue
			}
			if ends[i-1].IsNull() {
				ends[i] = Value{}
				continue
			}
			us, err := add(c, c.types[0], ends[i-1].Micros(), v[i].Interval())
			if err != nil {
				return Value{}, err
			}
			ends[i] = datum.Micros(us)
		}
		return overlap(ends), nil
	}
}

// overlap follows the SQL standard: a period is the lesser end up to the greater one, one
// that is only a point counts as inside; with nulls the answer may still be sure.
func overlap(ends [4]Value) Value {
	first, ok1 := period(ends[0], ends[1])
	second, ok2 := period(ends[2], ends[3])
	if !ok1 || !ok2 {
		return Value{}
	}
	less := func(a, b Value) bool { return a.Micros() < b.Micros() }
	if first[0].Micros() == second[0].Micros() {
		if first[1].IsNull() || second[1].IsNull() {
			return Value{}
		}
		return datum.Bool(true)
	}
	if less(second[0], first[0]) {
		first, second = second, first
	}
	switch {
	case first[1].IsNull():
		return Value{}
	case less(second[0], first[1]):
		return datum.Bool(true)
	case second[1].IsNull():
		return Value{}
	}
	return datum.Bool(false)
}

// period sorts two ends, a null last; ok is false if both are null.
func period(a, b Value) (out [2]Value, ok bool) {
	switch {
	case a.IsNull() && b.IsNull():
		return out, false
	case a.IsNull(), !b.IsNull() && b.Micros() < a.Micros():
		a, b = b, a
	}
	return [2]Value{a, b}, true
}

// addMoment adds an interval in the way of the type.
func addMoment(c *call, t OID, us int64, iv datum.Interval) (int64, error) {
	switch t {
	case datum.TimestamptzOID:
		return addZoned(c, us, iv)
	case datum.TimeOID:
		v, err := timePlus(1)(c, datum.Micros(us), datum.IntervalValue(iv))
		return v.Micros(), err
	}
	return addLocal(c, us, iv)
}

func rowBuiltins() map[string]any {
	m := map[string]any{
		"pg_num_nulls": countNulls(true), "pg_num_nonnulls": countNulls(false),
		"overlaps_timestamp": overlaps(addMoment), "overlaps_time": overlaps(addMoment),
		"text_format": fnN(formatText), "text_format_nv": fnN(formatText),
	}
	for _, t := range []string{"timestamptz", "timestamp", "time"} {
		for _, args := range []string{t + ",interval," + t + ",interval", t + "," + t + "," + t + ",interval", t + ",interval," + t + "," + t} {
			m["overlaps("+args+")"] = overlaps(addMoment)
		}
	}
	return m
}
