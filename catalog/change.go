package catalog

import (
	"fmt"
	"time"

	"walle/replication"
)

// requestID names one request for a change, so that the entry which a retry
// appended twice counts once. It is drawn at random.
type requestID uint64

// change is one entry of the system stream. The kinds are the structs below.
type change interface {
	kind() byte
	encode(*encoder)
	decode(*decoder)
}

// nodeAnnounced says how a node is reached; the node is new if its identity is.
type nodeAnnounced struct{ Node Node }

// streamCreated makes a stream. Its id is that of the entry, plus firstStream.
type streamCreated struct {
	Name    string
	Members []replication.NodeID
	Lease   time.Duration
}

// streamDropped is a tombstone: the members delete what they hold.
type streamDropped struct{ ID replication.StreamID }

// streamAltered gives a stream another name or other options.
type streamAltered struct {
	ID    replication.StreamID
	Name  string        // "" keeps it
	Lease time.Duration // 0 keeps it
}

// The numbers of the kinds are part of the format: never changed, never reused.
func (*nodeAnnounced) kind() byte { return 1 }
func (*streamCreated) kind() byte { return 2 }
func (*streamDropped) kind() byte { return 3 }
func (*streamAltered) kind() byte { return 4 }

func newChange(kind byte) change {
	switch kind {
	case 1:
		return new(nodeAnnounced)
	case 2:
		return new(streamCreated)
	case 3:
		return new(streamDropped)
	case 4:
		return new(streamAltered)
	}
	return nil
}

// changeFormat is the version of the format of an entry:
//
//	0         1        2         10
//	| format  | kind   | request | fields in the order of the struct
//
// request is little endian; numbers are uvarints, strings and lists carry their
// length before them. A field is added at the end, under a new format number.
const changeFormat = 1

// encodeChange returns the entry for c.
func encodeChange(req requestID, c change) []byte {
	e := &encoder{}
	e.byte(changeFormat)
	e.byte(c.kind())
	e.fixed64(uint64(req))
	c.encode(e)
	return e.buf
}

// decodeChange is the reverse. An entry of a format or kind that this program
// does not know is an error: the fold cannot go on without it.
func decodeChange(buf []byte) (requestID, change, error) {
	d := &decoder{buf: buf}
	if f := d.byte(); f != changeFormat {
		return 0, nil, fmt.Errorf("catalog entry of format %d, this program knows %d", f, changeFormat)
	}
	kind := d.byte()
	c := newChange(kind)
	if c == nil {
		return 0, nil, fmt.Errorf("catalog entry of unknown kind %d", kind)
	}
	req := requestID(d.fixed64())
	c.decode(d)
	return req, c, d.finish()
}

func (c *nodeAnnounced) encode(e *encoder) { e.node(&c.Node) }
func (c *nodeAnnounced) decode(d *decoder) { d.node(&c.Node) }

func (c *streamCreated) encode(e *encoder) {
	e.string(c.Name)
	e.members(c.Members)
	e.uvarint(uint64(c.Lease))
}

func (c *streamCreated) decode(d *decoder) {
	c.Name = d.string()
	c.Members = d.members()
	c.Lease = time.Duration(d.uvarint())
}

func (c *streamDropped) encode(e *encoder) { e.uvarint(uint64(c.ID)) }
func (c *streamDropped) decode(d *decoder) { c.ID = replication.StreamID(d.uvarint()) }

func (c *streamAltered) encode(e *encoder) {
	e.uvarint(uint64(c.ID))
	e.string(c.Name)
	e.uvarint(uint64(c.Lease))
}

func (c *streamAltered) decode(d *decoder) {
	c.ID = replication.StreamID(d.uvarint())
	c.Name = d.string()
	c.Lease = time.Duration(d.uvarint())
}
