package query

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"walle/pgfront/query/datum"
)

// parseIdent splits a qualified name. Strict says that nothing may follow it.
func parseIdent(_ *call, v []Value) (Value, error) {
	s, strict := v[0].Str(), len(v) < 2 || v[1].Bool()
	var parts []Value
	rest := strings.TrimLeftFunc(s, unicode.IsSpace)
	for {
		part, after, err := identPart(rest, s, len(parts) > 0)
		if err != nil {
			return Value{}, err
		}
		parts = append(parts, datum.String(part))
		rest = strings.TrimLeftFunc(after, unicode.IsSpace)
		if !strings.HasPrefix(rest, ".") {
			break
		}
		rest = strings.TrimLeftFunc(rest[1:], unicode.IsSpace)
	}
	if rest != "" && strict {
		return Value{}, badIdent(s)
	}
	return datum.ArrayValue(datum.NewArray(datum.TextOID, parts)), nil
}

func badIdent(s string) *Error {
	return datum.Errorf("22023", "string is not a valid identifier: \"%s\"", s)
}

// identPart reads one part, quoted or not.
func identPart(rest, whole string, afterDot bool) (part, after string, err error) {
	if strings.HasPrefix(rest, `"`) {
		end := 1
		for {
			i := strings.IndexByte(rest[end:], '"')
			if i < 0 {
				return "", "", badIdent(whole).WithDetail("String has unclosed double quotes.")
			}
			end += i + 1
			if !strings.HasPrefix(rest[end:], `"`) {
				break
			}
			end++
		}
		part = strings.ReplaceAll(rest[1:end-1], `""`, `"`)
		if part == "" {
			return "", "", badIdent(whole).WithDetail("Quoted identifier must not be empty.")
		}
		return part, rest[end:], nil
	}
	n := 0
	for n < len(rest) && isIdentByte(rest[n], n > 0) {
		n++
	}
	if n > 0 {
		return strings.Map(lowerASCII, rest[:n]), rest[n:], nil
	}
	switch {
	case strings.HasPrefix(rest, "."):
		return "", "", badIdent(whole).WithDetail("No valid identifier before \".\".")
	case afterDot:
		return "", "", badIdent(whole).WithDetail("No valid identifier after \".\".")
	}
	return "", "", badIdent(whole)
}

func isIdentByte(c byte, inside bool) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c >= 0x80 || inside && (c >= '0' && c <= '9' || c == '$')
}

func lowerASCII(r rune) rune {
	if r >= 'A' && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}

func badUnicode() error { return datum.Errorf("42601", "invalid Unicode surrogate pair") }

// unistr replaces \XXXX, \+XXXXXX, \uXXXX and \UXXXXXXXX.
func unistr(_ *call, v Value) (Value, error) {
	s := v.Str()
	var b strings.Builder
	high := rune(0)
	for s != "" {
		if s[0] != '\\' {
			if high != 0 {
				return Value{}, badUnicode()
			}
			_, n := utf8.DecodeRuneInString(s)
			b.WriteString(s[:n])
			s = s[n:]
			continue
		}
		if strings.HasPrefix(s, `\\`) {
			if high != 0 {
				return Value{}, badUnicode()
			}
			b.WriteByte('\\')
			s = s[2:]
			continue
		}
		r, rest, ok := unicodeEscape(s)
		if !ok {
			return Value{}, datum.Errorf("42601", "invalid Unicode escape").
				WithHint("Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.")
		}
		s = rest
		switch {
		case r == 0 || r > utf8.MaxRune:
			return Value{}, datum.Errorf("42601", "invalid Unicode escape value")
		case high != 0 && (r < 0xdc00 || r > 0xdfff), high == 0 && r >= 0xdc00 && r <= 0xdfff:
			return Value{}, badUnicode()
		case high != 0:
			b.WriteRune((high-0xd800)<<10 + (r - 0xdc00) + 0x10000)
			high = 0
		case r >= 0xd800 && r <= 0xdbff:
			high = r
		default:
			b.WriteRune(r)
		}
	}
	if high != 0 {
		return Value{}, badUnicode()
	}
	return datum.String(b.String()), nil
}

func unicodeEscape(s string) (r rune, rest string, ok bool) {
	for _, form := range []struct {
		prefix string
		digits int
	}{{`\u`, 4}, {`\U`, 8}, {`\+`, 6}, {`\`, 4}} {
		digits, found := strings.CutPrefix(s, form.prefix)
		if !found || len(digits) < form.digits {
			continue
		}
		n, err := strconv.ParseUint(digits[:form.digits], 16, 32)
		if err == nil && n <= 1<<30 {
			return rune(n), digits[form.digits:], true
		}
	}
	return 0, "", false
}

// quoteAny is quote_literal and quote_nullable of anything, by its text form.
func quoteAny(c *call, v Value) (Value, error) {
	if v.IsNull() {
		return datum.String("NULL"), nil
	}
	return datum.String(quoteLiteralText(castToText(c, c.types[0], v).Str())), nil
}

func patternOrder(test func(int) bool, trim bool) fn2 {
	return bool2(func(a, b Value) bool {
		x, y := a.Str(), b.Str()
		if trim {
			x, y = strings.TrimRight(x, " "), strings.TrimRight(y, " ")
		}
		return test(strings.Compare(x, y))
	})
}

func identBuiltins() map[string]any {
	m := map[string]any{
		"parse_ident": fnN(parseIdent), "unistr": fn1(unistr),
		"quote_literal(anyelement)": fn1(quoteAny), "quote_nullable(anyelement)": fn1(quoteAny),
	}
	for name, test := range map[string]func(int) bool{
		"lt": func(c int) bool { return c < 0 }, "le": func(c int) bool { return c <= 0 },
		"ge": func(c int) bool { return c >= 0 }, "gt": func(c int) bool { return c > 0 },
	} {
		m["text_pattern_"+name], m["bpchar_pattern_"+name] = patternOrder(test, false), patternOrder(test, true)
	}
	return m
}
