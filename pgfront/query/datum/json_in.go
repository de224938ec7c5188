package datum

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxJSONDepth stands for PostgreSQL's limit on the depth of its stack.
const maxJSONDepth = 6000

// ParseJSON reads a JSON text as jsonb does: keys are sorted, of equal keys the last stays,
// numbers keep their scale.
func ParseJSON(s string) (*JSON, error) {
	p := jsonParser{text: s}
	j, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if p.space(); p.pos < len(s) {
		return nil, p.expected("end of input")
	}
	return j, nil
}

// ParseRawJSON reads a JSON text as type json keeps it: every node knows its text, and
// objects their order and duplicates.
func ParseRawJSON(s string) (*JSON, error) {
	p := jsonParser{text: s, raw: true}
	j, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if p.space(); p.pos < len(s) {
		return nil, p.expected("end of input")
	}
	return j, nil
}

type jsonParser struct {
	text string
	pos  int
	raw  bool
}

func (p *jsonParser) fail(format string, args ...any) error {
	return Errorf("22P02", "invalid input syntax for type json").WithDetail(format, args...)
}

// expected reports the token at the position.
func (p *jsonParser) expected(what string) error {
	if p.pos >= len(p.text) {
		return p.fail("The input string ended unexpectedly.")
	}
	token, valid := p.token()
	if !valid {
		return p.fail("Token \"%s\" is invalid.", token)
	}
	return p.fail("Expected %s, but found \"%s\".", what, token)
}

// token returns the token at the position, and whether JSON has such a token.
func (p *jsonParser) token() (string, bool) {
	rest := p.text[p.pos:]
	if strings.IndexByte("{}[],:", rest[0]) >= 0 {
		return rest[:1], true
	}
	if rest[0] == '"' {
		q := jsonParser{text: rest}
		if _, err := q.str(); err == nil {
			return rest[:q.pos], true
		}
		return rest, false
	}
	n := 0
	for n < len(rest) && (isLetter(rest[n]) || isDigit(rest[n]) || strings.IndexByte("_-+.", rest[n]) >= 0 || rest[n] >= 0x80) {
		n++
	}
	if n == 0 {
		return rest[:1], false
	}
	word := rest[:n]
	valid := word == "true" || word == "false" || word == "null" || validNumber(word)
	return word, valid
}

func (p *jsonParser) space() {
	for p.pos < len(p.text) && strings.IndexByte(" \t\n\r", p.text[p.pos]) >= 0 {
		p.pos++
	}
}

func (p *jsonParser) value(depth int) (*JSON, error) {
	if depth > maxJSONDepth {
		return nil, Errorf("54001", "stack depth limit exceeded")
	}
	p.space()
	start := p.pos
	j, err := p.node(depth)
	if err == nil && p.raw {
		j.Raw = p.text[start:p.pos]
	}
	return j, err
}

func (p *jsonParser) node(depth int) (*JSON, error) {
	if p.pos >= len(p.text) {
		return nil, p.fail("The input string ended unexpectedly.")
	}
	switch c := p.text[p.pos]; {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '"':
		s, err := p.str()
		return &JSON{Kind: JSONString, Text: s}, err
	case c == '-' || isDigit(c):
		return p.number()
	}
	word, _ := p.token()
	j := &JSON{}
	switch word {
	case "null":
	case "true", "false":
		j.Kind, j.Bool = JSONBool, word == "true"
	default:
		return nil, p.expected("JSON value")
	}
	p.pos += len(word)
	return j, nil
}

func (p *jsonParser) number() (*JSON, error) {
	word, valid := p.token()
	if !valid {
		return nil, p.fail("Token \"%s\" is invalid.", word)
	}
	d, err := ParseNumeric(word)
	if err != nil {
		return nil, err
	}
	p.pos += len(word)
	return &JSON{Kind: JSONNumber, Number: d}, nil
}

// validNumber checks JSON's grammar: no leading zero, no bare point.
func validNumber(s string) bool {
	digits := func() int {
		n := 0
		for n < len(s) && isDigit(s[n]) {
			n++
		}
		s = s[n:]
		return n
	}
	s = strings.TrimPrefix(s, "-")
	if strings.HasPrefix(s, "0") && len(s) > 1 && isDigit(s[1]) {
		return false
	}
	if digits() == 0 {
		return false
	}
	if strings.HasPrefix(s, ".") {
		if s = s[1:]; digits() == 0 {
			return false
		}
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		s = s[1:]
		if s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		if digits() == 0 {
			return false
		}
	}
	return s == ""
}

func (p *jsonParser) array(depth int) (*JSON, error) {
	j := &JSON{Kind: JSONArray}
	p.pos++
	if p.space(); p.at(']') {
		return j, nil
	}
	for {
		e, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		j.Elems = append(j.Elems, e)
		p.space()
		switch {
		case p.at(']'):
			return j, nil
		case !p.at(','):
			return nil, p.expected("\",\" or \"]\"")
		}
	}
}

// at consumes c if it comes next.
func (p *jsonParser) at(c byte) bool {
	if p.pos < len(p.text) && p.text[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

func (p *jsonParser) object(depth int) (*JSON, error) {
	p.pos++
	var keys []string
	var elems []*JSON
	if p.space(); p.at('}') {
		return &JSON{Kind: JSONObject}, nil
	}
	for {
		if p.space(); p.pos >= len(p.text) || p.text[p.pos] != '"' {
			if len(keys) == 0 {
				return nil, p.expected("string or \"}\"")
			}
			return nil, p.expected("string")
		}
		key, err := p.str()
		if err != nil {
			return nil, err
		}
		if p.space(); !p.at(':') {
			return nil, p.expected("\":\"")
		}
		e, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		keys, elems = append(keys, key), append(elems, e)
		p.space()
		switch {
		case p.at('}'):
			if p.raw {
				return &JSON{Kind: JSONObject, Keys: keys, Elems: elems}, nil
			}
			return NewJSONObject(keys, elems), nil
		case !p.at(','):
			return nil, p.expected("\",\" or \"}\"")
		}
	}
}

// NewJSONObject makes an object of jsonb: sorted keys, the last of equal ones.
func NewJSONObject(keys []string, elems []*JSON) *JSON {
	order := make([]int, len(keys))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return compareKeys(keys[a], keys[b]) })
	j := &JSON{Kind: JSONObject}
	for n, i := range order {
		if n+1 < len(order) && keys[order[n+1]] == keys[i] {
			continue
		}
		j.Keys, j.Elems = append(j.Keys, keys[i]), append(j.Elems, elems[i])
	}
	return j
}

func compareKeys(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// Get returns the member of an object, nil if there is none.
func (j *JSON) Get(key string) *JSON {
	if j.Raw != "" {
		for i := len(j.Keys) - 1; i >= 0; i-- {
			if j.Keys[i] == key {
				return j.Elems[i]
			}
		}
		return nil
	}
	if i, ok := slices.BinarySearchFunc(j.Keys, key, compareKeys); ok {
		return j.Elems[i]
	}
	return nil
}

// str reads a string with its escapes.
func (p *jsonParser) str() (string, error) {
	start := p.pos
	p.pos++
	simple := strings.IndexAny(p.text[p.pos:], "\"\\")
	if simple >= 0 && p.text[p.pos+simple] == '"' && !hasControl(p.text[p.pos:p.pos+simple]) {
		s := p.text[p.pos : p.pos+simple]
		p.pos += simple + 1
		return s, nil
	}
	var b strings.Builder
	for p.pos < len(p.text) {
		c := p.text[p.pos]
		p.pos++
		switch {
		case c == '"':
			return b.String(), nil
		case c == '\\':
			if err := p.escape(&b); err != nil {
				return "", err
			}
		case c < 0x20:
			return "", p.fail("Character with value 0x%02x must be escaped.", c)
		default:
			b.WriteByte(c)
		}
	}
	return "", p.fail("Token \"%s\" is invalid.", p.text[start:])
}

func hasControl(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 {
			return true
		}
	}
	return false
}

func (p *jsonParser) escape(b *strings.Builder) error {
	if p.pos >= len(p.text) {
		return p.fail("The input string ended unexpectedly.")
	}
	c := p.text[p.pos]
	p.pos++
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 {
		b.WriteByte("\"\\/\b\f\n\r\t"[i])
		return nil
	}
	if c != 'u' {
		return p.fail("Escape sequence \"\\%c\" is invalid.", c)
	}
	r, err := p.unicode()
	if err != nil {
		return err
	}
	if r == 0 {
		return Errorf("22P05", "unsupported Unicode escape sequence").WithDetail("\\u0000 cannot be converted to text.")
	}
	if utf16.IsSurrogate(r) {
		if r >= 0xDC00 || !strings.HasPrefix(p.text[p.pos:], `\u`) {
			return p.surrogate()
		}
		p.pos += 2
		low, err := p.unicode()
		if err != nil {
			return err
		}
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			return p.surrogate()
		}
	}
	b.WriteRune(r)
	return nil
}

func (p *jsonParser) surrogate() error {
	return p.fail("Unicode low surrogate must follow a high surrogate.")
}

func (p *jsonParser) unicode() (rune, error) {
	if p.pos+4 > len(p.text) {
		return 0, p.fail("\"\\u\" must be followed by four hexadecimal digits.")
	}
	n, err := strconv.ParseUint(p.text[p.pos:p.pos+4], 16, 32)
	if err != nil {
		return 0, p.fail("\"\\u\" must be followed by four hexadecimal digits.")
	}
	p.pos += 4
	return rune(n), nil
}
