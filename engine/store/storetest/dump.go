package storetest

import (
	"fmt"
	"strings"

	"walle/replication"
	"walle/replication/node"
)

// AllEntries is the range of every entry there can be.
const AllEntries = replication.EntryID(1<<64 - 1)

// Dump returns all that s holds as text: equal storages have equal dumps.
func Dump(s node.Storage) (string, error) {
	streams, err := s.Streams()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, id := range streams {
		l, ok, err := s.Load(id)
		if err != nil || !ok {
			return "", fmt.Errorf("load stream %d: found %v: %w", id, ok, err)
		}
		fmt.Fprintf(&b, "stream %d commit %d state %+v\n", id, l.Commit, l.State)
		entries, err := Collect(s.Scan(node.ScanRequest{Stream: id, To: AllEntries}))
		if err != nil {
			return "", err
		}
		for i := range entries {
			b.WriteString("  " + Show(&entries[i]) + "\n")
		}
		if n := len(entries); n == 0 != (l.Tail == nil) || n > 0 && Show(l.Tail) != Show(&entries[n-1]) {
			return "", fmt.Errorf("stream %d: tail %v is not the last of %d entries", id, l.Tail, n)
		}
	}
	return b.String(), nil
}

// Show is all of an entry as text.
func Show(e *replication.Entry) string {
	return fmt.Sprintf("%v at %d %016x %016x %q", *e, e.AppendedAt, uint64(e.Sum), uint64(e.Chain), e.Data)
}

// Collect runs a scanner to its end and returns copies of its entries.
func Collect(s node.Scanner) (entries []replication.Entry, err error) {
	for s.Next() {
		e := *s.Entry()
		e.Data = append([]byte(nil), e.Data...)
		entries = append(entries, e)
	}
	if err := s.Err(); err != nil {
		s.Close()
		return nil, err
	}
	return entries, s.Close()
}
