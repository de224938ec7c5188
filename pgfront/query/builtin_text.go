package query

import (
	"crypto/md5"
	"encoding/hex"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"walle/pgfront/query/datum"
)

// maxText bounds what one function may build, as PostgreSQL's limit of 1 GB does.
const maxText = 1 << 28

func tooLong() error {
	return datum.Errorf("54000", "requested length too large")
}

func textLength(v Value) int64  { return int64(utf8.RuneCountInString(v.Str())) }
func octetLength(v Value) int64 { return int64(len(v.Str())) }

func bitLength(v Value) int64 { return 8 * octetLength(v) }

// bpcharLength does not count the padding.
func bpcharLength(v Value) int64 {
	return int64(utf8.RuneCountInString(strings.TrimRight(v.Str(), " ")))
}

func textCat(_ *call, a, b Value) (Value, error) {
	if len(a.Str())+len(b.Str()) > maxText {
		return Value{}, tooLong()
	}
	return datum.String(a.Str() + b.Str()), nil
}

// cutText returns n characters from the start-th on (from 1; before it, nothing is).
func cutText(s string, start, n int64, bounded bool) (string, error) {
	end := start + n
	if bounded {
		if n < 0 {
			return "", datum.Errorf("22011", "negative substring length not allowed")
		}
		if end <= 1 {
			return "", nil
		}
	}
	from := max(start, 1)
	low := byteOffset(s, int(min(from-1, int64(len(s)))))
	if !bounded || end-from > int64(len(s)) {
		return s[low:], nil
	}
	return s[low : low+byteOffset(s[low:], int(max(end-from, 0)))], nil
}

func textSubstr(_ *call, s, start, n Value) (Value, error) {
	out, err := cutText(s.Str(), start.Int(), n.Int(), true)
	return datum.String(out), err
}

func textSubstrRest(_ *call, s, start Value) (Value, error) {
	out, err := cutText(s.Str(), start.Int(), 0, false)
	return datum.String(out), err
}

func textOverlay(_ *call, v []Value) (Value, error) {
	s, with, start := v[0].Str(), v[1].Str(), v[2].Int()
	n := int64(utf8.RuneCountInString(with))
	if len(v) > 3 {
		n = v[3].Int()
	}
	if start <= 0 {
		return Value{}, datum.Errorf("22011", "negative substring length not allowed")
	}
	if start+n > math.MaxInt32 || start+n < math.MinInt32 {
		return Value{}, datum.Errorf("22003", "integer out of range")
	}
	head, err := cutText(s, 1, start-1, true)
	if err != nil {
		return Value{}, err
	}
	tail, err := cutText(s, start+n, 0, false)
	return datum.String(head + with + tail), err
}

// textPos is the position in characters, 0 if it is not there.
func textPos(_ *call, s, sub Value) (Value, error) {
	i := strings.Index(s.Str(), sub.Str())
	if i < 0 {
		return datum.Int(0), nil
	}
	return datum.Int(int64(utf8.RuneCountInString(s.Str()[:i])) + 1), nil
}

// pad fills s up to n characters with fill, or cuts it.
func pad(s string, n int64, fill string, left bool) (Value, error) {
	n = max(n, 0)
	if n > maxText {
		return Value{}, tooLong()
	}
	have := int64(utf8.RuneCountInString(s))
	if have >= n {
		return datum.String(s[:byteOffset(s, int(n))]), nil
	}
	if fill == "" {
		return datum.String(s), nil
	}
	runes := int64(utf8.RuneCountInString(fill))
	missing := n - have
	filling := strings.Repeat(fill, int(missing/runes)) + fill[:byteOffset(fill, int(missing%runes))]
	if left {
		return datum.String(filling + s), nil
	}
	return datum.String(s + filling), nil
}

func padding(left bool) fn3 {
	return func(_ *call, s, n, fill Value) (Value, error) { return pad(s.Str(), n.Int(), fill.Str(), left) }
}

func padSpaces(left bool) fn2 {
	return func(_ *call, s, n Value) (Value, error) { return pad(s.Str(), n.Int(), " ", left) }
}

func repeatText(_ *call, s, n Value) (Value, error) {
	count := max(n.Int(), 0)
	if count > 0 && int64(len(s.Str())) > maxText/count {
		return Value{}, tooLong()
	}
	return datum.String(strings.Repeat(s.Str(), int(count))), nil
}

func replaceText(_ *call, s, from, to Value) (Value, error) {
	if from.Str() == "" {
		return s, nil
	}
	if int64(strings.Count(s.Str(), from.Str()))*int64(len(to.Str())) > maxText {
		return Value{}, tooLong()
	}
	return datum.String(strings.ReplaceAll(s.Str(), from.Str(), to.Str())), nil
}

func reverseText(s string) string {
	runes := []rune(s)
	for i, j := 0, len(runes)-1; i < j; i, j = i+1, j-1 {
		runes[i], runes[j] = runes[j], runes[i]
	}
	return string(runes)
}

// initcap capitalizes the first letter of each run of letters and digits.
func initcap(s string) string {
	inWord := false
	return strings.Map(func(r rune) rune {
		alnum := unicode.IsLetter(r) || unicode.IsDigit(r)
		defer func() { inWord = alnum }()
		if inWord {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, s)
}

func asciiCode(v Value) int64 {
	if v.Str() == "" {
		return 0
	}
	r, _ := utf8.DecodeRuneInString(v.Str())
	return int64(r)
}

func chr(_ *call, v Value) (Value, error) {
	switch n := v.Int(); {
	case n < 0:
		return Value{}, datum.Errorf("22023", "character number must be positive")
	case n == 0:
		return Value{}, datum.Errorf("54000", "null character not permitted")
	case n > utf8.MaxRune:
		return Value{}, datum.Errorf("54000", "requested character too large for encoding: %d", n)
	case !utf8.ValidRune(rune(n)):
		return Value{}, datum.Errorf("54000", "requested character not valid for encoding: %d", n)
	}
	return datum.String(string(rune(v.Int()))), nil
}

// left and right take n characters, or all but -n.
func leftText(_ *call, s, n Value) (Value, error) {
	count := n.Int()
	if count < 0 {
		count += textLength(s)
	}
	return datum.String(s.Str()[:byteOffset(s.Str(), int(max(count, 0)))]), nil
}

func rightText(_ *call, s, n Value) (Value, error) {
	skip := textLength(s) - n.Int()
	if n.Int() < 0 {
		skip = -n.Int()
	}
	return datum.String(s.Str()[byteOffset(s.Str(), int(max(skip, 0))):]), nil
}

func splitPart(_ *call, s, sep, n Value) (Value, error) {
	if n.Int() == 0 {
		return Value{}, datum.Errorf("22023", "field position must not be zero")
	}
	parts := []string{s.Str()}
	if sep.Str() != "" {
		parts = strings.Split(s.Str(), sep.Str())
	}
	i := n.Int() - 1
	if n.Int() < 0 {
		i = int64(len(parts)) + n.Int()
	}
	if i < 0 || i >= int64(len(parts)) {
		return datum.String(""), nil
	}
	return datum.String(parts[i]), nil
}

func translate(_ *call, s, from, to Value) (Value, error) {
	src, dst := []rune(from.Str()), []rune(to.Str())
	return datum.String(strings.Map(func(r rune) rune {
		for i, f := range src {
			if f == r {
				if i < len(dst) {
					return dst[i]
				}
				return -1
			}
		}
		return r
	}, s.Str())), nil
}

// concat joins the text forms of its arguments; nulls are left out.
func concat(c *call, v []Value) (Value, error) { return joined(c, "", v, 0) }

func concatWS(c *call, v []Value) (Value, error) {
	if v[0].IsNull() {
		return Value{}, nil
	}
	return joined(c, v[0].Str(), v, 1)
}

func joined(c *call, sep string, v []Value, skip int) (Value, error) {
	var b strings.Builder
	first := true
	for i := skip; i < len(v); i++ {
		if v[i].IsNull() {
			continue
		}
		if !first {
			b.WriteString(sep)
		}
		first = false
		b.WriteString(c.run.codec.Text(c.types[i], v[i]))
		if b.Len() > maxText {
			return Value{}, tooLong()
		}
	}
	return datum.String(b.String()), nil
}

// quoteLiteralText is quote_literal: with E” if there are backslashes.
func quoteLiteralText(s string) string {
	q := quoteLiteral(s)
	if strings.Contains(s, `\`) {
		return "E" + strings.ReplaceAll(q, `\`, `\\`)
	}
	return q
}

func trimmer(trim func(s, cut string) string) fn2 {
	return func(_ *call, s, cut Value) (Value, error) { return datum.String(trim(s.Str(), cut.Str())), nil }
}

func spaceTrimmer(trim func(s, cut string) string) fn1 {
	return text1(func(s string) string { return trim(s, " ") })
}

func md5Text(_ *call, v Value) (Value, error) {
	sum := md5.Sum(v.Bytes())
	return datum.String(hex.EncodeToString(sum[:])), nil
}

// ofOther makes text || anything of the text form of the other operand.
func ofOther(c *call, a, b Value) (Value, error) {
	return textCat(c, castToText(c, c.types[0], a), castToText(c, c.types[1], b))
}

// castToText is ::text, which for bool and char(n) is not the plain output.
func castToText(c *call, t OID, v Value) Value {
	switch t {
	case datum.BoolOID:
		if v.Bool() {
			return datum.String("true")
		}
		return datum.String("false")
	case datum.BPCharOID:
		return datum.String(strings.TrimRight(v.Str(), " "))
	}
	return datum.String(c.run.codec.Text(t, v))
}

func toBpchar(_ *call, v []Value) (Value, error) {
	if n := v[1].Int(); n >= 4 {
		return fitString(datum.BPCharOID, v[0], int(n)-4, v[2].Bool())
	}
	return v[0], nil
}

func toVarchar(_ *call, v []Value) (Value, error) {
	if n := v[1].Int(); n >= 4 {
		return fitString(datum.VarcharOID, v[0], int(n)-4, v[2].Bool())
	}
	return v[0], nil
}

func textBuiltins() map[string]any {
	trimSpaces := text1(func(s string) string { return strings.TrimRight(s, " ") })
	toName := text1(datum.TruncateName)
	return map[string]any{
		"textcat": fn2(textCat), "textlen": int1(textLength), "bpcharlen": int1(bpcharLength),
		"bit_length(text)": int1(bitLength), "bit_length(bytea)": int1(bitLength),
		"textoctetlen": int1(octetLength), "bpcharoctetlen": int1(octetLength),
		"text_substr": fn3(textSubstr), "text_substr_no_len": fn2(textSubstrRest),
		"textoverlay": fnN(textOverlay), "textoverlay_no_len": fnN(textOverlay),
		"textpos": fn2(textPos), "lower": text1(strings.ToLower), "upper": text1(strings.ToUpper), "initcap": text1(initcap),
		"btrim": trimmer(strings.Trim), "ltrim": trimmer(strings.TrimLeft), "rtrim": trimmer(strings.TrimRight),
		"btrim1": spaceTrimmer(strings.Trim), "ltrim1": spaceTrimmer(strings.TrimLeft), "rtrim1": trimSpaces,
		"lpad": padding(true), "rpad": padding(false),
		"lpad(text,int4)": padSpaces(true), "rpad(text,int4)": padSpaces(false),
		"repeat": fn2(repeatText), "replace_text": fn3(replaceText), "text_reverse": text1(reverseText),
		"ascii": int1(asciiCode), "chr": fn1(chr), "text_left": fn2(leftText), "text_right": fn2(rightText),
		"split_part": fn3(splitPart), "translate": fn3(translate),
		"text_starts_with": bool2(func(a, b Value) bool { return strings.HasPrefix(a.Str(), b.Str()) }),
		"text_concat":      fnN(concat), "text_concat_ws": fnN(concatWS),
		"quote_ident": text1(quoteIdent), "quote_literal": text1(quoteLiteralText),
		"quote_nullable": fn1(func(_ *call, v Value) (Value, error) {
			if v.IsNull() {
				return datum.String("NULL"), nil
			}
			return datum.String(quoteLiteralText(v.Str())), nil
		}),
		"md5_text": fn1(md5Text), "md5_bytea": fn1(md5Text),
		"textanycat(text,anynonarray)": fn2(ofOther), "anytextcat(anynonarray,text)": fn2(ofOther),
		"text_name": toName, "bpchar_name": text1(func(s string) string { return datum.TruncateName(strings.TrimRight(s, " ")) }),
		"name_text": fn1(same), "name_bpchar": fn1(same), "char_text": fn1(same), "char_bpchar": fn1(same),
		"text_char": text1(func(s string) string { return s[:min(1, len(s))] }),
		"bpchar":    fnN(toBpchar), "varchar": fnN(toVarchar),
		"chartoi4": fn1(func(_ *call, v Value) (Value, error) {
			if v.Str() == "" {
				return datum.Int(0), nil
			}
			return datum.Int(int64(int8(v.Str()[0]))), nil
		}),
		"textlike": like(false, false), "textnlike": like(false, true), "namelike": like(false, false), "namenlike": like(false, true),
		"bpcharlike": like(false, false), "bpcharnlike": like(false, true),
		"texticlike": like(true, false), "texticnlike": like(true, true),
		"nameiclike": like(true, false), "nameicnlike": like(true, true),
		"bpchariclike": like(true, false), "bpcharicnlike": like(true, true),
		"bytealike": byteaLike(false), "byteanlike": byteaLike(true),
		"like_escape": fn2(likeEscape), "like_escape_bytea": fn2(likeEscape),
		"text_larger":  fn2(func(_ *call, a, b Value) (Value, error) { return datum.String(max(a.Str(), b.Str())), nil }),
		"text_smaller": fn2(func(_ *call, a, b Value) (Value, error) { return datum.String(min(a.Str(), b.Str())), nil }),
	}
}
