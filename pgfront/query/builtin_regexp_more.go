package query

import (
	"strings"
	"unicode/utf8"

	"walle/pgfront/query/datum"
)

// regexpCall is what regexp_instr, regexp_substr and regexp_replace have in common: the
// arguments behind text and pattern, all optional.
type regexpCall struct {
	p      *pattern
	text   string
	from   int  // byte at which the search starts
	beyond bool // it starts behind the text, where nothing matches, not even nothing
	n      int  // which match
	group  int
}

func badParameter(name string, n int64) error {
	return datum.Errorf("22023", "invalid value for parameter \"%s\": %d", name, n)
}

// optional returns an integer argument, which must be at least least.
func optional(v []Value, at int, name string, absent, least int64) (int64, error) {
	if at >= len(v) {
		return absent, nil
	}
	if n := v[at].Int(); n < least {
		return 0, badParameter(name, n)
	}
	return v[at].Int(), nil
}

// newRegexpCall reads start, N, flags and the number of a group from their places.
func newRegexpCall(c *call, name string, v []Value, flagsAt, groupAt int) (*regexpCall, error) {
	r := &regexpCall{text: v[0].Str()}
	start, err := optional(v, 2, "start", 1, 1)
	if err != nil {
		return nil, err
	}
	n, err := optional(v, 3, "n", 1, 1)
	if err != nil {
		return nil, err
	}
	group, err := optional(v, groupAt, "subexpr", 0, 0)
	if err != nil {
		return nil, err
	}
	flags := flagsOf(v, flagsAt)
	if strings.Contains(flags, "g") {
		return nil, noGlobal(name)
	}
	if r.p, err = compilePattern(c, v[1].Str(), flags); err != nil {
		return nil, err
	}
	r.n, r.group = int(n), int(group)
	r.beyond = start-1 > int64(utf8.RuneCountInString(r.text))
	r.from = byteOffset(r.text, int(min(start-1, int64(len(r.text)))))
	return r, nil
}

func noGlobal(name string) error {
	return datum.Errorf("22023", "%s() does not support the \"global\" option", name)
}

// find returns the bounds of the group of the n-th match, -1 if there is none.
func (r *regexpCall) find() (from, to int) {
	if r.beyond {
		return -1, -1
	}
	matches := r.p.FindAllStringSubmatchIndex(r.text[r.from:], r.n)
	if len(matches) < r.n || 2*r.group+1 >= len(matches[r.n-1]) {
		return -1, -1
	}
	loc := matches[r.n-1][2*r.group:]
	if loc[0] < 0 {
		return -1, -1
	}
	return r.from + loc[0], r.from + loc[1]
}

func regexpInstr(c *call, v []Value) (Value, error) {
	end := int64(0)
	if len(v) > 4 {
		if end = v[4].Int(); end != 0 && end != 1 {
			return Value{}, badParameter("endoption", end)
		}
	}
	r, err := newRegexpCall(c, "regexp_instr", v, 5, 6)
	if err != nil {
		return Value{}, err
	}
	from, to := r.find()
	switch {
	case from < 0:
		return datum.Int(0), nil
	case end == 1:
		from = to
	}
	return datum.Int(int64(utf8.RuneCountInString(r.text[:from])) + 1), nil
}

func regexpSubstring(c *call, v []Value) (Value, error) {
	r, err := newRegexpCall(c, "regexp_substr", v, 4, 5)
	if err != nil {
		return Value{}, err
	}
	from, to := r.find()
	if from < 0 {
		return Value{}, nil
	}
	return datum.String(r.text[from:to]), nil
}

// regexpReplaceFrom is regexp_replace with a start and the number of a match; without the
// number the flags say whether all are replaced, and 0 is all.
func regexpReplaceFrom(c *call, v []Value) (Value, error) {
	start, err := optional(v, 3, "start", 1, 1)
	if err != nil {
		return Value{}, err
	}
	n, err := optional(v, 4, "n", 1, 0)
	if err != nil {
		return Value{}, err
	}
	p, err := compilePattern(c, v[1].Str(), flagsOf(v, 5))
	if err != nil {
		return Value{}, err
	}
	if p.global && len(v) < 5 {
		n = 0
	}
	s, with := v[0].Str(), v[2].Str()
	base := byteOffset(s, int(min(start-1, int64(len(s)))))
	var b strings.Builder
	b.WriteString(s[:base])
	s = s[base:]
	last := 0
	for i, loc := range p.FindAllStringSubmatchIndex(s, -1) {
		if n > 0 && int64(i+1) != n {
			continue
		}
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

func regexpMoreBuiltins() map[string]any {
	m := map[string]any{}
	for _, suffix := range []string{"", "_no_start", "_no_n", "_no_endoption", "_no_flags", "_no_subexpr"} {
		m["regexp_instr"+suffix], m["regexp_substr"+suffix] = fnN(regexpInstr), fnN(regexpSubstring)
	}
	for _, suffix := range []string{"", "_no_n", "_no_flags"} {
		m["textregexreplace_extended"+suffix] = fnN(regexpReplaceFrom)
	}
	return m
}
