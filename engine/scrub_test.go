package engine_test

import (
	"crypto/sha256"
	"fmt"
	"math"
	"testing"
	"time"

	"walle/engine"
	"walle/engine/enginetest"
	"walle/engine/store/storetest"
	"walle/replication"
	"walle/replication/node"
)

// scrubFast has a node's scrub read as fast as it can.
func scrubFast(c *engine.Config) { c.ScrubBytes, c.ScrubEvery = math.MaxInt64, 10*time.Millisecond }

// noise is what entry id of a stream is filled with: nothing compresses it.
func noise(stream replication.StreamID, id replication.EntryID) []byte {
	var b []byte
	for i := range 32 {
		sum := sha256.Sum256(fmt.Appendf(nil, "%d/%d/%d", stream, id, i))
		b = append(b, sum[:]...)
	}
	return b
}

// fill appends n entries of 1 KiB to a stream of its own, and waits until all
// members know them committed.
func (f *fixture) fill(id replication.StreamID, n int) {
	f.t.Helper()
	f.Host(id, f.config)
	c, err := f.Nodes[0].Engine.Claim(f.ctx, engine.ClaimRequest{Stream: id, Config: f.config, Mode: engine.Wait, Lease: long, Writer: "test"})
	if err != nil {
		f.t.Fatal(err)
	}
	results := make(chan engine.AppendResult, n)
	for range n {
		if err := c.Append(f.ctx, engine.AppendRequest{Payloads: [][]byte{noise(id, c.Next())}}, func(r engine.AppendResult) { results <- r }); err != nil {
			f.t.Fatal(err)
		}
	}
	for range n {
		if r := <-results; r.Err != nil {
			f.t.Fatal(r.Err)
		}
	}
	for _, n := range f.Nodes {
		if _, err := n.Engine.WaitCommit(f.ctx, id, f.config, c.Next()-2); err != nil {
			f.t.Fatal(err)
		}
	}
	if err := c.Release(f.ctx); err != nil {
		f.t.Fatal(err)
	}
}

// settle has a node write all that it holds into tables.
func (f *fixture) settle(i int) {
	f.Nodes[i].Stop()
	f.Nodes[i].Start()
	f.Nodes[i].Stop()
}

// awaitScrub waits until what node i says of the scrub of a replica on member
// pleases.
func (f *fixture) awaitScrub(i, member int, id replication.StreamID, what string, pleases func(engine.Scrubbed) bool) {
	f.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		list, err := f.Nodes[i].Engine.Scrubbed(f.ctx, f.Nodes[member].Peer.ID, []replication.StreamID{id})
		if err == nil && pleases(list[0]) {
			return
		}
		select {
		case <-tick.C:
		case <-f.ctx.Done():
			f.t.Fatalf("the scrub of stream %d on n%d: %+v, %v; it never was %s", id, member+1, list, err, what)
		}
	}
}

// awaitTotals waits until the totals of a node's scrub please.
func (f *fixture) awaitTotals(n *enginetest.Node, what string, pleases func(engine.ScrubTotals) bool) {
	f.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !pleases(n.Engine.ScrubTotals()) {
		select {
		case <-tick.C:
		case <-f.ctx.Done():
			f.t.Fatalf("the totals are %+v, never those %s", n.Engine.ScrubTotals(), what)
		}
	}
}

// wholeHere demands that a node itself can read all entries of a stream.
func (f *fixture) wholeHere(i int, id replication.StreamID, n int) {
	f.t.Helper()
	list, err := storetest.Collect(f.Nodes[i].Store.Scan(node.ScanRequest{Stream: id, From: 1, To: math.MaxUint64}))
	if err == nil {
		err = replication.CheckRun(replication.Position{}, list)
	}
	if err != nil || len(list) != n {
		f.t.Fatalf("n%d has %d entries of stream %d, want %d: %v", i+1, len(list), id, n, err)
	}
}

// Damage on a disk must be found though nobody reads the entry, be mended from
// the other members, and leave the other streams alone.
func TestScrubMendsBlock(t *testing.T) {
	f := newFixture(t, 3)
	f.fill(7, 300)
	f.fill(8, 300)
	n2 := f.Nodes[1]
	n2.Tune = scrubFast
	f.settle(1)
	fs, dir := n2.Disk()
	// Near the begin of its block: the database looks for the flipped bit from there.
	if err := storetest.Damage(fs, dir, noise(7, 122)[:32]); err != nil {
		t.Fatal(err)
	}
	n2.Start()
	f.awaitScrub(0, 1, 7, "mended", func(k engine.Scrubbed) bool {
		return k.Damaged > 0 && k.Repaired == k.Damaged && k.At > 0 && k.To == 300
	})
	f.awaitScrub(1, 1, 8, "over", func(k engine.Scrubbed) bool { return k.Damaged == 0 && k.At > 0 && k.To == 300 })
	f.wholeHere(1, 7, 300)
	f.wholeHere(1, 8, 300)
	n2.Stop()
	n2.Start()
	f.wholeHere(1, 7, 300)
}

// So must damage that the database does not notice, since it was handed the
// wrong bytes: of the data, and of the chain.
func TestScrubMendsEntry(t *testing.T) {
	f := newFixture(t, 3)
	f.fill(7, 30)
	n2 := f.Nodes[1]
	n2.Tune = scrubFast
	data, chain := f.entry(1, 7, 10), f.entry(1, 7, 20)
	data.Data[0]++
	chain.Chain++
	for _, e := range []replication.Entry{data, chain} {
		if _, err := n2.Store.Apply([]replication.Write{{Stream: 7, Entries: []replication.Entry{e}}}, false); err != nil {
			t.Fatal(err)
		}
	}
	n2.Stop()
	n2.Start()
	f.awaitScrub(0, 1, 7, "mended", func(k engine.Scrubbed) bool { return k.Damaged == 2 && k.Repaired == 2 })
	f.wholeHere(1, 7, 30)
	f.awaitTotals(n2, "of a mended replica", func(t engine.ScrubTotals) bool {
		return t.Ranges == 2 && t.Damaged == 2 && t.Repaired == 2 && t.Rounds > 1 &&
			t.Entries >= 28+30 && t.Bytes >= t.Entries*uint64(len(noise(7, 1)))/2 && t.Replicas == 1 && t.Done <= 1
	})
}

// entry is an entry as a node's disk has it.
func (f *fixture) entry(i int, stream replication.StreamID, id replication.EntryID) replication.Entry {
	f.t.Helper()
	list, err := storetest.Collect(f.Nodes[i].Store.Scan(node.ScanRequest{Stream: stream, From: id, To: id}))
	if err != nil || len(list) != 1 {
		f.t.Fatalf("entry %d on n%d: %v, %v", id, i+1, list, err)
	}
	return list[0]
}

// A lone replica has nowhere to fetch from: damage is told, once, and what can
// be read stays readable.
func TestScrubAlone(t *testing.T) {
	f := newFixture(t, 1)
	f.fill(7, 30)
	n := f.Nodes[0]
	n.Tune = scrubFast
	bad := f.entry(0, 7, 10)
	bad.Data[0]++
	if _, err := n.Store.Apply([]replication.Write{{Stream: 7, Entries: []replication.Entry{bad}}}, false); err != nil {
		t.Fatal(err)
	}
	n.Stop()
	n.Start()
	rounds := map[int64]bool{}
	f.awaitScrub(0, 0, 7, "read three times", func(k engine.Scrubbed) bool {
		if k.Damaged > 1 || k.Repaired > 0 {
			t.Fatalf("%+v", k)
		}
		rounds[k.At] = true
		return k.Damaged == 1 && len(rounds) > 3
	})
	st, err := n.Engine.Status(f.ctx, 7, f.config)
	if err != nil || st[0].Status.Gaps != 0 {
		t.Fatalf("%+v, %v", st, err)
	}
}
