package wire

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/jackc/pgproto3/v2"
)

// flushAt is how much output is gathered before it is written unasked.
const flushAt = 64 << 10

// Writer gathers messages and writes them at Flush, or when there are many. An
// error of the connection sticks. One goroutine uses it.
type Writer struct {
	dst io.Writer
	buf []byte
	err error
}

// NewWriter writes to dst.
func NewWriter(dst io.Writer) *Writer { return &Writer{dst: dst, buf: make([]byte, 0, 4<<10)} }

// Send adds a message. One that cannot be encoded breaks the connection.
func (w *Writer) Send(m pgproto3.BackendMessage) {
	buf, err := m.Encode(w.buf)
	if err != nil {
		w.err = errors.Join(w.err, err)
		return
	}
	w.buf = buf
	w.spill()
}

// Begin starts a message of the given kind in the buffer and returns it; the
// caller appends the body and hands the result to End. It saves the copy that
// building a message apart would cost.
func (w *Writer) Begin(kind byte) (buf []byte, mark int) {
	mark = len(w.buf)
	return append(w.buf, kind, 0, 0, 0, 0), mark
}

// End completes the message that Begin started.
func (w *Writer) End(buf []byte, mark int) {
	binary.BigEndian.PutUint32(buf[mark+1:], uint32(len(buf)-mark-1))
	w.buf = buf
	w.spill()
}

// Raw adds bytes that are whole messages already.
func (w *Writer) Raw(messages []byte) {
	w.buf = append(w.buf, messages...)
	w.spill()
}

// Pending is how many bytes wait for a Flush.
func (w *Writer) Pending() int { return len(w.buf) }

// Err is the connection's first error.
func (w *Writer) Err() error { return w.err }

func (w *Writer) spill() {
	if len(w.buf) >= flushAt {
		w.Flush()
	}
}

// Flush writes what was gathered.
func (w *Writer) Flush() error {
	if w.err == nil && len(w.buf) > 0 {
		_, w.err = w.dst.Write(w.buf)
	}
	w.buf = w.buf[:0]
	if cap(w.buf) > 4*flushAt {
		w.buf = nil
	}
	return w.err
}
