package storetest

import (
	"fmt"
	"strings"
	"testing"

	"walle/replication"
	"walle/replication/node"
)

// Storage is what the suite tests.
type Storage interface {
	node.Storage
	SeekTime(stream replication.StreamID, from, to replication.EntryID, wall int64) (id replication.EntryID, ok bool, err error)
	Close() error
}

// Run runs the suite. Each call of newDisk makes a new empty disk and returns
// what opens it, each time with what it held when it was closed.
func Run(t *testing.T, newDisk func(*testing.T) (open func() Storage)) {
	for _, test := range []struct {
		name string
		run  func(*suite)
	}{
		{"empty", testEmpty},
		{"reopen", testReopen},
		{"order within a write", testOrder},
		{"order within a batch", testBatch},
		{"truncate and rewrite", testRewrite},
		{"trim", testTrim},
		{"gap and back-fill", testGap},
		{"read", testRead},
		{"read tells what comes before", testReadPrev},
		{"scan", testScan},
		{"scan sees one moment", testScanMoment},
		{"drop", testDrop},
		{"neighbours", testNeighbours},
		{"seek by time", testSeekTime},
		{"readers beside a writer", testReaders},
	} {
		t.Run(test.name, func(t *testing.T) {
			open := newDisk(t)
			s := &suite{T: t, open: open, storage: open()}
			test.run(s)
			s.check(s.storage.Close())
		})
	}
}

// suite is one test at work.
type suite struct {
	*testing.T
	open    func() Storage
	storage Storage
}

func (s *suite) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *suite) reopen() {
	s.Helper()
	s.check(s.storage.Close())
	s.storage = s.open()
}

// apply does writes and waits for them.
func (s *suite) apply(writes ...replication.Write) {
	s.Helper()
	p, err := s.storage.Apply(writes, true)
	s.check(err)
	s.check(p.Wait())
}

// ids scans a stream and lists the ids of what it holds, as in "1-3 7".
func (s *suite) ids(stream replication.StreamID) string {
	s.Helper()
	entries, err := Collect(s.storage.Scan(node.ScanRequest{Stream: stream, To: AllEntries}))
	s.check(err)
	return Ranges(entries)
}

func (s *suite) wantIDs(stream replication.StreamID, want string) {
	s.Helper()
	if got := s.ids(stream); got != want {
		s.Fatalf("stream %d holds %q, want %q", stream, got, want)
	}
}

// Ranges lists the ids of entries in their order, runs as first-last.
func Ranges(entries []replication.Entry) string {
	var parts []string
	for i := 0; i < len(entries); {
		j := i + 1
		for j < len(entries) && entries[j].ID == entries[j-1].ID+1 {
			j++
		}
		part := fmt.Sprint(entries[i].ID)
		if j > i+1 {
			part = fmt.Sprintf("%d-%d", entries[i].ID, entries[j-1].ID)
		}
		parts = append(parts, part)
		i = j
	}
	return strings.Join(parts, " ")
}
