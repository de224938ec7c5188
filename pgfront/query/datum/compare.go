package datum

import (
	"cmp"
	"strings"
)

// Compare orders two values of one type that are not null, as its btree operator class
// does; texts are compared by their bytes (collation C).
func Compare(typ OID, a, b Value) int {
	switch a.kind {
	case KindInt:
		if typ == PgLsnOID {
			return cmp.Compare(uint64(a.num), uint64(b.num))
		}
		return cmp.Compare(a.num, b.num)
	case KindBool, KindTime:
		return cmp.Compare(a.num, b.num)
	case KindString:
		if typ == BPCharOID {
			return strings.Compare(strings.TrimRight(a.Str(), " "), strings.TrimRight(b.Str(), " "))
		}
		return strings.Compare(a.Str(), b.Str())
	case KindFloat:
		return CompareFloat(a.Float(), b.Float())
	case KindNumeric:
		return CompareNumeric(a.Numeric(), b.Numeric())
	case KindInterval:
		return CompareInterval(a.Interval(), b.Interval())
	case KindArray:
		return compareArray(a.Array(), b.Array())
	case KindRecord:
		return compareRecord(a.Record(), b.Record())
	case KindJSON:
		return CompareJSON(a.JSON(), b.JSON())
	}
	return 0
}

// CompareFloat puts NaN above everything and equal to itself.
func CompareFloat(a, b float64) int {
	switch an, bn := a != a, b != b; {
	case an && bn:
		return 0
	case an:
		return 1
	case bn:
		return -1
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// span converts an interval to days and µs, with months of 30 days.
func (iv Interval) span() (days, micros int64) {
	q, r := floorDiv(iv.Micros, MicrosPerDay)
	return int64(iv.Months)*30 + int64(iv.Days) + q, r
}

// CompareInterval orders by length, with months of 30 days and days of 24 hours.
func CompareInterval(a, b Interval) int {
	ad, au := a.span()
	bd, bu := b.span()
	return cmp.Or(cmp.Compare(ad, bd), cmp.Compare(au, bu))
}

// CompareNullable is Compare with nulls, which are equal to each other and last.
func CompareNullable(typ OID, a, b Value) int {
	switch {
	case a.IsNull() && b.IsNull():
		return 0
	case a.IsNull():
		return 1
	case b.IsNull():
		return -1
	}
	return Compare(typ, a, b)
}

func compareArray(a, b *Array) int {
	for i := range min(len(a.Elems), len(b.Elems)) {
		if c := CompareNullable(a.Elem, a.Elems[i], b.Elems[i]); c != 0 {
			return c
		}
	}
	if c := cmp.Or(cmp.Compare(len(a.Elems), len(b.Elems)), cmp.Compare(len(a.Dims), len(b.Dims))); c != 0 {
		return c
	}
	for i := range a.Dims {
		if c := cmp.Or(cmp.Compare(a.Dims[i].Len, b.Dims[i].Len), cmp.Compare(a.Dims[i].Lower, b.Dims[i].Lower)); c != 0 {
			return c
		}
	}
	return 0
}

func compareRecord(a, b *Record) int {
	for i := range min(len(a.Fields), len(b.Fields)) {
		if c := CompareNullable(a.Types[i], a.Fields[i], b.Fields[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a.Fields), len(b.Fields))
}

// jsonRank is jsonb's order of kinds: object, array, boolean, number, string, null.
func jsonRank(j *JSON) int {
	switch j.Kind {
	case JSONNull:
		return 1
	case JSONString:
		return 2
	case JSONNumber:
		return 3
	case JSONBool:
		return 4
	case JSONArray:
		return 5
	}
	return 6
}

// CompareJSON orders jsonb values.
func CompareJSON(a, b *JSON) int {
	emptyA, emptyB := a.Kind == JSONArray && len(a.Elems) == 0, b.Kind == JSONArray && len(b.Elems) == 0
	switch { // at the top, but not within, nothing is less than an empty array
	case emptyA && !emptyB:
		return -1
	case emptyB && !emptyA:
		return 1
	}
	return compareJSON(a, b)
}

func compareJSON(a, b *JSON) int {
	if c := cmp.Compare(jsonRank(a), jsonRank(b)); c != 0 {
		return c
	}
	switch a.Kind {
	case JSONString:
		return strings.Compare(a.Text, b.Text)
	case JSONNumber:
		return CompareNumeric(a.Number, b.Number)
	case JSONBool:
		if a.Bool == b.Bool {
			return 0
		} else if b.Bool {
			return -1
		}
		return 1
	}
	if c := cmp.Compare(len(a.Elems), len(b.Elems)); c != 0 {
		return c
	}
	for i := range a.Elems {
		if a.Kind == JSONObject {
			if c := strings.Compare(a.Keys[i], b.Keys[i]); c != 0 {
				return c
			}
		}
		if c := compareJSON(a.Elems[i], b.Elems[i]); c != 0 {
			return c
		}
	}
	return 0
}

// AppendKey appends to buf bytes that are equal exactly for values that are equal under
// Compare: the key of hash tables. Nulls have a key of their own.
func AppendKey(buf []byte, typ OID, v Value) []byte {
	switch v.kind {
	case KindNull:
		return append(buf, 0)
	case KindString:
		s := v.Str()
		if typ == BPCharOID {
			s = strings.TrimRight(s, " ")
		}
		return appendSizedKey(append(buf, 1), s)
	case KindFloat:
		f := v.Float()
		if f != f {
			return append(buf, 3)
		}
		if f == 0 {
			f = 0 // -0 equals 0
		}
		return appendIntKey(append(buf, 2), Float(f).num)
	case KindNumeric:
		return appendSizedKey(append(buf, 4), numericKey(v))
	case KindInterval:
		days, us := v.Interval().span()
		return appendIntKey(appendIntKey(append(buf, 5), days), us)
	case KindArray:
		return appendArrayKey(append(buf, 6), v.Array())
	case KindRecord:
		r := v.Record()
		buf = appendIntKey(append(buf, 7), int64(len(r.Fields)))
		for i, f := range r.Fields {
			buf = AppendKey(buf, r.Types[i], f)
		}
		return buf
	case KindJSON:
		return appendSizedKey(append(buf, 8), string(AppendJSON(nil, normalJSON(v.JSON()))))
	}
	return appendIntKey(append(buf, 9), v.num)
}

func appendIntKey(buf []byte, n int64) []byte {
	for shift := 0; shift < 64; shift += 8 {
		buf = append(buf, byte(n>>shift))
	}
	return buf
}

func appendSizedKey(buf []byte, s string) []byte {
	return append(appendIntKey(buf, int64(len(s))), s...)
}

func appendArrayKey(buf []byte, a *Array) []byte {
	buf = appendIntKey(buf, int64(len(a.Dims)))
	for _, d := range a.Dims {
		buf = appendIntKey(appendIntKey(buf, int64(d.Len)), int64(d.Lower))
	}
	for _, e := range a.Elems {
		buf = AppendKey(buf, a.Elem, e)
	}
	return buf
}

// numericKey prints a numeric without the zeros that only its scale asks for.
func numericKey(v Value) string {
	d := v.Numeric()
	s := FormatNumeric(d)
	if d.Exponent < 0 && strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// normalJSON returns j with numbers in their shortest form.
func normalJSON(j *JSON) *JSON {
	out := *j
	if j.Kind == JSONNumber {
		n, err := ParseNumeric(numericKey(Numeric(j.Number)))
		if err == nil {
			out.Number = n
		}
	}
	out.Elems = make([]*JSON, len(j.Elems))
	for i, e := range j.Elems {
		out.Elems[i] = normalJSON(e)
	}
	return &out
}
