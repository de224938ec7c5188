package query

import (
	"math"
	"strings"
	"unicode/utf8"

	"walle/pgfront/query/datum"
)

// relabel gives a value another type of the same representation.
type relabel struct {
	arg    expr
	t      OID
	typmod int32
}

// newRelabel makes a relabel; between the signed int4 and the unsigned OIDs the sign is
// converted.
func newRelabel(e expr, t OID) expr {
	if c, ok := e.(*constant); ok {
		out := *c
		out.t, out.value = t, relabeled(c.value, t)
		return &out
	}
	return &relabel{arg: e, t: t, typmod: -1}
}

func relabeled(v Value, t OID) Value {
	if v.Kind() != datum.KindInt {
		return v
	}
	switch {
	case t == datum.Int4OID:
		return datum.Int(int64(int32(v.Int())))
	case t == datum.OIDOID || datum.IsReg(t):
		return datum.Int(int64(uint32(v.Int())))
	}
	return v
}

func (r *relabel) typ() OID { return r.t }

func (r *relabel) eval(f *frame) (Value, error) {
	v, err := r.arg.eval(f)
	return relabeled(v, r.t), err
}

func (r *relabel) String() string      { return r.arg.String() + "::" + datum.TypeName(r.t) }
func (r *relabel) inputs() []expr      { return []expr{r.arg} }
func (r *relabel) with(in []expr) expr { return &relabel{arg: in[0], t: r.t, typmod: r.typmod} }

// textCast converts through the text form: the output function of one type, the input
// function of the other.
type textCast struct {
	arg expr
	t   OID
}

func (c *textCast) typ() OID { return c.t }

func (c *textCast) eval(f *frame) (Value, error) {
	v, err := c.arg.eval(f)
	if err != nil || v.IsNull() {
		return Value{}, err
	}
	source := c.arg.typ()
	if category(c.t) == 'S' && v.Kind() == datum.KindString && category(source) == 'S' && c.t != datum.NameOID {
		return v, nil
	}
	return f.run.codec.ParseText(c.t, f.run.codec.Text(source, v))
}

func (c *textCast) String() string      { return c.arg.String() + "::" + datum.TypeName(c.t) }
func (c *textCast) inputs() []expr      { return []expr{c.arg} }
func (c *textCast) with(in []expr) expr { return &textCast{arg: in[0], t: c.t} }

// slot is the place of an array's element, or of the argument of a fixed expression.
type slot struct {
	leaf
	value Value
	t     OID
}

func (s *slot) typ() OID                   { return s.t }
func (s *slot) eval(*frame) (Value, error) { return s.value, nil }
func (s *slot) String() string             { return "$elem" }
func (s *slot) with([]expr) expr           { return s }

// arrayCast converts each element of an array by elem, an expression over slot.
type arrayCast struct {
	arg  expr
	slot *slot
	elem expr
	t    OID
}

func (c *arrayCast) typ() OID { return c.t }

func (c *arrayCast) eval(f *frame) (Value, error) {
	v, err := c.arg.eval(f)
	if err != nil || v.IsNull() {
		return Value{}, err
	}
	a := v.Array()
	out := &datum.Array{Elem: elemType(c.t), Dims: a.Dims, Elems: make([]Value, len(a.Elems))}
	for i, e := range a.Elems {
		c.slot.value = e
		if out.Elems[i], err = c.elem.eval(f); err != nil {
			return Value{}, err
		}
	}
	return datum.ArrayValue(out), nil
}

func (c *arrayCast) String() string { return c.arg.String() + "::" + datum.TypeName(c.t) }
func (c *arrayCast) inputs() []expr { return []expr{c.arg} }
func (c *arrayCast) with(in []expr) expr {
	return &arrayCast{arg: in[0], slot: c.slot, elem: c.elem, t: c.t}
}

// modifier fits a value to a type modifier: varchar(n), numeric(p, s) …
type modifier struct {
	arg      expr
	t        OID
	typmod   int32
	explicit bool
}

// applyTypmod adds the node that fits e to typmod, if one is needed.
func (a *analyzer) applyTypmod(e expr, t OID, typmod int32, ctx castContext) expr {
	if typmod < 0 || typmodOf(e) == typmod && e.typ() == t || elemType(t) != 0 {
		return e
	}
	m := &modifier{arg: e, t: t, typmod: typmod, explicit: ctx == explicitCast}
	if c, ok := e.(*constant); ok {
		if v, err := m.fit(c.value); err == nil {
			return &constant{value: v, t: t, typmod: typmod}
		}
	}
	return m
}

func (m *modifier) typ() OID { return m.t }

func (m *modifier) eval(f *frame) (Value, error) {
	v, err := m.arg.eval(f)
	if err != nil {
		return Value{}, err
	}
	return m.fit(v)
}

func (m *modifier) fit(v Value) (Value, error) {
	if v.IsNull() {
		return v, nil
	}
	switch m.t {
	case datum.VarcharOID, datum.BPCharOID:
		return fitString(m.t, v, int(m.typmod)-4, m.explicit)
	case datum.NumericOID:
		d, err := datum.FitNumeric(v.Numeric(), m.typmod)
		if err != nil {
			return Value{}, err
		}
		return datum.Numeric(d), nil
	case datum.TimestampOID, datum.TimestamptzOID, datum.TimeOID:
		return datum.Micros(roundMicros(v.Micros(), int(m.typmod))), nil
	case datum.IntervalOID:
		return fitInterval(v.Interval(), m.typmod), nil
	}
	return v, nil
}

func (m *modifier) String() string { return m.arg.String() + "::" + formatType(m.t, m.typmod) }
func (m *modifier) inputs() []expr { return []expr{m.arg} }
func (m *modifier) with(in []expr) expr {
	out := *m
	out.arg = in[0]
	return &out
}

// fitString cuts or pads to n characters. What is cut must be spaces unless the cast is
// explicit.
func fitString(t OID, v Value, n int, explicit bool) (Value, error) {
	s := v.Str()
	have := utf8.RuneCountInString(s)
	if have > n {
		cut := byteOffset(s, n)
		if !explicit && strings.Trim(s[cut:], " ") != "" {
			return Value{}, datum.Errorf("22001", "value too long for type %s", formatType(t, int32(n)+4))
		}
		return datum.String(s[:cut]), nil
	}
	if t == datum.BPCharOID && have < n {
		s += strings.Repeat(" ", n-have)
	}
	return datum.String(s), nil
}

// byteOffset returns where the n-th character (from 0) of s starts.
func byteOffset(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// roundMicros rounds to a number of decimal places of a second, half away from zero.
func roundMicros(us int64, places int) int64 {
	if places >= 6 || us == datum.Infinity || us == datum.NegInfinity {
		return us
	}
	unit := int64(math.Pow10(6 - places))
	if us < 0 {
		return -((-us + unit/2) / unit * unit)
	}
	return (us + unit/2) / unit * unit
}

// Bits of the interval mask, as in PostgreSQL's datetime.h.
const (
	maskMonth  = 1 << 1
	maskYear   = 1 << 2
	maskDay    = 1 << 3
	maskHour   = 1 << 10
	maskMinute = 1 << 11
	maskSecond = 1 << 12
)

// intervalUnitOf returns the unit of a bare number in a literal with this modifier.
func intervalUnitOf(typmod int32) string {
	mask := int(typmod>>16) & intervalFullRange
	switch {
	case mask == intervalFullRange || mask&maskSecond != 0:
		return "second"
	case mask&maskMinute != 0:
		return "minute"
	case mask&maskHour != 0:
		return "hour"
	case mask&maskDay != 0:
		return "day"
	case mask&maskMonth != 0:
		return "month"
	case mask&maskYear != 0:
		return "year"
	}
	return "second"
}

// fitInterval drops the fields below the last one of the mask and rounds the seconds.
func fitInterval(iv datum.Interval, typmod int32) Value {
	mask := int(typmod>>16) & intervalFullRange
	switch {
	case mask == intervalFullRange || mask&maskSecond != 0:
	case mask&maskMinute != 0:
		iv.Micros = iv.Micros / datum.MicrosPerMinute * datum.MicrosPerMinute
	case mask&maskHour != 0:
		iv.Micros = iv.Micros / datum.MicrosPerHour * datum.MicrosPerHour
	case mask&maskDay != 0:
		iv.Micros = 0
	case mask&maskMonth != 0:
		iv.Micros, iv.Days = 0, 0
	case mask&maskYear != 0:
		iv = datum.Interval{Months: iv.Months / 12 * 12}
	}
	if precision := int(typmod & 0xffff); precision <= 6 {
		iv.Micros = roundMicros(iv.Micros, precision)
	}
	return datum.IntervalValue(iv)
}
