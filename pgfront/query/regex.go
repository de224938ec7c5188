package query

import (
	"errors"
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
	compile := regexp.Compile
	if t.words {
		compile = compileWords
	}
	re, cerr := compile("(?" + prefix + ")" + body)
	if refused := (*Error)(nil); errors.As(cerr, &refused) {
		return nil, refused
	}
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
	words             bool // there are marks of word edges
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
	case strings.HasPrefix(t.rest, "[[:<:]]"):
		t.take(len("[[:<:]]"))
		t.mark(wordBegin)
	case strings.HasPrefix(t.rest, "[[:>:]]"):
		t.take(len("[[:>:]]"))
		t.mark(wordEnd)
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
	case 'm':
		t.mark(wordBegin)
	case 'M':
		t.mark(wordEnd)
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

func (t *regexTranslator) mark(edge rune) {
	t.words = true
	t.out.WriteRune(edge)
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
