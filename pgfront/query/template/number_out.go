package template

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"walle/pgfront/query/datum"
)

// FormatNumeric is to_char of a numeric.
func FormatNumeric(v *apd.Decimal, template string) (string, error) {
	d, err := parseNumber(template)
	if err != nil || template == "" {
		return "", err
	}
	switch {
	case d.roman:
		n, ok := datum.IntFromNumeric(v)
		if v.Form != apd.Finite {
			what := map[apd.Form]string{apd.NaN: "NaN", apd.Infinite: "infinity"}[v.Form]
			return "", datum.Errorf("0A000", "cannot convert %s to integer", what)
		}
		if !ok || n != int64(int32(n)) {
			return "", datum.Errorf("22003", "integer out of range")
		}
		return d.write(roman(n), '+', 0), nil
	case d.exp:
		return d.scientific(v), nil
	}
	if d.multi {
		v = datum.MulNumeric(v, datum.NumericFromInt(int64(math.Pow10(d.shift))))
		d.before += d.shift
	}
	text := datum.FormatNumeric(datum.RoundNumeric(v, d.after))
	return d.digits(text), nil
}

// FormatInt is to_char of an integer; limit is the largest of its type, for V.
func FormatInt(n int64, template string, limit int64) (string, error) {
	d, err := parseNumber(template)
	if err != nil || template == "" {
		return "", err
	}
	switch {
	case d.roman:
		return d.write(roman(n), '+', 0), nil
	case d.exp:
		return d.scientific(datum.NumericFromInt(n)), nil
	}
	if d.multi {
		factor := int64(math.Pow10(min(d.shift, 18)))
		if n > limit/factor || n < -limit/factor {
			return "", datum.Errorf("22003", "%s out of range", map[bool]string{true: "bigint", false: "integer"}[limit > math.MaxInt32])
		}
		n *= factor
		d.before += d.shift
	}
	text := strconv.FormatInt(n, 10)
	if d.after > 0 {
		text += "." + strings.Repeat("0", d.after)
	}
	return d.digits(text), nil
}

// FormatFloat is to_char of a float that holds so many significant digits.
func FormatFloat(v float64, template string, significant int) (string, error) {
	d, err := parseNumber(template)
	if err != nil || template == "" {
		return "", err
	}
	switch {
	case d.roman:
		r := math.RoundToEven(v)
		if !(r >= math.MinInt32 && r <= math.MaxInt32) {
			r = 0
		}
		return d.write(roman(int64(r)), '+', 0), nil
	case d.exp && (math.IsNaN(v) || math.IsInf(v, 0)):
		return d.hashes(), nil
	case d.exp:
		return signed(strconv.FormatFloat(v, 'e', d.after, 64)), nil
	}
	if d.multi {
		v *= math.Pow10(d.shift)
		d.before += d.shift
	}
	whole := floatText(math.Abs(v), 0)
	if len(whole) >= significant {
		d.after = 0
	} else if len(whole)+d.after > significant {
		d.after = significant - len(whole)
	}
	return d.digits(floatText(v, d.after)), nil
}

func floatText(v float64, places int) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "Infinity"
	case math.IsInf(v, -1):
		return "-Infinity"
	}
	return strconv.FormatFloat(v, 'f', places, 64)
}

// signed leaves the place of a sign before what has none.
func signed(s string) string {
	if strings.HasPrefix(s, "-") {
		return s
	}
	return " " + s
}

func (d *number) hashes() string {
	b := []byte(strings.Repeat("#", d.before+d.after+6))
	b[0], b[min(d.before+1, len(b)-1)] = ' ', '.'
	return string(b)
}

// scientific is EEEE.
func (d *number) scientific(v *apd.Decimal) string {
	if v.Form != apd.Finite {
		return d.hashes()
	}
	exponent := 0
	if !v.IsZero() {
		exponent = int(v.NumDigits()) - 1 + int(v.Exponent)
	}
	significand := &apd.Decimal{Negative: v.Negative, Exponent: v.Exponent - int32(exponent)}
	significand.Coeff.Set(&v.Coeff)
	if significand.Exponent > 0 { // trailing zeros of the integer part
		significand.Exponent = 0
	}
	text := datum.FormatNumeric(datum.RoundNumeric(significand, d.after))
	return signed(fmt.Sprintf("%se%+03d", text, exponent))
}

// roman writes 1 to 3999.
func roman(n int64) string {
	if n < 1 || n > 3999 {
		return strings.Repeat("#", 15)
	}
	var b strings.Builder
	for _, r := range []struct {
		value int64
		text  string
	}{{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"}} {
		for n >= r.value {
			b.WriteString(r.text)
			n -= r.value
		}
	}
	return b.String()
}

// digits writes a number that was printed with its sign.
func (d *number) digits(text string) string {
	sign := byte('+')
	if strings.HasPrefix(text, "-") {
		sign, text = '-', text[1:]
	}
	whole, _, _ := strings.Cut(text, ".")
	if len(whole) > d.before {
		return d.write(strings.Repeat("#", d.before)+"."+strings.Repeat("#", d.after), sign, 0)
	}
	return d.write(text, sign, d.before-len(whole))
}

// numberWriter walks a template beside the digits of a number.
type numberWriter struct {
	*number
	out         []byte
	digits      string
	next        int // the next of digits
	sign        byte
	signDone    bool
	blanks      int // places before the first digit
	place       int // which digit of the template this is
	places      int
	significant int // the last digit that FM keeps, -1 for all
	inNumber    bool
}

// write applies the template. blanks are the places of the template before the first digit.
func (d *number) write(digits string, sign byte, blanks int) string {
	desc := *d
	if desc.zeroStart > 0 {
		desc.zeroStart--
	}
	w := &numberWriter{number: &desc, digits: digits, sign: sign, blanks: blanks, significant: -1}
	w.prepare()
	for _, n := range desc.nodes {
		if n.kind == action {
			w.keyword(upperKey(n.text))
		} else {
			w.out = append(w.out, n.text...)
		}
	}
	return string(w.out)
}

// prepare settles where the sign goes and which zeros FM drops.
func (w *numberWriter) prepare() {
	if w.roman {
		w.sign, w.blanks = 0, 0
		*w.number = number{nodes: w.nodes, roman: true, fill: w.fill}
	}
	if w.plus || w.minus {
		w.signDone = !(w.plus && !w.minus)
	} else {
		if w.sign != '-' && w.fill {
			w.bracket = false
		}
		w.signDone = w.sign == '+' && w.fill && !w.local
		if w.anchor == signBefore && w.before == w.beforeSign {
			w.anchor = signAfter
		}
	}
	w.places = w.after + w.before - 1
	if w.fill && w.decimal {
		w.significant = lastSignificant(w.digits)
		if w.significant >= 0 && w.zeroEnd > w.blanks {
			w.significant = max(w.significant, min(len(w.digits)-1, w.zeroEnd-w.blanks))
		}
	}
	if !w.signDone && w.blanks == 0 {
		w.places++
	}
}

// lastSignificant is the last decimal that is not 0, or the point; -1 without a point.
func lastSignificant(digits string) int {
	last := strings.IndexByte(digits, '.')
	for i := last + 1; last >= 0 && i < len(digits); i++ {
		if digits[i] != '0' {
			last = i
		}
	}
	return last
}

// endsInPoint says whether FM keeps nothing behind the point.
func (w *numberWriter) endsInPoint() bool {
	return w.significant >= 0 && w.digits[w.significant] == '.'
}

// blankOrNothing is the place of a sign or comma that is not shown.
func (w *numberWriter) blankOrNothing() {
	if !w.fill {
		w.out = append(w.out, ' ')
	}
}

func (w *numberWriter) keyword(key string) {
	switch key {
	case "9", "0", ".", "D":
		w.digit(key)
	case ",", "G":
		if w.inNumber {
			w.out = append(w.out, ',')
		} else {
			w.blankOrNothing()
		}
	case "L":
		w.out = append(w.out, ' ')
	case "RN", "rn":
		text := w.digits
		if key == "rn" {
			text = strings.ToLower(text)
		}
		if !w.fill {
			text = fmt.Sprintf("%15s", text)
		}
		w.out = append(w.out, text...)
	case "TH", "th":
		if !w.roman && w.digits != "" && w.digits[0] != '#' && w.sign != '-' && !w.decimal {
			w.out = append(w.out, ordinal(w.digits, key)...)
		}
	case "MI", "PL":
		want := map[string]byte{"MI": '-', "PL": '+'}[key]
		if w.sign == want {
			w.out = append(w.out, want)
		} else {
			w.blankOrNothing()
		}
	case "SG":
		w.out = append(w.out, w.sign)
	}
}

// digit writes what belongs to one digit or point of the template.
func (w *numberWriter) digit(key string) {
	if w.roman {
		return
	}
	w.inNumber = false
	if !w.signDone && (w.place >= w.blanks || w.zero && w.zeroStart == w.place) && (!w.hidesZero() || w.endsInPoint()) {
		w.leadingSign()
	}
	switch {
	case w.place < w.blanks && (w.zeroStart > w.place || !w.zero):
		w.blankOrNothing()
	case w.zero && w.place < w.blanks && w.zeroStart <= w.place:
		w.out = append(w.out, '0')
		w.inNumber = true
	default:
		w.realDigit(key)
	}
	end := w.places
	if w.blanks > 0 {
		end++
	}
	if w.decimal {
		end++
	}
	if w.significant >= 0 && w.significant == w.next {
		end = w.place
	}
	if w.place+1 == end {
		w.trailingSign()
	}
	w.place++
}

// hidesZero is for 0.1 by 9.9, which is .1.
func (w *numberWriter) hidesZero() bool {
	return !w.zero && w.next == 0 && strings.HasPrefix(w.digits, "0") && w.after != 0
}

func (w *numberWriter) leadingSign() {
	switch {
	case w.local:
		if w.anchor != signBefore {
			return
		}
		w.out = append(w.out, w.sign)
	case w.bracket:
		w.out = append(w.out, map[bool]byte{true: ' ', false: '<'}[w.sign == '+'])
	case w.sign == '+':
		w.blankOrNothing()
	case w.sign == '-':
		w.out = append(w.out, '-')
	default:
		return
	}
	w.signDone = true
}

func (w *numberWriter) trailingSign() {
	switch {
	case w.signDone && w.bracket:
		w.out = append(w.out, map[bool]byte{true: ' ', false: '>'}[w.sign == '+'])
	case w.local && w.anchor == signAfter:
		w.out = append(w.out, w.sign)
	}
}

// realDigit writes the next character of the number itself.
func (w *numberWriter) realDigit(key string) {
	if w.next >= len(w.digits) {
		return
	}
	switch c := w.digits[w.next]; {
	case c == '.':
		if !w.endsInPoint() || w.fill {
			w.out = append(w.out, '.')
		}
	case w.significant >= 0 && w.next > w.significant && key != "0":
	case w.hidesZero():
		if !w.fill {
			w.out = append(w.out, ' ')
		} else if w.endsInPoint() {
			w.out = append(w.out, '0')
		}
	default:
		w.out = append(w.out, c)
		w.inNumber = true
	}
	w.next++
}
