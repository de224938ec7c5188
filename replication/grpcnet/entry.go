package grpcnet

import (
	"fmt"

	"walle/replication"
)

// An entry on the wire, given the one before it:
//
//	flags | [id] | [term] | [appended_at] | sum (8) | chain (8) | length | data
//
// What is in brackets is left out when a flag says so; id and appended_at are
// differences. A usual entry takes 20 bytes beside its data.
const (
	entryGroupEnd uint8 = 1 << iota
	entryFollows        // the id is the one before, plus 1
	entrySameTerm       // as the one before
	entrySameTime
	entryFlags = iota
)

const (
	entryLeast = 18 // the bytes that an entry takes at least
	entryMost  = 60 // … at most, beside its data
)

// cursor is the entry before the next one on the wire.
type cursor struct {
	id   replication.EntryID
	term replication.Term
	at   int64
}

// write writes e and moves on to it. It only reads e: other lanes may be
// writing the same entry.
func (p *cursor) write(c *coder, e *replication.Entry) {
	flags := p.flags(e)
	octet(c, &flags)
	if flags&entryFollows == 0 {
		step := int64(e.ID - p.id) // may wrap, and wraps back in read
		varint(c, &step)
	}
	if flags&entrySameTerm == 0 {
		uvarint(c, &e.Term)
	}
	if flags&entrySameTime == 0 {
		step := e.AppendedAt - p.at
		varint(c, &step)
	}
	word(c, &e.Sum)
	word(c, &e.Chain)
	payload(c, &e.Data)
	*p = cursor{id: e.ID, term: e.Term, at: e.AppendedAt}
}

// read reads e and moves on to it.
func (p *cursor) read(c *coder, e *replication.Entry) {
	var flags uint8
	octet(c, &flags)
	if flags >= 1<<entryFlags {
		c.fail(fmt.Errorf("entry flags are %#x", flags))
	}
	e.GroupEnd = flags&entryGroupEnd != 0
	e.ID, e.Term, e.AppendedAt = p.id+1, p.term, p.at
	if flags&entryFollows == 0 {
		var step int64
		varint(c, &step)
		e.ID = p.id + replication.EntryID(step)
	}
	if flags&entrySameTerm == 0 {
		uvarint(c, &e.Term)
	}
	if flags&entrySameTime == 0 {
		var step int64
		varint(c, &step)
		e.AppendedAt = p.at + step
	}
	word(c, &e.Sum)
	word(c, &e.Chain)
	payload(c, &e.Data)
	*p = cursor{id: e.ID, term: e.Term, at: e.AppendedAt}
}

func (p *cursor) flags(e *replication.Entry) (flags uint8) {
	if e.GroupEnd {
		flags |= entryGroupEnd
	}
	if e.ID == p.id+1 {
		flags |= entryFollows
	}
	if e.Term == p.term {
		flags |= entrySameTerm
	}
	if e.AppendedAt == p.at {
		flags |= entrySameTime
	}
	return flags
}

// entries codes a list of entries that follow prev.
func entries(c *coder, prev cursor, list *[]replication.Entry) {
	n := len(*list)
	count(c, &n, entryLeast)
	if c.writing {
		for i := range *list {
			prev.write(c, &(*list)[i])
		}
		return
	}
	if n > 0 {
		*list = make([]replication.Entry, n)
	}
	for i := range *list {
		prev.read(c, &(*list)[i])
	}
}

// entriesSize is an upper bound of what entries writes.
func entriesSize(list []replication.Entry) int {
	n := 10
	for i := range list {
		n += entryMost + len(list[i].Data)
	}
	return n
}
