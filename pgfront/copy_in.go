package pgfront

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"walle/engine"
	"walle/pgfront/query"
	"walle/pgfront/query/datum"
	"walle/pgfront/wire"
)

// Groups of COPY are appended when they have so many bytes or rows.
const (
	copyGroupBytes = 512 << 10
	copyGroupRows  = 8192
)

// copyFrom appends what the client sends: within a transaction block to its
// group, else in groups of its own, which are started without waiting for each
// other.
func (s *session) copyFrom(ctx context.Context, p *copyPlan) error {
	if s.tx.readOnly {
		return &query.Error{Code: "25006", Message: "cannot execute COPY FROM in a read-only transaction"}
	}
	if !s.tx.block {
		if err := s.closeGroup(ctx, p.stmt); err != nil {
			return err
		}
	}
	c, err := s.claimed(p.desc)
	if err != nil {
		return err
	}
	in := &copyIn{session: s, plan: p, claim: c, format: newCopyInput(p.options, p.inputColumns()), group: &s.tx.group}
	if !s.tx.block {
		in.group = &in.own
	}
	if err := in.group.open(c); err != nil {
		return err
	}
	in.start = len(in.group.payloads)

	buf, mark := s.out.Begin('G')
	s.out.End(appendCopyFormats(buf, p.options.format, p.width), mark)
	s.flush()
	err = in.receive(ctx)
	return in.finish(ctx, err)
}

// inputColumns names the columns of the input in their order.
func (p *copyPlan) inputColumns() []string {
	names := make([]string, p.width)
	names[p.data] = "data"
	if p.id >= 0 {
		names[p.id] = "entry_id"
	}
	return names
}

// copyIn is one COPY … FROM STDIN.
type copyIn struct {
	session *session
	plan    *copyPlan
	claim   *claim
	format  copyInput
	group   *group // where rows go: own, or the transaction's
	own     group
	start   int    // rows that group had before
	rest    []byte // of a row that has not arrived as a whole
	lines   int64  // rows read
	block   []byte // for payloads to come

	running sync.WaitGroup // groups in flight
	mu      sync.Mutex     // guards what follows
	durable int64          // rows
	unknown int64          // rows that may be in the stream, or not
	failed  error          // of the first group that failed
}

// receive reads messages up to CopyDone.
func (in *copyIn) receive(ctx context.Context) error {
	s := in.session
	stop := context.AfterFunc(ctx, func() { _ = s.setReadDeadline(time.Unix(1, 0)) })
	defer func() {
		if !stop() {
			_ = s.setReadDeadline(time.Time{}) // what is wrong with the connection the next read will say
		}
	}()
	for {
		kind, body, err := s.reader.Message()
		var long *wire.TooLongError
		if errors.As(err, &long) && kind == 'd' {
			if err = s.reader.Skip(); err == nil {
				return errTooLong(long)
			}
		}
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			s.broken = s.readError(err)
			return errClientGone
		}
		switch kind {
		case 'd':
			if err := in.take(ctx, body, false); err != nil {
				return err
			}
		case 'c':
			return in.take(ctx, nil, true)
		case 'f':
			m := wire.NewBody(body)
			return &query.Error{Code: "57014", Message: fmt.Sprintf("COPY from stdin failed: %s", m.CString())}
		case 'H', 'S':
		default:
			s.broken = protocolError("unexpected message type 0x%02X during COPY from stdin", kind)
			return s.broken
		}
	}
}

// take reads the rows of data, and of what was left of the data before.
func (in *copyIn) take(ctx context.Context, data []byte, last bool) error {
	buf := data
	if len(in.rest) > 0 {
		in.rest = append(in.rest, data...)
		buf = in.rest
	}
	for {
		fields, n, err := in.format.row(buf, last)
		if n > 0 && len(fields) > 0 || err != nil {
			in.lines++
			if err == nil {
				err = in.row(ctx, fields)
			}
			if err != nil {
				return in.at(err)
			}
		}
		if n == 0 {
			break
		}
		buf = buf[n:]
	}
	if len(buf) > groupBytesMost*4 {
		in.lines++
		return in.at(&query.Error{Code: "54000", Message: "a row of COPY cannot have more than 64 MiB"})
	}
	in.rest = append(in.rest[:0], buf...)
	return nil
}

// at adds to an error which row it is about.
func (in *copyIn) at(err error) error {
	told := *in.session.server.explain(err)
	if told.Detail != "" {
		told.Detail += " "
	}
	told.Detail += fmt.Sprintf("It is about row %d of the input.", in.lines)
	return &told
}

// row adds one row to the group, and starts to append the group when it is
// large.
func (in *copyIn) row(ctx context.Context, fields [][]byte) error {
	payload, err := in.payload(fields[in.plan.data])
	if err != nil {
		return err
	}
	if in.plan.id >= 0 {
		if err := in.checkID(fields[in.plan.id]); err != nil {
			return err
		}
	}
	if err := in.group.add(payload); err != nil {
		return err
	}
	if in.group == &in.own && (in.own.bytes >= copyGroupBytes || len(in.own.payloads) >= copyGroupRows) {
		return in.append(ctx)
	}
	return nil
}

// payload reads the field of data.
func (in *copyIn) payload(field []byte) ([]byte, error) {
	switch {
	case field == nil:
		return nil, (&insertPlan{desc: in.plan.desc}).nullIn("data")
	case in.plan.options.format == copyBinary:
		return append(in.room(len(field)), field...), nil
	case len(field) >= 2 && field[0] == '\\' && field[1] == 'x':
		payload := in.room(hex.DecodedLen(len(field) - 2))
		if payload, err := hex.AppendDecode(payload, field[2:]); err == nil {
			return payload, nil
		}
	}
	v, err := in.session.codecNow().Parse(datum.ByteaOID, datum.TextFormat, field)
	return v.Bytes(), err
}

// copyBlock is the memory that small payloads share. Those of one block are
// neighbours in the log, and leave memory together.
const copyBlock = 32 << 10

// room returns an empty slice with room for n bytes and no more.
func (in *copyIn) room(n int) []byte {
	if n > copyBlock/8 {
		return make([]byte, 0, n)
	}
	if n >= len(in.block) { // never nil, also for none
		in.block = make([]byte, copyBlock)
	}
	room := in.block[:0:n]
	in.block = in.block[n:]
	return room
}

// checkID checks that an explicit entry_id is the next one.
func (in *copyIn) checkID(field []byte) error {
	if field == nil {
		return (&insertPlan{desc: in.plan.desc}).nullIn("entry_id")
	}
	format := int16(in.plan.options.format.wire())
	v, err := in.session.codecNow().Parse(datum.Int8OID, format, field)
	if err != nil {
		return err
	}
	return in.group.wrongID(v.Int())
}

// append starts to append the group.
func (in *copyIn) append(ctx context.Context) error {
	if err := in.failure(); err != nil {
		return err
	}
	next := in.own.next()
	in.own.promised = true // groups in flight keep their order, or fail
	req := in.own.request(in.session.appendTimeout())
	in.own = group{claim: in.claim, first: next, payloads: make([][]byte, 0, len(req.Payloads))}
	in.running.Add(1)
	err := in.claim.claim.Append(ctx, req, func(r engine.AppendResult) {
		in.claim.note(r)
		in.mu.Lock()
		switch rows := int64(len(req.Payloads)); {
		case r.Err == nil:
			in.durable += rows
		case engine.KindOf(r.Err) == engine.KindUnknown:
			in.unknown += rows
		}
		if in.failed == nil {
			in.failed = r.Err
		}
		in.mu.Unlock()
		in.running.Done()
	})
	if err != nil {
		in.running.Done()
		in.claim.noteError(err)
	}
	return err
}

func (in *copyIn) failure() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.failed
}

// finish appends what is left, waits for all groups, and says how many rows are
// durable.
func (in *copyIn) finish(ctx context.Context, err error) error {
	s := in.session
	if in.group != &in.own {
		if err != nil {
			in.group.cut(in.start)
			return ended(ctx, err)
		}
		s.sendTag(countedTag("COPY", int64(len(in.group.payloads)-in.start)))
		return nil
	}
	if err == nil && !in.own.empty() {
		err = in.append(ctx)
	}
	in.running.Wait() // each append has its own timeout
	if err == nil {
		err = in.failure()
	}
	if err != nil {
		told := *s.server.explain(ended(ctx, err))
		if told.Detail != "" {
			told.Detail += " "
		}
		told.Detail += in.became()
		return &told
	}
	s.sendTag(countedTag("COPY", in.durable))
	return nil
}

// became says what is in the stream after an error. Nothing is in flight.
func (in *copyIn) became() string {
	if in.unknown == 0 {
		return fmt.Sprintf("Rows of the input that are in the stream: %d.", in.durable)
	}
	return fmt.Sprintf("Rows of the input that are surely in the stream: %d; of the next %d it is not known.", in.durable, in.unknown)
}
