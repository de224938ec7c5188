package datum

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"walle/pgfront/query/pgdata"
)

// ValidText checks that data may be a text in UTF-8.
func ValidText(data []byte) error {
	if bytes.IndexByte(data, 0) >= 0 {
		return Errorf("22021", "invalid byte sequence for encoding \"UTF8\": 0x00")
	}
	if utf8.Valid(data) {
		return nil
	}
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return invalidUTF8(data[i:])
		}
		i += n
	}
	return nil
}

// invalidUTF8 names the bytes that the first one announces, as PostgreSQL does.
func invalidUTF8(data []byte) error {
	n := 1
	switch c := data[0]; {
	case c&0xe0 == 0xc0:
		n = 2
	case c&0xf0 == 0xe0:
		n = 3
	case c&0xf8 == 0xf0:
		n = 4
	}
	var b strings.Builder
	for i := range min(n, len(data)) {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString("0x")
		b.WriteByte(hexDigits[data[i]>>4])
		b.WriteByte(hexDigits[data[i]&15])
	}
	return Errorf("22021", "invalid byte sequence for encoding \"UTF8\": %s", b.String())
}

// ParseText is the input function of a type.
func (c *Codec) ParseText(typ OID, s string) (Value, error) {
	switch typ {
	case TextOID, VarcharOID, BPCharOID, UnknownOID, CstringOID:
		return String(s), nil
	case NameOID:
		return String(TruncateName(s)), nil
	case CharOID:
		return parseChar(s)
	case BoolOID:
		return parseBool(s)
	case Int2OID, Int4OID, Int8OID:
		return ParseInt(typ, s)
	case OIDOID, XidOID, CidOID:
		return parseOID(typ, s)
	case Float4OID, Float8OID:
		return ParseFloat(typ, s)
	case NumericOID:
		d, err := ParseNumeric(s)
		return wrap(Numeric, d, err)
	case ByteaOID:
		b, err := ParseBytea(s)
		return wrap(String, b, err)
	}
	return c.parseOther(typ, s)
}

func (c *Codec) parseOther(typ OID, s string) (Value, error) {
	switch typ {
	case TimestampOID:
		us, err := c.ParseTimestamp(s)
		return wrap(Micros, us, err)
	case TimestamptzOID:
		us, err := c.ParseTimestamptz(s)
		return wrap(Micros, us, err)
	case DateOID:
		days, err := c.ParseDate(s)
		return wrap(Days, days, err)
	case TimeOID:
		us, err := c.ParseTime(s)
		return wrap(Micros, us, err)
	case IntervalOID:
		iv, err := c.ParseInterval(s, "")
		return wrap(IntervalValue, iv, err)
	case UUIDOID:
		return parseUUID(s)
	case JSONOID:
		if err := validJSON(s); err != nil {
			return Null, err
		}
		return String(s), nil
	case JSONBOID:
		j, err := ParseJSON(s)
		return wrap(JSONValue, j, err)
	case JSONPathOID:
		path, err := ParsePath(s)
		if err != nil {
			return Null, err
		}
		return String(path.String()), nil // each use parses it anew, and keeps that
	case PgLsnOID:
		return parseLSN(s)
	case Int2VectorOID, OIDVectorOID:
		return c.parseVector(typ, s)
	case VoidOID:
		return String(""), nil
	}
	t := pgdata.Load().TypeByOID(uint32(typ))
	switch {
	case IsReg(typ):
		return c.parseReg(typ, s)
	case t != nil && t.IsArray():
		return c.parseArray(OID(t.Elem), t, s)
	case t != nil && t.Kind == 'p':
		return Null, Errorf("0A000", "cannot accept a value of type %s", TypeName(typ))
	}
	return Null, Unsupported("type %s", TypeName(typ))
}

// wrap makes a value from the result of a parser.
func wrap[T any](value func(T) Value, v T, err error) (Value, error) {
	if err != nil {
		return Null, err
	}
	return value(v), nil
}

// NameLen is how long a name may be, in bytes.
const NameLen = 63

// TruncateName cuts an identifier to NameLen.
func TruncateName(s string) string { return CutName(s, NameLen) }

// CutName cuts an identifier to n bytes at most, at a character's end.
func CutName(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// parseChar reads the one byte of type "char", which may be written in octal.
func parseChar(s string) (Value, error) {
	if len(s) == 4 && s[0] == '\\' {
		if n, err := strconv.ParseUint(s[1:], 8, 8); err == nil {
			return String(string([]byte{byte(n)})), nil
		}
	}
	return String(s[:min(1, len(s))]), nil
}

func parseBool(s string) (Value, error) {
	t := strings.ToLower(strings.TrimSpace(s))
	if t == "" {
		return Null, invalidSyntax("boolean", s)
	}
	for _, word := range []string{"true", "yes", "1"} {
		if strings.HasPrefix(word, t) {
			return Bool(true), nil
		}
	}
	for _, word := range []string{"false", "no", "0"} {
		if strings.HasPrefix(word, t) {
			return Bool(false), nil
		}
	}
	switch t {
	case "on":
		return Bool(true), nil
	case "of", "off":
		return Bool(false), nil
	}
	return Null, invalidSyntax("boolean", s)
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func trimSpace(s string) string {
	for s != "" && isSpace(s[0]) {
		s = s[1:]
	}
	for s != "" && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// ParseInt reads an int2, int4 or int8.
func ParseInt(typ OID, s string) (Value, error) {
	bits, name := 64, "bigint"
	switch typ {
	case Int2OID:
		bits, name = 16, "smallint"
	case Int4OID:
		bits, name = 32, "integer"
	}
	t := trimSpace(s)
	if digits := strings.TrimLeft(t, "+-"); len(t)-len(digits) > 1 || digits == "" || strings.Trim(digits, "0123456789") != "" {
		if leadingOverflow(t, bits) {
			return Null, outOfRange(name, s)
		}
		return Null, invalidSyntax(name, s)
	}
	n, err := strconv.ParseInt(t, 10, bits)
	if err != nil {
		return Null, outOfRange(name, s)
	}
	return Int(n), nil
}

// leadingOverflow says whether the digits that a text begins with are too many already:
// PostgreSQL sees that before it sees that the rest is no number.
func leadingOverflow(s string, bits int) bool {
	n := 0
	if s != "" && (s[0] == '-' || s[0] == '+') {
		n = 1
	}
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	_, err := strconv.ParseInt(s[:n], 10, bits)
	var syntax *strconv.NumError
	return errors.As(err, &syntax) && syntax.Err == strconv.ErrRange
}

func parseOID(typ OID, s string) (Value, error) {
	name := TypeName(typ)
	n, err := strconv.ParseInt(trimSpace(s), 10, 64)
	if err != nil {
		if ne, ok := err.(*strconv.NumError); ok && ne.Err == strconv.ErrRange {
			return Null, outOfRange(name, s)
		}
		return Null, invalidSyntax(name, s)
	}
	if n < math.MinInt32 || n > math.MaxUint32 {
		return Null, outOfRange(name, s)
	}
	return Int(int64(uint32(n))), nil
}

// ParseFloat reads a float4 or float8. A float4 is held as the float64 of equal value.
func ParseFloat(typ OID, s string) (Value, error) {
	bits, name := 64, "double precision"
	if typ == Float4OID {
		bits, name = 32, "real"
	}
	t := trimSpace(s)
	if strings.ContainsAny(t, "_pPxX") {
		return Null, invalidSyntax(name, s)
	}
	f, err := strconv.ParseFloat(t, bits)
	if err != nil {
		if math.IsInf(f, 0) {
			return Null, Errorf("22003", "\"%s\" is out of range for type %s", t, name)
		}
		return Null, invalidSyntax(name, s)
	}
	if f == 0 && strings.ContainsAny(mantissa(t), "123456789") {
		return Null, Errorf("22003", "\"%s\" is out of range for type %s", t, name)
	}
	return Float(f), nil
}

func mantissa(s string) string {
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		return s[:i]
	}
	return s
}

func parseUUID(s string) (Value, error) {
	raw := make([]byte, 0, 16)
	t := s
	if strings.HasPrefix(t, "{") && strings.HasSuffix(t, "}") {
		t = t[1 : len(t)-1]
	}
	for len(raw) < 16 {
		if len(t) < 2 {
			return Null, invalidSyntax("uuid", s)
		}
		n, err := strconv.ParseUint(t[:2], 16, 8)
		if err != nil || t[0] == '+' {
			return Null, invalidSyntax("uuid", s)
		}
		raw, t = append(raw, byte(n)), t[2:]
		if len(raw)%2 == 0 && len(raw) < 16 && strings.HasPrefix(t, "-") {
			t = t[1:]
		}
	}
	if t != "" {
		return Null, invalidSyntax("uuid", s)
	}
	return String(string(raw)), nil
}

func parseLSN(s string) (Value, error) {
	high, low, ok := strings.Cut(s, "/")
	h, err1 := strconv.ParseUint(high, 16, 32)
	l, err2 := strconv.ParseUint(low, 16, 32)
	if !ok || err1 != nil || err2 != nil {
		return Null, invalidSyntax("pg_lsn", s)
	}
	return Int(int64(h<<32 | l)), nil
}

// parseVector reads int2vector and oidvector: numbers between spaces, counted from 0.
func (c *Codec) parseVector(typ OID, s string) (Value, error) {
	elem := Int2OID
	if typ == OIDVectorOID {
		elem = OIDOID
	}
	var elems []Value
	for _, f := range strings.Fields(s) {
		v, err := c.ParseText(elem, f)
		if err != nil {
			return Null, err
		}
		elems = append(elems, v)
	}
	return VectorValue(elem, elems), nil
}

// IsReg says whether typ is one of the types that print the name of an object.
func IsReg(typ OID) bool {
	switch typ {
	case RegprocOID, RegprocedureOID, RegoperOID, RegoperatorOID, RegclassOID, RegtypeOID, RegnamespaceOID,
		RegroleOID, RegcollationOID, RegconfigOID, RegdictionaryOID:
		return true
	}
	return false
}

func (c *Codec) parseReg(typ OID, s string) (Value, error) {
	if s == "-" {
		return Int(0), nil
	}
	if strings.Trim(s, "0123456789") == "" && s != "" {
		return parseOID(OIDOID, s)
	}
	if c.names == nil {
		return Null, Unsupported("type %s", TypeName(typ))
	}
	oid, err := c.names.ObjectOID(typ, s)
	return wrap(Int, int64(oid), err)
}
