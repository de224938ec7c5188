package bench

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"

	"github.com/jackc/pgx/v5"
)

// copies are COPYs of bounded size, one after the other on one session.
type copies struct{}

// copyBytes is the data of one COPY: enough that its end costs nothing, and not so
// much that what is counted at its end comes in jumps.
const copyBytes = 8 << 20

func (copies) prepare(ctx context.Context, s *site, p params) (work, error) {
	conn, err := s.connect(ctx, 0)
	if err != nil {
		return nil, err
	}
	stream, err := s.claimed(ctx, conn)
	if err != nil {
		return nil, err
	}
	input := newCopyInput(p, copyBytes/int((p.size.least+p.size.most)/2)+1)
	return func(ctx context.Context, r *recorder) error {
		for ctx.Err() == nil && r.take(1) == 1 {
			if err := input.send(context.WithoutCancel(ctx), conn, stream); err != nil {
				return err
			}
			r.record(r.now(), op{start: unmeasured, entries: input.rows, bytes: input.bytes})
		}
		return nil
	}, nil
}

// copyInput is what COPY reads: made once, sent often.
type copyInput struct {
	text        []byte
	options     string
	rows, bytes int
}

func newCopyInput(p params, rows int) copyInput {
	in := copyInput{rows: rows}
	data := newPayloads(p.size, 2)
	if p.binary {
		in.options = " WITH (FORMAT binary)"
		in.text = append(in.text, "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	}
	for range rows {
		d := data.next()
		in.bytes += len(d)
		if p.binary {
			in.text = binary.BigEndian.AppendUint16(in.text, 1) // columns
			in.text = binary.BigEndian.AppendUint32(in.text, uint32(len(d)))
			in.text = append(in.text, d...)
		} else {
			in.text = append(in.text, `\\x`...)
			in.text = hex.AppendEncode(in.text, d)
			in.text = append(in.text, '\n')
		}
	}
	if p.binary {
		in.text = binary.BigEndian.AppendUint16(in.text, 1<<16-1)
	}
	return in
}

func (in *copyInput) send(ctx context.Context, conn *pgx.Conn, stream string) error {
	_, err := conn.PgConn().CopyFrom(ctx, bytes.NewReader(in.text), "COPY "+stream+" (data) FROM STDIN"+in.options)
	return err
}
