package engine_test

import (
	"errors"
	"testing"

	"walle/engine"
	"walle/engine/store"
	"walle/replication"
	"walle/replication/node"
)

// damaged is a store in which some entries of the test's stream cannot be read.
type damaged struct {
	node.Storage
	bad map[replication.EntryID]bool
}

func (d damaged) Scan(req node.ScanRequest) node.Scanner {
	return &damagedScanner{Scanner: d.Storage.Scan(req), store: d, stream: req.Stream}
}

type damagedScanner struct {
	node.Scanner
	store  damaged
	stream replication.StreamID
	err    error
}

func (s *damagedScanner) Next() bool {
	if s.err != nil || !s.Scanner.Next() {
		return false
	}
	if id := s.Entry().ID; s.stream == stream && s.store.bad[id] {
		s.err = &store.CorruptError{Stream: stream, Entry: id, Err: errors.New("bits have flipped")}
		return false
	}
	return true
}

func (s *damagedScanner) Err() error { return errors.Join(s.err, s.Scanner.Err()) }

// damage restarts a node with some of its entries unreadable.
func (f *fixture) damage(i int, ids ...replication.EntryID) {
	bad := make(map[replication.EntryID]bool)
	for _, id := range ids {
		bad[id] = true
	}
	f.Nodes[i].Wrap = func(s node.Storage) node.Storage { return damaged{s, bad} }
	f.Nodes[i].Stop()
	f.Nodes[i].Start()
}

// A damaged entry must be read from another member, whoever asks.
func TestReadAroundDamage(t *testing.T) {
	f := newFixture(t, 4, 0, 1, 2)
	f.mustAppend(f.claim(0, engine.Wait, long), 2000)
	f.read(2, engine.ReadRequest{}, 1, 2000)
	f.damage(2, 1, 700, 701, 2000)
	for _, descending := range []bool{false, true} {
		f.read(2, engine.ReadRequest{Descending: descending}, 1, 2000)
		f.read(3, engine.ReadRequest{Descending: descending}, 1, 2000)
	}
}

// Damage that nobody can make good must be told, with the entry, and must not
// hide what is before it.
func TestDamageIsTold(t *testing.T) {
	f := newFixture(t, 2, 0)
	f.mustAppend(f.brief(0), 100)
	f.damage(0, 70)
	for node := range f.Nodes {
		if _, err := f.Nodes[node].Engine.WaitCommit(f.ctx, stream, f.config, 99); err != nil {
			t.Fatal(err)
		}
		n, err := f.tryRead(node, engine.ReadRequest{}, 1, 100)
		if e := wantKind(t, err, engine.KindCorrupt); e.Entry != 70 || n != 69 {
			t.Fatalf("n%d: after %d entries %+v", node+1, n, e)
		}
	}
}
