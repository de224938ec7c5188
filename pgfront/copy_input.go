package pgfront

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"walle/pgfront/query"
)

// copyInput cuts what a client copies in into rows.
type copyInput interface {
	// row takes the next row from buf. It returns the fields, nil for null, and
	// how many bytes they took; 0 if the row has not arrived as a whole. A row
	// without fields is none: a header, or the end of the data. With last set
	// nothing follows buf.
	row(buf []byte, last bool) (fields [][]byte, n int, err error)
}

func newCopyInput(o copyOptions, columns []string) copyInput {
	switch o.format {
	case copyCSV:
		return &csvInput{options: o, columns: columns, header: o.header}
	case copyBinary:
		return &binaryInput{columns: columns}
	}
	return &textInput{options: o, columns: columns, header: o.header}
}

func badCopy(format string, args ...any) error {
	return &query.Error{Code: "22P04", Message: fmt.Sprintf(format, args...)}
}

// checkFields compares a row with the columns that are copied.
func checkFields(fields [][]byte, columns []string) error {
	switch {
	case len(fields) > len(columns):
		return badCopy("extra data after last expected column")
	case len(fields) < len(columns):
		return badCopy("missing data for column \"%s\"", columns[len(fields)])
	}
	return nil
}

// checkHeader is for HEADER MATCH.
func checkHeader(fields [][]byte, columns []string, null string) error {
	if len(fields) != len(columns) {
		return badCopy("wrong number of fields in header line: got %d, expected %d", len(fields), len(columns))
	}
	for i, f := range fields {
		switch {
		case f == nil:
			return badCopy("column name mismatch in header line field %d: got null value (\"%s\"), expected \"%s\"", i+1, null, columns[i])
		case string(f) != columns[i]:
			return badCopy("column name mismatch in header line field %d: got \"%s\", expected \"%s\"", i+1, f, columns[i])
		}
	}
	return nil
}

// textInput reads lines of fields apart by tabs, with backslashes.
type textInput struct {
	options copyOptions
	columns []string
	header  bool // is yet to come
	ended   bool // \. was read
	fields  [][]byte
	buf     []byte // of fields without backslashes
}

func (t *textInput) row(buf []byte, last bool) ([][]byte, int, error) {
	end := lineEnd(buf)
	n := end + 1
	if end < 0 {
		if !last || len(buf) == 0 {
			return nil, 0, nil
		}
		end, n = len(buf), len(buf)
	}
	line := bytes.TrimSuffix(buf[:end], []byte{'\r'})
	switch {
	case t.ended:
		return nil, n, nil
	case t.header && t.options.match:
		t.header = false
		t.split(line)
		return nil, n, checkHeader(t.fields, t.columns, t.options.null)
	case t.header:
		t.header = false
		return nil, n, nil
	case string(line) == `\.`:
		t.ended = true
		return nil, n, nil
	}
	t.split(line)
	return t.fields, n, checkFields(t.fields, t.columns)
}

// lineEnd is the index of the first newline without a backslash before it.
func lineEnd(buf []byte) int {
	for from := 0; ; {
		i := bytes.IndexByte(buf[from:], '\n')
		if i < 0 {
			return -1
		}
		i += from
		slashes := 0
		for j := i - 1; j >= 0 && buf[j] == '\\'; j-- {
			slashes++
		}
		if slashes%2 == 0 {
			return i
		}
		from = i + 1
	}
}

// split cuts a line into fields.
func (t *textInput) split(line []byte) {
	t.fields, t.buf = t.fields[:0], t.buf[:0]
	if cap(t.buf) < len(line) { // so that fields stay where they are
		t.buf = make([]byte, 0, 2*len(line))
	}
	if bytes.IndexByte(line, t.options.delimiter) < 0 {
		t.fields = append(t.fields, t.field(line))
		return
	}
	for start, i := 0, 0; ; i++ {
		if i < len(line) && line[i] == '\\' {
			i++
			continue
		}
		if i >= len(line) || line[i] == t.options.delimiter {
			t.fields = append(t.fields, t.field(line[start:min(i, len(line))]))
			start = i + 1
		}
		if i >= len(line) {
			return
		}
	}
}

// field resolves the backslashes of one field.
func (t *textInput) field(raw []byte) []byte {
	if string(raw) == t.options.null {
		return nil
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw
	}
	start := len(t.buf)
	for {
		i := bytes.IndexByte(raw, '\\')
		if i < 0 || i+1 == len(raw) { // none, or one that nothing follows
			t.buf = append(t.buf, raw...)
			return t.buf[start:len(t.buf):len(t.buf)]
		}
		c, n := unescape(raw[i+1:])
		t.buf = append(append(t.buf, raw[:i]...), c)
		raw = raw[i+1+n:]
	}
}

// unescape reads what stands behind a backslash: the byte meant, and the length.
func unescape(s []byte) (c byte, n int) {
	switch s[0] {
	case 'b':
		return '\b', 1
	case 'f':
		return '\f', 1
	case 'n':
		return '\n', 1
	case 'r':
		return '\r', 1
	case 't':
		return '\t', 1
	case 'v':
		return '\v', 1
	case 'x':
		if c, n := digits(s[1:], 16, 2); n > 0 {
			return c, n + 1
		}
	case '0', '1', '2', '3', '4', '5', '6', '7':
		return digits(s, 8, 3)
	}
	return s[0], 1
}

// digits reads up to most digits.
func digits(s []byte, base, most int) (c byte, n int) {
	value := 0
	for n < most && n < len(s) {
		d := bytes.IndexByte([]byte("0123456789abcdef"), s[n]|0x20)
		if s[n] >= '0' && s[n] <= '9' {
			d = int(s[n] - '0')
		}
		if d < 0 || d >= base {
			break
		}
		value = value*base + d
		n++
	}
	return byte(value), n
}

// csvInput reads comma-separated values.
type csvInput struct {
	options copyOptions
	columns []string
	header  bool
	ended   bool
	fields  [][]byte
	buf     []byte
}

func (c *csvInput) row(buf []byte, last bool) ([][]byte, int, error) {
	end, n := c.rowEnd(buf)
	if end < 0 {
		if !last || len(buf) == 0 {
			return nil, 0, nil
		}
		if n < 0 {
			return nil, 0, badCopy("unterminated CSV quoted field")
		}
		end, n = len(buf), len(buf)
	}
	line := bytes.TrimSuffix(buf[:end], []byte{'\r'})
	switch {
	case c.ended:
		return nil, n, nil
	case c.header && c.options.match:
		c.header = false
		c.split(line)
		return nil, n, checkHeader(c.fields, c.columns, c.options.null)
	case c.header:
		c.header = false
		return nil, n, nil
	case string(line) == `\.`:
		c.ended = true
		return nil, n, nil
	}
	c.split(line)
	return c.fields, n, checkFields(c.fields, c.columns)
}

// rowEnd finds the newline that is not in quotes; without one, n is -1 if a quote
// is open.
func (c *csvInput) rowEnd(buf []byte) (end, n int) {
	quoted := false
	for i := 0; i < len(buf); i++ {
		switch b := buf[i]; {
		case quoted && b == c.options.escape && i+1 < len(buf) && (buf[i+1] == c.options.quote || buf[i+1] == c.options.escape):
			i++
		case b == c.options.quote:
			quoted = !quoted
		case b == '\n' && !quoted:
			return i, i + 1
		}
	}
	if quoted {
		return -1, -1
	}
	return -1, 0
}

func (c *csvInput) split(line []byte) {
	c.fields, c.buf = c.fields[:0], c.buf[:0]
	if cap(c.buf) < len(line) {
		c.buf = make([]byte, 0, 2*len(line))
	}
	start, quoted, wasQuoted := 0, false, false
	for i := 0; ; i++ {
		if i == len(line) || line[i] == c.options.delimiter && !quoted {
			c.end(start, wasQuoted)
			start, wasQuoted = len(c.buf), false
			if i == len(line) {
				return
			}
			continue
		}
		switch b := line[i]; {
		case quoted && b == c.options.escape && i+1 < len(line) && (line[i+1] == c.options.quote || line[i+1] == c.options.escape):
			i++
			c.buf = append(c.buf, line[i])
		case b == c.options.quote:
			quoted, wasQuoted = !quoted, true
		default:
			c.buf = append(c.buf, b)
		}
	}
}

// end completes a field. What stands for null does so without quotes only.
func (c *csvInput) end(start int, quoted bool) {
	field := c.buf[start:len(c.buf):len(c.buf)]
	if !quoted && string(field) == c.options.null {
		field = nil
	} else if field == nil {
		field = []byte{}
	}
	c.fields = append(c.fields, field)
}

// binaryInput reads COPY's binary format.
type binaryInput struct {
	columns []string
	started bool
	ended   bool
	fields  [][]byte
}

const copyHeaderSize = len(copySignature) + 8

func (b *binaryInput) row(buf []byte, last bool) ([][]byte, int, error) {
	short := func() ([][]byte, int, error) {
		if last {
			return nil, 0, badCopy("unexpected EOF in COPY data")
		}
		return nil, 0, nil
	}
	switch {
	case b.ended:
		return nil, len(buf), nil
	case !b.started:
		return b.start(buf, short)
	case len(buf) == 0:
		return nil, 0, nil // the trailer may be missing: pgx sends none, and PostgreSQL does not ask for it
	case len(buf) < 2:
		return short()
	}
	count := int(int16(binary.BigEndian.Uint16(buf)))
	if count == -1 {
		b.ended = true
		return nil, 2, nil
	}
	if count != len(b.columns) {
		return nil, 0, badCopy("row field count is %d, expected %d", count, len(b.columns))
	}
	b.fields = b.fields[:0]
	at := 2
	for range count {
		if len(buf) < at+4 {
			return short()
		}
		size := int(int32(binary.BigEndian.Uint32(buf[at:])))
		at += 4
		switch {
		case size == -1:
			b.fields = append(b.fields, nil)
			continue
		case size < 0:
			return nil, 0, badCopy("invalid field size")
		case len(buf) < at+size:
			return short()
		}
		b.fields = append(b.fields, buf[at:at+size:at+size])
		at += size
	}
	return b.fields, at, nil
}

// start reads the header.
func (b *binaryInput) start(buf []byte, short func() ([][]byte, int, error)) ([][]byte, int, error) {
	if len(buf) < copyHeaderSize {
		return short()
	}
	if string(buf[:len(copySignature)]) != copySignature {
		return nil, 0, badCopy("COPY file signature not recognized")
	}
	extension := int64(binary.BigEndian.Uint32(buf[copyHeaderSize-4:]))
	switch n := int64(copyHeaderSize) + extension; {
	case extension > copyExtensionMost:
		return nil, 0, badCopy("invalid COPY file header")
	case int64(len(buf)) < n:
		return short()
	default:
		b.started = true
		return nil, int(n), nil
	}
}

const copyExtensionMost = 1 << 16
