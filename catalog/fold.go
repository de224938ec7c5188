package catalog

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/btree"

	"walle/engine"
	"walle/replication"
)

// firstStream is the lowest id that a created stream can get, less the id of
// its entry: those below are for streams of the system's own.
const firstStream = 15

// fold makes a Snapshot out of the entries of the system stream. What an entry
// does depends on nothing but the entries before it, so every node comes to the
// same: an entry that makes no sense where it stands (a name was taken by the
// entry before) changes nothing, on all nodes alike. One goroutine owns it.
type fold struct {
	now  Snapshot // not shared: its trees are copied by snapshot
	seen seenRequests
}

// outcome is what an entry did.
type outcome struct {
	desc    Desc  // of the stream that it made, changed or dropped
	err     error // an *engine.Error: it changed nothing
	repeats bool  // it was seen before, and changed nothing
}

// newFold returns the catalog before the first entry: the founding nodes.
func newFold(founders []Node) *fold {
	f := &fold{now: Snapshot{
		byName: btree.NewMap[string, *Desc](0),
		byID:   btree.NewMap[replication.StreamID, *Desc](0),
	}}
	for _, n := range founders {
		f.putNode(n)
	}
	return f
}

// snapshot returns the catalog as it is now, never to change.
func (f *fold) snapshot() *Snapshot {
	s := f.now
	s.byName = f.now.byName.Copy()
	s.byID = f.now.byID.Copy()
	s.nodes = slices.Clone(f.now.nodes)
	return &s
}

// apply folds in one entry, which must be the next.
func (f *fold) apply(e *replication.Entry) (requestID, change, outcome, error) {
	if e.ID != f.now.version+1 {
		return 0, nil, outcome{}, fmt.Errorf("catalog at version %d got entry %d", f.now.version, e.ID)
	}
	req, c, err := decodeChange(e.Data)
	if err != nil {
		return 0, nil, outcome{}, fmt.Errorf("entry %d: %w", e.ID, err)
	}
	f.now.version = e.ID
	if !f.seen.add(req) {
		return req, c, outcome{repeats: true}, nil
	}
	return req, c, f.change(e, c), nil
}

func (f *fold) change(e *replication.Entry, c change) outcome {
	switch c := c.(type) {
	case *nodeAnnounced:
		return f.announce(c)
	case *streamCreated:
		return f.create(e, c)
	case *streamDropped:
		return f.drop(c)
	case *streamAltered:
		return f.alter(c)
	}
	panic(fmt.Sprintf("catalog: change %T without a fold", c))
}

func (f *fold) announce(c *nodeAnnounced) outcome {
	if other, ok := f.now.Node(c.Node.Name); ok && other.ID != c.Node.ID {
		return outcome{err: &engine.Error{Op: "announce", Kind: engine.KindExists, Name: c.Node.Name,
			Detail: fmt.Sprintf("Node %q has identity %v, not %v.", c.Node.Name, other.ID, c.Node.ID)}}
	}
	f.putNode(c.Node)
	return outcome{}
}

// putNode adds n, or replaces the node of its identity.
func (f *fold) putNode(n Node) {
	loaded := loadedNode{Node: n}
	if i := f.now.nodeIndex(n.ID); i >= 0 {
		loaded.streams = f.now.nodes[i].streams
		f.now.nodes = slices.Delete(slices.Clone(f.now.nodes), i, i+1)
	}
	i, _ := slices.BinarySearchFunc(f.now.nodes, n.Name, func(o loadedNode, name string) int {
		return strings.Compare(o.Name, name)
	})
	f.now.nodes = slices.Insert(f.now.nodes, i, loaded)
}

func (f *fold) create(e *replication.Entry, c *streamCreated) outcome {
	if d, ok := f.now.Stream(c.Name); ok {
		return outcome{desc: d, err: existsError("create", c.Name)}
	}
	for _, m := range c.Members {
		if f.now.nodeIndex(m) < 0 {
			return outcome{err: &engine.Error{Op: "create", Kind: engine.KindInvalid, Name: c.Name,
				Detail: fmt.Sprintf("There is no node with identity %v.", m)}}
		}
	}
	d := &Desc{
		ID:        replication.StreamID(e.ID) + firstStream,
		Name:      c.Name,
		Config:    replication.Configuration{Number: 1, Members: c.Members},
		Lease:     c.Lease,
		CreatedAt: time.UnixMicro(e.AppendedAt).UTC(),
	}
	f.now.byName.Set(d.Name, d)
	f.now.byID.Set(d.ID, d)
	f.load(d, 1)
	return outcome{desc: *d}
}

func (f *fold) drop(c *streamDropped) outcome {
	d, ok := f.now.byID.Delete(c.ID)
	if !ok {
		return outcome{err: &engine.Error{Op: "drop", Kind: engine.KindNoStream, Stream: c.ID}}
	}
	f.now.byName.Delete(d.Name)
	f.load(d, -1)
	return outcome{desc: *d}
}

func (f *fold) alter(c *streamAltered) outcome {
	old, ok := f.now.byID.Get(c.ID)
	if !ok {
		return outcome{err: &engine.Error{Op: "alter", Kind: engine.KindNoStream, Stream: c.ID}}
	}
	d := *old
	if c.Lease != 0 {
		d.Lease = c.Lease
	}
	if c.Name != "" && c.Name != old.Name {
		if _, taken := f.now.byName.Get(c.Name); taken {
			return outcome{err: existsError("alter", c.Name)}
		}
		d.Name = c.Name
		f.now.byName.Delete(old.Name)
	}
	f.now.byName.Set(d.Name, &d)
	f.now.byID.Set(d.ID, &d)
	return outcome{desc: d}
}

// load counts streams on the members of d.
func (f *fold) load(d *Desc, by int) {
	for _, m := range d.Config.Members {
		f.now.nodes[f.now.nodeIndex(m)].streams += by
	}
}

func existsError(op, name string) *engine.Error {
	return &engine.Error{Op: op, Kind: engine.KindExists, Name: name}
}

// seenMax is how many requests are remembered. A retry is told from a new
// request while fewer than that many other changes lie between the two, which
// is many more than can be under way at once.
const seenMax = 8192

// seenRequests remembers the last requests.
type seenRequests struct {
	ring []requestID // oldest at next once it is full
	next int
	set  map[requestID]struct{}
}

// add returns false if r is remembered; else it remembers it.
func (s *seenRequests) add(r requestID) bool {
	if _, ok := s.set[r]; ok {
		return false
	}
	if s.set == nil {
		s.set = make(map[requestID]struct{})
	}
	s.set[r] = struct{}{}
	if len(s.ring) < seenMax {
		s.ring = append(s.ring, r)
		return true
	}
	delete(s.set, s.ring[s.next])
	s.ring[s.next] = r
	s.next = (s.next + 1) % seenMax
	return true
}

// inOrder lists what is remembered, the oldest first.
func (s *seenRequests) inOrder() []requestID {
	return append(slices.Clone(s.ring[s.next:]), s.ring[:s.next]...)
}
