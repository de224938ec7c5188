package pgfront

import (
	"context"
	"fmt"
	"slices"
	"time"

	"walle/engine"
	"walle/pgfront/query"
	"walle/pgfront/sql"
	"walle/replication"
)

// transaction is what a session has begun and not ended. There always is one:
// without BEGIN it lasts up to a Sync, or to the end of a simple Query.
//
// What it appends is its group, kept here until the end.
type transaction struct {
	block       bool // BEGIN was said
	failed      bool // only its end, or a ROLLBACK TO, is accepted
	readOnly    bool
	began       time.Time // of its first statement: now()
	statementAt time.Time
	isolation   string // as SHOW prints it; "" is the session's default
	group       group
	savepoints  []savepoint
	channels    []channelChange
	before      *values // the settings to go back to, if they were changed
}

// savepoint is a state of a transaction to go back to.
type savepoint struct {
	name     string
	group    group
	values   values
	channels int // so many changes of channels came before
}

// group is what a transaction is going to append, atomically: rows of one
// stream. The zero group is empty.
type group struct {
	claim    *claim
	payloads [][]byte
	bytes    int
	first    replication.EntryID // the id of the first row, as it was foretold
	// promised: the client was told of ids, or asked for them. The group must get
	// them, or fail.
	promised bool
}

func (g *group) empty() bool { return len(g.payloads) == 0 }

// next is the id that the next row will get.
func (g *group) next() replication.EntryID { return g.first + replication.EntryID(len(g.payloads)) }

// Limits of a group. COPY outside of a transaction has none.
const (
	groupBytesMost = 16 << 20
	groupRowsMost  = 65536
)

// open makes the group one of rows for c's stream.
func (g *group) open(c *claim) error {
	switch {
	case g.empty():
		*g = group{claim: c, first: c.claim.Next(), payloads: g.payloads[:0]}
	case g.claim != c:
		return &query.Error{Code: "0A000", Message: "appends to two streams in one transaction are not supported",
			Detail: fmt.Sprintf("The transaction has appended to \"%s\", and this statement appends to \"%s\".", g.claim.desc.Name, c.desc.Name)}
	}
	return nil
}

// add buffers one row. The payload must not change any more.
func (g *group) add(payload []byte) error {
	switch {
	case len(payload) > groupBytesMost:
		return &query.Error{Code: "54000", Message: "an entry cannot have more than 16 MiB", Detail: fmt.Sprintf("It has %d bytes.", len(payload))}
	case g.bytes+len(payload) > groupBytesMost, len(g.payloads) == groupRowsMost:
		return &query.Error{Code: "54000", Message: "a transaction cannot append more than 16 MiB or 65536 entries",
			Hint: "Use COPY outside of a transaction to append more: it is not atomic."}
	}
	g.payloads = append(g.payloads, payload)
	g.bytes += len(payload)
	return nil
}

// cut drops the rows behind the first n.
func (g *group) cut(n int) {
	for _, p := range g.payloads[n:] {
		g.bytes -= len(p)
	}
	g.payloads = g.payloads[:n]
}

// request is what engine is asked for. The group is empty afterwards.
func (g *group) request(timeout time.Duration) engine.AppendRequest {
	req := engine.AppendRequest{Payloads: g.payloads, Timeout: timeout}
	if g.promised {
		req.First = g.first
	}
	*g = group{}
	return req
}

func (t *transaction) status() byte {
	switch {
	case t.block && t.failed:
		return 'E'
	case t.block:
		return 'T'
	}
	return 'I'
}

// state is the same in the words of walle.sessions.
func (t *transaction) state() string {
	switch {
	case t.block && t.failed:
		return "idle in transaction (aborted)"
	case t.block:
		return "idle in transaction"
	}
	return "idle"
}

// fail dooms the transaction. Without BEGIN there is only a group to drop.
func (t *transaction) fail() {
	if !t.block {
		t.group = group{}
		return
	}
	t.failed = true
}

// finish ends the transaction: settings of SET LOCAL go, and those of SET too
// if it is rolled back.
func (s *session) finish(rollback bool) {
	if rollback && s.tx.before != nil {
		s.change(*s.tx.before)
	}
	if len(s.values.local) > 0 {
		v := s.values
		v.local = nil
		s.change(v)
	}
	s.tx = transaction{}
	s.box.hold(false)
	s.closePortals()
}

// commitImplicit starts to append what was buffered without BEGIN, and queues
// ReadyForQuery behind the outcome.
func (s *session) commitImplicit() {
	g := &s.tx.group
	if g.empty() {
		s.finish(false)
		s.sendReady()
		s.deferred = -1
		return
	}
	if len(s.late) > 0 {
		s.commitLate()
		s.finish(false)
		s.sendReady()
		return
	}
	c, keep := g.claim, max(s.deferred, 0)
	req := g.request(s.appendTimeout())
	s.finish(false)
	s.deferred = -1
	s.sendReady()
	it := &item{bytes: append([]byte(nil), s.out.Bytes()...), keep: keep, stream: c.desc.ID}
	s.out.Reset()
	if s.box.sendWhen(it) != nil {
		return // nobody is there to hear of it, and nothing was started
	}
	ctx, end := s.scopeNow()
	defer end()
	err := c.claim.Append(ctx, req, func(r engine.AppendResult) {
		c.note(r)
		s.box.answer(it, r.Err)
	})
	if err != nil {
		c.noteError(err)
		s.box.answer(it, ended(ctx, err))
	}
}

// scopeNow lets an append that waits for room be cancelled.
func (s *session) scopeNow() (ctx context.Context, end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.scope.Err() != nil && !s.stopped {
		s.renewScope()
	}
	s.busy = true
	return s.scope, s.ending
}

// failure is what the client is sent instead of an answer, when the append at
// its Sync has failed. The outbox's goroutine calls it.
func (s *session) failure(err error) []byte {
	return failureMessages(s.server.explain(err))
}

// appendTimeout is how long to wait for the outcome of an append.
func (s *session) appendTimeout() time.Duration {
	if t := s.timeouts.statement; t > 0 {
		return min(t, s.timeouts.append)
	}
	return s.timeouts.append
}

// appendNow appends the transaction's group and waits for the outcome.
func (s *session) appendNow(ctx context.Context) (engine.AppendResult, error) {
	return s.appendTraced(ctx, nil)
}

// appendTraced is appendNow for who wants to know more of it.
func (s *session) appendTraced(ctx context.Context, trace *engine.Trace) (engine.AppendResult, error) {
	c := s.tx.group.claim
	req := s.tx.group.request(s.appendTimeout())
	req.Trace = trace
	done := make(chan engine.AppendResult, 1)
	err := c.claim.Append(ctx, req, func(r engine.AppendResult) {
		c.note(r)
		done <- r
	})
	if err != nil {
		c.noteError(err)
		return engine.AppendResult{}, ended(ctx, err)
	}
	stop := ctx.Done()
	for {
		select {
		case r := <-done:
			return r, r.Err
		case <-stop:
			if context.Cause(ctx) == errShutdown {
				stop = nil // the outcome is not far: an append has its own timeout
				continue
			}
			return engine.AppendResult{}, errAbandoned(c.desc.ID)
		}
	}
}

// closeGroup appends what an implicit transaction has buffered so far: the
// statement that follows cannot be undone.
func (s *session) closeGroup(ctx context.Context, stmt sql.Statement) error {
	if s.tx.group.empty() {
		return nil
	}
	if s.tx.block {
		return &query.Error{Code: "25001", Message: stmt.Tag() + " cannot run inside a transaction block that has appended",
			Hint: "COMMIT the transaction first."}
	}
	if len(s.late) > 0 {
		s.commitLate()
		return nil
	}
	_, err := s.appendNow(ctx)
	s.deferred = -1
	return err
}

// alone makes sure that stmt, which no ROLLBACK would undo, is not within a
// transaction block.
func (s *session) alone(ctx context.Context, stmt sql.Statement) error {
	if s.tx.block {
		return &query.Error{Code: "25001", Message: stmt.Tag() + " cannot run inside a transaction block"}
	}
	return s.closeGroup(ctx, stmt)
}

func (s *session) beginBlock(stmt *sql.Begin) error {
	if s.tx.block {
		s.notice("WARNING", &query.Error{Code: "25001", Message: "there is already a transaction in progress"})
		return nil
	}
	s.tx.block = true
	s.box.hold(true) // PostgreSQL delivers notifications between transactions
	s.tx.readOnly = s.get("default_transaction_read_only") == "on"
	return s.setModes(stmt.Modes)
}

// setModes takes what BEGIN and SET TRANSACTION ask for. Every level of
// isolation is served: a transaction reads what is committed, and its appends
// are exclusive.
func (s *session) setModes(m sql.TransactionModes) error {
	if m.ReadOnly != nil {
		if *m.ReadOnly && !s.tx.group.empty() {
			return &query.Error{Code: "25001", Message: "transaction read-only mode must be set before any append"}
		}
		s.tx.readOnly = *m.ReadOnly
	}
	if m.Isolation != "" {
		s.tx.isolation = m.Isolation
	}
	return nil
}

// commit ends a transaction block. Its tag is the tag of what has happened.
func (s *session) commit(ctx context.Context, chain bool) (tag string, err error) {
	if !s.tx.block {
		s.noTransaction()
		return "COMMIT", nil
	}
	if s.tx.failed {
		return s.rollback(chain), nil
	}
	err = s.holdCursors(ctx)
	if err == nil && !s.tx.group.empty() {
		_, err = s.appendNow(ctx)
	}
	if err != nil {
		s.finish(true)
		return "", err
	}
	s.keepCursors()
	s.applyChannels(ctx)
	s.endBlock(false, chain)
	return "COMMIT", nil
}

func (s *session) rollback(chain bool) (tag string) {
	if !s.tx.block {
		s.noTransaction()
	}
	s.endBlock(true, chain && s.tx.block)
	return "ROLLBACK"
}

func (s *session) endBlock(rollback, chain bool) {
	was := s.tx
	s.finish(rollback)
	if chain {
		s.tx = transaction{block: true, readOnly: was.readOnly, isolation: was.isolation}
		s.box.hold(true)
	}
}

func (s *session) noTransaction() {
	s.notice("WARNING", &query.Error{Code: "25P01", Message: "there is no transaction in progress"})
}

func (s *session) savepoint(stmt *sql.Savepoint) error {
	if err := s.inBlock("SAVEPOINT"); err != nil {
		return err
	}
	g := s.tx.group
	g.payloads = slices.Clip(g.payloads)
	s.tx.savepoints = append(s.tx.savepoints, savepoint{name: stmt.Name, group: g, values: s.values, channels: len(s.tx.channels)})
	return nil
}

func (s *session) inBlock(what string) error {
	if !s.tx.block {
		return &query.Error{Code: "25P01", Message: what + " can only be used in transaction blocks"}
	}
	return nil
}

// findSavepoint returns the index of the latest one with that name.
func (s *session) findSavepoint(name string) (int, error) {
	for i, p := range slices.Backward(s.tx.savepoints) {
		if p.name == name {
			return i, nil
		}
	}
	return 0, &query.Error{Code: "3B001", Message: fmt.Sprintf("savepoint \"%s\" does not exist", name)}
}

func (s *session) releaseSavepoint(stmt *sql.ReleaseSavepoint) error {
	if err := s.inBlock("RELEASE SAVEPOINT"); err != nil {
		return err
	}
	i, err := s.findSavepoint(stmt.Name)
	if err != nil {
		return err
	}
	s.tx.savepoints = s.tx.savepoints[:i]
	for _, p := range s.portals {
		p.depth = min(p.depth, i)
	}
	return nil
}

// rollbackTo drops what was buffered after a savepoint, and heals the
// transaction.
func (s *session) rollbackTo(stmt *sql.RollbackTo) error {
	if err := s.inBlock("ROLLBACK TO SAVEPOINT"); err != nil {
		return err
	}
	i, err := s.findSavepoint(stmt.Name)
	if err != nil {
		return err
	}
	p := s.tx.savepoints[i]
	s.tx.savepoints = s.tx.savepoints[:i+1]
	s.closeIf(func(p *portal) bool { return p.cursor != nil && p.depth > i })
	s.tx.group, s.tx.failed, s.tx.channels = p.group, false, s.tx.channels[:p.channels]
	s.change(p.values)
	return nil
}
