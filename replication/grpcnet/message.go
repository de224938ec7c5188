package grpcnet

import (
	"fmt"

	"walle/replication"
)

// kind is the first byte of an envelope on the wire: the message's type, and
// whether a claim follows.
type kind uint8

const (
	kindProbe kind = iota + 1
	kindStatus
	kindPrepare
	kindPromise
	kindRefused
	kindBegin
	kindAppend
	kindAppended
	kindFetch
	kindFetched
	kindRelease
	kindReleased
	kindTrim
	kindTrimmed
	kindSummarize
	kindSummary
	kindPing
	kindPong

	hasClaim kind = 0x80
)

// ping asks the other end of a lane to answer; pong gives its SentAt back. They
// are this package's own and are never delivered.
type ping struct{ SentAt replication.Time }
type pong struct{ SentAt replication.Time }

func (ping) IsRequest() bool  { return true }
func (pong) IsRequest() bool  { return false }
func (m ping) String() string { return fmt.Sprintf("ping{%d}", m.SentAt) }
func (m pong) String() string { return fmt.Sprintf("pong{%d}", m.SentAt) }

// envelopes is a frame of a lane:
//
//	envelope, envelope, … to the frame's end
//	envelope   kind | stream | config | [claim: node, nonce] | the message's fields
//
// From and To are not sent: they are the two ends of the lane, whose identities
// were checked when it was opened.
type envelopes struct {
	list     []replication.Envelope
	from, to replication.NodeID // reading: the ends of the lane
}

func (f *envelopes) code(c *coder) {
	if c.writing {
		for i := range f.list {
			writeEnvelope(c, &f.list[i])
		}
		return
	}
	clear(f.list)
	f.list = f.list[:0]
	for c.err == nil && len(c.b) > 0 {
		e := replication.Envelope{From: f.from, To: f.to}
		readEnvelope(c, &e)
		if len(f.list) == mostEnvelopes {
			c.fail(fmt.Errorf("more than %d messages in a frame", mostEnvelopes))
		}
		f.list = append(f.list, e)
	}
}

func (f *envelopes) size() int {
	n := 0
	for i := range f.list {
		n += sizeOf(&f.list[i])
	}
	return n
}

func writeEnvelope(c *coder, e *replication.Envelope) {
	k := kindOf(e.Msg)
	if !e.Claim.IsZero() {
		k |= hasClaim
	}
	head(c, &k, e)
	body(c, k&^hasClaim, &e.Msg)
}

func readEnvelope(c *coder, e *replication.Envelope) {
	var k kind
	head(c, &k, e)
	body(c, k&^hasClaim, &e.Msg)
}

func head(c *coder, k *kind, e *replication.Envelope) {
	octet(c, k)
	uvarint(c, &e.Stream)
	uvarint(c, &e.Config)
	if *k&hasClaim != 0 {
		claim(c, &e.Claim)
	}
}

// kindOf panics at a message it does not know: it cannot be sent by any node.
func kindOf(m replication.Message) kind {
	switch m.(type) {
	case replication.Probe:
		return kindProbe
	case replication.Status:
		return kindStatus
	case replication.Prepare:
		return kindPrepare
	case replication.Promise:
		return kindPromise
	case replication.Refused:
		return kindRefused
	case replication.Begin:
		return kindBegin
	case replication.Append:
		return kindAppend
	case replication.Appended:
		return kindAppended
	case replication.Fetch:
		return kindFetch
	case replication.Fetched:
		return kindFetched
	case replication.Release:
		return kindRelease
	case replication.Released:
		return kindReleased
	case replication.Trim:
		return kindTrim
	case replication.Trimmed:
		return kindTrimmed
	case replication.Summarize:
		return kindSummarize
	case replication.Summary:
		return kindSummary
	case ping:
		return kindPing
	case pong:
		return kindPong
	}
	panic(fmt.Sprintf("grpcnet: no layout for message %T", m))
}

// body writes or reads the message of kind k.
func body(c *coder, k kind, m *replication.Message) {
	switch k {
	case kindProbe:
		as(c, m, func(*coder, *replication.Probe) {})
	case kindStatus:
		as(c, m, replicaStatus)
	case kindPrepare:
		as(c, m, prepare)
	case kindPromise:
		as(c, m, promise)
	case kindRefused:
		as(c, m, refused)
	case kindBegin:
		as(c, m, begin)
	case kindAppend:
		as(c, m, appendEntries)
	case kindAppended:
		as(c, m, appended)
	case kindFetch:
		as(c, m, fetch)
	case kindFetched:
		as(c, m, fetched)
	case kindRelease:
		as(c, m, func(c *coder, m *replication.Release) { uvarint(c, &m.Term) })
	case kindReleased:
		as(c, m, func(c *coder, m *replication.Released) { uvarint(c, &m.Term) })
	case kindTrim:
		as(c, m, func(c *coder, m *replication.Trim) { uvarint(c, &m.First) })
	case kindTrimmed:
		as(c, m, func(c *coder, m *replication.Trimmed) { uvarint(c, &m.First) })
	case kindSummarize:
		as(c, m, func(*coder, *replication.Summarize) {})
	case kindSummary:
		as(c, m, summary)
	case kindPing:
		as(c, m, func(c *coder, m *ping) { varint(c, &m.SentAt) })
	case kindPong:
		as(c, m, func(c *coder, m *pong) { varint(c, &m.SentAt) })
	default:
		c.fail(fmt.Errorf("message of kind %d", k))
	}
}

// as codes m, which is a T or is to become one.
func as[T replication.Message](c *coder, m *replication.Message, fields func(*coder, *T)) {
	var t T
	if c.writing {
		t = (*m).(T)
	}
	fields(c, &t)
	if !c.writing {
		*m = t
	}
}

func claim(c *coder, v *replication.ClaimID) {
	word(c, &v.Node)
	word(c, &v.Nonce)
}

func position(c *coder, p *replication.Position) {
	uvarint(c, &p.ID)
	word(c, &p.Chain)
}

func history(c *coder, h *replication.History) {
	n := len(*h)
	count(c, &n, 2)
	if !c.writing && n > 0 {
		*h = make(replication.History, n)
	}
	for i := range *h {
		uvarint(c, &(*h)[i].Term)
		uvarint(c, &(*h)[i].Start)
	}
}

func replicaStatus(c *coder, m *replication.Status) {
	uvarint(c, &m.Promised)
	claim(c, &m.Claim)
	text(c, &m.Holder)
	varint(c, &m.Remaining)
	varint(c, &m.Lease)
	uvarint(c, &m.Last)
	uvarint(c, &m.Tail)
	uvarint(c, &m.Flush)
	uvarint(c, &m.Commit)
	uvarint(c, &m.First)
	uvarint(c, &m.Missing)
	varint(c, &m.Gaps)
}

func prepare(c *coder, m *replication.Prepare) {
	uvarint(c, &m.Term)
	text(c, &m.Holder)
	varint(c, &m.Lease)
	flag(c, &m.Force)
}

func promise(c *coder, m *replication.Promise) {
	uvarint(c, &m.Term)
	history(c, &m.History)
	position(c, &m.Tail)
	varint(c, &m.TailAt)
	uvarint(c, &m.Commit)
	position(c, &m.Base)
	varint(c, &m.BaseAt)
}

func summary(c *coder, m *replication.Summary) {
	uvarint(c, &m.Term)
	history(c, &m.History)
	position(c, &m.Commit)
	varint(c, &m.CommitAt)
	position(c, &m.Base)
	varint(c, &m.BaseAt)
}

func refused(c *coder, m *replication.Refused) {
	octet(c, &m.Reason)
	uvarint(c, &m.Term)
	uvarint(c, &m.Promised)
	claim(c, &m.Claim)
	text(c, &m.Holder)
	varint(c, &m.Remaining)
}

func begin(c *coder, m *replication.Begin) {
	uvarint(c, &m.Term)
	history(c, &m.History)
	position(c, &m.Base)
	varint(c, &m.BaseAt)
	position(c, &m.Mark)
	varint(c, &m.MarkAt)
	uvarint(c, &m.Commit)
	varint(c, &m.SentAt)
}

func appendEntries(c *coder, m *replication.Append) {
	uvarint(c, &m.Term)
	position(c, &m.Prev)
	varint(c, &m.PrevAt)
	uvarint(c, &m.Commit)
	uvarint(c, &m.First)
	varint(c, &m.SentAt)
	flag(c, &m.Jump)
	entries(c, cursor{id: m.Prev.ID, at: m.PrevAt, term: m.Term}, &m.Entries)
}

func appended(c *coder, m *replication.Appended) {
	uvarint(c, &m.Term)
	uvarint(c, &m.Flush)
	uvarint(c, &m.Tail)
	uvarint(c, &m.Commit)
	varint(c, &m.SentAt)
	flag(c, &m.Hole)
	flag(c, &m.Full)
}

func fetch(c *coder, m *replication.Fetch) {
	uvarint(c, &m.Term)
	uvarint(c, &m.From)
	uvarint(c, &m.To)
	varint(c, &m.MaxBytes)
}

func fetched(c *coder, m *replication.Fetched) {
	uvarint(c, &m.From)
	uvarint(c, &m.To)
	octet(c, &m.Answer)
	position(c, &m.Prev)
	varint(c, &m.PrevAt)
	uvarint(c, &m.First)
	entries(c, cursor{id: m.Prev.ID, at: m.PrevAt}, &m.Entries)
}

// mostEnvelopes is more than any sender puts into a frame.
const mostEnvelopes = maxFrame / (headSize + fixedSize)

const (
	headSize  = 40  // bytes that an envelope takes at most without its message
	fixedSize = 128 // … that a message takes at most without entries, history and text
)

// sizeOf is an upper bound of an envelope's bytes on the wire, and what it
// counts in a queue.
func sizeOf(e *replication.Envelope) int {
	n := headSize + fixedSize
	switch m := e.Msg.(type) {
	case replication.Append:
		n += entriesSize(m.Entries)
	case replication.Fetched:
		n += entriesSize(m.Entries)
	case replication.Begin:
		n += 20 * len(m.History)
	case replication.Promise:
		n += 20 * len(m.History)
	case replication.Summary:
		n += 20 * len(m.History)
	case replication.Prepare:
		n += len(m.Holder)
	case replication.Refused:
		n += len(m.Holder)
	case replication.Status:
		n += len(m.Holder)
	}
	return n
}
