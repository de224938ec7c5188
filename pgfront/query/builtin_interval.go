package query

import (
	"math"

	"walle/pgfront/query/datum"
)

func interval2(f func(a, b datum.Interval) (datum.Interval, error)) fn2 {
	return func(_ *call, a, b Value) (Value, error) {
		iv, err := f(a.Interval(), b.Interval())
		return datum.IntervalValue(iv), err
	}
}

func subInterval(a, b datum.Interval) (datum.Interval, error) {
	neg, err := datum.NegInterval(b)
	if err != nil {
		return datum.Interval{}, err
	}
	return datum.AddInterval(a, neg)
}

func intervalTimes(f func(datum.Interval, float64) (datum.Interval, error)) fn2 {
	return func(_ *call, iv, n Value) (Value, error) {
		out, err := f(iv.Interval(), n.Float())
		return datum.IntervalValue(out), err
	}
}

func justify(f func(datum.Interval) datum.Interval) fn1 {
	return func(_ *call, v Value) (Value, error) { return datum.IntervalValue(f(v.Interval())), nil }
}

// makeInterval is make_interval(years, months, weeks, days, hours, mins, secs), all with
// defaults of zero.
func makeInterval(_ *call, v []Value) (Value, error) {
	n := func(i int) int64 {
		if i < len(v) {
			return v[i].Int()
		}
		return 0
	}
	secs := 0.0
	if len(v) > 6 {
		secs = v[6].Float()
	}
	months, days := n(0)*12+n(1), n(2)*7+n(3)
	fraction := math.RoundToEven(secs * 1e6)
	us := n(4)*datum.MicrosPerHour + n(5)*datum.MicrosPerMinute
	if math.Abs(float64(months)) > math.MaxInt32 || math.Abs(float64(days)) > math.MaxInt32 || !(math.Abs(float64(us)+fraction) < math.MaxInt64) {
		return Value{}, datum.Errorf("22008", "interval out of range")
	}
	return datum.IntervalValue(datum.Interval{Months: int32(months), Days: int32(days), Micros: us + int64(fraction)}), nil
}

func intervalBuiltins() map[string]any {
	return map[string]any{
		"interval_pl": interval2(datum.AddInterval), "interval_mi": interval2(subInterval),
		"interval_um": fn1(func(_ *call, v Value) (Value, error) {
			iv, err := datum.NegInterval(v.Interval())
			return datum.IntervalValue(iv), err
		}),
		"interval_mul": intervalTimes(datum.MulInterval), "interval_div": intervalTimes(datum.DivInterval),
		"mul_d_interval":            swapped(intervalTimes(datum.MulInterval)),
		"interval_justify_hours":    justify(datum.JustifyHours),
		"interval_justify_days":     justify(datum.JustifyDays),
		"interval_justify_interval": justify(datum.JustifyInterval),
		"interval_finite":           fn1(func(*call, Value) (Value, error) { return datum.Bool(true), nil }),
		"interval_scale": fn2(func(_ *call, v, typmod Value) (Value, error) {
			if typmod.Int() < 0 {
				return v, nil
			}
			return fitInterval(v.Interval(), int32(typmod.Int())), nil
		}),
		"time_interval": fn1(func(_ *call, v Value) (Value, error) {
			return datum.IntervalValue(datum.Interval{Micros: v.Micros()}), nil
		}),
		"interval_time": fn1(func(c *call, v Value) (Value, error) { return timeOfDay(c, datum.Micros(v.Interval().Micros)) }),
		"make_interval": fnN(makeInterval),
	}
}
