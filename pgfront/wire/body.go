package wire

import (
	"bytes"
	"encoding/binary"
)

// Body reads the fields of a message's body in their order. After the first one
// that is not there, all are zero and Valid is false; so a caller reads them all
// and asks once.
type Body struct {
	rest   []byte
	broken bool
}

// NewBody reads from body. What it returns of it is valid as long as body is.
func NewBody(body []byte) Body { return Body{rest: body} }

// Valid reports whether every field was there, and nothing is left.
func (b *Body) Valid() bool { return !b.broken && len(b.rest) == 0 }

// Broken reports whether a field was missing.
func (b *Body) Broken() bool { return b.broken }

// Bytes takes n bytes.
func (b *Body) Bytes(n int) []byte {
	if b.broken || n < 0 || n > len(b.rest) {
		b.broken = true
		return nil
	}
	out := b.rest[:n:n]
	b.rest = b.rest[n:]
	return out
}

// Byte takes one byte.
func (b *Body) Byte() byte {
	if f := b.Bytes(1); f != nil {
		return f[0]
	}
	return 0
}

// Int16 takes a number of two bytes.
func (b *Body) Int16() int16 {
	if f := b.Bytes(2); f != nil {
		return int16(binary.BigEndian.Uint16(f))
	}
	return 0
}

// Int32 takes a number of four bytes.
func (b *Body) Int32() int32 {
	if f := b.Bytes(4); f != nil {
		return int32(binary.BigEndian.Uint32(f))
	}
	return 0
}

// CString takes bytes up to a zero byte, which goes too.
func (b *Body) CString() []byte {
	n := bytes.IndexByte(b.rest, 0)
	if b.broken || n < 0 {
		b.broken = true
		return nil
	}
	return b.Bytes(n + 1)[:n]
}

// Value takes a length and so many bytes; nil for the length -1, which is null.
func (b *Body) Value() []byte {
	n := b.Int32()
	if n == -1 {
		return nil
	}
	if f := b.Bytes(int(n)); f != nil || n != 0 {
		return f
	}
	return []byte{}
}

// Int16s takes a count and so many numbers of two bytes. It appends to dst.
func (b *Body) Int16s(dst []int16) []int16 {
	n := int(uint16(b.Int16()))
	if n*2 > len(b.rest) {
		b.broken = true
	}
	for i := 0; i < n && !b.broken; i++ {
		dst = append(dst, b.Int16())
	}
	return dst
}
