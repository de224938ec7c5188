package datum

import (
	"encoding/binary"
	"math/big"

	"github.com/cockroachdb/apd/v3"
)

// Binary numeric:
//
//	int16 count of base-10000 digits | int16 weight of the first | uint16 sign | int16 scale | digits
const (
	numericPositive = 0x0000
	numericNegative = 0x4000
	numericNaN      = 0xC000
	numericPInf     = 0xD000
	numericNInf     = 0xF000
)

func appendNumericBinary(buf []byte, d *apd.Decimal) []byte {
	head := func(n int, weight int16, sign uint16, scale int) {
		buf = binary.BigEndian.AppendUint16(buf, uint16(n))
		buf = binary.BigEndian.AppendUint16(buf, uint16(weight))
		buf = binary.BigEndian.AppendUint16(buf, sign)
		buf = binary.BigEndian.AppendUint16(buf, uint16(scale))
	}
	switch {
	case isNaN(d):
		head(0, 0, numericNaN, 0)
		return buf
	case d.Form == apd.Infinite && d.Negative:
		head(0, 0, numericNInf, 0)
		return buf
	case d.Form == apd.Infinite:
		head(0, 0, numericPInf, 0)
		return buf
	}
	digits, weight := baseDigits(d)
	sign := uint16(numericPositive)
	if d.Negative {
		sign = numericNegative
	}
	head(len(digits), int16(weight), sign, Scale(d))
	for _, g := range digits {
		buf = binary.BigEndian.AppendUint16(buf, g)
	}
	return buf
}

// baseDigits returns the base-10000 digits of d without leading and trailing zeros.
func baseDigits(d *apd.Decimal) (digits []uint16, weight int) {
	s := d.Coeff.String()
	scale := Scale(d)
	for scale%4 != 0 {
		s += "0"
		scale++
	}
	for len(s)%4 != 0 {
		s = "0" + s
	}
	for i := 0; i < len(s); i += 4 {
		digits = append(digits, uint16(s[i]-'0')*1000+uint16(s[i+1]-'0')*100+uint16(s[i+2]-'0')*10+uint16(s[i+3]-'0'))
	}
	weight = len(digits) - scale/4 - 1
	for len(digits) > 0 && digits[0] == 0 {
		digits, weight = digits[1:], weight-1
	}
	for len(digits) > 0 && digits[len(digits)-1] == 0 {
		digits = digits[:len(digits)-1]
	}
	if len(digits) == 0 {
		weight = 0
	}
	return digits, weight
}

func parseNumericBinary(data []byte) (*apd.Decimal, error) {
	bad := func() (*apd.Decimal, error) {
		return nil, Errorf("22P03", "invalid external \"numeric\" value")
	}
	if len(data) < 8 {
		return nil, insufficientData()
	}
	count := int(binary.BigEndian.Uint16(data))
	weight := int(int16(binary.BigEndian.Uint16(data[2:])))
	sign := binary.BigEndian.Uint16(data[4:])
	scale := int(binary.BigEndian.Uint16(data[6:]))
	switch sign {
	case numericNaN:
		return nan(), nil
	case numericPInf:
		return &apd.Decimal{Form: apd.Infinite}, nil
	case numericNInf:
		return &apd.Decimal{Form: apd.Infinite, Negative: true}, nil
	case numericPositive, numericNegative:
	default:
		return nil, Errorf("22P03", "invalid sign in external \"numeric\" value")
	}
	if scale > maxNumericScale {
		return nil, Errorf("22P03", "invalid scale in external \"numeric\" value")
	}
	if len(data) != 8+2*count {
		return bad()
	}
	coeff, base := new(big.Int), big.NewInt(10000)
	for i := range count {
		g := binary.BigEndian.Uint16(data[8+2*i:])
		if g > 9999 {
			return nil, Errorf("22P03", "invalid digit in external \"numeric\" value")
		}
		coeff.Mul(coeff, base).Add(coeff, big.NewInt(int64(g)))
	}
	d := &apd.Decimal{Negative: sign == numericNegative}
	d.Coeff.SetMathBigInt(coeff)
	// The digits stand for coeff * 10000^(weight+1-count).
	if shift := 4 * (weight + 1 - count); shift > 0 {
		d.Coeff.Mul(&d.Coeff, pow10(shift))
	} else {
		d.Exponent = int32(shift)
	}
	return TruncNumeric(d, scale), nil
}
