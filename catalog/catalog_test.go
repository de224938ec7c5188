package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"walle/catalog"
	"walle/engine"
	"walle/engine/enginetest"
	"walle/replication"
)

// fixture is a cluster with a catalog on each node.
type fixture struct {
	*enginetest.Cluster
	t        testing.TB
	ctx      context.Context
	catalogs []*catalog.Catalog // nil while the node is down
}

func newFixture(t testing.TB, n int) *fixture {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	f := &fixture{Cluster: enginetest.New(t, n), t: t, ctx: ctx, catalogs: make([]*catalog.Catalog, n)}
	for i := range n {
		f.open(i)
	}
	t.Cleanup(func() {
		for i := range n {
			f.close(i)
		}
	})
	return f
}

// open opens the catalog of a node that runs.
func (f *fixture) open(i int) {
	f.t.Helper()
	var founders []catalog.Node
	for _, n := range f.Nodes {
		founders = append(founders, catalog.Node{ID: n.Peer.ID, Name: n.Peer.Name})
	}
	n := f.Nodes[i]
	c, err := catalog.Open(catalog.Config{
		Engine: n.Engine, Meta: n.Store, Peers: n.Net, Founders: founders, Random: rand.Uint64, Lease: 500 * time.Millisecond,
		Self: catalog.Node{ID: n.Peer.ID, Name: n.Peer.Name, PeerAddr: n.Peer.Addr, SQLAddr: "sql of " + n.Peer.Name, Version: "test"},
		OnFatal: func(err error) {
			if engine.KindOf(err) != engine.KindShuttingDown { // kill ends the engine below its catalog
				f.t.Errorf("catalog of %s: %v", n.Peer.Name, err)
			}
		},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.catalogs[i] = c
	n.Handle(c.ServeCall)
}

func (f *fixture) close(i int) {
	if c := f.catalogs[i]; c != nil {
		f.catalogs[i] = nil
		if err := c.Close(); err != nil {
			f.t.Errorf("close the catalog of n%d: %v", i+1, err)
		}
	}
}

// kill ends a node without a word to the others: its claims run out.
func (f *fixture) kill(i int) {
	f.Nodes[i].Stop()
	f.close(i)
}

func (f *fixture) start(i int) {
	f.Nodes[i].Start()
	f.open(i)
}

func (f *fixture) create(i int, name string) catalog.Desc {
	f.t.Helper()
	d, created, err := f.catalogs[i].CreateStream(f.ctx, catalog.CreateRequest{Name: name})
	if err != nil || !created {
		f.t.Fatalf("create %q on n%d: created %v, %v", name, i+1, created, err)
	}
	return d
}

// agree demands that all nodes that run come to the same catalog.
func (f *fixture) agree() *catalog.Snapshot {
	f.t.Helper()
	for _, c := range f.catalogs {
		if c != nil {
			<-c.Announced() // else a node may be on its way into the catalog
		}
	}
	var first *catalog.Snapshot
	for i, c := range f.catalogs {
		if c == nil {
			continue
		}
		s, err := c.Refresh(f.ctx)
		if err != nil {
			f.t.Fatal(err)
		}
		if first == nil {
			first = s
			continue
		}
		if a, b := describe(first), describe(s); a != b {
			f.t.Fatalf("the catalog of n%d is\n%s\nnot\n%s", i+1, b, a)
		}
	}
	return first
}

func describe(s *catalog.Snapshot) string {
	var b strings.Builder
	for d := range s.Streams() {
		fmt.Fprintln(&b, d)
	}
	for _, n := range s.Nodes() {
		fmt.Fprintln(&b, n.ID, n.Name, n.SQLAddr)
	}
	return b.String()
}

func wantKind(t testing.TB, err error, kind engine.Kind) *engine.Error {
	t.Helper()
	var e *engine.Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Fatalf("error %v, want kind %q", err, kind)
	}
	return e
}

// What is created on one node must be seen there at once and on all others soon,
// be claimable everywhere, and be gone after a drop on any.
func TestStreams(t *testing.T) {
	f := newFixture(t, 3)
	for i, c := range f.catalogs {
		name := fmt.Sprint("s", i)
		d := f.create(i, name)
		if got, ok := c.Snapshot().Stream(name); !ok || got.ID != d.ID {
			t.Fatalf("created %+v, the snapshot has %+v", d, got)
		}
		if len(d.Config.Members) != 3 || d.Lease != catalog.LeaseDefault || time.Since(d.CreatedAt) > time.Minute {
			t.Fatalf("created %+v", d)
		}
		claim, err := f.Nodes[i].Engine.Claim(f.ctx, engine.ClaimRequest{Stream: d.ID, Config: d.Config, Lease: time.Second})
		if err != nil {
			t.Fatalf("claim right after the creation: %v", err)
		}
		claim.Drop()
	}
	f.agree()
	_, _, err := f.catalogs[2].CreateStream(f.ctx, catalog.CreateRequest{Name: "s0"})
	wantKind(t, err, engine.KindExists)
	d, created, err := f.catalogs[2].CreateStream(f.ctx, catalog.CreateRequest{Name: "s0", IfNotExists: true})
	if err != nil || created || d.Name != "s0" {
		t.Fatalf("%+v, %v, %v", d, created, err)
	}

	if dropped, err := f.catalogs[1].DropStream(f.ctx, "s0", false); err != nil || !dropped {
		t.Fatal(dropped, err)
	}
	_, err = f.catalogs[0].DropStream(f.ctx, "s0", false)
	wantKind(t, err, engine.KindNoStream)
	if dropped, err := f.catalogs[2].DropStream(f.ctx, "s0", true); err != nil || dropped {
		t.Fatal(dropped, err)
	}
	f.agree()
	for i, n := range f.Nodes {
		if n.Engine.Hosts(d.ID) {
			t.Fatalf("n%d still hosts the dropped stream", i+1)
		}
	}
	if again := f.create(0, "s0"); again.ID <= d.ID {
		t.Fatalf("stream id %d came after %d", again.ID, d.ID)
	}
}

func TestAlter(t *testing.T) {
	f := newFixture(t, 3)
	d := f.create(0, "a")
	f.create(0, "b")
	lease := 3 * time.Second
	got, err := f.catalogs[1].AlterStream(f.ctx, catalog.AlterRequest{Name: "a", Rename: "c", Lease: &lease})
	if err != nil || got.Name != "c" || got.Lease != lease || got.ID != d.ID {
		t.Fatalf("%+v, %v", got, err)
	}
	_, err = f.catalogs[2].AlterStream(f.ctx, catalog.AlterRequest{Name: "c", Rename: "b"})
	wantKind(t, err, engine.KindExists)
	_, err = f.catalogs[2].AlterStream(f.ctx, catalog.AlterRequest{Name: "a", Rename: "x"})
	wantKind(t, err, engine.KindNoStream)
	long := 2 * catalog.LeaseMax
	_, err = f.catalogs[2].AlterStream(f.ctx, catalog.AlterRequest{Name: "c", Lease: &long})
	wantKind(t, err, engine.KindInvalid)
	f.agree()
}

func TestCreateRefused(t *testing.T) {
	f := newFixture(t, 3)
	for _, req := range []catalog.CreateRequest{
		{Name: ""},
		{Name: string(make([]byte, 64))},
		{Name: "a\xffb"},
		{Name: "a\x00b"},
		{Name: "s", Replicas: 4},
		{Name: "s", Replicas: -1},
		{Name: "s", Members: []string{"n1", "n9"}},
		{Name: "s", Members: []string{"n1", "n1"}},
		{Name: "s", Members: []string{}},
		{Name: "s", Members: []string{"n1"}, Replicas: 2},
		{Name: "s", Lease: time.Millisecond},
		{Name: "s", Lease: 2 * time.Hour},
	} {
		_, _, err := f.catalogs[0].CreateStream(f.ctx, req)
		if e := wantKind(t, err, engine.KindInvalid); e.Detail == "" {
			t.Fatalf("%+v is refused without a reason", req)
		}
	}
	d, _, err := f.catalogs[0].CreateStream(f.ctx, catalog.CreateRequest{Name: "s", Members: []string{"n3"}})
	if err != nil || !slices.Equal(d.Config.Members, []replication.NodeID{f.Nodes[2].Peer.ID}) {
		t.Fatalf("%+v, %v", d, err)
	}
}

// Streams of fewer replicas than there are nodes must be spread evenly.
func TestPlacement(t *testing.T) {
	f := newFixture(t, 4)
	count := make(map[replication.NodeID]int)
	for i := range 40 {
		for _, m := range f.create(0, fmt.Sprint("s", i)).Config.Members {
			count[m]++
		}
	}
	for id, n := range count {
		if n != 30 {
			t.Fatalf("node %v has %d of 120 replicas", id, n)
		}
	}
}

func TestNodesAreAnnounced(t *testing.T) {
	f := newFixture(t, 3)
	for i, c := range f.catalogs {
		<-c.Announced()
		n, _ := c.Snapshot().Node(f.Nodes[i].Peer.Name)
		if n.SQLAddr != "sql of "+n.Name || n.PeerAddr != f.Nodes[i].Peer.Addr || n.Version != "test" {
			t.Fatalf("%+v", n)
		}
	}
	f.agree()
}

// Of many who create one name at once, on all nodes, one must win.
func TestOneWins(t *testing.T) {
	f := newFixture(t, 3)
	for round := range 5 {
		name := fmt.Sprint("s", round)
		winners := make(chan replication.StreamID, 30)
		var wg sync.WaitGroup
		for i := range 30 {
			wg.Go(func() {
				d, created, err := f.catalogs[i%3].CreateStream(f.ctx, catalog.CreateRequest{Name: name})
				switch {
				case err == nil && created:
					winners <- d.ID
				case engine.KindOf(err) != engine.KindExists:
					t.Errorf("create: %v, %v", created, err)
				}
			})
		}
		wg.Wait()
		if len(winners) != 1 {
			t.Fatalf("%d created %q", len(winners), name)
		}
	}
	f.agree()
}

// The loss of any node, and of the one that writes the catalog above all, must
// stop changes for no longer than its lease.
func TestHolderDies(t *testing.T) {
	f := newFixture(t, 3)
	f.create(0, "before")
	for i := range f.catalogs {
		f.kill(i)
		other := (i + 1) % 3
		start := time.Now()
		f.create(other, fmt.Sprint("without", i+1))
		if took := time.Since(start); took > 30*time.Second {
			t.Fatalf("a change took %v after the loss of n%d", took, i+1)
		}
		f.start(i)
		s := f.agree()
		if s.Len() != i+2 {
			t.Fatalf("%d streams", s.Len())
		}
	}
}

// A change that nobody can make must end, as surely not made.
func TestNoQuorum(t *testing.T) {
	f := newFixture(t, 3)
	f.create(0, "a")
	f.kill(1)
	f.kill(2)
	ctx, cancel := context.WithTimeout(f.ctx, 300*time.Millisecond)
	defer cancel()
	_, _, err := f.catalogs[0].CreateStream(ctx, catalog.CreateRequest{Name: "b"})
	if k := engine.KindOf(err); k != engine.KindCancelled && k != engine.KindUnknown {
		t.Fatal(err)
	}
	if _, ok := f.catalogs[0].Snapshot().Stream("a"); !ok {
		t.Fatal("without a quorum the catalog cannot even be read")
	}
}

// All nodes that stop and start again must find everything as it was.
func TestRestart(t *testing.T) {
	f := newFixture(t, 3)
	for i := range 20 {
		f.create(i%3, fmt.Sprint("s", i))
	}
	before := describe(f.agree())
	for i := range f.catalogs {
		f.close(i)
		f.Nodes[i].Stop()
	}
	for i := range f.catalogs {
		f.start(i)
	}
	if after := describe(f.agree()); after != before {
		t.Fatalf("before:\n%s\nafter:\n%s", before, after)
	}
	for d := range f.catalogs[0].Snapshot().Streams() {
		if !f.Nodes[0].Engine.Hosts(d.ID) {
			t.Fatalf("stream %q is not hosted after a restart", d.Name)
		}
	}
	f.create(1, "after")
}

// Creating many streams must stay as fast as it began.
func TestManyStreams(t *testing.T) {
	if testing.Short() {
		t.Skip("creates thousands of streams")
	}
	const streams, workers = 10000, 32
	f := newFixture(t, 3)
	create := func(from, to int) time.Duration {
		start := time.Now()
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for i := from + w; i < to; i += workers {
					if _, _, err := f.catalogs[i%3].CreateStream(f.ctx, catalog.CreateRequest{Name: fmt.Sprintf("s%05d", i)}); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		return time.Since(start)
	}
	first := create(0, streams/10)
	middle := create(streams/10, streams*9/10)
	last := create(streams*9/10, streams)
	t.Logf("%d streams: %.0f/s; the first tenth took %v, the last %v", streams, streams/(first+middle+last).Seconds(), first, last)
	if s := f.agree(); s.Len() != streams {
		t.Fatalf("%d streams", s.Len())
	}
	if last > 10*first {
		t.Errorf("the last tenth took %v, the first %v", last, first)
	}
}
