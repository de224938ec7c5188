package engine_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"walle/engine"
	"walle/replication"
)

// An append that finds the window full must wait, not fail, until it is asked not
// to, and go on when there is room.
func TestAppendWaitsForRoom(t *testing.T) {
	f := newFixture(t, 3)
	f.Nodes[0].Tune = func(c *engine.Config) { c.WindowBytes = 64 << 10 }
	f.Nodes[0].Stop()
	f.Nodes[0].Start()
	c := f.claim(0, engine.Wait, 10*time.Second)
	f.mustAppend(c, 2000)
	for _, n := range f.Nodes[1:] {
		n.Stop()
	}
	const many = 500
	results := make(chan engine.AppendResult, 2*many) // done must not block
	started := 0
	flood := func(ctx context.Context) error {
		for range many {
			req := engine.AppendRequest{Payloads: [][]byte{make([]byte, 1024)}, Timeout: time.Minute}
			if err := c.Append(ctx, req, func(r engine.AppendResult) { results <- r }); err != nil {
				return err
			}
			started++
		}
		return nil
	}
	ctx, cancel := context.WithTimeout(f.ctx, 100*time.Millisecond)
	defer cancel()
	wantKind(t, flood(ctx), engine.KindCancelled)
	waiting := make(chan error)
	go func() { waiting <- flood(f.ctx) }()
	for _, n := range f.Nodes[1:] {
		n.Start()
	}
	if err := <-waiting; err != nil {
		t.Fatal(err)
	}
	for range started {
		if r := <-results; r.Err != nil {
			t.Fatal(r.Err)
		}
	}
}

// After a refusal, what is in flight behind it is refused as well. An append that
// comes meanwhile must wait until all that is answered, instead of failing, and then
// be made like any other; unless its id has been told to somebody.
func TestAppendAfterRefusal(t *testing.T) {
	f := newFixture(t, 3)
	c := f.claim(0, engine.Wait, 500*time.Millisecond)
	f.mustAppend(c, 1)
	for _, n := range f.Nodes[1:] {
		n.Stop()
	}
	results, meanwhile := make(chan engine.AppendResult, 3), make(chan error, 2)
	start := func(ctx context.Context, first replication.EntryID, done func(engine.AppendResult)) error {
		return c.Append(ctx, engine.AppendRequest{First: first, Payloads: [][]byte{payload(2)}, Timeout: time.Minute}, done)
	}
	told := func(r engine.AppendResult) { results <- r }
	if err := start(f.ctx, 2, told); err != nil {
		t.Fatal(err)
	}
	for c.Valid() > 0 { // then more is refused, until there is a quorum again
		<-time.After(c.Valid())
	}
	ended, cancel := context.WithCancel(f.ctx)
	cancel()
	err := errors.Join(start(f.ctx, 3, func(r engine.AppendResult) {
		meanwhile <- start(f.ctx, 5, told)
		meanwhile <- start(ended, 0, told)
		told(r)
	}), start(f.ctx, 4, told))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range f.Nodes[1:] {
		n.Start()
	}
	if r := <-results; r.Err != nil || r.First != 2 {
		t.Fatalf("the append that waited for a quorum came out as %+v", r)
	}
	wantKind(t, (<-results).Err, engine.KindNoQuorum)
	wantKind(t, (<-results).Err, engine.KindNoQuorum)
	wantKind(t, <-meanwhile, engine.KindNoQuorum)
	wantKind(t, <-meanwhile, engine.KindCancelled)
	f.mustAppend(c, 1)
	f.read(0, engine.ReadRequest{}, 1, 3)
}
