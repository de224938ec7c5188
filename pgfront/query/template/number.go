package template

import "walle/pgfront/query/datum"

// signAnchor says on which side of the digits S stands.
type signAnchor uint8

const (
	noAnchor signAnchor = iota
	signBefore
	signAfter
)

// number describes a template of a number, as PostgreSQL's NUMDesc does.
type number struct {
	nodes               []node
	before, after       int // digits before and after the point
	shift               int // digits behind V
	zeroStart, zeroEnd  int // of the 0s among the digits, from 1
	anchor              signAnchor
	beforeSign          int // digits before S
	zero, decimal, fill bool
	local, bracket      bool // S, PR
	minus, plus, blank  bool
	roman, multi, exp   bool
}

func badTemplate(format string, args ...any) error { return datum.Errorf("42601", format, args...) }

// parseNumber reads and checks a template of a number.
func parseNumber(template string) (*number, error) {
	d := &number{nodes: parse(template, numberKeywords, false)}
	for i := range d.nodes {
		n := &d.nodes[i]
		if n.kind != action {
			continue
		}
		if err := d.note(upperKey(n.text)); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// upperKey folds the case of a keyword; ordinals and Roman numerals mean it.
func upperKey(key string) string {
	if key == "th" || key == "rn" {
		return key
	}
	b := []byte(key)
	for i := range b {
		if b[i] >= 'a' && b[i] <= 'z' {
			b[i] -= 'a' - 'A'
		}
	}
	return string(b)
}

// note adds what one keyword says to the description.
func (d *number) note(key string) error {
	if d.exp && key != "EEEE" {
		return badTemplate("\"EEEE\" must be the last pattern used")
	}
	switch key {
	case "9", "0":
		return d.noteDigit(key)
	case "B":
		d.blank = d.blank || d.before == 0 && d.after == 0 && !d.zero
	case ".", "D":
		switch {
		case d.decimal:
			return badTemplate("multiple decimal points")
		case d.multi:
			return badTemplate("cannot use \"V\" and decimal point together")
		}
		d.decimal = true
	case "FM":
		d.fill = true
	case "S", "MI", "PL", "SG", "PR":
		return d.noteSign(key)
	case "RN", "rn":
		d.roman = true
	case "V":
		if d.decimal {
			return badTemplate("cannot use \"V\" and decimal point together")
		}
		d.multi = true
	case "EEEE":
		switch {
		case d.exp:
			return badTemplate("cannot use \"EEEE\" twice")
		case d.blank || d.fill || d.local || d.bracket || d.minus || d.plus || d.roman || d.multi:
			return datum.Errorf("42601", "\"EEEE\" is incompatible with other formats").
				WithDetail("\"EEEE\" may only be used together with digit and decimal point patterns.")
		}
		d.exp = true
	}
	return nil
}

func (d *number) noteDigit(key string) error {
	if d.bracket {
		return badTemplate("\"%s\" must be ahead of \"PR\"", key)
	}
	if key == "9" && d.multi {
		d.shift++
		return nil
	}
	if key == "0" && !d.zero && !d.decimal {
		d.zero, d.zeroStart = true, d.before+1
	}
	if d.decimal {
		d.after++
	} else {
		d.before++
	}
	if key == "0" {
		d.zeroEnd = d.before + d.after
	}
	return nil
}

func (d *number) noteSign(key string) error {
	switch {
	case key == "S" && d.local:
		return badTemplate("cannot use \"S\" twice")
	case key == "S" && (d.plus || d.minus || d.bracket):
		return badTemplate("cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together")
	case key == "PR" && (d.local || d.plus || d.minus):
		return badTemplate("cannot use \"PR\" and \"S\"/\"PL\"/\"MI\"/\"SG\" together")
	case key != "S" && d.local:
		return badTemplate("cannot use \"S\" and \"%s\" together", key)
	}
	switch key {
	case "S":
		d.local = true
		if d.decimal {
			d.anchor = signAfter
		} else {
			d.anchor, d.beforeSign = signBefore, d.before
		}
	case "MI":
		d.minus = true
	case "PL":
		d.plus = true
	case "SG":
		d.minus, d.plus = true, true
	case "PR":
		d.bracket = true
	}
	return nil
}
