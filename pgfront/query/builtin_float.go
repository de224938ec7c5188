package query

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"

	"walle/pgfront/query/datum"
)

func text32(base int) fn1 {
	return func(_ *call, a Value) (Value, error) {
		return datum.String(strconv.FormatUint(uint64(uint32(a.Int())), base)), nil
	}
}

func text64(base int) fn1 {
	return func(_ *call, a Value) (Value, error) {
		return datum.String(strconv.FormatUint(uint64(a.Int()), base)), nil
	}
}

func floatOverflow() error  { return datum.Errorf("22003", "value out of range: overflow") }
func floatUnderflow() error { return datum.Errorf("22003", "value out of range: underflow") }

// floatOp makes an operator of two floats; single says that the result is a float4.
func floatOp(op func(a, b float64) float64, single bool) fn2 {
	return func(_ *call, a, b Value) (Value, error) {
		x, y := a.Float(), b.Float()
		r := op(x, y)
		if single {
			r = float64(float32(r))
		}
		if math.IsInf(r, 0) && !math.IsInf(x, 0) && !math.IsInf(y, 0) {
			return Value{}, floatOverflow()
		}
		return datum.Float(r), nil
	}
}

func floatMul(single bool) fn2 {
	mul := floatOp(func(a, b float64) float64 { return a * b }, single)
	return func(c *call, a, b Value) (Value, error) {
		v, err := mul(c, a, b)
		if err == nil && v.Float() == 0 && a.Float() != 0 && b.Float() != 0 {
			return Value{}, floatUnderflow()
		}
		return v, err
	}
}

func floatDiv(single bool) fn2 {
	div := floatOp(func(a, b float64) float64 { return a / b }, single)
	return func(c *call, a, b Value) (Value, error) {
		if b.Float() == 0 && !math.IsNaN(a.Float()) {
			return Value{}, divisionByZero()
		}
		v, err := div(c, a, b)
		if err == nil && v.Float() == 0 && a.Float() != 0 && !math.IsInf(b.Float(), 0) {
			return Value{}, floatUnderflow()
		}
		return v, err
	}
}

// float1 makes a function of one float that cannot fail but by overflow.
func float1(f func(float64) float64) fn1 {
	return func(_ *call, a Value) (Value, error) {
		r := f(a.Float())
		if math.IsInf(r, 0) && !math.IsInf(a.Float(), 0) {
			return Value{}, floatOverflow()
		}
		return datum.Float(r), nil
	}
}

// within makes a function that is defined between low and high only.
func within(f func(float64) float64, low, high float64) fn1 {
	return func(_ *call, a Value) (Value, error) {
		if a.Float() < low || a.Float() > high {
			return Value{}, outOfInput()
		}
		return datum.Float(f(a.Float())), nil
	}
}

func floatLog(f func(float64) float64) fn1 {
	return func(_ *call, a Value) (Value, error) {
		switch {
		case a.Float() == 0:
			return Value{}, datum.Errorf("2201E", "cannot take logarithm of zero")
		case a.Float() < 0:
			return Value{}, datum.Errorf("2201E", "cannot take logarithm of a negative number")
		}
		return datum.Float(f(a.Float())), nil
	}
}

// power is right to the last digit for integer exponents, and right for denormals, where math.Pow
// is not.
func power(x, y float64) float64 {
	if 0 < x && x < 1e-300 && y != math.Trunc(y) {
		return math.Pow(x*0x1p600, y) * math.Exp2(-600*y)
	}
	if y != math.Trunc(y) || math.Abs(y) > 1024 || x == 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return math.Pow(x, y)
	}
	const precision = 256
	product, square := big.NewFloat(1).SetPrec(precision), new(big.Float).SetPrec(precision).SetFloat64(x)
	for n := uint(math.Abs(y)); n > 0; n >>= 1 {
		if n&1 == 1 {
			product.Mul(product, square)
		}
		square.Mul(square, square)
	}
	if y < 0 {
		product.Quo(big.NewFloat(1).SetPrec(precision), product)
	}
	r, _ := product.Float64()
	return r
}

// log and log10 are right for denormals too, and log10 for powers of ten.
func log(x float64) float64 {
	if x < 1e-300 {
		return math.Log(x*0x1p600) - 600*math.Ln2
	}
	return math.Log(x)
}

func log10(x float64) float64 {
	if x < 1e-300 {
		return math.Log10(x*0x1p600) - 600*math.Log10(2)
	}
	n := math.Round(math.Log10(x))
	if math.Pow10(int(n)) == x {
		return n
	}
	return math.Log10(x)
}

func floatSqrt(_ *call, a Value) (Value, error) {
	if a.Float() < 0 {
		return Value{}, datum.Errorf("2201F", "cannot take square root of a negative number")
	}
	return datum.Float(math.Sqrt(a.Float())), nil
}

func floatExp(_ *call, a Value) (Value, error) {
	r := math.Exp(a.Float())
	switch {
	case math.IsInf(r, 0) && !math.IsInf(a.Float(), 0):
		return Value{}, floatOverflow()
	case r == 0 && !math.IsInf(a.Float(), 0):
		return Value{}, floatUnderflow()
	}
	return datum.Float(r), nil
}

func floatPower(_ *call, a, b Value) (Value, error) {
	x, y := a.Float(), b.Float()
	switch {
	case x == 0 && y < 0:
		return Value{}, datum.Errorf("2201F", "zero raised to a negative power is undefined")
	case x < 0 && !math.IsNaN(y) && !math.IsInf(y, 0) && y != math.Floor(y):
		return Value{}, datum.Errorf("2201F", "a negative number raised to a non-integer power yields a complex result")
	}
	r := power(x, y)
	switch {
	case math.IsInf(r, 0) && !math.IsInf(x, 0) && !math.IsInf(y, 0):
		return Value{}, floatOverflow()
	case r == 0 && x != 0 && !math.IsInf(x, 0) && !math.IsInf(y, 0):
		return Value{}, floatUnderflow()
	}
	return datum.Float(r), nil
}

// floatToInt rounds half to even and checks the range.
func floatToInt(w intWidth) fn1 {
	return func(_ *call, a Value) (Value, error) {
		r := math.RoundToEven(a.Float())
		if !(r >= float64(w.min) && r < -float64(w.min)) {
			return Value{}, w.overflow()
		}
		return datum.Int(int64(r)), nil
	}
}

func intToFloat(single bool) fn1 {
	return func(_ *call, a Value) (Value, error) {
		if single {
			return datum.Float(float64(float32(a.Int()))), nil
		}
		return datum.Float(float64(a.Int())), nil
	}
}

func doubleToSingle(_ *call, a Value) (Value, error) {
	r := float64(float32(a.Float()))
	switch {
	case math.IsInf(r, 0) && !math.IsInf(a.Float(), 0):
		return Value{}, floatOverflow()
	case r == 0 && a.Float() != 0:
		return Value{}, floatUnderflow()
	}
	return datum.Float(r), nil
}

func floatBuiltins() map[string]any {
	add := func(a, b float64) float64 { return a + b }
	sub := func(a, b float64) float64 { return a - b }
	m := map[string]any{}
	for _, p := range []struct {
		prefix string
		single bool
	}{{"float4", true}, {"float8", false}, {"float48", false}, {"float84", false}} {
		m[p.prefix+"pl"], m[p.prefix+"mi"] = floatOp(add, p.single), floatOp(sub, p.single)
		m[p.prefix+"mul"], m[p.prefix+"div"] = floatMul(p.single), floatDiv(p.single)
	}
	for _, prefix := range []string{"float4", "float8"} {
		m[prefix+"um"] = float1(func(x float64) float64 { return -x })
		m[prefix+"abs"], m[prefix+"up"] = float1(math.Abs), fn1(same)
	}
	pi := fn0(func(*call) (Value, error) { return datum.Float(math.Pi), nil })
	for name, fn := range map[string]any{
		"ftod": fn1(same), "dtof": fn1(doubleToSingle),
		"dtoi2": floatToInt(width2), "dtoi4": floatToInt(width4), "dtoi8": floatToInt(width8),
		"ftoi2": floatToInt(width2), "ftoi4": floatToInt(width4), "ftoi8": floatToInt(width8),
		"i2tod": intToFloat(false), "i4tod": intToFloat(false), "i8tod": intToFloat(false),
		"i2tof": intToFloat(true), "i4tof": intToFloat(true), "i8tof": intToFloat(true),
		"dround": float1(math.RoundToEven), "dceil": float1(math.Ceil), "dfloor": float1(math.Floor), "dtrunc": float1(math.Trunc),
		"dsign": float1(func(x float64) float64 {
			switch {
			case x > 0:
				return 1
			case x < 0:
				return -1
			}
			return 0
		}),
		"dsqrt": fn1(floatSqrt), "dcbrt": float1(math.Cbrt), "dpow": fn2(floatPower), "dexp": fn1(floatExp),
		"dlog1": floatLog(log), "dlog10": floatLog(log10),
		"dpi":     pi,
		"drandom": fn0(func(*call) (Value, error) { return datum.Float(rand.Float64()), nil }),
	} {
		m[name] = fn
	}
	return m
}
