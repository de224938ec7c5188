package store

import (
	"encoding/binary"
	"fmt"

	"walle/replication"
)

const (
	entryVersion    = 1
	entryHeaderSize = 34
	flagGroupEnd    = 1 << 0
)

// entryValueSize is the size of e's value.
func entryValueSize(e *replication.Entry) int { return entryHeaderSize + len(e.Data) }

// encodeEntry writes e's value into dst, which has entryValueSize bytes. The id
// stands in the key.
func encodeEntry(dst []byte, e *replication.Entry) {
	dst[0] = entryVersion
	dst[1] = 0
	if e.GroupEnd {
		dst[1] |= flagGroupEnd
	}
	binary.LittleEndian.PutUint64(dst[2:], uint64(e.Term))
	binary.LittleEndian.PutUint64(dst[10:], uint64(e.AppendedAt))
	binary.LittleEndian.PutUint64(dst[18:], uint64(e.Sum))
	binary.LittleEndian.PutUint64(dst[26:], uint64(e.Chain))
	copy(dst[entryHeaderSize:], e.Data)
}

// decodeEntry reads into e the value of entry id. Data points into value. The
// entry's checksum is not compared: that is Entry.Check's.
func decodeEntry(e *replication.Entry, id replication.EntryID, value []byte) error {
	if len(value) < entryHeaderSize {
		return fmt.Errorf("value of %d bytes is shorter than its header of %d", len(value), entryHeaderSize)
	}
	if value[0] != entryVersion {
		return fmt.Errorf("value has version %d, not %d", value[0], entryVersion)
	}
	if value[1]&^flagGroupEnd != 0 {
		return fmt.Errorf("value has unknown flags %#x", value[1])
	}
	e.ID = id
	e.GroupEnd = value[1]&flagGroupEnd != 0
	e.Term = replication.Term(binary.LittleEndian.Uint64(value[2:]))
	e.AppendedAt = int64(binary.LittleEndian.Uint64(value[10:]))
	e.Sum = replication.Sum(binary.LittleEndian.Uint64(value[18:]))
	e.Chain = replication.Chain(binary.LittleEndian.Uint64(value[26:]))
	e.Data = value[entryHeaderSize:len(value):len(value)]
	return nil
}
