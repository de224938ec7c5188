package query

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"math"
	"math/bits"
	"strings"

	"walle/pgfront/query/datum"
)

// byteaSubstr counts bytes from 1.
func byteaSubstr(_ *call, s, start, n Value) (Value, error) {
	if n.Int() < 0 {
		return Value{}, datum.Errorf("22011", "negative substring length not allowed")
	}
	return datum.String(cutBytes(s.Str(), start.Int(), start.Int()+n.Int())), nil
}

func byteaSubstrRest(_ *call, s, start Value) (Value, error) {
	return datum.String(cutBytes(s.Str(), start.Int(), int64(len(s.Str()))+1)), nil
}

func cutBytes(s string, from, to int64) string {
	from = min(max(from, 1), int64(len(s))+1)
	to = min(max(to, from), int64(len(s))+1)
	return s[from-1 : to-1]
}

func byteaOverlay(_ *call, v []Value) (Value, error) {
	s, with, start := v[0].Str(), v[1].Str(), v[2].Int()
	n := int64(len(with))
	if len(v) > 3 {
		n = v[3].Int()
	}
	if start <= 0 {
		return Value{}, datum.Errorf("22011", "negative substring length not allowed")
	}
	if start+n > math.MaxInt32 || start+n < math.MinInt32 {
		return Value{}, datum.Errorf("22003", "integer out of range")
	}
	return datum.String(cutBytes(s, 1, start) + with + cutBytes(s, start+n, int64(len(s))+1)), nil
}

func byteaPos(_ *call, s, sub Value) (Value, error) {
	return datum.Int(int64(strings.Index(s.Str(), sub.Str()) + 1)), nil
}

func checkIndex(i, n int64) error {
	if i < 0 || i >= n {
		return datum.Errorf("2202E", "index %d out of valid range, 0..%d", i, n-1)
	}
	return nil
}

func getByte(_ *call, s, i Value) (Value, error) {
	if err := checkIndex(i.Int(), int64(len(s.Str()))); err != nil {
		return Value{}, err
	}
	return datum.Int(int64(s.Str()[i.Int()])), nil
}

func setByte(_ *call, s, i, b Value) (Value, error) {
	if err := checkIndex(i.Int(), int64(len(s.Str()))); err != nil {
		return Value{}, err
	}
	out := []byte(s.Str())
	out[i.Int()] = byte(b.Int())
	return datum.Bytes(out), nil
}

func getBit(_ *call, s, i Value) (Value, error) {
	if err := checkIndex(i.Int(), int64(len(s.Str()))*8); err != nil {
		return Value{}, err
	}
	return datum.Int(int64(s.Str()[i.Int()/8] >> (i.Int() % 8) & 1)), nil
}

func setBit(_ *call, s, i, b Value) (Value, error) {
	if err := checkIndex(i.Int(), int64(len(s.Str()))*8); err != nil {
		return Value{}, err
	}
	if b.Int() != 0 && b.Int() != 1 {
		return Value{}, datum.Errorf("22023", "new bit must be 0 or 1")
	}
	out := []byte(s.Str())
	out[i.Int()/8] = out[i.Int()/8]&^(1<<(i.Int()%8)) | byte(b.Int())<<(i.Int()%8)
	return datum.Bytes(out), nil
}

func bitCount(v Value) int64 {
	n := 0
	for _, b := range v.Bytes() {
		n += bits.OnesCount8(b)
	}
	return int64(n)
}

func encode(_ *call, data, format Value) (Value, error) {
	switch strings.ToLower(format.Str()) {
	case "hex":
		return datum.String(hex.EncodeToString(data.Bytes())), nil
	case "base64":
		return datum.String(wrapLines(base64.StdEncoding.EncodeToString(data.Bytes()))), nil
	case "escape":
		return datum.String(escapeBytes(data.Str())), nil
	}
	return Value{}, unknownEncoding(format.Str())
}

func unknownEncoding(name string) error {
	return datum.Errorf("22023", "unrecognized encoding: \"%s\"", name)
}

// wrapLines breaks base64 after 76 characters, as MIME does.
func wrapLines(s string) string {
	var b strings.Builder
	for len(s) > 76 {
		b.WriteString(s[:76])
		b.WriteByte('\n')
		s = s[76:]
	}
	b.WriteString(s)
	return b.String()
}

// escapeBytes prints NUL and bytes of the upper half in octal, and doubles backslashes;
// unlike the text form of bytea it leaves control characters alone.
func escapeBytes(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == 0 || c >= 0x80:
			b.Write([]byte{'\\', '0' + c>>6, '0' + c>>3&7, '0' + c&7})
		case c == '\\':
			b.WriteString(`\\`)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func decode(_ *call, text, format Value) (Value, error) {
	switch strings.ToLower(format.Str()) {
	case "hex":
		s, err := datum.ParseBytea(`\x` + text.Str())
		return datum.String(s), err
	case "base64":
		return decodeBase64(text.Str())
	case "escape":
		s, err := datum.ParseEscaped(text.Str())
		return datum.String(s), err
	}
	return Value{}, unknownEncoding(format.Str())
}

func decodeBase64(s string) (Value, error) {
	compact := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\n\r", r) {
			return -1
		}
		return r
	}, s)
	raw, err := base64.StdEncoding.Strict().DecodeString(compact)
	if err == nil {
		return datum.Bytes(raw), nil
	}
	for _, r := range compact {
		if !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=", r) {
			return Value{}, datum.Errorf("22023", "invalid symbol \"%c\" found while decoding base64 sequence", r)
		}
	}
	if strings.Contains(strings.TrimRight(compact, "="), "=") {
		return Value{}, datum.Errorf("22023", "unexpected \"=\" while decoding base64 sequence")
	}
	return Value{}, datum.Errorf("22023", "invalid base64 end sequence").
		WithHint("Input data is missing padding, is truncated, or is otherwise corrupted.")
}

// isUTF8 says whether a name of an encoding means UTF-8, the only one there is.
func isUTF8(name string) bool { return isEncoding(name, "utf8") || isEncoding(name, "unicode") }

// isEncoding says whether name is want, but for the case of letters and for what is neither
// a letter nor a digit.
func isEncoding(name, want string) bool {
	n := 0
	for i := range len(name) {
		c := name[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c < '0' || c > 'z' || c > '9' && c < 'a' {
			continue
		}
		if n == len(want) || c != want[n] {
			return false
		}
		n++
	}
	return n == len(want)
}

func convertFrom(_ *call, data, encoding Value) (Value, error) {
	switch {
	case isUTF8(encoding.Str()):
		if err := datum.ValidText(data.Bytes()); err != nil {
			return Value{}, err
		}
		return datum.String(data.Str()), nil
	case isLatin1(encoding.Str()):
		runes := make([]rune, len(data.Str()))
		for i, b := range data.Bytes() {
			runes[i] = rune(b)
		}
		if err := datum.ValidText([]byte(string(runes))); err != nil {
			return Value{}, err
		}
		return datum.String(string(runes)), nil
	case strings.EqualFold(encoding.Str(), "sql_ascii"):
		if err := datum.ValidText(data.Bytes()); err != nil {
			return Value{}, err
		}
		return datum.String(data.Str()), nil
	}
	return Value{}, unknownCharset("source", encoding.Str())
}

func isLatin1(name string) bool { return isEncoding(name, "latin1") || isEncoding(name, "iso88591") }

func convertTo(_ *call, text, encoding Value) (Value, error) {
	switch {
	case isUTF8(encoding.Str()), strings.EqualFold(encoding.Str(), "sql_ascii"):
		return datum.String(text.Str()), nil
	case isLatin1(encoding.Str()):
		var out []byte
		for _, r := range text.Str() {
			if r > 0xff {
				return Value{}, datum.Errorf("22P05", "character with byte sequence %s in encoding \"UTF8\" has no equivalent in encoding \"LATIN1\"",
					byteSequence(string(r)))
			}
			out = append(out, byte(r))
		}
		return datum.Bytes(out), nil
	}
	return Value{}, unknownCharset("destination", encoding.Str())
}

func byteSequence(s string) string {
	parts := make([]string, len(s))
	for i := range len(s) {
		parts[i] = "0x" + hex.EncodeToString([]byte{s[i]})
	}
	return strings.Join(parts, " ")
}

func digest(sum func([]byte) []byte) fn1 {
	return func(_ *call, v Value) (Value, error) { return datum.Bytes(sum(v.Bytes())), nil }
}

func byteaTrimmer(trim func(s []byte, cut []byte) []byte) fn2 {
	return func(_ *call, s, cut Value) (Value, error) {
		return datum.String(string(trim(s.Bytes(), cut.Bytes()))), nil
	}
}

func inSet(cut []byte, b byte) bool { return bytes.IndexByte(cut, b) >= 0 }

func trimLeftBytes(s, cut []byte) []byte {
	for len(s) > 0 && inSet(cut, s[0]) {
		s = s[1:]
	}
	return s
}

func trimRightBytes(s, cut []byte) []byte {
	for len(s) > 0 && inSet(cut, s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func byteaBuiltins() map[string]any {
	return map[string]any{
		"byteacat": fn2(textCat), "byteaoctetlen": int1(octetLength), "bytea_substr": fn3(byteaSubstr),
		"bytea_substr_no_len": fn2(byteaSubstrRest), "byteapos": fn2(byteaPos),
		"byteaoverlay": fnN(byteaOverlay), "byteaoverlay_no_len": fnN(byteaOverlay),
		"byteaGetByte": fn2(getByte), "byteaSetByte": fn3(setByte), "byteaGetBit": fn2(getBit), "byteaSetBit": fn3(setBit),
		"bytea_bit_count": int1(bitCount),
		"binary_encode":   fn2(encode), "binary_decode": fn2(decode),
		"pg_convert_from": fn2(convertFrom), "pg_convert_to": fn2(convertTo),
		"length_in_encoding": fn2(func(c *call, data, encoding Value) (Value, error) {
			v, err := convertFrom(c, data, encoding)
			return datum.Int(textLength(v)), err
		}),
		"sha224_bytea": digest(func(b []byte) []byte { s := sha256.Sum224(b); return s[:] }),
		"sha256_bytea": digest(func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }),
		"sha384_bytea": digest(func(b []byte) []byte { s := sha512.Sum384(b); return s[:] }),
		"sha512_bytea": digest(func(b []byte) []byte { s := sha512.Sum512(b); return s[:] }),
		"byteatrim":    byteaTrimmer(func(s, cut []byte) []byte { return trimRightBytes(trimLeftBytes(s, cut), cut) }),
		"bytealtrim":   byteaTrimmer(trimLeftBytes), "byteartrim": byteaTrimmer(trimRightBytes),
	}
}

// encodings are PostgreSQL's that this package has not, without dashes and underscores.
const encodings = " big5 euccn eucjis2004 eucjp euckr euctw gb18030 gbk iso88595 iso88596 iso88597 iso88598 johab koi8r koi8u" +
	" latin2 latin3 latin4 latin5 latin6 latin7 latin8 latin9 latin10 mule mulecode muleinternal shiftjis2004 sjis uhc win866 win874" +
	" win1250 win1251 win1252 win1253 win1254 win1255 win1256 win1257 win1258 "

func unknownCharset(side, name string) error {
	folded := strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(name))
	if folded != "" && strings.Contains(encodings, " "+folded+" ") {
		return datum.Unsupported("encoding \"%s\"", name)
	}
	return datum.Errorf("22023", "invalid %s encoding name \"%s\"", side, name)
}
