package datum

import (
	"math"

	"github.com/cockroachdb/apd/v3"
)

// Exponentials and logarithms. The scale of a result is PostgreSQL's estimate, step by step;
// its digits are computed with guardDigits more than are shown.

const (
	maxResultScale = 2000 // bounds exponents well before they overflow
	guardDigits    = 12
	log10OfE       = 0.434294481903252
)

func overflow() error { return Errorf("22003", "value overflows numeric format") }

func clampDisplay(scale int, least ...int) int {
	for _, l := range least {
		scale = max(scale, l)
	}
	return min(max(scale, 0), maxDisplayScale)
}

func toFloat(d *apd.Decimal) float64 {
	f, ok := FloatFromNumeric(d)
	if !ok {
		return math.Copysign(math.Inf(1), float64(d.Sign()))
	}
	return f
}

// ExpNumeric returns e to the power of d.
func ExpNumeric(d *apd.Decimal) (*apd.Decimal, error) {
	switch {
	case isNaN(d):
		return d, nil
	case d.Form == apd.Infinite && d.Negative:
		return new(apd.Decimal), nil
	case d.Form == apd.Infinite:
		return d, nil
	}
	weight := min(max(toFloat(d)*log10OfE, -maxResultScale), maxResultScale)
	return expScaled(d, clampDisplay(minSigDigits-int(weight), Scale(d)))
}

// expScaled computes e^d with scale digits after the point.
func expScaled(d *apd.Decimal, scale int) (*apd.Decimal, error) {
	f := toFloat(d)
	if math.Abs(f) >= 3*maxResultScale {
		if f > 0 {
			return nil, overflow()
		}
		return RoundNumeric(new(apd.Decimal), scale), nil
	}
	if d.IsZero() {
		return RoundNumeric(apd.New(1, 0), scale), nil
	}
	out := new(apd.Decimal)
	ctx := apd.BaseContext.WithPrecision(uint32(max(scale+int(f*log10OfE), 0) + guardDigits))
	if _, err := ctx.Exp(out, d); err != nil {
		return nil, overflow()
	}
	return RoundNumeric(plainExponent(out), scale), nil
}

// plainExponent brings a result of apd to an exponent of at most 0.
func plainExponent(d *apd.Decimal) *apd.Decimal {
	if d.Exponent > 0 {
		d.Coeff.Mul(&d.Coeff, pow10(int(d.Exponent)))
		d.Exponent = 0
	}
	return d
}

func logarithmDomain(d *apd.Decimal) error {
	switch {
	case d.Negative:
		return Errorf("2201E", "cannot take logarithm of a negative number")
	case d.IsZero():
		return Errorf("2201E", "cannot take logarithm of zero")
	}
	return nil
}

// LnNumeric returns the natural logarithm.
func LnNumeric(d *apd.Decimal) (*apd.Decimal, error) {
	if isNaN(d) {
		return d, nil
	}
	if err := logarithmDomain(d); err != nil {
		return nil, err
	}
	if d.Form == apd.Infinite {
		return d, nil
	}
	return lnScaled(d, clampDisplay(minSigDigits-lnWeight(d), Scale(d))), nil
}

func lnScaled(d *apd.Decimal, scale int) *apd.Decimal {
	out := new(apd.Decimal)
	ctx := apd.BaseContext.WithPrecision(uint32(max(scale+lnWeight(d), 0) + guardDigits))
	if _, err := ctx.Ln(out, d); err != nil {
		panic(err) // a positive finite number has a logarithm
	}
	return RoundNumeric(plainExponent(out), scale)
}

// lnWeight estimates the decimal weight of ln(d).
func lnWeight(d *apd.Decimal) int {
	if d.Negative || d.IsZero() {
		return 0
	}
	if d.Cmp(apd.New(9, -1)) >= 0 && d.Cmp(apd.New(11, -1)) <= 0 {
		x := SubNumeric(d, apd.New(1, 0))
		if x.IsZero() {
			return 0
		}
		weight, first := leading(x)
		return weight*4 + int(math.Log10(float64(first)))
	}
	digits, weight := leadingDigits(d, 2)
	ln := math.Log(digits) + float64(weight)*2.302585092994046
	return int(math.Log10(math.Abs(ln)))
}

// leadingDigits returns the first n base-10000 digits of d as a number, and the power of
// ten that it is to be multiplied by.
func leadingDigits(d *apd.Decimal, n int) (digits float64, power int) {
	weight, _ := leading(d)
	s := d.Coeff.String()
	last := len(s) - 1 + int(d.Exponent) // the power of the first decimal digit
	power = weight * 4
	have := (last - power) + 1 // decimal digits of the first base-10000 digit
	for range n - 1 {
		if len(s) <= have { // no further digit is stored
			break
		}
		power, have = power-4, have+4
	}
	for i := range have {
		digits *= 10
		if i < len(s) {
			digits += float64(s[i] - '0')
		}
	}
	return digits, power
}

// LogNumeric returns the logarithm of d to a base.
func LogNumeric(base, d *apd.Decimal) (*apd.Decimal, error) {
	if isNaN(base) || isNaN(d) {
		return nan(), nil
	}
	for _, refuse := range []bool{base.Negative || d.Negative, base.IsZero() || d.IsZero()} {
		if !refuse {
			continue
		}
		if err := logarithmDomain(base); err != nil && (base.Negative || !d.Negative) {
			return nil, err
		}
		return nil, logarithmDomain(d)
	}
	switch {
	case base.Form == apd.Infinite && d.Form == apd.Infinite:
		return nan(), nil
	case base.Form == apd.Infinite:
		return new(apd.Decimal), nil
	case d.Form == apd.Infinite:
		return d, nil
	}
	weight := lnWeight(d) - lnWeight(base)
	scale := clampDisplay(minSigDigits-weight, Scale(base), Scale(d))
	lnBase := lnScaled(base, max(scale+weight-lnWeight(base)+8, 0))
	lnNum := lnScaled(d, max(scale+weight-lnWeight(d)+8, 0))
	if lnBase.IsZero() {
		return nil, errDivisionByZero()
	}
	return quotient(lnNum, lnBase, scale, true), nil
}

func integral(d *apd.Decimal) bool {
	return d.Form == apd.Infinite || d.Form == apd.Finite && TruncNumeric(d, 0).Cmp(d) == 0
}

func odd(d *apd.Decimal) bool {
	return d.Form == apd.Finite && integral(d) && TruncNumeric(d, 0).Coeff.Bit(0) == 1
}

// PowerNumeric returns a to the power of b.
func PowerNumeric(a, b *apd.Decimal) (*apd.Decimal, error) {
	one := apd.New(1, 0)
	switch {
	case isNaN(a) && (isNaN(b) || !b.IsZero()), isNaN(b) && a.Cmp(one) != 0:
		return nan(), nil
	case isNaN(a) || isNaN(b):
		return one, nil
	case a.IsZero() && b.Negative:
		return nil, Errorf("2201F", "zero raised to a negative power is undefined")
	case a.Negative && !integral(b):
		return nil, Errorf("2201F", "a negative number raised to a non-integer power yields a complex result")
	case a.Form == apd.Infinite || b.Form == apd.Infinite:
		return infinitePower(a, b), nil
	}
	if n, ok := IntFromNumeric(b); ok && integral(b) && n >= math.MinInt32 && n <= math.MaxInt32 {
		return intPower(a, int(n), clampDisplay(minSigDigits, Scale(a)))
	}
	return realPower(a, b)
}

// infinitePower is POSIX's pow for infinite operands that are not NaN.
func infinitePower(a, b *apd.Decimal) *apd.Decimal {
	one, zero, inf := apd.New(1, 0), new(apd.Decimal), &apd.Decimal{Form: apd.Infinite}
	switch {
	case a.Form == apd.Finite && a.Cmp(one) == 0, b.IsZero():
		return one
	case a.IsZero():
		return zero
	case b.Form == apd.Infinite:
		size := new(apd.Decimal).Set(a)
		size.Negative = false
		if a.Form == apd.Finite && size.Cmp(one) == 0 {
			return one
		}
		if (size.Cmp(one) > 0) != b.Negative {
			return inf
		}
		return zero
	case b.Negative:
		return zero
	case a.Negative && odd(b):
		inf.Negative = true
	}
	return inf
}

// intPower multiplies. The product is cut to the digits that the result shows, plus some.
func intPower(a *apd.Decimal, n, scale int) (*apd.Decimal, error) {
	switch {
	case n == 0:
		return RoundNumeric(apd.New(1, 0), scale), nil
	case n == 1:
		return RoundNumeric(a, scale), nil
	case n == -1:
		if a.IsZero() {
			return nil, errDivisionByZero()
		}
		return quotient(apd.New(1, 0), a, scale, true), nil
	case n == 2:
		return RoundNumeric(MulNumeric(a, a), scale), nil
	case a.IsZero():
		return RoundNumeric(new(apd.Decimal), scale), nil
	}
	digits, power := leadingDigits(a, 4)
	weight := float64(n) * (math.Log10(digits) + float64(power))
	if weight > 3*math.MaxInt16*4 {
		return nil, overflow()
	}
	if weight+1 < float64(-scale) || weight+1 < -maxDisplayScale {
		return RoundNumeric(new(apd.Decimal), scale), nil
	}
	ctx := apd.BaseContext.WithPrecision(uint32(1 + scale + int(weight) + guardDigits + int(math.Log(math.Abs(float64(n))))))
	product, square := apd.New(1, 0), new(apd.Decimal).Set(a)
	for k := uint(max(n, -n)); k > 0; k >>= 1 {
		if k&1 == 1 {
			if _, err := ctx.Mul(product, product, square); err != nil {
				return nil, overflow()
			}
		}
		if k > 1 {
			if _, err := ctx.Mul(square, square, square); err != nil {
				return nil, overflow()
			}
		}
	}
	if n < 0 {
		if _, err := ctx.Quo(product, apd.New(1, 0), product); err != nil {
			return nil, overflow()
		}
	}
	if product.NumDigits()+int64(product.Exponent) > maxNumericWeight {
		return nil, overflow()
	}
	return RoundNumeric(plainExponent(product), scale), nil
}

// realPower is exp(b * ln(a)).
func realPower(a, b *apd.Decimal) (*apd.Decimal, error) {
	if a.IsZero() {
		return RoundNumeric(a, minSigDigits), nil
	}
	base := new(apd.Decimal).Set(a)
	base.Negative = false
	ln := lnScaled(base, max(8-lnWeight(base), 0))
	val := toFloat(MulNumeric(ln, b))
	if math.Abs(val) > 3.01*maxResultScale {
		if val > 0 {
			return nil, overflow()
		}
		return RoundNumeric(new(apd.Decimal), maxDisplayScale), nil
	}
	val *= log10OfE
	scale := clampDisplay(minSigDigits-int(val), Scale(a), Scale(b))
	significant := max(1+scale+int(val), 0)
	ln = lnScaled(base, max(significant-lnWeight(base)+8, 0)+max(numericWeight(b)+1, 0)*4)
	out, err := expScaled(MulNumeric(ln, b), scale)
	if err == nil && a.Negative && odd(b) {
		out = NegNumeric(out)
	}
	return out, err
}

// MinScale is the smallest scale that shows all digits of d.
func MinScale(d *apd.Decimal) int { return Scale(trimZeros(new(apd.Decimal).Set(d))) }

// GcdNumeric returns the greatest common divisor.
func GcdNumeric(a, b *apd.Decimal) *apd.Decimal {
	if a.Form != apd.Finite || b.Form != apd.Finite {
		return nan()
	}
	scale := max(Scale(a), Scale(b))
	x, y := rescale(a, scale, false), rescale(b, scale, false)
	out := &apd.Decimal{Exponent: int32(-scale)}
	g := new(apd.BigInt).GCD(nil, nil, &x.Coeff, &y.Coeff)
	out.Coeff.Set(g)
	return out
}

// LcmNumeric returns the least common multiple.
func LcmNumeric(a, b *apd.Decimal) *apd.Decimal {
	if a.Form != apd.Finite || b.Form != apd.Finite {
		return nan()
	}
	scale := max(Scale(a), Scale(b))
	if a.IsZero() || b.IsZero() {
		return RoundNumeric(new(apd.Decimal), scale)
	}
	out := quotient(MulNumeric(a, b), GcdNumeric(a, b), scale, false)
	out.Negative = false
	return out
}
