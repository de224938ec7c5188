package datum

import (
	"strconv"
	"strings"

	"walle/pgfront/query/pgdata"
)

// maxArrayElems bounds what one literal or one function may build.
const maxArrayElems = 1 << 27

// VectorValue makes an int2vector or oidvector, whose first element has index 0.
func VectorValue(elem OID, elems []Value) Value {
	a := NewArray(elem, elems)
	for i := range a.Dims {
		a.Dims[i].Lower = 0
	}
	return ArrayValue(a)
}

func (c *Codec) appendArray(buf []byte, typ OID, a *Array) []byte {
	if typ == Int2VectorOID || typ == OIDVectorOID {
		for i, e := range a.Elems {
			if i > 0 {
				buf = append(buf, ' ')
			}
			buf = c.AppendText(buf, a.Elem, e)
		}
		return buf
	}
	if len(a.Dims) == 0 {
		return append(buf, "{}"...)
	}
	for _, d := range a.Dims {
		if d.Lower != 1 {
			buf = appendBounds(buf, a.Dims)
			break
		}
	}
	rest := a.Elems
	return c.appendDim(buf, a, a.Dims, &rest)
}

func appendBounds(buf []byte, dims []Dim) []byte {
	for _, d := range dims {
		buf = strconv.AppendInt(append(buf, '['), int64(d.Lower), 10)
		buf = append(strconv.AppendInt(append(buf, ':'), int64(d.Lower+d.Len-1), 10), ']')
	}
	return append(buf, '=')
}

func (c *Codec) appendDim(buf []byte, a *Array, dims []Dim, rest *[]Value) []byte {
	buf = append(buf, '{')
	for i := range int(dims[0].Len) {
		if i > 0 {
			buf = append(buf, ',')
		}
		if len(dims) > 1 {
			buf = c.appendDim(buf, a, dims[1:], rest)
			continue
		}
		e := (*rest)[0]
		*rest = (*rest)[1:]
		if e.IsNull() {
			buf = append(buf, "NULL"...)
			continue
		}
		buf = appendQuotedElem(buf, c.Text(a.Elem, e))
	}
	return append(buf, '}')
}

func appendQuotedElem(buf []byte, s string) []byte {
	plain := s != "" && !strings.EqualFold(s, "null") && !strings.ContainsAny(s, "{}\",\\ \t\n\r\v\f")
	if plain {
		return append(buf, s...)
	}
	buf = append(buf, '"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			buf = append(buf, '\\')
		}
		buf = append(buf, s[i])
	}
	return append(buf, '"')
}

// appendRecord prints (a,"b c",).
func (c *Codec) appendRecord(buf []byte, r *Record) []byte {
	buf = append(buf, '(')
	for i, f := range r.Fields {
		if i > 0 {
			buf = append(buf, ',')
		}
		if f.IsNull() {
			continue
		}
		buf = appendQuotedField(buf, c.Text(r.Types[i], f))
	}
	return append(buf, ')')
}

func appendQuotedField(buf []byte, s string) []byte {
	if s != "" && !strings.ContainsAny(s, "\"\\(), \t\n\r\v\f") {
		return append(buf, s...)
	}
	buf = append(buf, '"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			buf = append(buf, s[i])
		}
		buf = append(buf, s[i])
	}
	return append(buf, '"')
}

// arrayParser reads '{1,2,"a b"}' and '[0:1]={1,2}'.
type arrayParser struct {
	codec *Codec
	elem  OID
	text  string
	rest  string
	lens  []int32 // of each dimension, -1 until the first one is closed
	elems []Value
}

func (c *Codec) parseArray(elem OID, t *pgdata.Type, s string) (Value, error) {
	p := arrayParser{codec: c, elem: elem, text: s, rest: trimSpace(s)}
	lowers, err := p.bounds()
	if err != nil {
		return Null, err
	}
	if !strings.HasPrefix(p.rest, "{") {
		return Null, p.malformed("Array value must start with \"{\" or dimension information.")
	}
	if err := p.dimension(0); err != nil {
		return Null, err
	}
	if trimSpace(p.rest) != "" {
		return Null, p.malformed("Junk after closing right brace.")
	}
	a := &Array{Elem: elem, Elems: p.elems}
	if len(p.elems) == 0 {
		return ArrayValue(a), nil
	}
	for i, n := range p.lens {
		d := Dim{Len: n, Lower: 1}
		if lowers != nil {
			if len(lowers) != len(p.lens) || lowers[i].Len != n {
				return Null, p.malformed("Specified array dimensions do not match array contents.")
			}
			d = lowers[i]
		}
		a.Dims = append(a.Dims, d)
	}
	return ArrayValue(a), nil
}

func (p *arrayParser) malformed(detail string) error {
	return Errorf("22P02", "malformed array literal: \"%s\"", p.text).WithDetail("%s", detail)
}

// bounds reads [l:u][l:u]=.
func (p *arrayParser) bounds() ([]Dim, error) {
	var dims []Dim
	for strings.HasPrefix(p.rest, "[") {
		end := strings.IndexByte(p.rest, ']')
		if end < 0 {
			return nil, p.malformed("Missing \"]\" after array dimensions.")
		}
		low, high, ok := strings.Cut(p.rest[1:end], ":")
		if !ok {
			low, high = "1", low
		}
		l, err1 := strconv.ParseInt(low, 10, 32)
		h, err2 := strconv.ParseInt(high, 10, 32)
		if err1 != nil || err2 != nil {
			return nil, p.malformed("\"[\" must introduce explicitly-specified array dimensions.")
		}
		if h < l {
			return nil, Errorf("2202E", "upper bound cannot be less than lower bound")
		}
		dims = append(dims, Dim{Len: int32(h - l + 1), Lower: int32(l)})
		p.rest = p.rest[end+1:]
	}
	if dims != nil {
		rest, ok := strings.CutPrefix(p.rest, "=")
		if !ok {
			return nil, p.malformed("Missing \"=\" after array dimensions.")
		}
		p.rest = trimSpace(rest)
	}
	return dims, nil
}

func (p *arrayParser) skip() {
	for p.rest != "" && isSpace(p.rest[0]) {
		p.rest = p.rest[1:]
	}
}

// dimension reads one pair of braces.
func (p *arrayParser) dimension(depth int) error {
	if depth >= 6 {
		return Errorf("54000", "number of array dimensions (%d) exceeds the maximum allowed (%d)", depth+1, 6)
	}
	if len(p.lens) == depth {
		if len(p.elems) > 0 {
			return p.malformed("Unexpected \"{\" character.")
		}
		p.lens = append(p.lens, -1)
	}
	p.rest = p.rest[1:]
	n := int32(0)
	for {
		p.skip()
		switch {
		case p.rest == "":
			return p.malformed("Unexpected end of input.")
		case p.rest[0] == '}' && n == 0:
			p.rest = p.rest[1:]
			return p.close(depth, n)
		case p.rest[0] == '{':
			if err := p.dimension(depth + 1); err != nil {
				return err
			}
		default:
			if err := p.element(depth); err != nil {
				return err
			}
		}
		n++
		p.skip()
		switch {
		case p.rest == "":
			return p.malformed("Unexpected end of input.")
		case p.rest[0] == ',' && len(p.elems) == 0:
			return p.malformed("Unexpected \",\" character.")
		case p.rest[0] == '}':
			p.rest = p.rest[1:]
			return p.close(depth, n)
		case p.rest[0] != ',':
			return p.malformed("Unexpected array element.")
		}
		p.rest = p.rest[1:]
		p.skip()
		if strings.HasPrefix(p.rest, "}") {
			return p.malformed("Unexpected \"}\" character.")
		}
	}
}

func (p *arrayParser) close(depth int, n int32) error {
	if p.lens[depth] >= 0 && p.lens[depth] != n {
		return p.malformed("Multidimensional arrays must have sub-arrays with matching dimensions.")
	}
	p.lens[depth] = n
	return nil
}

func (p *arrayParser) element(depth int) error {
	if depth != len(p.lens)-1 {
		return p.malformed("Unexpected array element.")
	}
	text, quoted, ok := p.scanElement()
	if !ok {
		return p.malformed("Unexpected end of input.")
	}
	if !quoted && text == "" {
		return p.malformed("Unexpected \"" + p.rest[:1] + "\" character.")
	}
	if !quoted && strings.EqualFold(text, "null") {
		p.elems = append(p.elems, Null)
		return nil
	}
	v, err := p.codec.ParseText(p.elem, text)
	p.elems = append(p.elems, v)
	return err
}

func (p *arrayParser) scanElement() (text string, quoted, ok bool) {
	var b strings.Builder
	inQuotes, keep := false, 0 // keep: bytes that trailing space must not be cut from
	for i := 0; i < len(p.rest); i++ {
		c := p.rest[i]
		switch {
		case c == '\\':
			i++
			if i == len(p.rest) {
				return "", false, false
			}
			b.WriteByte(p.rest[i])
			keep = b.Len()
		case c == '"' && !inQuotes && (quoted || b.Len() > 0):
			return "", false, false // an element is quoted as a whole
		case c == '"':
			inQuotes, quoted = !inQuotes, true
			keep = b.Len()
		case inQuotes:
			b.WriteByte(c)
			keep = b.Len()
		case c == ',' || c == '}' || c == '{':
			p.rest = p.rest[i:]
			return b.String()[:keep], quoted, true
		case quoted && !isSpace(c):
			return "", false, false
		default:
			b.WriteByte(c)
			if !isSpace(c) {
				keep = b.Len()
			}
		}
	}
	return "", false, false
}

// BoundsText prints dimensions as array_dims does: [1:3][0:1].
func BoundsText(dims []Dim) string {
	text := string(appendBounds(nil, dims))
	return strings.TrimSuffix(text, "=")
}
