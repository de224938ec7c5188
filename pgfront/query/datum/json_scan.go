package datum

import (
	"encoding/json"
	"strings"
)

// validJSON checks a text for type json. The fast check decides almost always; what it
// rejects is parsed again for PostgreSQL's error.
func validJSON(s string) error {
	if json.Valid(String(s).Bytes()) {
		return nil
	}
	_, err := ParseRawJSON(s)
	return err
}

// FindMember returns the text of a member of a JSON object without building its tree; of
// equal keys the last counts. s must be valid JSON. ok is false if s is no object or has no
// such key.
func FindMember(s, key string) (raw string, ok bool) {
	p := jsonParser{text: s, raw: true}
	if p.space(); !p.at('{') {
		return "", false
	}
	for p.space(); p.pos < len(s) && s[p.pos] == '"'; p.space() {
		name, err := p.str()
		if err != nil {
			return "", false
		}
		p.space()
		p.at(':')
		p.space()
		start := p.pos
		p.skipValue()
		if name == key {
			raw, ok = s[start:p.pos], true
		}
		p.space()
		p.at(',')
	}
	return raw, ok
}

// skipValue moves behind a value of valid JSON.
func (p *jsonParser) skipValue() {
	depth := 0
	for p.pos < len(p.text) {
		switch c := p.text[p.pos]; c {
		case '"':
			p.skipString()
			if depth == 0 {
				return
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return // behind a number or a word
			}
			if depth--; depth == 0 {
				p.pos++
				return
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return
			}
		}
		p.pos++
	}
}

func (p *jsonParser) skipString() {
	for p.pos++; p.pos < len(p.text); p.pos++ {
		i := strings.IndexAny(p.text[p.pos:], "\"\\")
		if i < 0 {
			p.pos = len(p.text)
			return
		}
		p.pos += i
		if p.text[p.pos] == '"' {
			p.pos++
			return
		}
		p.pos++ // the escaped character
	}
}
