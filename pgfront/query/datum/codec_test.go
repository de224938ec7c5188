package datum

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
)

// samples are text forms by type, each printed again as it was written.
var samples = map[OID][]string{
	BoolOID:        {"t", "f"},
	Int2OID:        {"0", "-32768", "32767"},
	Int4OID:        {"0", "-2147483648", "2147483647"},
	Int8OID:        {"0", "-9223372036854775808", "9223372036854775807"},
	OIDOID:         {"0", "4294967295"},
	Float4OID:      {"0", "1.5", "-0.1", "1e+10", "NaN", "Infinity"},
	Float8OID:      {"0", "1.5", "-0.1", "1e+100", "1e-07", "NaN", "-Infinity"},
	NumericOID:     {"0", "1", "-1.50", "0.0001", "10000", "12345678901234567890.123456789", "NaN", "1000000000000", "0.00000001"},
	TextOID:        {"", "abc", "äöü"},
	VarcharOID:     {"abc"},
	ByteaOID:       {`\x`, `\x00ff41`},
	DateOID:        {"2000-01-01", "1999-12-31", "2024-02-29", "infinity"},
	TimeOID:        {"00:00:00", "23:59:59.999999", "01:02:03.5"},
	TimestampOID:   {"2000-01-01 00:00:00", "1969-12-31 23:59:59.5", "infinity", "-infinity"},
	TimestamptzOID: {"2000-01-01 00:00:00+00", "2024-02-29 12:34:56.789012+00"},
	IntervalOID:    {"00:00:00", "1 year 2 mons 3 days 04:05:06.7", "-1 days +02:00:00"},
	UUIDOID:        {"123e4567-e89b-12d3-a456-426614174000"},
	JSONOID:        {`{"a": [1, "x"]}`},
	JSONBOID:       {`{"a": [1, "x"]}`, "null"},
	Int4ArrayOID:   {"{}", "{1,NULL,3}", "{{1,2},{3,4}}", "[2:3]={1,2}"},
	TextArrayOID:   {`{a,"b c","NULL","\"\\"}`},
}

// Both forms of every sample must be read back and print as they were; the binary form must
// be what pgx takes for the same text.
func TestForms(t *testing.T) {
	c := NewCodec(DefaultStyle(), nil)
	m := pgtype.NewMap()
	for typ, texts := range samples {
		for _, text := range texts {
			v, err := c.Parse(typ, TextFormat, []byte(text))
			if err != nil {
				t.Errorf("%s %q: %v", TypeName(typ), text, err)
				continue
			}
			if got := string(c.AppendText(nil, typ, v)); got != text {
				t.Errorf("%s %q prints as %q", TypeName(typ), text, got)
			}
			binary, err := c.AppendBinary([]byte{}, typ, v)
			if err != nil {
				t.Errorf("%s %q: %v", TypeName(typ), text, err)
				continue
			}
			back, err := c.Parse(typ, BinaryFormat, binary)
			if err != nil || string(c.AppendText(nil, typ, back)) != text {
				t.Errorf("%s %q comes back from binary as %q, %v", TypeName(typ), text, c.AppendText(nil, typ, back), err)
			}
			comparePgtype(t, m, typ, text, binary)
		}
	}
}

// comparePgtype lets pgx decode both forms into the same Go value.
func comparePgtype(t *testing.T, m *pgtype.Map, typ OID, text string, binary []byte) {
	pt, ok := m.TypeForOID(uint32(typ))
	if !ok {
		t.Fatalf("pgx does not know type %d", typ)
	}
	fromText, err := pt.Codec.DecodeValue(m, uint32(typ), pgtype.TextFormatCode, []byte(text))
	if err != nil {
		return // pgx's own limits
	}
	fromBinary, err := pt.Codec.DecodeValue(m, uint32(typ), pgtype.BinaryFormatCode, binary)
	if err != nil {
		t.Errorf("pgx cannot read the binary form of %s %q: %v", TypeName(typ), text, err)
		return
	}
	if fmt.Sprint(fromText) != fmt.Sprint(fromBinary) {
		t.Errorf("pgx reads %s %q as %v from text and %v from binary", TypeName(typ), text, fromText, fromBinary)
	}
}

// Bad input has PostgreSQL's SQLSTATE.
func TestBadInput(t *testing.T) {
	c := NewCodec(DefaultStyle(), nil)
	for _, tc := range []struct {
		typ    OID
		format int16
		data   string
		code   string
	}{
		{Int4OID, TextFormat, "x", "22P02"}, {Int4OID, TextFormat, "3000000000", "22003"}, {Int8OID, TextFormat, "", "22P02"},
		{TextOID, TextFormat, "a\x00b", "22021"}, {TextOID, BinaryFormat, "\xff", "22021"}, {ByteaOID, TextFormat, `\x1`, "22023"},
		{Int4OID, BinaryFormat, "\x00\x00\x00\x00\x01", "22P03"}, {Int8OID, BinaryFormat, "\x00", "08P01"},
		{TimestamptzOID, TextFormat, "yesterdayish", "22007"}, {DateOID, TextFormat, "2024-02-30", "22008"},
		{UUIDOID, TextFormat, "123", "22P02"}, {JSONBOID, TextFormat, "{", "22P02"}, {BoolOID, TextFormat, "maybe", "22P02"},
		{NumericOID, BinaryFormat, "\x00\x01\x00\x00\x00\x00\x00\x00\x27\x10", "22P03"}, {Int4ArrayOID, TextFormat, "{1", "22P02"},
		{Int8OID, 7, "1", "22023"},
	} {
		_, err := c.Parse(tc.typ, tc.format, []byte(tc.data))
		e, ok := err.(*Error)
		if !ok || e.Code != tc.code {
			t.Errorf("%s %q in format %d: %v, want %s", TypeName(tc.typ), tc.data, tc.format, err, tc.code)
		}
	}
}

// No bytes of a client may panic the decoders, and what they accept must print and compare.
func FuzzParse(f *testing.F) {
	var types []OID
	for typ, texts := range samples {
		types = append(types, typ)
		for _, text := range texts {
			f.Add(uint32(typ), false, []byte(text))
		}
	}
	f.Add(uint32(Int4ArrayOID), true, []byte("\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x17\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x04\x00\x00\x00\x07"))
	c := NewCodec(DefaultStyle(), nil)
	f.Fuzz(func(t *testing.T, oid uint32, binary bool, data []byte) {
		typ := OID(oid)
		if _, known := samples[typ]; !known {
			typ = types[int(oid%uint32(len(types)))]
		}
		format := TextFormat
		if binary {
			format = BinaryFormat
		}
		v, err := c.Parse(typ, format, data)
		if err != nil {
			return
		}
		text := c.AppendText(nil, typ, v)
		if Compare(typ, v, v) != 0 && typ != JSONOID {
			t.Errorf("%s %q is not equal to itself", TypeName(typ), text)
		}
		AppendKey(nil, typ, v)
		if _, err := c.AppendBinary(nil, typ, v); err != nil {
			t.Errorf("%s %q has no binary form: %v", TypeName(typ), text, err)
		}
		if back, err := c.ParseText(typ, string(text)); err != nil {
			t.Errorf("%s %q, printed as %q, is not read back: %v", TypeName(typ), data, text, err)
		} else if typ != JSONOID && Compare(typ, v, back) != 0 {
			t.Errorf("%s %q comes back as %q", TypeName(typ), text, c.AppendText(nil, typ, back))
		}
	})
}
