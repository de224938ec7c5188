package pgfront

import (
	"context"
	"encoding/binary"
	"strconv"

	"walle/engine"
	"walle/pgfront/query"
	"walle/pgfront/query/datum"
)

// result is what a statement has come to.
type result struct {
	rows    query.Rows // nil: it returns none
	tag     string
	counted bool // the tag ends in the number of rows
	// late makes the rows once the outcome of the append is known, instead of rows.
	late func(context.Context, engine.AppendResult) ([][]query.Value, error)
}

// rowResult is a result of rows that are all there. Its tag counts them.
func rowResult(tag string, rows ...[]query.Value) *result {
	return &result{rows: &rowList{rows: rows}, tag: tag, counted: true}
}

// rowList is rows in memory.
type rowList struct {
	rows [][]query.Value
	row  []query.Value
}

func (r *rowList) Next(context.Context) bool {
	if len(r.rows) == 0 {
		return false
	}
	r.row, r.rows = r.rows[0], r.rows[1:]
	return true
}

func (r *rowList) Row() []query.Value { return r.row }
func (r *rowList) Err() error         { return nil }
func (r *rowList) Close() error       { r.rows = nil; return nil }

// field describes a column that belongs to no relation.
func field(name string, typ query.OID) query.Field {
	size := int16(-1)
	switch typ {
	case datum.BoolOID:
		size = 1
	case datum.Int4OID, datum.OIDOID:
		size = 4
	case datum.Int8OID, datum.TimestamptzOID:
		size = 8
	}
	return query.Field{Name: name, Type: typ, Size: size, Typmod: -1}
}

// sendRowDescription describes rows; formats are as Bind gave them.
func (s *session) sendRowDescription(fields []query.Field, formats []int16) {
	buf, mark := s.out.Begin('T')
	buf = binary.BigEndian.AppendUint16(buf, uint16(len(fields)))
	for i, f := range fields {
		buf = append(append(buf, f.Name...), 0)
		buf = binary.BigEndian.AppendUint32(buf, uint32(f.TableOID))
		buf = binary.BigEndian.AppendUint16(buf, uint16(f.Column))
		buf = binary.BigEndian.AppendUint32(buf, uint32(f.Type))
		buf = binary.BigEndian.AppendUint16(buf, uint16(f.Size))
		buf = binary.BigEndian.AppendUint32(buf, uint32(f.Typmod))
		buf = binary.BigEndian.AppendUint16(buf, uint16(formatOf(formats, i)))
	}
	s.out.End(buf, mark)
}

// formatOf is the format of column i: one format stands for all columns, none
// for text.
func formatOf(formats []int16, i int) int16 {
	switch len(formats) {
	case 0:
		return datum.TextFormat
	case 1:
		return formats[0]
	}
	return formats[i]
}

// sendRow adds a DataRow. One that cannot be encoded leaves no trace.
func (s *session) sendRow(fields []query.Field, formats []int16, row []query.Value) error {
	codec := s.codecNow()
	buf, mark := s.out.Begin('D')
	buf = binary.BigEndian.AppendUint16(buf, uint16(len(fields)))
	for i, f := range fields {
		v := row[i]
		if v.IsNull() {
			buf = binary.BigEndian.AppendUint32(buf, ^uint32(0))
			continue
		}
		at := len(buf)
		buf = append(buf, 0, 0, 0, 0)
		if formatOf(formats, i) == datum.TextFormat {
			buf = codec.AppendText(buf, f.Type, v)
		} else {
			var err error
			if buf, err = codec.AppendBinary(buf, f.Type, v); err != nil {
				return err
			}
		}
		binary.BigEndian.PutUint32(buf[at:], uint32(len(buf)-at-4))
	}
	s.out.End(buf, mark)
	return nil
}

// codecNow is the codec for the settings as they are.
func (s *session) codecNow() *query.Codec {
	if s.codec == nil {
		s.codec = query.NewCodec(s.env(&resolver{session: s}, nil))
	}
	return s.codec
}

func (s *session) sendTag(tag string) {
	buf, mark := s.out.Begin('C')
	s.out.End(append(append(buf, tag...), 0), mark)
}

// countedTag is a tag with a number of rows.
func countedTag(tag string, n int64) string { return tag + " " + strconv.FormatInt(n, 10) }

// sendRows sends up to most rows of a portal, all if most is 0; it returns how many, and
// whether that was the end.
func (s *session) sendRows(ctx context.Context, p *portal, most int64) (n int64, ended bool, err error) {
	fields := p.prepared.plan.columns()
	for most == 0 || n < most {
		if !p.result.rows.Next(ctx) {
			return n, true, p.result.rows.Err()
		}
		if err := s.sendRow(fields, p.formats, p.result.rows.Row()); err != nil {
			return n, false, err
		}
		n++
		if err := s.spill(); err != nil {
			return n, false, err
		}
	}
	return n, false, nil
}
