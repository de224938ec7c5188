package engine_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"walle/engine"
	"walle/replication"
	"walle/replication/node"
)

// spoiled is a store in which the state of the test's stream cannot be read.
type spoiled struct{ node.Storage }

func (s spoiled) Load(id replication.StreamID) (replication.Loaded, bool, error) {
	if id == stream {
		return replication.Loaded{}, false, fmt.Errorf("bits have flipped: %w", node.ErrDamaged)
	}
	return s.Storage.Load(id)
}

// spoil restarts a node with its replica damaged.
func (f *fixture) spoil(i int) {
	f.Nodes[i].Wrap = func(s node.Storage) node.Storage { return spoiled{s} }
	f.Nodes[i].Stop()
	f.Nodes[i].Start()
}

// A damaged replica must cost no more than a node that is down: the stream goes
// on, is read on every node, and everybody is told what is wrong, and where.
func TestDamagedReplica(t *testing.T) {
	f := newFixture(t, 4, 0, 1, 2)
	f.mustAppend(f.brief(0), 100)
	f.spoil(2)
	c := f.claim(2, engine.Force, long)
	f.mustAppend(c, 100)
	for i := range f.Nodes {
		f.read(i, engine.ReadRequest{}, 1, 200)
		if point, err := f.Nodes[i].Engine.ReadPoint(f.ctx, stream, f.config); err != nil || point != 200 {
			t.Fatalf("n%d: read point %d, %v", i+1, point, err)
		}
		list, err := f.Nodes[i].Engine.Status(f.ctx, stream, f.config)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list {
			damaged := r.Node == f.Nodes[2].Peer.ID
			if !r.Reached || r.Hosted == damaged || strings.Contains(r.Damage, "bits have flipped") != damaged {
				t.Errorf("n%d sees %+v", i+1, r)
			}
		}
	}
	// It must not be the second of a majority.
	f.Nodes[1].Stop()
	results := make(chan engine.AppendResult, 1)
	req := engine.AppendRequest{Payloads: [][]byte{[]byte("x")}, Timeout: 300 * time.Millisecond}
	if err := c.Append(f.ctx, req, func(r engine.AppendResult) { results <- r }); err != nil {
		t.Fatal(err)
	}
	if r := <-results; r.Err == nil {
		t.Fatal("an append is acknowledged by one replica and a damaged one")
	}
}

// A stream of which there is nothing but a damaged replica must not look as if it
// did not exist, nor as if it were empty.
func TestOnlyReplicaDamaged(t *testing.T) {
	f := newFixture(t, 2, 0)
	f.mustAppend(f.brief(0), 10)
	f.spoil(0)
	for i := range f.Nodes {
		n, err := f.tryRead(i, engine.ReadRequest{}, 1, 10)
		if e := wantKind(t, err, engine.KindCorrupt); n != 0 || e.Entry != 0 || e.Node != f.Nodes[0].Peer.ID {
			t.Errorf("n%d: %d entries, then %+v", i+1, n, e)
		}
	}
}

// failing is a store whose scans fail so many times.
type failing struct {
	node.Storage
	times *int
}

func (s failing) Scan(req node.ScanRequest) node.Scanner {
	if req.Stream == stream && *s.times > 0 {
		*s.times--
		return failedScan{}
	}
	return s.Storage.Scan(req)
}

type failedScan struct{}

func (failedScan) Next() bool                { return false }
func (failedScan) Entry() *replication.Entry { return nil }
func (failedScan) Err() error                { return errors.New("input/output error") }
func (failedScan) Close() error              { return nil }

// A read that fails is not damage: it is told as what it is, nothing is given up,
// and the next one may succeed.
func TestFailedReadIsNoDamage(t *testing.T) {
	f := newFixture(t, 1)
	f.mustAppend(f.brief(0), 10)
	times := 0
	f.Nodes[0].Wrap = func(s node.Storage) node.Storage { return failing{s, &times} }
	f.Nodes[0].Stop()
	f.Nodes[0].Start()
	f.read(0, engine.ReadRequest{}, 1, 10)
	times = 1
	n, err := f.tryRead(0, engine.ReadRequest{}, 1, 10)
	if e := wantKind(t, err, engine.KindIO); n != 0 || e.Entry != 1 {
		t.Fatalf("%d entries, then %+v", n, e)
	}
	f.read(0, engine.ReadRequest{}, 1, 10)
}
