package datum

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// A numeric is a finite apd.Decimal with Exponent <= 0, whose negation is PostgreSQL's
// display scale, or NaN or an infinity. Zero is never negative.

// Limits of PostgreSQL's numeric.
const (
	maxNumericScale  = 16383
	maxNumericWeight = 131072 // digits before the point
	maxDisplayScale  = 1000
	minSigDigits     = 16
)

var (
	bigTen = apd.NewBigInt(10)
)

// NumericFromInt makes a numeric of scale 0.
func NumericFromInt(n int64) *apd.Decimal { return apd.New(n, 0) }

// ParseNumeric reads what numeric_in reads.
func ParseNumeric(s string) (*apd.Decimal, error) {
	t := strings.TrimSpace(s)
	if d := specialNumeric(t); d != nil {
		return d, nil
	}
	digits, scale, neg, ok := scanNumeric(t)
	if !ok {
		return nil, invalidSyntax("numeric", s)
	}
	if scale > maxNumericScale || len(strings.TrimLeft(digits, "0"))-scale > maxNumericWeight && strings.Trim(digits, "0") != "" {
		return nil, Errorf("22003", "value overflows numeric format")
	}
	d := new(apd.Decimal)
	if _, ok := d.Coeff.SetString(digits, 10); !ok {
		return nil, invalidSyntax("numeric", s)
	}
	if scale < 0 {
		d.Coeff.Mul(&d.Coeff, pow10(-scale))
		scale = 0
	}
	d.Exponent = int32(-scale)
	d.Negative = neg && d.Coeff.Sign() != 0
	return d, nil
}

func specialNumeric(s string) *apd.Decimal {
	switch strings.ToLower(s) {
	case "nan":
		return &apd.Decimal{Form: apd.NaN}
	case "infinity", "+infinity", "inf", "+inf":
		return &apd.Decimal{Form: apd.Infinite}
	case "-infinity", "-inf":
		return &apd.Decimal{Form: apd.Infinite, Negative: true}
	}
	return nil
}

// scanNumeric splits a literal into its digits and how many of them follow the point
// (negative if zeros are to be added).
func scanNumeric(s string) (digits string, scale int, neg, ok bool) {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		neg, s = s[0] == '-', s[1:]
	}
	mantissa, exp := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		n, err := strconv.Atoi(s[i+1:])
		if err != nil || n > 1<<20 || n < -(1<<20) {
			return "", 0, false, false
		}
		mantissa, exp = s[:i], n
	}
	whole, frac, _ := strings.Cut(mantissa, ".")
	digits = whole + frac
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", 0, false, false
	}
	return digits, len(frac) - exp, neg, true
}

// FormatNumeric prints d as numeric_out does.
func FormatNumeric(d *apd.Decimal) string { return string(appendNumeric(nil, d)) }

func appendNumeric(buf []byte, d *apd.Decimal) []byte {
	if d.Form != apd.Finite {
		return append(buf, specialName(d)...)
	}
	if d.Negative {
		buf = append(buf, '-')
	}
	if d.Exponent >= 0 {
		buf = d.Coeff.Append(buf, 10)
		for range d.Exponent {
			buf = append(buf, '0')
		}
		return buf
	}
	digits, scale := d.Coeff.String(), int(-d.Exponent)
	if pad := scale + 1 - len(digits); pad > 0 {
		digits = strings.Repeat("0", pad) + digits
	}
	point := len(digits) - scale
	buf = append(buf, digits[:point]...)
	buf = append(buf, '.')
	return append(buf, digits[point:]...)
}

func specialName(d *apd.Decimal) string {
	switch {
	case d.Form == apd.NaN || d.Form == apd.NaNSignaling:
		return "NaN"
	case d.Negative:
		return "-Infinity"
	}
	return "Infinity"
}

func pow10(n int) *apd.BigInt {
	return new(apd.BigInt).Exp(bigTen, apd.NewBigInt(int64(n)), nil)
}

// Scale is the display scale of d.
func Scale(d *apd.Decimal) int { return int(-d.Exponent) }

// RoundNumeric rounds half away from zero to scale digits after the point (which may be
// negative), or extends with zeros.
func RoundNumeric(d *apd.Decimal, scale int) *apd.Decimal { return rescale(d, scale, true) }

// TruncNumeric cuts to scale digits after the point.
func TruncNumeric(d *apd.Decimal, scale int) *apd.Decimal { return rescale(d, scale, false) }

func rescale(d *apd.Decimal, scale int, round bool) *apd.Decimal {
	if d.Form != apd.Finite {
		return d
	}
	out := &apd.Decimal{Negative: d.Negative}
	out.Coeff.Set(&d.Coeff)
	switch have := Scale(d); {
	case scale > have:
		out.Coeff.Mul(&out.Coeff, pow10(scale-have))
	case scale < have:
		unit := pow10(have - scale)
		rest := new(apd.BigInt)
		out.Coeff.QuoRem(&out.Coeff, unit, rest)
		if round && rest.Lsh(rest, 1).Cmp(unit) >= 0 {
			out.Coeff.Add(&out.Coeff, apd.NewBigInt(1))
		}
	}
	if scale < 0 {
		out.Coeff.Mul(&out.Coeff, pow10(-scale))
		scale = 0
	}
	out.Exponent = int32(-scale)
	return fixZero(out)
}

func fixZero(d *apd.Decimal) *apd.Decimal {
	if d.Form == apd.Finite && d.Coeff.Sign() == 0 {
		d.Negative = false
	}
	return d
}

// NumericTypmod splits a typmod of numeric(p, s).
func NumericTypmod(typmod int32) (precision, scale int) {
	m := typmod - 4
	scale = int(m & 0x7ff)
	return int(m>>16) & 0xffff, (scale ^ 1024) - 1024
}

// FitNumeric rounds d to numeric(p, s) and checks that it fits.
func FitNumeric(d *apd.Decimal, typmod int32) (*apd.Decimal, error) {
	if typmod < 4 || d.Form == apd.NaN {
		return d, nil
	}
	precision, scale := NumericTypmod(typmod)
	limit := precision - scale
	if d.Form == apd.Infinite {
		return nil, Errorf("22003", "numeric field overflow").
			WithDetail("A field with precision %d, scale %d cannot hold an infinite value.", precision, scale)
	}
	out := RoundNumeric(d, scale)
	if out.Coeff.Sign() != 0 && int(out.NumDigits())-Scale(out) > limit {
		bound := "1"
		if limit != 0 {
			bound = "10^" + strconv.Itoa(limit)
		}
		return nil, Errorf("22003", "numeric field overflow").
			WithDetail("A field with precision %d, scale %d must round to an absolute value less than %s.", precision, scale, bound)
	}
	return out, nil
}

// NumericFromFloat converts as PostgreSQL does: through the 15 (or 6) significant digits
// that the type surely holds.
func NumericFromFloat(f float64, digits int) *apd.Decimal {
	switch {
	case math.IsNaN(f):
		return &apd.Decimal{Form: apd.NaN}
	case math.IsInf(f, 0):
		return &apd.Decimal{Form: apd.Infinite, Negative: f < 0}
	}
	d, err := ParseNumeric(strconv.FormatFloat(f, 'g', digits, 64))
	if err != nil {
		panic(err) // FormatFloat of a finite float is always a numeral
	}
	return trimZeros(d)
}

// trimZeros drops the trailing zeros that C's %g would not have printed.
func trimZeros(d *apd.Decimal) *apd.Decimal {
	for d.Exponent < 0 {
		q, r := new(apd.BigInt), new(apd.BigInt)
		q.QuoRem(&d.Coeff, bigTen, r)
		if r.Sign() != 0 {
			break
		}
		d.Coeff.Set(q)
		d.Exponent++
	}
	return d
}

// FloatFromNumeric converts to the nearest float64; ok is false on overflow.
func FloatFromNumeric(d *apd.Decimal) (f float64, ok bool) {
	switch {
	case d.Form == apd.Infinite && d.Negative:
		return math.Inf(-1), true
	case d.Form == apd.Infinite:
		return math.Inf(1), true
	case d.Form != apd.Finite:
		return math.NaN(), true
	}
	f, err := strconv.ParseFloat(FormatNumeric(d), 64)
	return f, err == nil
}

// IntFromNumeric rounds to an integer; ok is false if it does not fit an int64.
func IntFromNumeric(d *apd.Decimal) (n int64, ok bool) {
	if d.Form != apd.Finite {
		return 0, false
	}
	r := RoundNumeric(d, 0)
	b := r.Coeff.MathBigInt()
	if r.Negative {
		b = new(big.Int).Neg(b)
	}
	return b.Int64(), b.IsInt64()
}
