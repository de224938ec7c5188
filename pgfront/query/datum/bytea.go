package datum

import (
	"encoding/hex"
	"strings"
)

const hexDigits = "0123456789abcdef"

// appendBytea prints bytes in PostgreSQL's hex or escape format.
func appendBytea(buf []byte, s string, escape bool) []byte {
	if escape {
		return AppendEscaped(buf, s)
	}
	buf = append(buf, `\x`...)
	for i := range len(s) {
		buf = append(buf, hexDigits[s[i]>>4], hexDigits[s[i]&15])
	}
	return buf
}

// AppendEscaped prints bytes in the escape format.
func AppendEscaped(buf []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\\':
			buf = append(buf, `\\`...)
		case c < 0x20 || c > 0x7e:
			buf = append(buf, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
		default:
			buf = append(buf, c)
		}
	}
	return buf
}

// ParseBytea reads either format.
func ParseBytea(s string) (string, error) {
	if strings.HasPrefix(s, `\x`) {
		return parseHex(s[2:])
	}
	return ParseEscaped(s)
}

func parseHex(s string) (string, error) {
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\n\r", r) {
			return -1
		}
		return r
	}, s)
	return DecodeHex(s)
}

// DecodeHex reads pairs of hexadecimal digits.
func DecodeHex(s string) (string, error) {
	for _, r := range s {
		if r > 127 || !strings.ContainsRune("0123456789abcdefABCDEF", r) {
			return "", Errorf("22023", "invalid hexadecimal digit: \"%c\"", r)
		}
	}
	if len(s)%2 != 0 {
		return "", Errorf("22023", "invalid hexadecimal data: odd number of digits")
	}
	raw, err := hex.DecodeString(s)
	if err != nil {
		return "", Errorf("22023", "invalid hexadecimal data: %v", err)
	}
	return string(raw), nil
}

// ParseEscaped reads the escape format.
func ParseEscaped(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	octal := func(c, most byte) bool { return c >= '0' && c <= most }
	var b strings.Builder
	for i := 0; i < len(s); {
		switch {
		case s[i] != '\\':
			b.WriteByte(s[i])
			i++
		case i+1 < len(s) && s[i+1] == '\\':
			b.WriteByte('\\')
			i += 2
		case i+3 < len(s) && octal(s[i+1], '3') && octal(s[i+2], '7') && octal(s[i+3], '7'):
			b.WriteByte((s[i+1]-'0')<<6 | (s[i+2]-'0')<<3 | (s[i+3] - '0'))
			i += 4
		default:
			return "", invalidSyntax("bytea", "")
		}
	}
	return b.String(), nil
}
