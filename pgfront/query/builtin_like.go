package query

import (
	"strings"
	"unicode/utf8"

	"walle/pgfront/query/datum"
)

// like makes LIKE and ILIKE, and their negations.
func like(fold, not bool) fn2 {
	return func(c *call, s, pattern Value) (Value, error) {
		text, p := s.Str(), pattern.Str()
		if fold {
			text, p = strings.ToLower(text), strings.ToLower(p)
		}
		ok, err := matchLike(c.run, text, p, false)
		return datum.Bool(ok != not), err
	}
}

func byteaLike(not bool) fn2 {
	return func(c *call, s, pattern Value) (Value, error) {
		ok, err := matchLike(c.run, s.Str(), pattern.Str(), true)
		return datum.Bool(ok != not), err
	}
}

// matchLike matches with % and _ and the escape \. It goes back to the last % only, so the
// time is at most the product of the lengths.
func matchLike(r *run, s, p string, bytes bool) (bool, error) {
	star, retry := -1, 0 // where the pattern continues after the last %, and the text with it
	i, j := 0, 0
	for i < len(s) || j < len(p) {
		if j < len(p) {
			switch c := p[j]; {
			case c == '%' && j+1 == len(p):
				return true, nil
			case c == '%':
				star, retry = j+1, i
				j++
				continue
			case c == '_' && i < len(s):
				i += charLen(s[i:], bytes)
				j++
				continue
			case c == '\\':
				if j+1 == len(p) && i < len(s) {
					return false, datum.Errorf("22025", "LIKE pattern must not end with escape character")
				}
				if i < len(s) && j+1 < len(p) && s[i] == p[j+1] {
					i, j = i+1, j+2
					continue
				}
			case c != '_' && i < len(s) && s[i] == c:
				i, j = i+1, j+1
				continue
			}
		}
		if star < 0 || retry >= len(s) {
			return false, nil
		}
		if len(s) > 1<<10 {
			if err := r.tick(); err != nil {
				return false, err
			}
		}
		retry += charLen(s[retry:], bytes)
		if star < len(p) && strings.IndexByte("%_\\", p[star]) < 0 {
			next := strings.IndexByte(s[retry:], p[star]) // nothing before can match
			if next < 0 {
				return false, nil
			}
			retry += next
		}
		i, j = retry, star
	}
	return true, nil
}

func charLen(s string, bytes bool) int {
	if bytes {
		return 1
	}
	_, n := utf8.DecodeRuneInString(s)
	return n
}

// likeEscape turns a pattern with another escape character into one with \.
func likeEscape(c *call, pattern, esc Value) (Value, error) {
	p, e := pattern.Str(), esc.Str()
	if bytes := c.types[0] == datum.ByteaOID; !bytes && utf8.RuneCountInString(e) > 1 || bytes && len(e) > 1 {
		return Value{}, datum.Errorf("22025", "invalid escape string").WithHint("Escape string must be empty or one character.")
	}
	if e == `\` {
		return pattern, nil
	}
	var b strings.Builder
	for i := 0; i < len(p); {
		n := charLen(p[i:], false)
		switch next := p[i : i+n]; {
		case e != "" && next == e:
			b.WriteByte('\\')
			i += n
			if i < len(p) {
				n = charLen(p[i:], false)
				b.WriteString(p[i : i+n])
			} else {
				n = 0
			}
		case next == `\`:
			b.WriteString(`\\`)
		default:
			b.WriteString(next)
		}
		i += n
	}
	return datum.String(b.String()), nil
}
