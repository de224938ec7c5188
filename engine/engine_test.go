package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"walle/engine"
	"walle/engine/enginetest"
	"walle/replication"
)

const stream replication.StreamID = 100

// fixture is a cluster with one stream.
type fixture struct {
	*enginetest.Cluster
	t      testing.TB
	ctx    context.Context
	config replication.Configuration
}

// newFixture starts n nodes, of which those with the indices hold the stream.
func newFixture(t testing.TB, n int, members ...int) *fixture {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	c := enginetest.New(t, n)
	f := &fixture{Cluster: c, t: t, ctx: ctx, config: c.Configuration(members...)}
	c.Host(stream, f.config)
	return f
}

// long is a lease that nobody waits for. A shorter one may lapse on a machine
// that stands still for a moment, and appends are refused.
const long = time.Minute

func (f *fixture) claim(node int, mode engine.Mode, lease time.Duration) *engine.Claim {
	f.t.Helper()
	c, err := f.tryClaim(node, mode, lease)
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

func (f *fixture) tryClaim(node int, mode engine.Mode, lease time.Duration) (*engine.Claim, error) {
	return f.Nodes[node].Engine.Claim(f.ctx, engine.ClaimRequest{
		Stream: stream, Config: f.config, Mode: mode, Lease: lease, Writer: fmt.Sprintf("test on n%d", node+1),
	})
}

// brief claims with a lease that others can wait for. It is quiet, so that
// appends go on if it lapses; nobody else may claim the stream meanwhile.
func (f *fixture) brief(node int) *engine.Claim {
	f.t.Helper()
	c, err := f.Nodes[node].Engine.Claim(f.ctx, engine.ClaimRequest{
		Stream: stream, Config: f.config, Lease: 200 * time.Millisecond, Writer: "brief", Quiet: true,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

// append appends n groups of one entry at once and returns what became of them.
func (f *fixture) append(c *engine.Claim, n int) []engine.AppendResult {
	f.t.Helper()
	results := make(chan engine.AppendResult, n)
	for range n {
		id := c.Next()
		err := c.Append(f.ctx, engine.AppendRequest{Payloads: [][]byte{payload(id)}}, func(r engine.AppendResult) { results <- r })
		if err != nil {
			f.t.Fatal(err)
		}
	}
	var list []engine.AppendResult
	for range n {
		select {
		case r := <-results:
			list = append(list, r)
		case <-f.ctx.Done():
			f.t.Fatalf("%d of %d appends were answered", len(list), n)
		}
	}
	return list
}

func (f *fixture) mustAppend(c *engine.Claim, n int) {
	f.t.Helper()
	for i, r := range f.append(c, n) {
		if r.Err != nil {
			f.t.Fatalf("append %d: %v", i, r.Err)
		}
	}
}

// mustAppendGroups appends n entries, a multiple of 100, in groups of so many.
func (f *fixture) mustAppendGroups(c *engine.Claim, n int) {
	f.t.Helper()
	results := make(chan error, n/100)
	for range n / 100 {
		var group [][]byte
		for id := c.Next(); len(group) < 100; id++ {
			group = append(group, payload(id))
		}
		err := c.Append(f.ctx, engine.AppendRequest{Payloads: group}, func(r engine.AppendResult) { results <- r.Err })
		if err != nil {
			f.t.Fatal(err)
		}
	}
	for range n / 100 {
		if err := <-results; err != nil {
			f.t.Fatal(err)
		}
	}
}

// payload is what the tests append as entry id: it tells where it should be.
func payload(id replication.EntryID) []byte { return fmt.Appendf(nil, "entry %d", id) }

// read reads on a node, once it knows that to is committed, and demands that
// exactly from..to come, in order.
func (f *fixture) read(node int, req engine.ReadRequest, from, to replication.EntryID) {
	f.t.Helper()
	if _, err := f.Nodes[node].Engine.WaitCommit(f.ctx, stream, f.config, max(1, to)-1); err != nil {
		f.t.Fatal(err)
	}
	n, err := f.tryRead(node, req, from, to)
	if want := int(to+1) - int(from); err == nil && n != want {
		err = fmt.Errorf("%d entries, want %d", n, want)
	}
	if err != nil {
		f.t.Fatalf("read of %d..%d on n%d: %v", from, to, node+1, err)
	}
}

func (f *fixture) tryRead(node int, req engine.ReadRequest, from, to replication.EntryID) (n int, err error) {
	req.Stream, req.Config = stream, f.config
	s, err := f.Nodes[node].Engine.Read(f.ctx, req)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	for s.Next(f.ctx) {
		want := from + replication.EntryID(n)
		if req.Descending {
			want = to - replication.EntryID(n)
		}
		e := s.Entry()
		if e.ID != want || !req.NoData && string(e.Data) != string(payload(want)) || req.NoData && e.Data != nil {
			return n, fmt.Errorf("got entry %d %q, want %d", e.ID, e.Data, want)
		}
		n++
	}
	return n, s.Err()
}

func wantKind(t testing.TB, err error, kind engine.Kind) *engine.Error {
	t.Helper()
	var e *engine.Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Fatalf("error %v, want kind %q", err, kind)
	}
	return e
}

// What is appended on one node must be read on all, in both directions, also on
// one that holds no replica.
func TestAppendAndRead(t *testing.T) {
	f := newFixture(t, 4, 0, 1, 2)
	c := f.claim(1, engine.NoWait, long)
	f.mustAppend(c, 1000)
	for node := range f.Nodes {
		f.read(node, engine.ReadRequest{}, 1, 1000)
		f.read(node, engine.ReadRequest{Descending: true}, 1, 1000)
		f.read(node, engine.ReadRequest{From: 10, To: 20}, 10, 20)
		f.read(node, engine.ReadRequest{From: 990, To: 5000}, 990, 1000)
		f.read(node, engine.ReadRequest{From: 10, To: 20, Descending: true, NoData: true}, 10, 20)
		f.read(node, engine.ReadRequest{From: 1001}, 1, 0)
		f.read(node, engine.ReadRequest{From: 20, To: 10}, 1, 0)
	}
}

// The id of an append must be known when it is started, and be kept.
func TestForetoldIDs(t *testing.T) {
	f := newFixture(t, 3)
	c := f.claim(0, engine.NoWait, long)
	if c.Tail() != 0 || c.Next() != 1 || c.Term() != 1 {
		t.Fatalf("fresh claim: tail %d, next %d, term %d", c.Tail(), c.Next(), c.Term())
	}
	var got []replication.EntryID
	done := make(chan struct{})
	const groups = 500
	for i := range groups {
		want := c.Next()
		err := c.Append(f.ctx, engine.AppendRequest{Payloads: [][]byte{payload(want), payload(want + 1)}}, func(r engine.AppendResult) {
			if r.Err != nil || r.First != want || r.Last != want+1 || r.Term != 1 || time.Since(r.AppendedAt) > time.Minute {
				t.Errorf("group foretold as %d..%d came out as %+v", want, want+1, r)
			}
			got = append(got, r.First)
			if i == groups-1 {
				close(done)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	<-done
	for i, id := range got {
		if id != replication.EntryID(2*i+1) {
			t.Fatalf("answer %d is for entry %d", i, id)
		}
	}
	f.read(0, engine.ReadRequest{}, 1, 2*groups)
}

func TestExplicitID(t *testing.T) {
	f := newFixture(t, 3)
	c := f.claim(0, engine.NoWait, long)
	f.mustAppend(c, 5)
	one := func(first replication.EntryID) error {
		return c.Append(f.ctx, engine.AppendRequest{First: first, Payloads: [][]byte{payload(first)}}, func(engine.AppendResult) {})
	}
	if e := wantKind(t, one(5), engine.KindEntryExists); e.Tail != 5 || e.Entry != 5 {
		t.Fatalf("%+v", e)
	}
	if e := wantKind(t, one(7), engine.KindHole); e.Tail != 5 || e.Entry != 7 {
		t.Fatalf("%+v", e)
	}
	if err := one(6); err != nil {
		t.Fatal(err)
	}
	f.mustAppend(c, 1)
	f.read(0, engine.ReadRequest{}, 1, 7)
}

func TestLimits(t *testing.T) {
	f := newFixture(t, 3)
	c := f.claim(0, engine.NoWait, long)
	try := func(payloads ...[]byte) error {
		return c.Append(f.ctx, engine.AppendRequest{Payloads: payloads}, func(engine.AppendResult) {})
	}
	wantKind(t, try(), engine.KindInvalid)
	wantKind(t, try(make([]byte, 16<<20+1)), engine.KindTooLarge)
	wantKind(t, try(make([][]byte, 65537)...), engine.KindTooLarge)
	f.mustAppend(c, 1)
}

// A claim must leave a live writer alone unless it is told otherwise, and the
// writer that it fences must hear of it.
func TestClaimModes(t *testing.T) {
	f := newFixture(t, 3)
	first := f.claim(0, engine.Wait, 3*time.Second)
	f.mustAppend(first, 3)
	_, err := f.tryClaim(1, engine.NoWait, long)
	if e := wantKind(t, err, engine.KindHeld); e.Holder != "test on n1" || e.Remaining <= 0 || e.Term != first.Term() {
		t.Fatalf("%+v", e)
	}
	if first.Valid() <= 0 || first.Err() != nil {
		t.Fatalf("valid for %v, %v", first.Valid(), first.Err())
	}

	second := f.claim(1, engine.Force, long)
	if second.Term() <= first.Term() || second.Tail() != 3 {
		t.Fatalf("second claim: term %d, tail %d", second.Term(), second.Tail())
	}
	<-first.Lost()
	if e := wantKind(t, first.Err(), engine.KindFenced); e.Term != second.Term() || e.Holder != "test on n2" {
		t.Fatalf("%+v", e)
	}
	err = first.Append(f.ctx, engine.AppendRequest{Payloads: [][]byte{{1}}}, func(engine.AppendResult) {})
	wantKind(t, err, engine.KindFenced)
	if first.Valid() != 0 {
		t.Fatalf("a fenced claim is valid for %v", first.Valid())
	}
	f.mustAppend(second, 3)
	f.read(2, engine.ReadRequest{}, 1, 6)
}

// After a release the next claim need not wait for the lease.
func TestRelease(t *testing.T) {
	f := newFixture(t, 3)
	first := f.claim(0, engine.Wait, time.Hour)
	f.mustAppend(first, 3)
	if err := first.Release(f.ctx); err != nil {
		t.Fatal(err)
	}
	wantKind(t, first.Err(), engine.KindNotClaimed)
	second := f.claim(2, engine.NoWait, time.Hour)
	f.mustAppend(second, 1)
}

// A writer that dies with its node gives way once its lease has run out, and
// nothing it was answered is lost.
func TestWriterNodeDies(t *testing.T) {
	f := newFixture(t, 3)
	f.mustAppend(f.brief(0), 100)
	f.Nodes[0].Stop()
	c := f.claim(1, engine.Wait, long)
	if c.Tail() != 100 {
		t.Fatalf("the tail is %d", c.Tail())
	}
	f.mustAppend(c, 100)
	f.Nodes[0].Start()
	f.read(0, engine.ReadRequest{}, 1, 200)
}

// Without a majority an append must not be said to have failed, or to have been
// applied, and must end in its time.
func TestNoQuorum(t *testing.T) {
	f := newFixture(t, 3)
	c := f.claim(0, engine.Wait, long)
	f.mustAppend(c, 10)
	f.Nodes[1].Stop()
	f.Nodes[2].Stop()
	result := make(chan engine.AppendResult, 1)
	err := c.Append(f.ctx, engine.AppendRequest{Payloads: [][]byte{payload(11)}, Timeout: 200 * time.Millisecond}, func(r engine.AppendResult) { result <- r })
	if err != nil {
		t.Fatal(err)
	}
	wantKind(t, (<-result).Err, engine.KindUnknown)
	if b, err := f.Nodes[0].Engine.Bounds(f.ctx, stream, f.config); err != nil || b.Commit != 10 {
		t.Fatalf("bounds %+v, %v", b, err)
	}
	f.read(0, engine.ReadRequest{}, 1, 10)
	_, err = f.Nodes[0].Engine.ReadPoint(f.ctx, stream, f.config)
	wantKind(t, err, engine.KindNoQuorum)

	f.Nodes[1].Start()
	if _, err := f.Nodes[0].Engine.WaitCommit(f.ctx, stream, f.config, 10); err != nil {
		t.Fatal(err)
	}
	f.mustAppend(c, 1)
	f.read(0, engine.ReadRequest{}, 1, 12)
}

// A claim that cannot succeed must end when its context does.
func TestClaimCancelled(t *testing.T) {
	f := newFixture(t, 3)
	f.claim(0, engine.Wait, time.Hour)
	ctx, cancel := context.WithTimeout(f.ctx, 50*time.Millisecond)
	defer cancel()
	_, err := f.Nodes[1].Engine.Claim(ctx, engine.ClaimRequest{Stream: stream, Config: f.config, Lease: time.Second})
	wantKind(t, err, engine.KindCancelled)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
}

func TestUnhosted(t *testing.T) {
	f := newFixture(t, 3)
	f.mustAppend(f.claim(0, engine.Wait, long), 10)
	for _, n := range f.Nodes {
		if err := n.Engine.Unhost(stream); err != nil {
			t.Fatal(err)
		}
	}
	_, err := f.tryRead(0, engine.ReadRequest{}, 1, 10)
	wantKind(t, err, engine.KindNoStream)
}

// A quiet claim lapses without appends and renewals, and lives with them.
func TestRenew(t *testing.T) {
	f := newFixture(t, 3)
	const lease = time.Second
	c, err := f.Nodes[0].Engine.Claim(f.ctx, engine.ClaimRequest{Stream: stream, Config: f.config, Lease: lease, Writer: "quiet", Quiet: true})
	if err != nil {
		t.Fatal(err)
	}
	var renewed time.Time // before the last renewal began: no lease was granted earlier
	for start := time.Now(); time.Since(start) < 2*lease; {
		renewed = time.Now()
		if err := c.Renew(f.ctx); err != nil {
			t.Fatal(err)
		}
		if v := c.Valid(); v > lease*3/4 {
			t.Fatalf("valid for %v of a lease of %v", v, lease)
		}
	}
	if _, err = f.tryClaim(1, engine.NoWait, lease); err != nil {
		wantKind(t, err, engine.KindHeld)
		f.claim(1, engine.Wait, lease)
	}
	if since := time.Since(renewed); since < lease {
		t.Fatalf("claimed %v after a renewal", since)
	}
}

// What was acknowledged can be read when all nodes have stopped and started
// again, without anybody claiming the stream.
func TestReadAfterRestartOfAll(t *testing.T) {
	f := newFixture(t, 3)
	f.mustAppend(f.brief(0), 1000)
	for _, n := range f.Nodes {
		n.Stop()
	}
	for _, n := range f.Nodes {
		n.Start()
	}
	for node := range f.Nodes {
		f.read(node, engine.ReadRequest{}, 1, 1000)
	}
}
