package store

import (
	"errors"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"walle/replication"
	"walle/replication/node"
)

// threeStreams returns a store with streams 5, 6 and 7, of four entries each.
func threeStreams(t *testing.T) *Store {
	t.Helper()
	s, err := Open(Config{Dir: "data", FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	for stream := replication.StreamID(5); stream <= 7; stream++ {
		w := replication.Write{Stream: stream, State: &replication.State{First: 1}, Commit: 3}
		var prev replication.Position
		for id := replication.EntryID(1); id <= 4; id++ {
			e := replication.Entry{ID: id, Term: 1, AppendedAt: 10, GroupEnd: true, Data: []byte("data")}
			e.Seal(prev.Chain)
			prev = e.Position()
			w.Entries = append(w.Entries, e)
		}
		if _, err := s.Apply([]replication.Write{w}, false); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// change changes the value at a key.
func (s *Store) change(t *testing.T, key []byte, change func(value []byte)) {
	t.Helper()
	var value []byte
	err := s.get(key, func(v []byte) error {
		value = slices.Clone(v)
		return nil
	})
	change(value)
	if err == nil {
		err = s.db.Set(key, value, pebble.NoSync)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Damage to what is known of one stream must not hide the others, and must never
// look as if there had been no such stream.
func TestLoadDamaged(t *testing.T) {
	stateKey := appendStreamKey(nil, stateSpace, 6)
	flip := func(at int) func([]byte) { return func(v []byte) { v[at] ^= 4 } }
	for name, spoil := range map[string]func(t *testing.T, s *Store){
		"state":  func(t *testing.T, s *Store) { s.change(t, stateKey, flip(20)) },
		"commit": func(t *testing.T, s *Store) { s.change(t, appendStreamKey(nil, commitSpace, 6), flip(4)) },
		"no state": func(t *testing.T, s *Store) {
			if err := s.db.Delete(stateKey, pebble.NoSync); err != nil {
				t.Fatal(err)
			}
		},
		"state under a key that is none": func(t *testing.T, s *Store) {
			for _, err := range []error{s.db.Delete(stateKey, pebble.NoSync), s.db.Set(append(stateKey, 1), []byte("x"), pebble.NoSync)} {
				if err != nil {
					t.Fatal(err)
				}
			}
		},
		"sum of the last entry":   func(t *testing.T, s *Store) { s.change(t, appendEntryKey(nil, 6, 4), flip(18)) },
		"chain of the last entry": func(t *testing.T, s *Store) { s.change(t, appendEntryKey(nil, 6, 4), flip(26)) },
	} {
		t.Run(name, func(t *testing.T) {
			s := threeStreams(t)
			spoil(t, s)
			ids, err := s.Streams()
			if name == "no state" { // found by who asks for it
				ids = slices.Insert(ids, 1, 6)
			}
			if err != nil || !slices.Equal(ids, []replication.StreamID{5, 6, 7}) {
				t.Fatalf("there are %v, %v", ids, err)
			}
			for _, id := range ids {
				l, ok, err := s.Load(id)
				if id != 6 && (err != nil || !ok || l.Tail.ID != 4 || l.Commit != 3) {
					t.Errorf("stream %d: %+v, %v", id, l, err)
				}
				if id == 6 && (!errors.Is(err, node.ErrDamaged) || ok) {
					t.Errorf("the damaged one is loaded: %v, %v", ok, err)
				}
			}
		})
	}
}

// An end of the log whose data are damaged is an end all the same, if its header
// follows from the entry before: the replica may take part, and fetches the data.
func TestLoadDamagedTail(t *testing.T) {
	s := threeStreams(t)
	s.change(t, appendEntryKey(nil, 6, 4), func(v []byte) { v[entryHeaderSize] ^= 1 })
	good, _, err := s.Load(5)
	if err != nil {
		t.Fatal(err)
	}
	l, ok, err := s.Load(6)
	if err != nil || !ok || l.Tail == nil || l.Tail.Position() != good.Tail.Position() || l.Tail.Data != nil {
		t.Fatalf("the end is %+v, %v", l.Tail, err)
	}
	// Without an entry before it, the state says what it follows.
	if _, err := s.Apply([]replication.Write{{Stream: 6, Below: 4, State: &replication.State{First: 4, Base: position(t, s, 5, 3)}}}, false); err != nil {
		t.Fatal(err)
	}
	if l, _, err := s.Load(6); err != nil || l.Tail.ID != 4 {
		t.Fatalf("after a trim: %+v, %v", l.Tail, err)
	}
}

func position(t *testing.T, s *Store, stream replication.StreamID, id replication.EntryID) replication.Position {
	t.Helper()
	done := s.Read(replication.Read{Stream: stream, From: id, To: id, MaxBytes: 1})
	if done.Err != nil {
		t.Fatal(done.Err)
	}
	return done.Entries[0].Position()
}
