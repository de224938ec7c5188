package catalog

import (
	"fmt"
	"time"

	"walle/replication"
)

// savedFormat is the version of the format in which a fold is kept on disk:
//
//	| format | version | nodes | streams | requests seen |
//
// with everything encoded as in an entry (change.go).
const savedFormat = 1

// encode returns f's state for decodeFold.
func (f *fold) encode() []byte {
	e := &encoder{}
	e.byte(savedFormat)
	e.uvarint(uint64(f.now.version))
	e.uvarint(uint64(len(f.now.nodes)))
	for i := range f.now.nodes {
		e.node(&f.now.nodes[i].Node)
	}
	e.uvarint(uint64(f.now.byID.Len()))
	f.now.byID.Scan(func(_ replication.StreamID, d *Desc) bool {
		e.desc(d)
		return true
	})
	seen := f.seen.inOrder()
	e.uvarint(uint64(len(seen)))
	for _, r := range seen {
		e.fixed64(uint64(r))
	}
	return e.buf
}

// decodeFold returns the fold that was encoded as buf.
func decodeFold(buf []byte) (*fold, error) {
	d := &decoder{buf: buf}
	if v := d.byte(); v != savedFormat {
		return nil, fmt.Errorf("saved catalog of format %d, this program knows %d", v, savedFormat)
	}
	f := newFold(nil)
	f.now.version = replication.EntryID(d.uvarint())
	for range d.count(12) {
		var n Node
		d.node(&n)
		f.putNode(n)
	}
	for range d.count(6) {
		if err := f.restore(d.desc()); err != nil {
			return nil, err
		}
	}
	for range d.count(8) {
		f.seen.add(requestID(d.fixed64()))
	}
	return f, d.finish()
}

// restore puts back a stream, whose members must be known.
func (f *fold) restore(s *Desc) error {
	for _, m := range s.Config.Members {
		if f.now.nodeIndex(m) < 0 {
			return fmt.Errorf("%w: stream %d lies on unknown node %v", errMalformed, s.ID, m)
		}
	}
	f.now.byName.Set(s.Name, s)
	f.now.byID.Set(s.ID, s)
	f.load(s, 1)
	return nil
}

func (e *encoder) desc(d *Desc) {
	e.uvarint(uint64(d.ID))
	e.string(d.Name)
	e.uvarint(uint64(d.Config.Number))
	e.members(d.Config.Members)
	e.uvarint(uint64(d.Lease))
	e.uvarint(uint64(d.CreatedAt.UnixMicro()))
}

func (d *decoder) desc() *Desc {
	return &Desc{
		ID:   replication.StreamID(d.uvarint()),
		Name: d.string(),
		Config: replication.Configuration{
			Number:  replication.ConfigNumber(d.uvarint()),
			Members: d.members(),
		},
		Lease:     time.Duration(d.uvarint()),
		CreatedAt: time.UnixMicro(int64(d.uvarint())).UTC(),
	}
}
