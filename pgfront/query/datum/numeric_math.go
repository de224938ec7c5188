package datum

import (
	"github.com/cockroachdb/apd/v3"
)

// The scale of every result is PostgreSQL's, so that its digits are too.

var (
	errDivisionByZero = func() error { return Errorf("22012", "division by zero") }
	// exact is used where no rounding can happen.
	exact = apd.BaseContext
)

func nan() *apd.Decimal { return &apd.Decimal{Form: apd.NaN} }

func isNaN(d *apd.Decimal) bool { return d.Form == apd.NaN || d.Form == apd.NaNSignaling }

// AddNumeric returns a+b.
func AddNumeric(a, b *apd.Decimal) *apd.Decimal {
	switch {
	case isNaN(a) || isNaN(b):
		return nan()
	case a.Form == apd.Infinite && b.Form == apd.Infinite && a.Negative != b.Negative:
		return nan()
	case a.Form == apd.Infinite:
		return a
	case b.Form == apd.Infinite:
		return b
	}
	out := new(apd.Decimal)
	exact.Add(out, a, b)
	return fixZero(rescale(out, max(Scale(a), Scale(b)), false))
}

// NegNumeric returns -a.
func NegNumeric(a *apd.Decimal) *apd.Decimal {
	out := new(apd.Decimal).Set(a)
	if !isNaN(a) {
		out.Negative = !a.Negative
	}
	return fixZero(out)
}

// SubNumeric returns a-b.
func SubNumeric(a, b *apd.Decimal) *apd.Decimal { return AddNumeric(a, NegNumeric(b)) }

// MulNumeric returns a*b.
func MulNumeric(a, b *apd.Decimal) *apd.Decimal {
	if isNaN(a) || isNaN(b) {
		return nan()
	}
	if a.Form == apd.Infinite || b.Form == apd.Infinite {
		if a.IsZero() || b.IsZero() {
			return nan()
		}
		return &apd.Decimal{Form: apd.Infinite, Negative: a.Negative != b.Negative}
	}
	out := &apd.Decimal{Negative: a.Negative != b.Negative, Exponent: a.Exponent + b.Exponent}
	out.Coeff.Mul(&a.Coeff, &b.Coeff)
	if Scale(out) > maxNumericScale {
		return RoundNumeric(out, maxNumericScale)
	}
	return fixZero(out)
}

// DivNumeric returns a/b with the scale that PostgreSQL chooses.
func DivNumeric(a, b *apd.Decimal) (*apd.Decimal, error) {
	if out, err, done := specialDiv(a, b); done {
		return out, err
	}
	return quotient(a, b, divScale(a, b), true), nil
}

// DivTruncNumeric is div(a, b): the quotient cut to an integer.
func DivTruncNumeric(a, b *apd.Decimal) (*apd.Decimal, error) {
	if out, err, done := specialDiv(a, b); done {
		return out, err
	}
	return quotient(a, b, 0, false), nil
}

func specialDiv(a, b *apd.Decimal) (*apd.Decimal, error, bool) {
	switch {
	case isNaN(a) || isNaN(b):
		return nan(), nil, true
	case a.Form == apd.Infinite && b.Form == apd.Infinite:
		return nan(), nil, true
	case b.IsZero():
		return nil, errDivisionByZero(), true
	case a.Form == apd.Infinite:
		return &apd.Decimal{Form: apd.Infinite, Negative: a.Negative != b.Negative}, nil, true
	case b.Form == apd.Infinite:
		return new(apd.Decimal), nil, true
	}
	return nil, nil, false
}

func quotient(a, b *apd.Decimal, scale int, round bool) *apd.Decimal {
	num := new(apd.BigInt).Set(&a.Coeff)
	den := new(apd.BigInt).Set(&b.Coeff)
	// a/b = (ca/cb) * 10^(sb-sa); wanted: that times 10^scale, as an integer.
	if shift := Scale(b) - Scale(a) + scale; shift >= 0 {
		num.Mul(num, pow10(shift))
	} else {
		den.Mul(den, pow10(-shift))
	}
	out := &apd.Decimal{Negative: a.Negative != b.Negative, Exponent: int32(-scale)}
	rest := new(apd.BigInt)
	out.Coeff.QuoRem(num, den, rest)
	if round && rest.Lsh(rest, 1).CmpAbs(den) >= 0 {
		out.Coeff.Add(&out.Coeff, apd.NewBigInt(1))
	}
	return fixZero(out)
}

// divScale is PostgreSQL's select_div_scale: at least 16 significant digits, estimated from
// the leading base-10000 digits of both.
func divScale(a, b *apd.Decimal) int {
	weightA, firstA := leading(a)
	weightB, firstB := leading(b)
	weight := weightA - weightB
	if firstA <= firstB {
		weight--
	}
	scale := max(minSigDigits-weight*4, Scale(a), Scale(b), 0)
	return min(scale, maxDisplayScale)
}

// leading returns the weight and the value of the first base-10000 digit.
func leading(d *apd.Decimal) (weight, digit int) {
	if d.IsZero() {
		return 0, 0
	}
	s := d.Coeff.String()
	power := len(s) - 1 + int(d.Exponent) // of the first decimal digit
	q, r := floorDiv(int64(power), 4)
	for i := 0; i <= int(r); i++ {
		digit *= 10
		if i < len(s) {
			digit += int(s[i] - '0')
		}
	}
	return int(q), digit
}

// ModNumeric returns the remainder of a/b, with the sign of a.
func ModNumeric(a, b *apd.Decimal) (*apd.Decimal, error) {
	switch {
	case isNaN(a) || isNaN(b):
		return nan(), nil
	case a.Form == apd.Infinite:
		if b.IsZero() {
			return nil, errDivisionByZero()
		}
		return nan(), nil
	case b.Form == apd.Infinite:
		return a, nil
	case b.IsZero():
		return nil, errDivisionByZero()
	}
	scale := max(Scale(a), Scale(b))
	x, y := rescale(a, scale, false), rescale(b, scale, false)
	out := &apd.Decimal{Negative: a.Negative, Exponent: int32(-scale)}
	out.Coeff.Rem(&x.Coeff, &y.Coeff)
	return fixZero(out), nil
}

// CompareNumeric orders numerics; NaN is above everything and equal to itself.
func CompareNumeric(a, b *apd.Decimal) int {
	switch an, bn := isNaN(a), isNaN(b); {
	case an && bn:
		return 0
	case an:
		return 1
	case bn:
		return -1
	}
	return a.Cmp(b)
}

// numericWeight is the weight of d in base 10000, as PostgreSQL's functions estimate from.
func numericWeight(d *apd.Decimal) int {
	w, _ := leading(d)
	return w
}

// SqrtNumeric returns the square root.
func SqrtNumeric(d *apd.Decimal) (*apd.Decimal, error) {
	switch {
	case isNaN(d):
		return d, nil
	case d.Negative:
		return nil, Errorf("2201F", "cannot take square root of a negative number")
	case d.Form == apd.Infinite:
		return d, nil
	}
	weight := numericWeight(d)
	sweight := (weight+1)*4/2 - 1
	if weight < 0 {
		sweight = weight*4/2 + 1
	}
	scale := min(max(minSigDigits-sweight, Scale(d), 0), maxDisplayScale)
	return SqrtScaled(d, scale)
}

// SqrtScaled returns the square root with so many digits after the point.
func SqrtScaled(d *apd.Decimal, scale int) (*apd.Decimal, error) {
	x := rescale(d, 2*(scale+1), false)
	root := &apd.Decimal{Exponent: int32(-(scale + 1))}
	root.Coeff.SetMathBigInt(x.Coeff.MathBigInt().Sqrt(x.Coeff.MathBigInt()))
	return RoundNumeric(root, scale), nil
}
