package engine

import (
	"context"

	"walle/replication"
	"walle/replication/node"
)

// Pages begin small, for a reader that wants one entry, and grow to a size at
// which opening an iterator costs nothing beside the entries.
const (
	pageBytesFirst = 16 << 10
	pageBytesMost  = 1 << 20
	// pageBytesFollow is for a read that follows: there may be a thousand of them,
	// and each keeps its page while it waits.
	pageBytesFollow = 128 << 10
	pageEntries     = 8192
)

// page is a run of entries copied out of the store. No iterator stays open
// between two pages: one would keep deleted files on the disk, and the store
// from closing, for as long as its reader likes to think.
type page struct {
	entries []replication.Entry
	data    []byte // theirs
	at      int    // the next to take
	bytes   int    // how much the next page may hold
	most    int    // how much any may
}

func (p *page) empty() bool { return p.at == len(p.entries) }

// take returns the next entry if it is id, else nil.
func (p *page) take(id replication.EntryID) *replication.Entry {
	if p.empty() || p.entries[p.at].ID != id {
		return nil
	}
	p.at++
	return &p.entries[p.at-1]
}

// load fills p with the first entries of run, up to where they stop being
// dense. An error after the first of them is left to the next page to meet.
func (p *page) load(storage node.Storage, run node.ScanRequest) error {
	if run.Descending {
		run.From = max(run.From, run.To-min(run.To, pageEntries-1))
	} else {
		run.To = min(run.To, run.From+pageEntries-1)
	}
	it := storage.Scan(run)
	p.fill(it, run)
	err := it.Err()
	if cerr := it.Close(); err == nil {
		err = cerr
	}
	if len(p.entries) > 0 {
		return nil
	}
	return err
}

// receive fills p with the next entries of a member's scan, which stands at the
// beginning of run. If ctx cuts it short, that is the end of the scan.
func (p *page) receive(ctx context.Context, m *memberScan, run node.ScanRequest) error {
	defer context.AfterFunc(ctx, m.cancel)()
	p.fill(m.scan, run)
	if len(p.entries) > 0 {
		return nil
	}
	return m.scan.Err()
}

// fill takes entries of run from it while they are dense and p has room.
func (p *page) fill(it node.Scanner, run node.ScanRequest) {
	p.bytes = max(pageBytesFirst, min(p.bytes*4, p.most))
	p.entries, p.data, p.at = p.entries[:0], p.data[:0], 0
	want := firstOf(run)
	for p.room() && it.Next() && it.Entry().ID == want {
		p.add(it.Entry(), run.NoData)
		want = after(run, want)
	}
}

// entryOverhead is what an entry of a page counts beside its data.
const entryOverhead = 64

func (p *page) room() bool {
	return len(p.entries) < pageEntries && len(p.data)+entryOverhead*len(p.entries) < p.bytes
}

func (p *page) add(e *replication.Entry, noData bool) {
	p.entries = append(p.entries, *e)
	if noData {
		p.entries[len(p.entries)-1].Data = nil
		return
	}
	start := len(p.data)
	p.data = append(p.data, e.Data...) // entries before keep the old memory if it moves
	p.entries[len(p.entries)-1].Data = p.data[start:len(p.data):len(p.data)]
}

// firstOf is the entry with which run begins.
func firstOf(run node.ScanRequest) replication.EntryID {
	if run.Descending {
		return run.To
	}
	return run.From
}

// after is the entry that follows id in the direction of run.
func after(run node.ScanRequest, id replication.EntryID) replication.EntryID {
	if run.Descending {
		return id - 1
	}
	return id + 1
}
