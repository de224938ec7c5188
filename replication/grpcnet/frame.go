package grpcnet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"sync"

	"google.golang.org/grpc/mem"
)

// wireVersion is the version of everything this package sends. Nodes of two
// versions refuse each other by name.
const wireVersion = 1

// maxFrame is the largest frame that is sent or received, in bytes.
const maxFrame = 64 << 20

// copyBelow is the size of a payload from which on it is sent from where it
// lies, rather than copied into the frame.
const copyBelow = 8 << 10

// layout is a value with a place on the wire. One method describes it for both
// directions, so that they cannot part: it writes the value's fields or reads
// them, as the coder says.
type layout interface {
	code(c *coder)
	// size is an upper bound of the bytes it takes to write.
	size() int
}

// codec is gRPC's view of layouts.
type codec struct{ pool blockPool }

// Name is part of the content type, so a stranger's gRPC fails early.
func (*codec) Name() string { return "walle" }

// Marshal implements encoding.CodecV2.
func (k *codec) Marshal(v any) (mem.BufferSlice, error) {
	l, ok := v.(layout)
	if !ok {
		return nil, fmt.Errorf("grpcnet: %T has no layout", v)
	}
	block := k.pool.Get(l.size())
	c := coder{writing: true, b: (*block)[:0]}
	l.code(&c)
	if c.err != nil {
		return nil, c.err
	}
	*block = c.b
	return c.buffers(block, &k.pool), nil
}

// Unmarshal implements encoding.CodecV2. What it reads may alias the one buffer
// into which data is copied here; that is never used again for anything else.
func (*codec) Unmarshal(data mem.BufferSlice, v any) error {
	l, ok := v.(layout)
	if !ok {
		return fmt.Errorf("grpcnet: %T has no layout", v)
	}
	if s, ok := v.(interface{ buffer(n int) []byte }); ok {
		b := s.buffer(data.Len())
		data.CopyTo(b)
		return decode(b, l)
	}
	return decode(data.Materialize(), l)
}

// encode writes l into one piece.
func encode(l layout) []byte {
	c := coder{writing: true, copying: true}
	l.code(&c)
	return c.b
}

// decode reads l from all of b.
func decode(b []byte, l layout) error {
	c := coder{b: b}
	l.code(&c)
	if c.err == nil && len(c.b) > 0 {
		c.fail(fmt.Errorf("%d bytes too many", len(c.b)))
	}
	if c.err != nil {
		return fmt.Errorf("grpcnet: decode %T of %d bytes: %w", l, len(b), c.err)
	}
	return nil
}

// coder writes or reads the fields of a layout, in order. After an error it
// reads zeros.
type coder struct {
	writing bool
	b       []byte // writing: the bytes so far; reading: the bytes left
	copying bool   // writing: have no refs
	refs    []ref  // writing: payloads that are sent from where they lie
	err     error
}

// ref says that data comes before b[at:].
type ref struct {
	at   int
	data []byte
}

var errShort = errors.New("ends too early")

func (c *coder) fail(err error) {
	if c.err == nil {
		c.err = err
	}
	c.b = nil
}

// next cuts the next n bytes off; nil if there are not so many.
func (c *coder) next(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.fail(errShort)
		return nil
	}
	b := c.b[:n:n]
	c.b = c.b[n:]
	return b
}

// uvarint is a number that is mostly small.
func uvarint[T ~uint64 | ~uint](c *coder, v *T) {
	if c.writing {
		c.b = binary.AppendUvarint(c.b, uint64(*v))
		return
	}
	x, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.fail(errShort)
	}
	*v = T(x)
	c.next(max(n, 0))
}

// varint is a signed number that is mostly near 0.
func varint[T ~int64 | ~int](c *coder, v *T) {
	if c.writing {
		c.b = binary.AppendVarint(c.b, int64(*v))
		return
	}
	x, n := binary.Varint(c.b)
	if n <= 0 {
		c.fail(errShort)
	}
	*v = T(x)
	c.next(max(n, 0))
}

// word is eight bytes, for checksums and random identities.
func word[T ~uint64](c *coder, v *T) {
	if c.writing {
		c.b = binary.LittleEndian.AppendUint64(c.b, uint64(*v))
		return
	}
	*v = 0
	if b := c.next(8); b != nil {
		*v = T(binary.LittleEndian.Uint64(b))
	}
}

func octet[T ~uint8](c *coder, v *T) {
	if c.writing {
		c.b = append(c.b, uint8(*v))
		return
	}
	*v = 0
	if b := c.next(1); b != nil {
		*v = T(b[0])
	}
}

func flag(c *coder, v *bool) {
	var x uint8
	if *v {
		x = 1
	}
	octet(c, &x)
	if x > 1 {
		c.fail(fmt.Errorf("flag is %d", x))
	}
	*v = x == 1
}

// count is how many things follow that take at least size bytes each: never
// more than the bytes left can hold, so that it is safe to allocate them.
func count(c *coder, n *int, size int) {
	x := uint64(*n)
	uvarint(c, &x)
	if !c.writing && x > uint64(len(c.b)/size) {
		c.fail(fmt.Errorf("count %d of %d bytes each, %d bytes left", x, size, len(c.b)))
		x = 0
	}
	*n = int(x)
}

func text(c *coder, s *string) {
	n := len(*s)
	count(c, &n, 1)
	if c.writing {
		c.b = append(c.b, *s...)
		return
	}
	*s = string(c.next(n))
}

// payload is bytes that are not copied when there are many of them. Reading,
// they alias the coder's, and are never nil.
func payload(c *coder, p *[]byte) {
	n := len(*p)
	count(c, &n, 1)
	switch {
	case !c.writing:
		*p = c.next(n)
	case c.copying || n < copyBelow:
		c.b = append(c.b, *p...)
	default:
		c.refs = append(c.refs, ref{at: len(c.b), data: *p})
	}
}

// buffers is what was written, as gRPC wants it: the block, cut where payloads
// come between.
func (c *coder) buffers(block *[]byte, pool mem.BufferPool) mem.BufferSlice {
	buffer := mem.NewBuffer(block, pool)
	if len(c.refs) == 0 {
		return mem.BufferSlice{buffer}
	}
	out := make(mem.BufferSlice, 0, 2*len(c.refs)+1)
	done := 0
	for _, r := range c.refs {
		out = append(out, buffer.Slice(done, r.at), mem.SliceBuffer(r.data))
		done = r.at
	}
	if done < buffer.Len() {
		out = append(out, buffer.Slice(done, buffer.Len()))
	}
	buffer.Free() // its slices keep it
	return out
}

// blockPool keeps blocks of 2 KiB to 1 MiB, by powers of two. gRPC's own pools
// clear a block before each use, which costs more than to fill it.
type blockPool struct{ tiers [10]sync.Pool }

const smallestTier = 11 // 2 KiB

// Get implements mem.BufferPool.
func (p *blockPool) Get(n int) *[]byte {
	tier := max(bits.Len(uint(max(n-1, 0)))-smallestTier, 0)
	if n <= 1<<10 || tier >= len(p.tiers) {
		b := make([]byte, n)
		return &b
	}
	if b, ok := p.tiers[tier].Get().(*[]byte); ok {
		*b = (*b)[:n]
		return b
	}
	b := make([]byte, n, 1<<(smallestTier+tier))
	return &b
}

// Put implements mem.BufferPool. A block whose size is not a tier's was not
// pooled, and is left to the garbage collector.
func (p *blockPool) Put(b *[]byte) {
	tier := bits.Len(uint(cap(*b))) - 1 - smallestTier
	if tier >= 0 && tier < len(p.tiers) && cap(*b) == 1<<(smallestTier+tier) {
		p.tiers[tier].Put(b)
	}
}
