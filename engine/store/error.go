package store

import (
	"errors"
	"fmt"
	"strings"

	"walle/replication"
	"walle/replication/node"
)

// ErrClosed is returned by every call after Close.
var ErrClosed = errors.New("store is closed")

// CorruptError says that what is stored is not what was written. The other
// entries of the stream, and the other streams, are not affected.
type CorruptError struct {
	Stream replication.StreamID
	// Entry is the first of those that can't be read, in the direction of the
	// reading; 0 is the stream's state or commit.
	Entry replication.EntryID
	Err   error
}

func (e *CorruptError) Error() string {
	if e.Entry == 0 {
		return fmt.Sprintf("stream %d: state is damaged: %s", e.Stream, firstLine(e.Err))
	}
	return fmt.Sprintf("stream %d: entry %d is damaged: %s", e.Stream, e.Entry, firstLine(e.Err))
}

// firstLine is what an error says to people: more lines are Pebble's way to
// carry things along.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func (e *CorruptError) Unwrap() []error { return []error{node.ErrDamaged, e.Err} }

// MissingError says that an entry is not stored, though neither trim nor gap
// accounts for it.
type MissingError struct {
	Stream replication.StreamID
	Entry  replication.EntryID
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("stream %d: entry %d is missing", e.Stream, e.Entry)
}

func (e *MissingError) Unwrap() error { return node.ErrDamaged }

// Refusal says why a directory can't be opened as it is.
type Refusal uint8

const (
	Locked  Refusal = iota + 1 // another process, or another store of this one, has it open
	Foreign                    // it holds something else, or another node's data
	Newer                      // a later release wrote it
	Damaged                    // it is this program's, and broken
)

// DirectoryError refuses a data directory by name.
type DirectoryError struct {
	Dir  string
	Kind Refusal
	Err  error
}

func (e *DirectoryError) Error() string {
	return fmt.Sprintf("data directory %s %v: %v", e.Dir, e.Kind, e.Err)
}

func (e *DirectoryError) Unwrap() error { return e.Err }

func (r Refusal) String() string {
	switch r {
	case Locked:
		return "is in use"
	case Foreign:
		return "is foreign"
	case Newer:
		return "has a newer format"
	case Damaged:
		return "is damaged"
	}
	return fmt.Sprintf("refusal %d", uint8(r))
}
