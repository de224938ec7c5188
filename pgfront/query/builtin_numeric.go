package query

import (
	"math"

	"github.com/cockroachdb/apd/v3"

	"walle/pgfront/query/datum"
)

func numeric1(f func(*apd.Decimal) *apd.Decimal) fn1 {
	return func(_ *call, a Value) (Value, error) { return datum.Numeric(f(a.Numeric())), nil }
}

func numeric2(f func(a, b *apd.Decimal) *apd.Decimal) fn2 {
	return func(_ *call, a, b Value) (Value, error) { return numericValue(f(a.Numeric(), b.Numeric()), nil) }
}

func numeric2e(f func(a, b *apd.Decimal) (*apd.Decimal, error)) fn2 {
	return func(_ *call, a, b Value) (Value, error) { return numericValue(f(a.Numeric(), b.Numeric())) }
}

// numericValue checks PostgreSQL's limit on the size of a numeric.
func numericValue(d *apd.Decimal, err error) (Value, error) {
	if err != nil {
		return Value{}, err
	}
	if d.Form == apd.Finite && d.NumDigits()+int64(d.Exponent) > 131072 {
		return Value{}, datum.Errorf("22003", "value overflows numeric format")
	}
	return datum.Numeric(d), nil
}

// numericToInt rounds and checks the range.
func numericToInt(w intWidth) fn1 {
	return func(_ *call, a Value) (Value, error) {
		d := a.Numeric()
		if d.Form != apd.Finite {
			what := "infinity"
			if d.Form == apd.NaN {
				what = "NaN"
			}
			return Value{}, datum.Errorf("0A000", "cannot convert %s to %s", what, w.name)
		}
		n, ok := datum.IntFromNumeric(d)
		return w.value(n, ok)
	}
}

func numericToFloat(single bool) fn1 {
	return func(c *call, a Value) (Value, error) {
		f, ok := datum.FloatFromNumeric(a.Numeric())
		if !ok {
			return Value{}, datum.Errorf("22003", "\"%s\" is out of range for type double precision", datum.FormatNumeric(a.Numeric()))
		}
		if single {
			return doubleToSingle(c, datum.Float(f))
		}
		return datum.Float(f), nil
	}
}

func intToNumeric(_ *call, a Value) (Value, error) {
	return datum.Numeric(datum.NumericFromInt(a.Int())), nil
}

func floatToNumeric(digits int) fn1 {
	return func(_ *call, a Value) (Value, error) {
		return datum.Numeric(datum.NumericFromFloat(a.Float(), digits)), nil
	}
}

func numericSign(d *apd.Decimal) *apd.Decimal {
	if d.Form == apd.NaN {
		return d
	}
	return datum.NumericFromInt(int64(d.Sign()))
}

func numericAbs(d *apd.Decimal) *apd.Decimal {
	if d.Negative {
		return datum.NegNumeric(d)
	}
	return d
}

// numericFloor rounds towards -Infinity; ceil is its mirror.
func numericFloor(d *apd.Decimal) *apd.Decimal {
	t := datum.TruncNumeric(d, 0)
	if d.Negative && datum.CompareNumeric(t, d) != 0 {
		return datum.SubNumeric(t, datum.NumericFromInt(1))
	}
	return t
}

func numericCeil(d *apd.Decimal) *apd.Decimal {
	return datum.NegNumeric(numericFloor(datum.NegNumeric(d)))
}

func clampScale(n int64) int { return int(min(max(n, -131072), 16383)) }

func numericRound(_ *call, a, n Value) (Value, error) {
	return numericValue(datum.RoundNumeric(a.Numeric(), clampScale(n.Int())), nil)
}

func numericTrunc(_ *call, a, n Value) (Value, error) {
	return datum.Numeric(datum.TruncNumeric(a.Numeric(), clampScale(n.Int()))), nil
}

func numericScale(_ *call, a Value) (Value, error) {
	if a.Numeric().Form != apd.Finite {
		return Value{}, nil
	}
	return datum.Int(int64(datum.Scale(a.Numeric()))), nil
}

func numericBuiltins() map[string]any {
	return map[string]any{
		"numeric_add": numeric2(datum.AddNumeric), "numeric_sub": numeric2(datum.SubNumeric),
		"numeric_mul": numeric2(datum.MulNumeric), "numeric_div": numeric2e(datum.DivNumeric),
		"numeric_mod": numeric2e(datum.ModNumeric), "numeric_div_trunc": numeric2e(datum.DivTruncNumeric),
		"numeric_uminus": numeric1(datum.NegNumeric), "numeric_uplus": fn1(same), "numeric_abs": numeric1(numericAbs),
		"numeric_sign": numeric1(numericSign), "numeric_floor": numeric1(numericFloor), "numeric_ceil": numeric1(numericCeil),
		"numeric_round": fn2(numericRound), "numeric_trunc": fn2(numericTrunc), "numeric_scale": fn1(numericScale),
		"numeric_sqrt":   fn1(func(_ *call, a Value) (Value, error) { return numericValue(datum.SqrtNumeric(a.Numeric())) }),
		"round(numeric)": numeric1(func(d *apd.Decimal) *apd.Decimal { return datum.RoundNumeric(d, 0) }),
		"trunc(numeric)": numeric1(func(d *apd.Decimal) *apd.Decimal { return datum.TruncNumeric(d, 0) }),
		"numeric_int2":   numericToInt(width2), "numeric_int4": numericToInt(width4), "numeric_int8": numericToInt(width8),
		"numeric_float4": numericToFloat(true), "numeric_float8": numericToFloat(false),
		"int2_numeric": fn1(intToNumeric), "int4_numeric": fn1(intToNumeric), "int8_numeric": fn1(intToNumeric),
		"float4_numeric": floatToNumeric(6), "float8_numeric": floatToNumeric(15),
		"numeric_larger":  fn2(func(_ *call, a, b Value) (Value, error) { return larger(a, b, 1), nil }),
		"numeric_smaller": fn2(func(_ *call, a, b Value) (Value, error) { return larger(a, b, -1), nil }),
		"numeric_power":   fn2(numericPower),
	}
}

func larger(a, b Value, sign int) Value {
	if datum.CompareNumeric(a.Numeric(), b.Numeric())*sign >= 0 {
		return a
	}
	return b
}

// numericPower raises to an integer power exactly where PostgreSQL's result is exact;
// others are refused rather than approximated.
func numericPower(_ *call, a, b Value) (Value, error) {
	base, power := a.Numeric(), b.Numeric()
	n, ok := datum.IntFromNumeric(power)
	if !ok || datum.CompareNumeric(power, datum.NumericFromInt(n)) != 0 || n < 0 || n > 10000 || base.Form != apd.Finite {
		return Value{}, datum.Unsupported("numeric power with this exponent")
	}
	if base.IsZero() && n == 0 {
		return datum.Numeric(datum.RoundNumeric(datum.NumericFromInt(1), 16)), nil
	}
	product := datum.NumericFromInt(1)
	for range n {
		product = datum.MulNumeric(product, base)
		if product.NumDigits() > 150000 {
			return Value{}, datum.Errorf("22003", "value overflows numeric format")
		}
	}
	// At least 16 significant digits, or as many as the base shows.
	scale := 16 - int(estimateLog10(base)*float64(n))
	if n == 0 {
		scale = 16
	}
	scale = min(max(scale, datum.Scale(base), datum.Scale(power), 0), 1000)
	return numericValue(datum.RoundNumeric(product, scale), nil)
}

func estimateLog10(d *apd.Decimal) float64 {
	f, ok := datum.FloatFromNumeric(d)
	if !ok || f == 0 {
		return 0
	}
	return math.Log10(math.Abs(f))
}
