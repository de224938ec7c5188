package query

import (
	"strings"
	"unicode/utf8"

	"walle/pgfront/query/datum"
)

// matches makes ~ and its kin.
func matches(flags string, not bool) fn2 {
	return func(c *call, s, re Value) (Value, error) {
		p, err := compilePattern(c, re.Str(), flags)
		if err != nil {
			return Value{}, err
		}
		return datum.Bool(p.MatchString(s.Str()) != not), nil
	}
}

// textOf returns a captured substring, null if the group took no part.
func textOf(s string, loc []int, n int) Value {
	if 2*n+1 >= len(loc) || loc[2*n] < 0 {
		return Value{}
	}
	return datum.String(s[loc[2*n]:loc[2*n+1]])
}

// captures makes the array of groups, or of the whole match if there are none.
func captures(s string, loc []int) Value {
	if len(loc) == 2 {
		return datum.ArrayValue(datum.NewArray(datum.TextOID, []Value{textOf(s, loc, 0)}))
	}
	var elems []Value
	for i := 1; 2*i < len(loc); i++ {
		elems = append(elems, textOf(s, loc, i))
	}
	return datum.ArrayValue(datum.NewArray(datum.TextOID, elems))
}

func flagsOf(v []Value, at int) string {
	if len(v) > at {
		return v[at].Str()
	}
	return ""
}

func regexpMatch(c *call, v []Value) (Value, error) {
	flags := flagsOf(v, 2)
	if strings.Contains(flags, "g") {
		return Value{}, datum.Errorf("22023", "regexp_match() does not support the \"global\" option").
			WithHint("Use the regexp_matches function instead.")
	}
	p, err := compilePattern(c, v[1].Str(), flags)
	if err != nil {
		return Value{}, err
	}
	loc := p.FindStringSubmatchIndex(v[0].Str())
	if loc == nil {
		return Value{}, nil
	}
	return captures(v[0].Str(), loc), nil
}

// regexpMatches is the set-returning form.
func regexpMatches(c *call, v []Value) (setRows, error) {
	p, err := compilePattern(c, v[1].Str(), flagsOf(v, 2))
	if err != nil {
		return nil, err
	}
	n := 1
	if p.global {
		n = -1
	}
	s := v[0].Str()
	found := p.FindAllStringSubmatchIndex(s, n)
	return func() ([]Value, bool, error) {
		if len(found) == 0 {
			return nil, false, nil
		}
		loc := found[0]
		found = found[1:]
		return []Value{captures(s, loc)}, true, nil
	}, nil
}

func regexpReplace(c *call, v []Value) (Value, error) {
	p, err := compilePattern(c, v[1].Str(), flagsOf(v, 3))
	if err != nil {
		return Value{}, err
	}
	s, with := v[0].Str(), v[2].Str()
	n := 1
	if p.global {
		n = -1
	}
	var b strings.Builder
	last := 0
	for _, loc := range p.FindAllStringSubmatchIndex(s, n) {
		b.WriteString(s[last:loc[0]])
		expandReplacement(&b, with, s, loc)
		last = loc[1]
		if b.Len() > maxText {
			return Value{}, tooLong()
		}
	}
	b.WriteString(s[last:])
	return datum.String(b.String()), nil
}

// expandReplacement writes the replacement: \1 … \9 are groups, \& the whole match.
func expandReplacement(b *strings.Builder, with, s string, loc []int) {
	for i := 0; i < len(with); i++ {
		if with[i] != '\\' || i+1 == len(with) {
			b.WriteByte(with[i])
			continue
		}
		i++
		switch c := with[i]; {
		case c >= '1' && c <= '9':
			if n := int(c - '0'); 2*n < len(loc) && loc[2*n] >= 0 {
				b.WriteString(s[loc[2*n]:loc[2*n+1]])
			}
		case c == '&':
			b.WriteString(s[loc[0]:loc[1]])
		case c == '\\':
			b.WriteByte('\\')
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
}

// regexpSubstr is substring(s FROM pattern): the first group, or the match.
func regexpSubstr(c *call, s, re Value) (Value, error) {
	p, err := compilePattern(c, re.Str(), "")
	if err != nil {
		return Value{}, err
	}
	loc := p.FindStringSubmatchIndex(s.Str())
	switch {
	case loc == nil:
		return Value{}, nil
	case len(loc) > 2:
		return textOf(s.Str(), loc, 1), nil
	}
	return textOf(s.Str(), loc, 0), nil
}

func regexpSplit(c *call, v []Value) ([]Value, error) {
	p, err := compilePattern(c, v[1].Str(), flagsOf(v, 2))
	if err != nil {
		return nil, err
	}
	if p.global {
		return nil, datum.Errorf("22023", "regexp_split_to_array() does not support the \"global\" option")
	}
	s, last := v[0].Str(), 0
	var parts []Value
	for _, loc := range p.FindAllStringIndex(s, -1) {
		if loc[1] == loc[0] && (loc[0] == last || loc[0] == len(s)) {
			continue // an empty match at the edge of a piece splits nothing
		}
		parts = append(parts, datum.String(s[last:loc[0]]))
		last = loc[1]
	}
	return append(parts, datum.String(s[last:])), nil
}

func regexpSplitArray(c *call, v []Value) (Value, error) {
	parts, err := regexpSplit(c, v)
	return datum.ArrayValue(datum.NewArray(datum.TextOID, parts)), err
}

func regexpCount(c *call, v []Value) (Value, error) {
	p, err := compilePattern(c, v[1].Str(), flagsOf(v, 3))
	if err != nil {
		return Value{}, err
	}
	s := v[0].Str()
	if len(v) > 2 {
		if v[2].Int() <= 0 {
			return Value{}, datum.Errorf("22023", "invalid value for parameter \"start\": %d", v[2].Int())
		}
		if v[2].Int()-1 > int64(utf8.RuneCountInString(s)) {
			return datum.Int(0), nil
		}
		s = s[byteOffset(s, int(v[2].Int()-1)):]
	}
	return datum.Int(int64(len(p.FindAllStringIndex(s, -1)))), nil
}

func regexpLike(c *call, v []Value) (Value, error) {
	if strings.Contains(flagsOf(v, 2), "g") {
		return Value{}, noGlobal("regexp_like")
	}
	p, err := compilePattern(c, v[1].Str(), flagsOf(v, 2))
	if err != nil {
		return Value{}, err
	}
	return datum.Bool(p.MatchString(v[0].Str())), nil
}

// similarToEscape turns a pattern of SIMILAR TO into a regular expression.
func similarToEscape(_ *call, v []Value) (Value, error) {
	esc := `\`
	if len(v) > 1 {
		esc = v[1].Str()
		if len([]rune(esc)) > 1 {
			return Value{}, datum.Errorf("22019", "invalid escape string").WithHint("Escape string must be empty or one character.")
		}
	}
	var b strings.Builder
	b.WriteString("^(?:")
	inBracket := false
	rest := v[0].Str()
	for rest != "" {
		n := charLen(rest, false)
		c := rest[:n]
		rest = rest[n:]
		switch {
		case esc != "" && c == esc:
			if rest == "" {
				return Value{}, datum.Errorf("22025", "SIMILAR TO pattern must not end with escape character")
			}
			n := charLen(rest, false)
			if rest[:n] == `"` {
				return Value{}, datum.Unsupported("substring with SIMILAR")
			}
			b.WriteString(`\` + rest[:n])
			rest = rest[n:]
		case inBracket:
			if c == `\` {
				b.WriteByte('\\')
			}
			b.WriteString(c)
			inBracket = c != "]"
		case c == "[":
			b.WriteString(c)
			inBracket = true
		case c == "%":
			b.WriteString(".*")
		case c == "_":
			b.WriteByte('.')
		case c == "(":
			b.WriteString("(?:")
		case c == `\` || c == "." || c == "^" || c == "$":
			b.WriteString(`\` + c)
		default:
			b.WriteString(c)
		}
	}
	b.WriteString(")$")
	return datum.String(b.String()), nil
}

func regexBuiltins() map[string]any {
	return map[string]any{
		"textregexeq": matches("", false), "textregexne": matches("", true),
		"texticregexeq": matches("i", false), "texticregexne": matches("i", true),
		"nameregexeq": matches("", false), "nameregexne": matches("", true),
		"nameicregexeq": matches("i", false), "nameicregexne": matches("i", true),
		"bpcharregexeq": matches("", false), "bpcharregexne": matches("", true),
		"bpcharicregexeq": matches("i", false), "bpcharicregexne": matches("i", true),
		"regexp_match": fnN(regexpMatch), "regexp_match_no_flags": fnN(regexpMatch),
		"textregexreplace": fnN(regexpReplace), "textregexreplace_noopt": fnN(regexpReplace),
		"textregexsubstr":       fn2(regexpSubstr),
		"regexp_split_to_array": fnN(regexpSplitArray), "regexp_split_to_array_no_flags": fnN(regexpSplitArray),
		"regexp_count": fnN(regexpCount), "regexp_count_no_start": fnN(regexpCount), "regexp_count_no_flags": fnN(regexpCount),
		"regexp_like": fnN(regexpLike), "regexp_like_no_flags": fnN(regexpLike),
		"similar_to_escape_1": fnN(similarToEscape), "similar_to_escape_2": fnN(similarToEscape),
	}
}
