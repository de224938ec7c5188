package query

import (
	"regexp"
	"strings"

	"walle/pgfront/query/datum"
)

// pattern is a compiled regular expression of PostgreSQL.
type pattern struct {
	*regexp.Regexp
	source, flags string
	global        bool
}

// compilePattern translates PostgreSQL's advanced regular expressions. What Go's engine
// does not have (back references, lookaround) is refused; its time is linear in the text.
func compilePattern(c *call, source, flags string) (*pattern, error) {
	if p, ok := c.memo.(*pattern); ok && p.source == source && p.flags == flags {
		return p, nil
	}
	p := &pattern{source: source, flags: flags}
	t := regexTranslator{rest: source}
	prefix, err := p.readFlags(flags, &t)
	if err != nil {
		return nil, err
	}
	body, err := t.translate()
	if err != nil {
		return nil, err
	}
	re, cerr := regexp.Compile("(?" + prefix + ")" + body)
	if cerr != nil {
		if strings.Contains(cerr.Error(), "invalid or unsupported Perl syntax") {
			return nil, datum.Unsupported("lookaround in a regular expression")
		}
		return nil, invalidPattern(cerr)
	}
	if !t.lazy {
		re.Longest()
	} else if t.greedy || strings.Contains(source, "|") {
		return nil, datum.Unsupported("mixing greedy and non-greedy parts in a regular expression")
	}
	p.Regexp = re
	c.memo = p
	return p, nil
}

// invalidPattern words Go's error as PostgreSQL words its own.
func invalidPattern(err error) error {
	what := "invalid regular expression"
	switch text := err.Error(); {
	case strings.Contains(text, "missing closing )"), strings.Contains(text, "unexpected )"):
		what = "parentheses () not balanced"
	case strings.Contains(text, "missing closing ]"):
		what = "brackets [] not balanced"
	case strings.Contains(text, "missing argument"), strings.Contains(text, "invalid nested"):
		what = "quantifier operand invalid"
	case strings.Contains(text, "character class range"):
		what = "invalid character range"
	case strings.Contains(text, "repeat count"):
		what = "invalid repetition count(s)"
	case strings.Contains(text, "trailing backslash"), strings.Contains(text, "invalid escape"):
		what = "invalid escape \\ sequence"
	}
	return datum.Errorf("2201B", "invalid regular expression: %s", what)
}

// readFlags turns PostgreSQL's flags into Go's.
func (p *pattern) readFlags(flags string, t *regexTranslator) (string, error) {
	fold, newline, partial, weird := false, false, false, false
	for _, f := range flags {
		switch f {
		case 'g':
			p.global = true
		case 'i':
			fold = true
		case 'c':
			fold = false
		case 'n', 'm':
			newline = true
		case 's':
			newline = false
		case 'p':
			partial = true
		case 'w':
			weird = true
		case 'q':
			t.literal = true
		case 'x':
			t.expanded = true
		case 't':
			t.expanded = false
		case 'e':
		default:
			return "", datum.Errorf("22023", "invalid regular expression option: \"%c\"", f)
		}
	}
	out := ""
	if fold {
		out += "i"
	}
	if newline || weird {
		out += "m"
	}
	if !newline && !partial {
		out += "s"
	}
	if out == "" {
		return "-s", nil
	}
	return out, nil
}

// regexTranslator rewrites a pattern for Go's engine.
type regexTranslator struct {
	rest              string
	literal, expanded bool
	lazy, greedy      bool
	out               strings.Builder
}

func (t *regexTranslator) translate() (string, error) {
	if rest, ok := strings.CutPrefix(t.rest, "***="); ok {
		t.literal, t.rest = true, rest
	}
	t.rest = strings.TrimPrefix(t.rest, "***:")
	if t.literal {
		return regexp.QuoteMeta(t.rest), nil
	}
	for t.rest != "" {
		if err := t.step(); err != nil {
			return "", err
		}
	}
	return t.out.String(), nil
}

func (t *regexTranslator) take(n int) string {
	s := t.rest[:n]
	t.rest = t.rest[n:]
	return s
}

func (t *regexTranslator) step() error {
	switch c := t.rest[0]; {
	case c == '\\':
		return t.escape()
	case c == '[':
		return t.bracket()
	case c == '*' || c == '+' || c == '?':
		t.quantifier(t.take(1))
	case c == '{' && len(t.rest) > 1 && t.rest[1] >= '0' && t.rest[1] <= '9':
		end := strings.IndexByte(t.rest, '}')
		if end < 0 {
			return datum.Errorf("2201B", "invalid regular expression: braces {} not balanced")
		}
		t.quantifier(t.take(end + 1))
	case t.expanded && strings.IndexByte(" \t\n\r", c) >= 0:
		t.take(1)
	case t.expanded && c == '#':
		end := strings.IndexByte(t.rest, '\n')
		if end < 0 {
			end = len(t.rest) - 1
		}
		t.take(end + 1)
	case strings.HasPrefix(t.rest, "(?"):
		return t.group()
	default:
		t.out.WriteString(t.take(1))
	}
	return nil
}

// quantifier notes whether the pattern prefers long or short matches.
func (t *regexTranslator) quantifier(q string) {
	t.out.WriteString(q)
	if strings.HasPrefix(t.rest, "?") {
		t.out.WriteString(t.take(1))
		t.lazy = true
		return
	}
	t.greedy = true
}

func (t *regexTranslator) group() error {
	if strings.HasPrefix(t.rest, "(?:") {
		t.out.WriteString(t.take(3))
		return nil
	}
	if strings.HasPrefix(t.rest, "(?=") || strings.HasPrefix(t.rest, "(?!") || strings.HasPrefix(t.rest, "(?<") {
		return datum.Unsupported("lookaround in a regular expression")
	}
	end := strings.IndexByte(t.rest, ')')
	if end < 0 || t.out.Len() > 0 || strings.Trim(t.rest[2:end], "imsx") != "" {
		return datum.Errorf("2201B", "invalid regular expression: quantifier operand invalid")
	}
	t.out.WriteString(t.take(end + 1))
	return nil
}

// Classes in Unicode's terms, as PostgreSQL has them in UTF-8.
const (
	wordClass  = `\p{L}\p{Nd}_`
	digitClass = `\p{Nd}`
	spaceClass = `\t-\r \x85\xA0\p{Z}`
)

func (t *regexTranslator) escape() error {
	if len(t.rest) < 2 {
		return datum.Errorf("2201B", "invalid regular expression: invalid escape \\ sequence")
	}
	c := t.take(2)[1]
	switch c {
	case 'd', 'w', 's':
		t.out.WriteString("[" + classOf(c) + "]")
	case 'D', 'W', 'S':
		t.out.WriteString("[^" + classOf(c|0x20) + "]")
	case 'A':
		t.out.WriteString(`\A`)
	case 'Z':
		t.out.WriteString(`\z`)
	case 'y':
		t.out.WriteString(`\b`)
	case 'Y':
		t.out.WriteString(`\B`)
	case 'm', 'M':
		return datum.Unsupported("\\%c in a regular expression", c)
	case 'n', 't', 'r', 'f', 'v', 'a':
		t.out.WriteString(`\` + string(c))
	case 'e':
		t.out.WriteString(`\x1b`)
	default:
		if c >= '1' && c <= '9' {
			return datum.Unsupported("back reference in a regular expression")
		}
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '0' {
			return datum.Unsupported("\\%c in a regular expression", c)
		}
		t.out.WriteString(regexp.QuoteMeta(string(c)))
		if c >= 0x80 {
			return datum.Unsupported("escaped non-ASCII character in a regular expression")
		}
	}
	return nil
}

func classOf(c byte) string {
	switch c {
	case 'd':
		return digitClass
	case 'w':
		return wordClass
	}
	return spaceClass
}

// namedClasses are those of [[:name:]].
var namedClasses = map[string]string{
	"alpha": `\p{L}`, "digit": digitClass, "alnum": `\p{L}\p{Nd}`, "upper": `\p{Lu}`, "lower": `\p{Ll}`, "space": spaceClass,
	"blank": ` \t`, "punct": `\p{P}\p{S}`, "cntrl": `\p{Cc}`, "xdigit": `0-9A-Fa-f`, "word": wordClass,
	"print": `\p{L}\p{M}\p{N}\p{P}\p{S} `, "graph": `\p{L}\p{M}\p{N}\p{P}\p{S}`,
}

// bracket translates a bracket expression.
func (t *regexTranslator) bracket() error {
	t.out.WriteString(t.take(1))
	if strings.HasPrefix(t.rest, "^") {
		t.out.WriteString(t.take(1))
	}
	for first := true; ; first = false {
		switch {
		case t.rest == "":
			return datum.Errorf("2201B", "invalid regular expression: brackets [] not balanced")
		case t.rest[0] == ']' && !first:
			t.out.WriteString(t.take(1))
			return nil
		case strings.HasPrefix(t.rest, "[:"):
			end := strings.Index(t.rest, ":]")
			if end < 0 {
				return datum.Errorf("2201B", "invalid regular expression: brackets [] not balanced")
			}
			class, ok := namedClasses[t.take(end + 2)[2:end]]
			if !ok {
				return datum.Errorf("2201B", "invalid regular expression: invalid character class")
			}
			t.out.WriteString(class)
		case strings.HasPrefix(t.rest, "[.") || strings.HasPrefix(t.rest, "[="):
			return datum.Unsupported("collating element in a regular expression")
		case t.rest[0] == '\\':
			if err := t.bracketEscape(); err != nil {
				return err
			}
		case t.rest[0] == '[' || t.rest[0] == ']' || t.rest[0] == '&' || t.rest[0] == '~':
			t.out.WriteString(`\` + t.take(1))
		default:
			t.out.WriteString(t.take(1))
		}
	}
}

func (t *regexTranslator) bracketEscape() error {
	if len(t.rest) < 2 {
		return datum.Errorf("2201B", "invalid regular expression: invalid escape \\ sequence")
	}
	c := t.take(2)[1]
	switch c {
	case 'd', 'w', 's':
		t.out.WriteString(classOf(c))
	case 'n', 't', 'r', 'f', 'v', 'a':
		t.out.WriteString(`\` + string(c))
	default:
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80 {
			return datum.Unsupported("\\%c in a bracket expression", c)
		}
		t.out.WriteString(`\` + string(c))
	}
	return nil
}

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
		s = s[byteOffset(s, int(min(v[2].Int()-1, int64(len(s))))):]
	}
	return datum.Int(int64(len(p.FindAllStringIndex(s, -1)))), nil
}

func regexpLike(c *call, v []Value) (Value, error) {
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
