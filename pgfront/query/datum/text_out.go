package datum

import (
	"math"
	"strconv"
	"strings"

	"walle/pgfront/query/pgdata"
)

// AppendText appends the text form of v, which must not be null, to buf.
func (c *Codec) AppendText(buf []byte, typ OID, v Value) []byte {
	switch v.kind {
	case KindInt:
		return c.appendIntText(buf, typ, v.num)
	case KindString:
		return c.appendStringText(buf, typ, v.Str())
	case KindTime:
		return c.style.appendTimeText(buf, typ, v.num)
	case KindBool:
		if v.num != 0 {
			return append(buf, 't')
		}
		return append(buf, 'f')
	case KindFloat:
		return appendFloat(buf, typ, v.Float(), c.style.FloatDigits)
	case KindNumeric:
		return appendNumeric(buf, v.Numeric())
	case KindInterval:
		return c.style.appendInterval(buf, v.Interval())
	case KindArray:
		return c.appendArray(buf, typ, v.Array())
	case KindRecord:
		return c.appendRecord(buf, v.Record())
	case KindJSON:
		return AppendJSON(buf, v.JSON())
	}
	return buf
}

// Text is AppendText as a string.
func (c *Codec) Text(typ OID, v Value) string {
	if v.kind == KindString && isTextual(typ) {
		return v.Str()
	}
	return string(c.AppendText(nil, typ, v))
}

func isTextual(typ OID) bool {
	switch typ {
	case ByteaOID, UUIDOID, CharOID:
		return false
	}
	return true
}

func (c *Codec) appendIntText(buf []byte, typ OID, n int64) []byte {
	switch {
	case typ == Int8OID || typ == Int4OID:
		return strconv.AppendInt(buf, n, 10)
	case typ == PgLsnOID:
		buf = strconv.AppendUint(buf, uint64(n)>>32, 16)
		return []byte(strings.ToUpper(string(strconv.AppendUint(append(buf, '/'), uint64(n)&math.MaxUint32, 16))))
	case IsReg(typ):
		if n == 0 {
			return append(buf, '-')
		}
		if c.names != nil {
			if name, ok := c.names.ObjectName(typ, OID(n)); ok {
				return append(buf, name...)
			}
		}
	}
	return strconv.AppendInt(buf, n, 10)
}

func (c *Codec) appendStringText(buf []byte, typ OID, s string) []byte {
	switch typ {
	case ByteaOID:
		return appendBytea(buf, s, c.style.ByteaEscape)
	case UUIDOID:
		return appendUUID(buf, s)
	case CharOID:
		if len(s) == 1 && s[0] >= 0x80 {
			return append(buf, '\\', '0'+s[0]>>6, '0'+s[0]>>3&7, '0'+s[0]&7)
		}
	}
	return append(buf, s...)
}

func appendUUID(buf []byte, s string) []byte {
	for i := range len(s) {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			buf = append(buf, '-')
		}
		buf = append(buf, hexDigits[s[i]>>4], hexDigits[s[i]&15])
	}
	return buf
}

func (s Style) appendTimeText(buf []byte, typ OID, n int64) []byte {
	switch typ {
	case TimestampOID:
		return s.appendTimestamp(buf, n)
	case DateOID:
		return s.appendDate(buf, n)
	case TimeOID:
		return appendTime(buf, n)
	}
	return s.appendTimestamptz(buf, n)
}

// appendFloat prints the shortest form that reads back, or with extra_float_digits <= 0
// the significant digits that the type surely has.
func appendFloat(buf []byte, typ OID, f float64, extra int) []byte {
	bits, digits := 64, 15
	if typ == Float4OID {
		bits, digits = 32, 6
	}
	switch {
	case math.IsNaN(f):
		return append(buf, "NaN"...)
	case math.IsInf(f, 1):
		return append(buf, "Infinity"...)
	case math.IsInf(f, -1):
		return append(buf, "-Infinity"...)
	}
	precision := -1
	if extra <= 0 {
		precision = max(digits+extra, 1)
	}
	return appendG(buf, f, precision, bits, digits)
}

// appendG prints as C's %g does: exponents have two digits at least, and are used below
// 1e-4 and from 1e15 (1e6 for float4; with a given precision, from there).
func appendG(buf []byte, f float64, precision, bits, digits int) []byte {
	sci := strconv.FormatFloat(f, 'e', max(precision-1, -1), bits)
	i := strings.IndexByte(sci, 'e')
	exp, err := strconv.Atoi(sci[i+1:])
	if err != nil {
		panic(err) // FormatFloat always writes an exponent
	}
	limit := digits
	if precision > 0 {
		limit = precision
	}
	if exp >= -4 && exp < limit {
		places := -1
		if precision > 0 {
			places = max(precision-1-exp, 0)
		}
		text := strconv.FormatFloat(f, 'f', places, bits)
		if precision > 0 && strings.Contains(text, ".") {
			text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
		}
		return append(buf, text...)
	}
	m := sci[:i]
	if precision > 0 && strings.Contains(m, ".") {
		m = strings.TrimRight(strings.TrimRight(m, "0"), ".")
	}
	return append(append(buf, m...), sci[i:]...)
}

// TypeName is format_type without a modifier: "integer", "timestamp with time zone" …
func TypeName(typ OID) string {
	switch typ {
	case BoolOID:
		return "boolean"
	case CharOID:
		return `"char"`
	case Int2OID:
		return "smallint"
	case Int4OID:
		return "integer"
	case Int8OID:
		return "bigint"
	case Float4OID:
		return "real"
	case Float8OID:
		return "double precision"
	case BPCharOID:
		return "character"
	case VarcharOID:
		return "character varying"
	case TimeOID:
		return "time without time zone"
	case TimetzOID:
		return "time with time zone"
	case TimestampOID:
		return "timestamp without time zone"
	case TimestamptzOID:
		return "timestamp with time zone"
	case AnyOID:
		return `"any"`
	case 1560:
		return "bit"
	case 1562:
		return "bit varying"
	}
	t := pgdata.Load().TypeByOID(uint32(typ))
	switch {
	case t == nil:
		return "???"
	case t.IsArray() && t.Storage != 'p': // int2vector and oidvector have names of their own
		return TypeName(OID(t.Elem)) + "[]"
	}
	return t.Name
}
