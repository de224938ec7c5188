package explore

import (
	"encoding/binary"
	"iter"
	"slices"
	"sync"
)

// trail remembers of each world from which one it was met, and by which of the
// actions there: enough to tell the way to it.
type trail struct {
	mu     sync.Mutex
	count  uint64
	chunks []*trailChunk
}

const trailChunkSize = 1 << 20

type trailChunk struct {
	from   [trailChunkSize]uint32
	choice [trailChunkSize]uint16
}

// add returns the number of a new world. The first comes from itself.
func (t *trail) add(from uint32, choice uint16) uint32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.count%trailChunkSize == 0 {
		t.chunks = append(t.chunks, new(trailChunk))
	}
	n := t.count
	t.count++
	c := t.chunks[n/trailChunkSize]
	c.from[n%trailChunkSize], c.choice[n%trailChunkSize] = from, choice
	return uint32(n)
}

// to lists the choices that lead from the first world to number n.
func (t *trail) to(n uint32) (choices []uint16) {
	for n > 0 {
		c := t.chunks[n/trailChunkSize]
		choices = append(choices, c.choice[n%trailChunkSize])
		n = c.from[n%trailChunkSize]
	}
	slices.Reverse(choices)
	return choices
}

func (t *trail) len() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.count
}

func (t *trail) bytes() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.chunks) * 6 * trailChunkSize
}

// block is some worlds of one level, packed: each its number, its length, and its
// words as differences, most of which are small.
type block struct {
	count int
	bytes []byte
}

// blockWorlds is how many worlds a block has.
const blockWorlds = 1 << 12

func (b *block) add(number uint32, w world) {
	b.count++
	b.bytes = binary.AppendUvarint(b.bytes, uint64(number))
	b.bytes = binary.AppendUvarint(b.bytes, uint64(len(w)))
	var last uint32
	for _, v := range w {
		b.bytes = binary.AppendVarint(b.bytes, int64(v)-int64(last))
		last = v
	}
}

// worlds yields each world and its number. The world is good until the next.
func (b *block) worlds() iter.Seq2[uint32, world] {
	return func(yield func(uint32, world) bool) {
		var w world
		for at := 0; at < len(b.bytes); {
			next := func() uint64 {
				v, n := binary.Uvarint(b.bytes[at:])
				at += n
				return v
			}
			number := uint32(next())
			w = w[:0]
			var last int64
			for range next() {
				v, n := binary.Varint(b.bytes[at:])
				at += n
				last += v
				w = append(w, uint32(last))
			}
			if !yield(number, w) {
				return
			}
		}
	}
}
