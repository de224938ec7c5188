package query

import (
	"math"
	"strings"
	"unicode/utf8"

	"walle/pgfront/query/datum"
)

// formatText is format(): %s, %I and %L with positions and widths.
func formatText(c *call, v []Value) (Value, error) {
	if v[0].IsNull() {
		return Value{}, nil
	}
	f := formatter{call: c, args: v, next: 1}
	rest := v[0].Str()
	for {
		at := strings.IndexByte(rest, '%')
		if at < 0 {
			f.out.WriteString(rest)
			return datum.String(f.out.String()), nil
		}
		f.out.WriteString(rest[:at])
		var err error
		if rest, err = f.specifier(rest[at+1:]); err != nil {
			return Value{}, err
		}
		if f.out.Len() > maxText {
			return Value{}, tooLong()
		}
	}
}

type formatter struct {
	call *call
	args []Value
	next int
	out  strings.Builder
}

func unterminatedFormat() error {
	return datum.Errorf("22023", "unterminated format() type specifier").WithHint("For a single \"%%\" use \"%%%%\".")
}

// digits reads a number; ok is false if there is none.
func (f *formatter) digits(s string) (n int, rest string, ok bool, err error) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		if n = n*10 + int(s[i]-'0'); n > 1<<31-1 {
			return 0, "", false, datum.Errorf("22003", "number is out of range")
		}
		i++
	}
	if i == len(s) && i > 0 {
		return 0, "", false, unterminatedFormat()
	}
	return n, s[i:], i > 0, nil
}

// specifier reads what follows a percent sign.
func (f *formatter) specifier(s string) (rest string, err error) {
	if s == "" {
		return "", unterminatedFormat()
	}
	if s[0] == '%' {
		f.out.WriteByte('%')
		return s[1:], nil
	}
	position, width, left := -1, 0, false
	n, after, ok, err := f.digits(s)
	switch {
	case err != nil:
		return "", err
	case ok && after[0] == '$':
		if n == 0 {
			return "", datum.Errorf("22023", "format specifies argument 0, but arguments are numbered from 1")
		}
		position, s = n, after[1:]
	}
	for strings.HasPrefix(s, "-") {
		left, s = true, s[1:]
	}
	if width, s, err = f.width(s); err != nil {
		return "", err
	}
	if s == "" {
		return "", unterminatedFormat()
	}
	if strings.IndexByte("sIL", s[0]) < 0 {
		_, size := utf8.DecodeRuneInString(s)
		return "", datum.Errorf("22023", "unrecognized format() type specifier \"%s\"", s[:size]).WithHint("For a single \"%%\" use \"%%%%\".")
	}
	i, err := f.argument(position)
	if err != nil {
		return "", err
	}
	if width < -math.MaxInt32 {
		return "", datum.Errorf("22003", "number is out of range")
	}
	if width < 0 {
		left, width = true, -width
	}
	return s[1:], f.write(s[0], i, width, left)
}

// width reads a width: a number, * or *n$.
func (f *formatter) width(s string) (int, string, error) {
	if !strings.HasPrefix(s, "*") {
		n, rest, _, err := f.digits(s)
		return n, rest, err
	}
	position := -1
	n, after, ok, err := f.digits(s[1:])
	if err != nil {
		return 0, "", err
	}
	rest := s[1:]
	if ok {
		if after[0] != '$' {
			return 0, "", datum.Errorf("22023", "width argument position must be ended by \"$\"")
		}
		if n == 0 {
			return 0, "", datum.Errorf("22023", "format specifies argument 0, but arguments are numbered from 1")
		}
		position, rest = n, after[1:]
	}
	i, err := f.argument(position)
	if err != nil || f.args[i].IsNull() {
		return 0, rest, err
	}
	w, err := datum.ParseInt(datum.Int4OID, f.text(i))
	return int(w.Int()), rest, err
}

// argument returns the index of the argument that is meant; without a position, the next.
func (f *formatter) argument(position int) (int, error) {
	if position < 0 {
		position = f.next
	}
	f.next = position + 1
	if position >= len(f.args) {
		return 0, datum.Errorf("22023", "too few arguments for format()")
	}
	return position, nil
}

func (f *formatter) text(i int) string {
	return f.call.run.codec.Text(f.call.types[i], f.args[i])
}

func (f *formatter) write(kind byte, i, width int, left bool) error {
	s := ""
	switch null := f.args[i].IsNull(); {
	case null && kind == 'I':
		return datum.Errorf("22004", "null values cannot be formatted as an SQL identifier")
	case null && kind == 'L':
		s = "NULL"
	case null:
	case kind == 'I':
		s = quoteIdent(f.text(i))
	case kind == 'L':
		s = quoteLiteralText(f.text(i))
	default:
		s = f.text(i)
	}
	if width > maxText {
		return tooLong()
	}
	fill := strings.Repeat(" ", max(width-utf8.RuneCountInString(s), 0))
	if left {
		s += fill
	} else {
		s = fill + s
	}
	f.out.WriteString(s)
	return nil
}
