package datum

import (
	"encoding/binary"
	"math"

	"walle/pgfront/query/pgdata"
)

// AppendBinary appends the binary form of v, which must not be null, to buf.
func (c *Codec) AppendBinary(buf []byte, typ OID, v Value) ([]byte, error) {
	be := binary.BigEndian
	switch v.kind {
	case KindBool:
		return append(buf, byte(v.num)), nil
	case KindInt:
		return appendIntBinary(buf, typ, v.num), nil
	case KindFloat:
		if typ == Float4OID {
			return be.AppendUint32(buf, math.Float32bits(float32(v.Float()))), nil
		}
		return be.AppendUint64(buf, uint64(v.num)), nil
	case KindTime:
		if typ == DateOID {
			return be.AppendUint32(buf, uint32(int32(v.num))), nil
		}
		return be.AppendUint64(buf, uint64(v.num)), nil
	case KindString:
		return append(buf, v.Str()...), nil
	case KindNumeric:
		return appendNumericBinary(buf, v.Numeric()), nil
	case KindInterval:
		iv := v.Interval()
		buf = be.AppendUint64(buf, uint64(iv.Micros))
		buf = be.AppendUint32(buf, uint32(iv.Days))
		return be.AppendUint32(buf, uint32(iv.Months)), nil
	case KindJSON:
		return AppendJSON(append(buf, 1), v.JSON()), nil
	case KindArray:
		return c.appendArrayBinary(buf, v.Array())
	case KindRecord:
		return c.appendRecordBinary(buf, v.Record())
	}
	return nil, Unsupported("binary output of type %s", TypeName(typ))
}

// intSize is the width of a type that is held as an integer.
func intSize(typ OID) int {
	switch typ {
	case Int8OID, PgLsnOID:
		return 8
	case Int2OID:
		return 2
	}
	return 4
}

func appendIntBinary(buf []byte, typ OID, n int64) []byte {
	switch intSize(typ) {
	case 8:
		return binary.BigEndian.AppendUint64(buf, uint64(n))
	case 2:
		return binary.BigEndian.AppendUint16(buf, uint16(n))
	}
	return binary.BigEndian.AppendUint32(buf, uint32(n))
}

// appendArrayBinary writes
//
//	int32 dimensions | int32 has nulls | oid element | (int32 length, int32 lower)... | (int32 size, bytes)...
func (c *Codec) appendArrayBinary(buf []byte, a *Array) ([]byte, error) {
	be := binary.BigEndian
	nulls := uint32(0)
	for _, e := range a.Elems {
		if e.IsNull() {
			nulls = 1
		}
	}
	buf = be.AppendUint32(buf, uint32(len(a.Dims)))
	buf = be.AppendUint32(buf, nulls)
	buf = be.AppendUint32(buf, uint32(a.Elem))
	for _, d := range a.Dims {
		buf = be.AppendUint32(buf, uint32(d.Len))
		buf = be.AppendUint32(buf, uint32(d.Lower))
	}
	var err error
	for _, e := range a.Elems {
		if buf, err = c.appendSized(buf, a.Elem, e); err != nil {
			return nil, err
		}
	}
	return buf, nil
}

// appendSized appends a length and a value, or the length -1 of null.
func (c *Codec) appendSized(buf []byte, typ OID, v Value) ([]byte, error) {
	if v.IsNull() {
		return binary.BigEndian.AppendUint32(buf, math.MaxUint32), nil
	}
	at := len(buf)
	buf, err := c.AppendBinary(append(buf, 0, 0, 0, 0), typ, v)
	if err != nil {
		return nil, err
	}
	binary.BigEndian.PutUint32(buf[at:], uint32(len(buf)-at-4))
	return buf, nil
}

func (c *Codec) appendRecordBinary(buf []byte, r *Record) ([]byte, error) {
	buf = binary.BigEndian.AppendUint32(buf, uint32(len(r.Fields)))
	var err error
	for i, f := range r.Fields {
		buf = binary.BigEndian.AppendUint32(buf, uint32(r.Types[i]))
		if buf, err = c.appendSized(buf, r.Types[i], f); err != nil {
			return nil, err
		}
	}
	return buf, nil
}

func (c *Codec) parseBinary(typ OID, data []byte) (Value, error) {
	if size := fixedSize(typ); size > 0 {
		if len(data) < size {
			return Null, insufficientData()
		}
		if len(data) > size {
			return Null, badBinary(TypeName(typ))
		}
		return parseFixed(typ, data)
	}
	switch typ {
	case TextOID, VarcharOID, BPCharOID, UnknownOID, CstringOID, NameOID, JSONOID:
		if err := ValidText(data); err != nil {
			return Null, err
		}
		return c.ParseText(typ, string(data))
	case ByteaOID:
		return String(string(data)), nil
	case NumericOID:
		d, err := parseNumericBinary(data)
		return wrap(Numeric, d, err)
	case JSONBOID:
		if len(data) == 0 || data[0] != 1 {
			return Null, Errorf("XX000", "unsupported jsonb version number %d", append(data, 0)[0])
		}
		if err := ValidText(data[1:]); err != nil {
			return Null, err
		}
		return c.ParseText(JSONBOID, string(data[1:]))
	}
	if t := pgdata.Load().TypeByOID(uint32(typ)); t != nil && (t.IsArray() || typ == OIDVectorOID || typ == Int2VectorOID) {
		return c.parseArrayBinary(OID(t.Elem), data)
	}
	return Null, Unsupported("binary input of type %s", TypeName(typ))
}

// fixedSize is the size of a type's binary form, 0 if it varies.
func fixedSize(typ OID) int {
	switch typ {
	case BoolOID, CharOID:
		return 1
	case Int2OID:
		return 2
	case Int4OID, OIDOID, XidOID, CidOID, Float4OID, DateOID:
		return 4
	case Int8OID, Float8OID, TimestampOID, TimestamptzOID, TimeOID, PgLsnOID:
		return 8
	case UUIDOID, IntervalOID:
		return 16
	}
	if IsReg(typ) {
		return 4
	}
	return 0
}

func parseFixed(typ OID, data []byte) (Value, error) {
	be := binary.BigEndian
	switch typ {
	case BoolOID:
		return Bool(data[0] != 0), nil
	case CharOID, UUIDOID:
		return String(string(data)), nil
	case Int2OID:
		return Int(int64(int16(be.Uint16(data)))), nil
	case Int4OID:
		return Int(int64(int32(be.Uint32(data)))), nil
	case Int8OID, PgLsnOID:
		return Int(int64(be.Uint64(data))), nil
	case Float4OID:
		return Float(float64(math.Float32frombits(be.Uint32(data)))), nil
	case Float8OID:
		return Float(math.Float64frombits(be.Uint64(data))), nil
	case DateOID:
		days := int64(int32(be.Uint32(data)))
		if days != DateInf && days != DateNegInf && !ValidDate(days) {
			return Null, Errorf("22008", "date out of range")
		}
		return Days(days), nil
	case TimeOID:
		us := int64(be.Uint64(data))
		if us < 0 || us > MicrosPerDay {
			return Null, Errorf("22008", "time out of range")
		}
		return Micros(us), nil
	case TimestampOID, TimestamptzOID:
		us := int64(be.Uint64(data))
		if us != Infinity && us != NegInfinity && !ValidTimestamp(us) {
			return Null, Errorf("22008", "timestamp out of range")
		}
		return Micros(us), nil
	case IntervalOID:
		return IntervalValue(Interval{
			Micros: int64(be.Uint64(data)), Days: int32(be.Uint32(data[8:])), Months: int32(be.Uint32(data[12:])),
		}), nil
	}
	return Int(int64(be.Uint32(data))), nil
}

func (c *Codec) parseArrayBinary(elem OID, data []byte) (Value, error) {
	be := binary.BigEndian
	if len(data) < 12 {
		return Null, insufficientData()
	}
	ndim, got := int(int32(be.Uint32(data))), OID(be.Uint32(data[8:]))
	data = data[12:]
	if ndim < 0 || ndim > 6 {
		return Null, Errorf("54000", "number of array dimensions (%d) exceeds the maximum allowed (6)", ndim)
	}
	if got != elem {
		return Null, Errorf("42804", "binary data has array element type %d (%s) instead of expected %d (%s)",
			got, TypeName(got), elem, TypeName(elem))
	}
	if len(data) < 8*ndim {
		return Null, insufficientData()
	}
	a, count := &Array{Elem: elem}, int64(1)
	for range ndim {
		d := Dim{Len: int32(be.Uint32(data)), Lower: int32(be.Uint32(data[4:]))}
		if d.Len < 0 {
			return Null, badBinary("array")
		}
		a.Dims, count, data = append(a.Dims, d), count*int64(d.Len), data[8:]
		if count > int64(maxArrayElems) {
			return Null, Errorf("54000", "array size exceeds the maximum allowed (%d)", maxArrayElems)
		}
	}
	if ndim == 0 || count == 0 {
		return ArrayValue(&Array{Elem: elem}), nil
	}
	for range count {
		v, rest, err := c.parseSized(elem, data)
		if err != nil {
			return Null, err
		}
		a.Elems, data = append(a.Elems, v), rest
	}
	if len(data) > 0 {
		return Null, badBinary("array")
	}
	return ArrayValue(a), nil
}

func (c *Codec) parseSized(typ OID, data []byte) (Value, []byte, error) {
	if len(data) < 4 {
		return Null, nil, insufficientData()
	}
	n := int(int32(binary.BigEndian.Uint32(data)))
	data = data[4:]
	if n == -1 {
		return Null, data, nil
	}
	if n < 0 || n > len(data) {
		return Null, nil, insufficientData()
	}
	v, err := c.parseBinary(typ, data[:n])
	return v, data[n:], err
}
