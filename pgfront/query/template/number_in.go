package template

import (
	"strings"
	"unicode/utf8"

	"github.com/cockroachdb/apd/v3"

	"walle/pgfront/query/datum"
)

// ParseNumber is to_number.
func ParseNumber(text, template string) (*apd.Decimal, error) {
	d, err := parseNumber(template)
	if err != nil {
		return nil, err
	}
	switch {
	case d.exp:
		return nil, datum.Errorf("0A000", "\"EEEE\" not supported for input")
	case d.roman:
		return nil, datum.Errorf("0A000", "\"RN\" not supported for input")
	}
	r := numberReader{number: d, rest: text, sign: ' '}
	for _, n := range d.nodes {
		if r.rest == "" {
			break
		}
		if n.kind == action {
			r.keyword(upperKey(n.text))
			continue
		}
		_, size := utf8.DecodeRuneInString(r.rest)
		r.rest = r.rest[size:]
	}
	return r.value()
}

type numberReader struct {
	*number
	rest      string
	sign      byte
	digits    []byte
	whole     int // digits before the point
	fraction  int
	pointSeen bool
}

func (r *numberReader) value() (*apd.Decimal, error) {
	text := strings.TrimSuffix(string(r.digits), ".")
	out, err := datum.ParseNumeric(string(r.sign) + text)
	if err != nil {
		return nil, datum.Errorf("22P02", "invalid input syntax for type numeric: \"%s\"", string(r.sign)+text)
	}
	precision := r.before + r.shift + r.fraction
	if out, err = datum.FitNumeric(out, int32(precision<<16|r.fraction)+4); err != nil {
		return nil, err
	}
	if r.multi {
		scale, perr := datum.PowerNumeric(datum.NumericFromInt(10), datum.NumericFromInt(int64(-r.shift)))
		if perr != nil {
			return nil, perr
		}
		out = datum.MulNumeric(out, scale)
	}
	return out, nil
}

// eat passes over n characters that are no data.
func (r *numberReader) eat(n int) {
	for ; n > 0 && r.rest != "" && strings.IndexByte("0123456789.,+-", r.rest[0]) < 0; n-- {
		_, size := utf8.DecodeRuneInString(r.rest)
		r.rest = r.rest[size:]
	}
}

func (r *numberReader) keyword(key string) {
	switch key {
	case "9", "0", ".", "D":
		r.digit(key)
		if r.rest != "" {
			r.rest = r.rest[1:]
		}
	case ",", "G":
		if !r.fill && r.rest[0] == ',' {
			r.rest = r.rest[1:]
		}
	case "L":
		r.eat(1)
	case "TH", "th":
		r.eat(2)
	case "MI", "PL", "SG":
		c := r.rest[0]
		if c == '-' && key != "PL" || c == '+' && key != "MI" {
			r.sign, r.rest = c, r.rest[1:]
		} else {
			r.eat(1)
		}
	}
}

// digit reads at one digit or point of the template. The last character that it looked at
// is left for keyword to pass over.
func (r *numberReader) digit(key string) {
	if r.rest[0] == ' ' {
		r.rest = r.rest[1:]
	}
	if r.rest != "" && r.sign == ' ' && key != "." && key != "D" && r.whole+r.fraction == 0 {
		r.signBefore()
	}
	if r.rest == "" {
		return
	}
	read := r.digitOrPoint()
	if r.sign == ' ' && r.whole+r.fraction > 0 {
		r.signAfter(read)
	}
}

func (r *numberReader) signBefore() {
	c := r.rest[0]
	switch {
	case r.local && r.anchor == signBefore:
		if c == '-' || c == '+' {
			r.sign, r.rest = c, r.rest[1:]
		}
	case c == '-' || r.bracket && c == '<':
		r.sign, r.rest = '-', r.rest[1:]
	case c == '+':
		r.sign, r.rest = '+', r.rest[1:]
	}
}

func (r *numberReader) digitOrPoint() bool {
	c := r.rest[0]
	switch {
	case isDigit(c):
		if r.pointSeen && r.fraction == r.after {
			return false
		}
		r.digits = append(r.digits, c)
		if r.pointSeen {
			r.fraction++
		} else {
			r.whole++
		}
		return true
	case r.decimal && !r.pointSeen && c == '.':
		r.digits = append(r.digits, '.')
		r.pointSeen = true
		return true
	}
	return false
}

// signAfter reads the sign behind the last digit.
func (r *numberReader) signAfter(read bool) {
	switch {
	case r.local && read && len(r.rest) > 1:
		if c := r.rest[1]; c == '-' || c == '+' {
			r.sign, r.rest = c, r.rest[1:]
		}
	case !read && (r.plus || r.minus):
		if c := r.rest[0]; c == '-' || c == '+' {
			r.sign = c
		}
	}
}
