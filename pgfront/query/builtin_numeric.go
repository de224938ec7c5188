package query

import (
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

func numeric1e(f func(a *apd.Decimal) (*apd.Decimal, error)) fn1 {
	return func(_ *call, a Value) (Value, error) { return numericValue(f(a.Numeric())) }
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
	}
}

func larger(a, b Value, sign int) Value {
	if datum.CompareNumeric(a.Numeric(), b.Numeric())*sign >= 0 {
		return a
	}
	return b
}

func numericFactorial(c *call, a Value) (Value, error) {
	n := a.Int()
	switch {
	case n < 0:
		return Value{}, datum.Errorf("22003", "factorial of a negative number is undefined")
	case n > 32177:
		return Value{}, datum.Errorf("22003", "value overflows numeric format")
	}
	d := datum.NumericFromInt(1)
	for i := int64(2); i <= n; i++ {
		if err := c.run.tick(); err != nil {
			return Value{}, err
		}
		d.Coeff.Mul(&d.Coeff, apd.NewBigInt(i))
	}
	return datum.Numeric(d), nil
}

func log10Numeric(d *apd.Decimal) (*apd.Decimal, error) {
	return datum.LogNumeric(datum.NumericFromInt(10), d)
}

func numericMinScale(_ *call, a Value) (Value, error) {
	if a.Numeric().Form != apd.Finite {
		return Value{}, nil
	}
	return datum.Int(int64(datum.MinScale(a.Numeric()))), nil
}

func trimScale(d *apd.Decimal) *apd.Decimal {
	if d.Form != apd.Finite {
		return d
	}
	return datum.RoundNumeric(d, datum.MinScale(d))
}

// realBuiltins are exponentials, logarithms and what came with them.
func realBuiltins() map[string]any {
	return map[string]any{
		"numeric_exp": numeric1e(datum.ExpNumeric), "numeric_ln": numeric1e(datum.LnNumeric),
		"numeric_log": numeric2e(datum.LogNumeric), "numeric_power": numeric2e(datum.PowerNumeric),
		"log(numeric)": numeric1e(log10Numeric), "log10(numeric)": numeric1e(log10Numeric),
		"numeric_gcd": numeric2(datum.GcdNumeric), "numeric_lcm": numeric2(datum.LcmNumeric),
		"numeric_fac": fn1(numericFactorial), "numeric_min_scale": fn1(numericMinScale), "numeric_trim_scale": numeric1(trimScale),
	}
}
