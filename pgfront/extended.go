package pgfront

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/jackc/pgproto3/v2"

	"walle/pgfront/query"
	"walle/pgfront/query/datum"
	"walle/pgfront/sql"
	"walle/pgfront/wire"
)

// This file answers the messages of the extended protocol. An error that a
// handler returns makes the session skip to the Sync.

var errFormat = protocolError("invalid message format")

// portal is a statement with its arguments, and its result once it runs.
type portal struct {
	prepared *prepared
	args     []query.Value
	formats  []int16
	result   *result // nil: not run yet
	ended    bool    // all rows have been sent
	cursor   *cursor // of DECLARE, or once it was named by FETCH
	hold     bool    // WITH HOLD …
	held     bool    // … and it has outlived its transaction
	depth    int     // of savepoints when it was declared
	made     time.Time
	declared sql.Statement // the DECLARE, if it was one
}

func (s *session) parseMessage(body []byte) error {
	m := wire.NewBody(body)
	name, text := string(m.CString()), string(m.CString())
	types := make([]query.OID, 0, 8)
	for n := int(uint16(m.Int16())); n > 0 && !m.Broken(); n-- {
		types = append(types, query.OID(uint32(m.Int32())))
	}
	if !m.Valid() {
		return errFormat
	}
	stmt, err := s.server.cache.ParseOne(text)
	if err != nil {
		return err
	}
	if s.tx.failed && !endsTransaction(stmt) {
		return errInFailed
	}
	if name != "" && s.statements[name] != nil {
		return &query.Error{Code: "42P05", Message: fmt.Sprintf("prepared statement \"%s\" already exists", name)}
	}
	p := &prepared{name: name, stmt: stmt, types: types}
	if name != "" {
		p.made = time.Now()
	}
	if _, empty := stmt.(*sql.Empty); !empty {
		if err := s.makePlan(p); err != nil {
			return err
		}
	}
	s.statements[name] = p
	s.out.Send(&pgproto3.ParseComplete{})
	return nil
}

// statement finds a prepared statement.
func (s *session) statement(name string) (*prepared, error) {
	p := s.statements[name]
	switch {
	case p != nil:
		return p, nil
	case name == "":
		return nil, &query.Error{Code: "26000", Message: "unnamed prepared statement does not exist"}
	}
	return nil, &query.Error{Code: "26000", Message: fmt.Sprintf("prepared statement \"%s\" does not exist", name)}
}

func (s *session) bindMessage(body []byte) error {
	m := wire.NewBody(body)
	name, from := string(m.CString()), m.CString()
	var formatArray [16]int16
	formats := m.Int16s(formatArray[:0])
	if m.Broken() {
		return errFormat
	}
	p, err := s.statement(string(from))
	if err != nil {
		return err
	}
	if s.tx.failed && !endsTransaction(p.stmt) {
		return errInFailed
	}
	if p.plan != nil {
		if err := s.refresh(p); err != nil {
			return err
		}
	}
	args, err := s.bindArgs(p, formats, &m)
	if err != nil {
		return err
	}
	results := m.Int16s(nil)
	if !m.Valid() {
		return errFormat
	}
	if err := checkFormats(results, len(p.columns())); err != nil {
		return err
	}
	if name != "" && s.portals[name] != nil {
		return errPortalExists(name)
	}
	s.closePortal("")
	portal := &portal{prepared: p, args: args, formats: results}
	if name != "" {
		portal.made = time.Now()
	}
	s.portals[name] = portal
	s.out.Raw(bindComplete)
	return nil
}

var bindComplete = []byte{'2', 0, 0, 0, 4}

// bindArgs reads the parameters of Bind.
func (s *session) bindArgs(p *prepared, formats []int16, m *wire.Body) ([]query.Value, error) {
	n := int(uint16(m.Int16()))
	types := p.params()
	switch {
	case m.Broken():
		return nil, errFormat
	case len(formats) > 1 && len(formats) != n:
		return nil, protocolError("bind message has %d parameter formats but %d parameters", len(formats), n)
	case n != len(types):
		return nil, protocolError("bind message supplies %d parameters, but prepared statement \"%s\" requires %d", n, p.name, len(types))
	case n == 0:
		return nil, nil
	}
	args := make([]query.Value, n)
	for i := range args {
		data := m.Value()
		if m.Broken() {
			return nil, errFormat
		}
		if data == nil {
			continue // null
		}
		v, err := s.codecNow().Parse(types[i], formatOf(formats, i), data)
		if err != nil {
			return nil, err
		}
		args[i] = v
	}
	return args, nil
}

func checkFormats(formats []int16, columns int) error {
	if len(formats) > 1 && len(formats) != columns {
		return protocolError("bind message has %d result formats but query has %d columns", len(formats), columns)
	}
	for _, f := range formats {
		if f != datum.TextFormat && f != datum.BinaryFormat {
			return &query.Error{Code: "22023", Message: fmt.Sprintf("unsupported format code: %d", f)}
		}
	}
	return nil
}

// params and columns are those of the plan; an empty statement has none.
func (p *prepared) params() []query.OID {
	if p.plan == nil {
		return nil
	}
	return p.plan.params()
}

func (p *prepared) columns() []query.Field {
	if p.plan == nil {
		return nil
	}
	return p.plan.columns()
}

func (s *session) describeMessage(body []byte) error {
	m := wire.NewBody(body)
	what, name := m.Byte(), string(m.CString())
	if !m.Valid() {
		return errFormat
	}
	switch what {
	case 'S':
		p, err := s.statement(name)
		if err != nil {
			return err
		}
		if s.tx.failed && !endsTransaction(p.stmt) {
			return errInFailed
		}
		buf, mark := s.out.Begin('t')
		buf = binary.BigEndian.AppendUint16(buf, uint16(len(p.params())))
		for _, t := range p.params() {
			buf = binary.BigEndian.AppendUint32(buf, uint32(t))
		}
		s.out.End(buf, mark)
		s.sendColumns(p.columns(), nil)
	case 'P':
		p, err := s.portal(name)
		if err != nil {
			return err
		}
		s.sendColumns(p.prepared.columns(), p.formats)
	default:
		return protocolError("invalid DESCRIBE message subtype %d", what)
	}
	return nil
}

func (s *session) sendColumns(fields []query.Field, formats []int16) {
	if fields == nil {
		s.out.Send(&pgproto3.NoData{})
		return
	}
	s.sendRowDescription(fields, formats)
}

// portal finds a portal.
func (s *session) portal(name string) (*portal, error) {
	if p := s.portals[name]; p != nil {
		return p, nil
	}
	return nil, &query.Error{Code: "34000", Message: fmt.Sprintf("portal \"%s\" does not exist", name)}
}

func (s *session) executeMessage(body []byte) error {
	m := wire.NewBody(body)
	name, most := m.CString(), m.Int32()
	if !m.Valid() {
		return errFormat
	}
	p, err := s.portal(string(name))
	if err != nil {
		return err
	}
	if p.prepared.plan == nil {
		s.out.Send(&pgproto3.EmptyQueryResponse{})
		return nil
	}
	return s.execute(p, int64(max(most, 0)))
}

func (s *session) closeMessage(body []byte) error {
	m := wire.NewBody(body)
	what, name := m.Byte(), string(m.CString())
	if !m.Valid() {
		return errFormat
	}
	switch what {
	case 'S':
		delete(s.statements, name)
	case 'P':
		s.closePortal(name)
	default:
		return protocolError("invalid CLOSE message subtype %d", what)
	}
	s.out.Send(&pgproto3.CloseComplete{})
	return nil
}

func (s *session) syncMessage([]byte) error {
	s.skipping = false
	s.endQuery()
	return nil
}

// endQuery ends the implicit transaction, if it is one, and says that the session
// is ready for the next.
func (s *session) endQuery() {
	if s.tx.block {
		s.sendReady()
		return
	}
	s.commitImplicit()
}

// flushMessage sends what there is. Rows that wait for an append cannot: so the
// append is made now, though its Sync has not come.
func (s *session) flushMessage([]byte) error {
	if len(s.late) > 0 {
		s.commitLate()
	}
	s.flush()
	return nil
}

// execute runs a portal, or goes on with it. Rows beyond most are left for the
// next time.
func (s *session) execute(p *portal, most int64) error {
	stmt := p.prepared.stmt
	if s.tx.failed && !endsTransaction(stmt) {
		return errInFailed
	}
	ctx, end := s.begin(stmt.Text())
	defer end()
	if !isPipelined(p.prepared.plan) {
		if !readsInput(p.prepared.plan) {
			s.watch.start()
			defer s.watch.stop()
		}
		// What the session has appended comes before all that it asks for now.
		if err := s.box.settle(ctx); err != nil {
			return ended(ctx, err)
		}
	}
	if err := s.executeIn(ctx, p, most); err != nil {
		return ended(ctx, err)
	}
	return nil
}

// isPipelined tells what does not wait for the appends before it.
func isPipelined(p plan) bool {
	insert, ok := p.(*insertPlan)
	return ok && insert.query == nil
}

// readsInput tells what reads messages while it runs.
func readsInput(p plan) bool {
	c, ok := p.(*copyPlan)
	return ok && c.stmt.From
}

func (s *session) executeIn(ctx context.Context, p *portal, most int64) error {
	stmt := p.prepared.stmt
	if err := s.run(ctx, p); err != nil {
		return s.located(stmt, err)
	}
	r := p.result
	switch {
	case r == nil: // COPY has said everything itself
		return nil
	case r.late != nil:
		s.addLate(p)
		return nil
	case r.rows == nil:
		s.sendTag(r.tag)
		return nil
	case p.ended:
		s.sendTag(countedTag(r.tag, 0))
		return nil
	}
	n, last, err := s.sendRows(ctx, p, most)
	if err != nil {
		return s.located(stmt, err)
	}
	if !last {
		s.out.Send(&pgproto3.PortalSuspended{})
		return nil
	}
	p.ended = true
	tag := r.tag
	if r.counted {
		tag = countedTag(tag, n)
	}
	s.sendTag(tag)
	return r.rows.Close()
}

// run starts a portal, if it does not run yet.
func (s *session) run(ctx context.Context, p *portal) error {
	if p.result != nil {
		if p.result.rows == nil {
			return &query.Error{Code: "55000", Message: "portal cannot be run any more"}
		}
		return nil
	}
	if c, ok := p.prepared.plan.(*copyPlan); ok {
		return s.copy(ctx, c)
	}
	if s.tx.readOnly {
		if err := refuseReadOnly(p.prepared.stmt); err != nil {
			return err
		}
	}
	r, err := p.prepared.plan.run(ctx, p.args)
	if err != nil {
		return err
	}
	p.result = r
	return nil
}

// refuseReadOnly refuses what a read-only transaction must not do.
func refuseReadOnly(stmt sql.Statement) error {
	switch stmt.(type) {
	case *sql.Insert, *sql.CreateStream, *sql.DropStream, *sql.AlterStream, *sql.TrimStream:
		return &query.Error{Code: "25006", Message: fmt.Sprintf("cannot execute %s in a read-only transaction", stmt.Tag())}
	}
	return nil
}

// closePortal ends a portal, if there is one of that name.
func (s *session) closePortal(name string) {
	p := s.portals[name]
	if p == nil {
		return
	}
	delete(s.portals, name)
	if p.result != nil && p.result.rows != nil {
		_ = p.result.rows.Close() // what it could say would have been said by Err
	}
}

// closePortals ends the portals that do not outlive the transaction.
func (s *session) closePortals() {
	s.closeIf(func(p *portal) bool { return !p.held })
}

func (s *session) closeIf(ends func(*portal) bool) {
	for name, p := range s.portals {
		if ends(p) {
			s.closePortal(name)
		}
	}
}

// closeAll ends all portals.
func (s *session) closeAll() { s.closeIf(func(*portal) bool { return true }) }
