package catalog

import (
	"encoding/binary"
	"errors"

	"walle/replication"
)

// encoder appends fields to buf.
type encoder struct{ buf []byte }

func (e *encoder) byte(b byte)      { e.buf = append(e.buf, b) }
func (e *encoder) fixed64(v uint64) { e.buf = binary.LittleEndian.AppendUint64(e.buf, v) }
func (e *encoder) uvarint(v uint64) { e.buf = binary.AppendUvarint(e.buf, v) }

func (e *encoder) string(s string) {
	e.uvarint(uint64(len(s)))
	e.buf = append(e.buf, s...)
}

func (e *encoder) members(ms []replication.NodeID) {
	e.uvarint(uint64(len(ms)))
	for _, m := range ms {
		e.fixed64(uint64(m))
	}
}

func (e *encoder) node(n *Node) {
	e.fixed64(uint64(n.ID))
	e.string(n.Name)
	e.string(n.PeerAddr)
	e.string(n.SQLAddr)
	e.string(n.Version)
}

var errMalformed = errors.New("malformed catalog bytes")

// decoder takes fields from the front of buf. After the first that is not
// there, bad is set and every further one is zero.
type decoder struct {
	buf []byte
	bad bool
}

// take returns the next n bytes, nil if there are not that many.
func (d *decoder) take(n uint64) []byte {
	if d.bad || n > uint64(len(d.buf)) {
		d.bad = true
		return nil
	}
	b := d.buf[:n]
	d.buf = d.buf[n:]
	return b
}

func (d *decoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) fixed64() uint64 {
	if b := d.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.buf)
	if d.bad || n <= 0 {
		d.bad = true
		return 0
	}
	d.buf = d.buf[n:]
	return v
}

func (d *decoder) string() string { return string(d.take(d.uvarint())) }

// count is the length of a list whose items take at least size bytes each: no
// more than the bytes that are left could hold, whatever is written there.
func (d *decoder) count(size int) int {
	n := d.uvarint()
	if n > uint64(len(d.buf)/size) {
		d.bad = true
		return 0
	}
	return int(n)
}

func (d *decoder) members() []replication.NodeID {
	n := d.count(8)
	if n == 0 {
		return nil
	}
	ms := make([]replication.NodeID, n)
	for i := range ms {
		ms[i] = replication.NodeID(d.fixed64())
	}
	return ms
}

func (d *decoder) node(n *Node) {
	n.ID = replication.NodeID(d.fixed64())
	n.Name = d.string()
	n.PeerAddr = d.string()
	n.SQLAddr = d.string()
	n.Version = d.string()
}

// finish returns an error unless every byte was taken and none was missing.
func (d *decoder) finish() error {
	if d.bad || len(d.buf) > 0 {
		return errMalformed
	}
	return nil
}
