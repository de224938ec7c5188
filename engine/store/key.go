package store

import (
	"encoding/binary"
	"math"

	"walle/replication"
)

// The spaces of the key space, by a key's first byte. See the package comment.
const (
	metaSpace   = 0x01
	stateSpace  = 0x02
	commitSpace = 0x03
	entrySpace  = 0x04
)

const (
	streamKeySize = 1 + 8     // of the state and commit spaces
	entryKeySize  = 1 + 8 + 8 // of the entry space
	lastEntryID   = replication.EntryID(math.MaxUint64)
)

// appendMetaKey appends the key of a record of this directory's owner.
func appendMetaKey(dst []byte, name string) []byte {
	return append(append(dst, metaSpace), name...)
}

// appendStreamKey appends the key of a stream's state or commit.
func appendStreamKey(dst []byte, space byte, id replication.StreamID) []byte {
	return binary.BigEndian.AppendUint64(append(dst, space), uint64(id))
}

// appendEntryKey appends the key of an entry. Big endian, so that the order of
// keys is that of numbers.
func appendEntryKey(dst []byte, stream replication.StreamID, id replication.EntryID) []byte {
	dst = appendStreamKey(dst, entrySpace, stream)
	return binary.BigEndian.AppendUint64(dst, uint64(id))
}

// appendEntryKeyAfter appends the least key above an entry's: an exclusive
// bound that exists for the greatest id too.
func appendEntryKeyAfter(dst []byte, stream replication.StreamID, id replication.EntryID) []byte {
	return append(appendEntryKey(dst, stream, id), 0)
}

// streamOfKey reads the stream back from a key of the state or commit space.
func streamOfKey(key []byte) (id replication.StreamID, ok bool) {
	if len(key) != streamKeySize {
		return 0, false
	}
	return replication.StreamID(binary.BigEndian.Uint64(key[1:])), true
}

// streamOfPrefix reads the stream from any key of the state, commit or entry
// space.
func streamOfPrefix(key []byte) (id replication.StreamID, ok bool) {
	if len(key) < streamKeySize {
		return 0, false
	}
	return streamOfKey(key[:streamKeySize])
}

// entryOfKey reads the entry's id back from a key of the entry space.
func entryOfKey(key []byte) (id replication.EntryID, ok bool) {
	if len(key) != entryKeySize {
		return 0, false
	}
	return replication.EntryID(binary.BigEndian.Uint64(key[1+8:])), true
}
