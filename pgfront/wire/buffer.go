package wire

import (
	"encoding/binary"
	"fmt"

	"github.com/jackc/pgproto3/v2"
)

// Buffer gathers messages for a client. The zero value is empty. One goroutine
// uses it.
type Buffer struct {
	buf []byte
	err error
}

// Send adds a message. One that cannot be encoded is left out, and Err says so.
func (b *Buffer) Send(m pgproto3.BackendMessage) {
	buf, err := m.Encode(b.buf)
	if err != nil {
		b.err = fmt.Errorf("encode %T: %w", m, err)
		return
	}
	b.buf = buf
}

// Err is the last message's that could not be encoded.
func (b *Buffer) Err() error { return b.err }

// Begin starts a message of the given kind and returns the buffer; the caller
// appends the body and hands the result to End. It saves the copy that building
// a message apart would cost.
func (b *Buffer) Begin(kind byte) (buf []byte, mark int) {
	return append(b.buf, kind, 0, 0, 0, 0), len(b.buf)
}

// End completes the message that Begin started. A message that is abandoned
// between the two leaves no trace.
func (b *Buffer) End(buf []byte, mark int) {
	binary.BigEndian.PutUint32(buf[mark+1:], uint32(len(buf)-mark-1))
	b.buf = buf
}

// Raw adds bytes that are whole messages already.
func (b *Buffer) Raw(messages []byte) { b.buf = append(b.buf, messages...) }

// Len is how many bytes there are.
func (b *Buffer) Len() int { return len(b.buf) }

// Bytes are the messages. They are valid until the buffer is used again.
func (b *Buffer) Bytes() []byte { return b.buf }

// Truncate drops what was added after the buffer had n bytes.
func (b *Buffer) Truncate(n int) { b.buf = b.buf[:n] }

// keptCapacity is how much memory an empty buffer holds on to.
const keptCapacity = 256 << 10

// Reset empties the buffer.
func (b *Buffer) Reset() {
	b.buf = b.buf[:0]
	if cap(b.buf) > keptCapacity {
		b.buf = nil
	}
}
