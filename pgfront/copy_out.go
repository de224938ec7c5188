package pgfront

import (
	"context"
	"encoding/binary"

	"walle/pgfront/query"
)

// copySignature begins a COPY in binary format: then come 4 bytes of flags, and
// the length of an extension.
const copySignature = "PGCOPY\n\xff\r\n\x00"

// copyTo sends the rows of a query as CopyData, one message a row.
func (s *session) copyTo(ctx context.Context, p *copyPlan) error {
	r, err := p.source.run(ctx, nil)
	if err != nil {
		return err
	}
	defer r.rows.Close()
	out := &copyOut{session: s, options: p.options, fields: p.source.columns()}
	out.begin()
	n := int64(0)
	for r.rows.Next(ctx) {
		if err := out.row(r.rows.Row()); err != nil {
			return err
		}
		n++
		if err := s.spill(); err != nil {
			return err
		}
	}
	if err := r.rows.Err(); err != nil {
		return err
	}
	out.end()
	s.sendTag(countedTag("COPY", n))
	return nil
}

// copyOut writes rows in one of COPY's formats.
type copyOut struct {
	session *session
	options copyOptions
	fields  []query.Field
	head    string // of the binary format, until it is sent with the first row: drivers look for it there
	scratch []byte
}

// begin sends CopyOutResponse and the header of text and csv, if there is one.
func (c *copyOut) begin() {
	out := &c.session.out
	buf, mark := out.Begin('H')
	out.End(appendCopyFormats(buf, c.options.format, len(c.fields)), mark)
	switch {
	case c.options.format == copyBinary:
		c.head = copySignature + "\x00\x00\x00\x00\x00\x00\x00\x00" // no flags, no extension
	case c.options.header:
		buf, mark := out.Begin('d')
		for i, f := range c.fields {
			buf = c.separate(buf, i)
			buf = c.appendField(buf, []byte(f.Name), false)
		}
		out.End(append(buf, '\n'), mark)
	}
}

// appendCopyFormats adds the body of CopyInResponse and CopyOutResponse.
func appendCopyFormats(buf []byte, f copyFormat, columns int) []byte {
	buf = append(buf, f.wire())
	buf = binary.BigEndian.AppendUint16(buf, uint16(columns))
	for range columns {
		buf = append(buf, 0, f.wire())
	}
	return buf
}

func (c *copyOut) separate(buf []byte, column int) []byte {
	if column == 0 {
		return buf
	}
	return append(buf, c.options.delimiter)
}

func (c *copyOut) row(row []query.Value) (err error) {
	out := &c.session.out
	buf, mark := out.Begin('d')
	if c.options.format == copyBinary {
		if buf, err = c.appendBinaryRow(append(buf, c.head...), row); err != nil {
			return err
		}
		c.head = ""
		out.End(buf, mark)
		return nil
	}
	codec := c.session.codecNow()
	for i, f := range c.fields {
		buf = c.separate(buf, i)
		if row[i].IsNull() {
			buf = append(buf, c.options.null...)
			continue
		}
		c.scratch = codec.AppendText(c.scratch[:0], f.Type, row[i])
		buf = c.appendField(buf, c.scratch, c.options.forceAll || c.options.forceQuote[f.Name])
	}
	out.End(append(buf, '\n'), mark)
	return nil
}

func (c *copyOut) appendBinaryRow(buf []byte, row []query.Value) ([]byte, error) {
	codec := c.session.codecNow()
	buf = binary.BigEndian.AppendUint16(buf, uint16(len(c.fields)))
	for i, f := range c.fields {
		if row[i].IsNull() {
			buf = binary.BigEndian.AppendUint32(buf, ^uint32(0))
			continue
		}
		at := len(buf)
		var err error
		if buf, err = codec.AppendBinary(append(buf, 0, 0, 0, 0), f.Type, row[i]); err != nil {
			return buf, err
		}
		binary.BigEndian.PutUint32(buf[at:], uint32(len(buf)-at-4))
	}
	return buf, nil
}

// end sends the trailer and CopyDone.
func (c *copyOut) end() {
	out := &c.session.out
	if c.options.format == copyBinary {
		buf, mark := out.Begin('d')
		out.End(append(append(buf, c.head...), 0xff, 0xff), mark)
	}
	buf, mark := out.Begin('c')
	out.End(buf, mark)
}

// appendField adds a value in text or csv format.
func (c *copyOut) appendField(buf, value []byte, force bool) []byte {
	if c.options.format == copyCSV {
		return c.appendCSV(buf, value, force)
	}
	for _, b := range value {
		switch b {
		case '\\':
			buf = append(buf, '\\', '\\')
		case '\n':
			buf = append(buf, '\\', 'n')
		case '\r':
			buf = append(buf, '\\', 'r')
		case '\t':
			buf = append(buf, '\\', 't')
		case '\b':
			buf = append(buf, '\\', 'b')
		case '\f':
			buf = append(buf, '\\', 'f')
		case '\v':
			buf = append(buf, '\\', 'v')
		case c.options.delimiter:
			buf = append(buf, '\\', b)
		default:
			buf = append(buf, b)
		}
	}
	return buf
}

func (c *copyOut) appendCSV(buf, value []byte, force bool) []byte {
	o := &c.options
	quoted := force || string(value) == o.null || len(c.fields) == 1 && string(value) == `\.`
	for _, b := range value {
		quoted = quoted || b == o.delimiter || b == o.quote || b == '\n' || b == '\r'
	}
	if !quoted {
		return append(buf, value...)
	}
	buf = append(buf, o.quote)
	for _, b := range value {
		if b == o.quote || b == o.escape {
			buf = append(buf, o.escape)
		}
		buf = append(buf, b)
	}
	return append(buf, o.quote)
}
