package storetest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"walle/replication"
)

// Log makes the entries of a stream, each sealed and chained to the one before.
type Log struct {
	Prev replication.Position
	Term replication.Term
	Wall int64 // AppendedAt of the last entry; each is 10 later
	Tag  string
}

// Next returns the next n entries. Their data tell term, id and tag, and are of
// various sizes.
func (l *Log) Next(n int) []replication.Entry {
	entries := make([]replication.Entry, n)
	for i := range entries {
		entries[i] = l.one(fmt.Appendf(nil, "%s%d@%d%0*d", l.Tag, l.Prev.ID+1, l.Term, int(l.Prev.ID%7)*3, 0))
	}
	return entries
}

// Sized returns the next n entries, of size bytes of data each.
func (l *Log) Sized(n, size int) []replication.Entry {
	entries := make([]replication.Entry, n)
	for i := range entries {
		data := make([]byte, size)
		copy(data, fmt.Appendf(nil, "%s%d", l.Tag, l.Prev.ID+1))
		entries[i] = l.one(data)
	}
	return entries
}

// Noise returns the next n entries, of size bytes of data each that cannot be
// compressed.
func (l *Log) Noise(n, size int) []replication.Entry { return l.noisy(n, size, size) }

// MarkBytes is how many bytes of an entry's data are its mark.
const MarkBytes = 32

// Marked returns the next n entries, of size bytes of data each. The first of
// them are a mark, which no other entry has, and which stands in a table as it
// is: so Damage finds it. The rest is nothing, since Pebble looks long at a
// large block that is damaged.
func (l *Log) Marked(n, size int) []replication.Entry { return l.noisy(n, MarkBytes, size) }

// noisy makes entries of size bytes of data each, of which the first cannot be
// compressed.
func (l *Log) noisy(n, noise, size int) []replication.Entry {
	entries := make([]replication.Entry, n)
	for i := range entries {
		data := make([]byte, size)
		var seed [32]byte
		binary.LittleEndian.PutUint64(seed[:], uint64(l.Prev.ID))
		rand.NewChaCha8(seed).Read(data[:noise]) // never fails
		entries[i] = l.one(data)
	}
	return entries
}

func (l *Log) one(data []byte) replication.Entry {
	l.Wall += 10
	e := replication.Entry{
		ID: l.Prev.ID + 1, Term: l.Term, AppendedAt: l.Wall,
		GroupEnd: l.Prev.ID%3 == 0, Data: data,
	}
	e.Seal(l.Prev.Chain)
	l.Prev = e.Position()
	return e
}
