package template

import (
	"strings"
	"unicode/utf8"
)

// nodeKind says what a part of a template is.
type nodeKind uint8

const (
	literal   nodeKind = iota // a character that stands for itself
	separator                 // one that is neither letter nor digit
	space
	action // a keyword
)

// node is a part of a template.
type node struct {
	kind    nodeKind
	text    string // the character, or the keyword as it is written
	fill    bool   // FM before it
	ordinal string // TH or th behind it
	local   bool   // TM before it
}

// Keywords of dates and times. Those that start alike are tried longest first.
var timeKeywords = byLength(`A.D. A.M. AD AM B.C. BC CC DAY DDD DD DY Day Dy D FF1 FF2 FF3 FF4 FF5 FF6 FX HH24 HH12 HH
IDDD ID IW IYYY IYY IY I J MI MM MONTH MON MS Month Mon OF P.M. PM Q RM SSSSS SSSS SS TZH TZM TZ US WW W Y,YYY YYYY YYY YY Y
a.d. a.m. ad am b.c. bc cc day ddd dd dy d ff1 ff2 ff3 ff4 ff5 ff6 fx hh24 hh12 hh iddd id iw iyyy iyy iy i j mi mm month mon ms
of p.m. pm q rm sssss ssss ss tzh tzm tz us ww w y,yyy yyyy yyy yy y`)

var numberKeywords = byLength(`, . 0 9 B C D EEEE FM G L MI PL PR RN SG SP S TH V b c d eeee fm g l mi pl pr rn sg sp s th v`)

// byLength files keywords by their first byte, the longest first.
func byLength(list string) map[byte][]string {
	m := map[byte][]string{}
	for _, k := range strings.Fields(list) {
		at := 0
		for at < len(m[k[0]]) && len(m[k[0]][at]) >= len(k) {
			at++
		}
		m[k[0]] = append(m[k[0]][:at:at], append([]string{k}, m[k[0]][at:]...)...)
	}
	return m
}

// parse splits a template. Prefixes and suffixes are those of dates and times.
func parse(template string, keywords map[byte][]string, modifiers bool) []node {
	var nodes []node
	for template != "" {
		var n node
		if modifiers {
			n.readPrefix(&template)
			if template == "" {
				break
			}
		}
		if word := keywordOf(template, keywords); word != "" {
			n.kind, n.text = action, word
			template = template[len(word):]
			if modifiers {
				n.readSuffix(&template)
			}
			nodes = append(nodes, n)
			continue
		}
		if template[0] == '"' {
			nodes = quoted(nodes, &template)
			continue
		}
		nodes = append(nodes, character(&template, modifiers))
	}
	return nodes
}

func keywordOf(template string, keywords map[byte][]string) string {
	for _, k := range keywords[template[0]] {
		if strings.HasPrefix(template, k) {
			return k
		}
	}
	return ""
}

func (n *node) readPrefix(template *string) {
	for _, p := range []string{"FM", "fm", "TM", "tm"} {
		if rest, ok := strings.CutPrefix(*template, p); ok {
			n.fill, n.local = p == "FM" || p == "fm", p == "TM" || p == "tm"
			*template = rest
			return
		}
	}
}

func (n *node) readSuffix(template *string) {
	for _, s := range []string{"TH", "th", "SP"} {
		if rest, ok := strings.CutPrefix(*template, s); ok {
			if s != "SP" {
				n.ordinal = s
			}
			*template = rest
			return
		}
	}
}

// quoted reads "…", whose characters stand for themselves.
func quoted(nodes []node, template *string) []node {
	rest := (*template)[1:]
	for rest != "" {
		if rest[0] == '"' {
			rest = rest[1:]
			break
		}
		if rest[0] == '\\' && len(rest) > 1 {
			rest = rest[1:]
		}
		_, size := utf8.DecodeRuneInString(rest)
		nodes = append(nodes, node{kind: literal, text: rest[:size]})
		rest = rest[size:]
	}
	*template = rest
	return nodes
}

func character(template *string, separators bool) node {
	rest := *template
	if strings.HasPrefix(rest, `\"`) {
		rest = rest[1:]
	}
	_, size := utf8.DecodeRuneInString(rest)
	n := node{kind: literal, text: rest[:size]}
	switch c := rest[0]; {
	case separators && isSeparator(c):
		n.kind = separator
	case isSpace(c):
		n.kind = space
	}
	*template = rest[size:]
	return n
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isSeparator is for printable ASCII that is neither letter nor digit.
func isSeparator(c byte) bool {
	return c > 0x20 && c < 0x7f && !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'z')
}

// ordinal is the English suffix of a number that ends in these digits.
func ordinal(number, style string) string {
	suffix := "th"
	if len(number) < 2 || number[len(number)-2] != '1' {
		switch number[len(number)-1] {
		case '1':
			suffix = "st"
		case '2':
			suffix = "nd"
		case '3':
			suffix = "rd"
		}
	}
	if style == "TH" {
		return strings.ToUpper(suffix)
	}
	return suffix
}
