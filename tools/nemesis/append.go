package main

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"walle/tools/nemesis/history"
)

// act does one thing that a writer does.
func (p *program) act(ctx context.Context, conn *pgx.Conn) error {
	switch n := p.rand.IntN(100); {
	case n < 40:
		return p.append(ctx, conn, 1, p.statement)
	case n < 50:
		return p.append(ctx, conn, 2+p.rand.IntN(8), p.statement)
	case n < 60:
		return p.append(ctx, conn, 1+p.rand.IntN(4), p.transaction)
	case n < 66:
		return p.append(ctx, conn, 1+p.rand.IntN(4), p.batch)
	case n < 72:
		return p.append(ctx, conn, 1+p.rand.IntN(3), p.exact)
	case n < 86:
		return p.pipeline(ctx, conn, 2+p.rand.IntN(30))
	case n < 88:
		return p.append(ctx, conn, 1+p.rand.IntN(3), p.rollback)
	case n < 94:
		ctx, cancel := limit(ctx, conn, patience)
		defer cancel()
		return p.takeClaim(ctx, conn, "renew", "RENEW STREAM "+p.stream.Name)
	case n < 98:
		return p.catchUp(ctx, conn)
	case p.stream.trims:
		return p.trim(ctx, conn)
	}
	return nil
}

// A form is a way to append a group.
type form func(ctx context.Context, conn *pgx.Conn, group [][]byte) ([]place, error)

// A place is where an entry was appended.
type place struct{ ID, Term int64 }

// payloads makes n that are new.
func (p *program) payloads(n int) [][]byte {
	group := make([][]byte, n)
	for i := range group {
		p.named++
		group[i] = newPayload(fmt.Sprintf("%s/%d", p.who, p.named), p.rand)
	}
	return group
}

// append appends a group of n new payloads, and records what became of it.
func (p *program) append(ctx context.Context, conn *pgx.Conn, n int, do form) error {
	group := p.payloads(n)
	ctx, cancel := limit(ctx, conn, patience)
	defer cancel()
	p.belief.unsure()
	span := history.Span{Call: p.run.now()}
	places, err := do(ctx, conn, group)
	span.Return = p.run.now()
	err = p.record(span, doubt{group, p.cursor.tail + 1}, places, err)
	p.sure()
	return err
}

// sure lets the program answer from its memory again, when nothing is in flight.
func (p *program) sure() {
	if len(p.open) == 0 {
		p.belief.is(p.cursor)
	}
}

// record notes the outcome of an append. Its places are those of the group's
// entries, if err is nil.
func (p *program) record(span history.Span, d doubt, places []place, err error) error {
	group := d.payloads
	a := history.Attempt{Span: span, Who: p.who, Digests: digests(group), Outcome: outcomeOf(err)}
	switch a.Outcome {
	case history.Applied:
		if len(places) != len(group) {
			p.stream.Complain("%s appended %d entries, and was told of %d", p.who, len(group), len(places))
			return fmt.Errorf("%d places for %d entries", len(places), len(group))
		}
		a.First, a.Term = places[0].ID, places[0].Term
		p.stream.acknowledged(span)
	case history.Unknown:
		p.open = append(p.open, d)
	}
	p.stream.Appended(a)
	p.run.stats.count(func() {
		switch a.Outcome {
		case history.Applied:
			p.run.stats.applied += len(group)
		case history.Unknown:
			p.run.stats.unknown += len(group)
		}
	})
	if err != nil {
		if !errors.Is(err, errRolledBack) {
			p.run.refused(p.stream, "append", err)
		}
		return err
	}
	return p.extend(a, places)
}

// inDoubt is how many entries are of unknown outcome.
func (p *program) inDoubt() (n int64) {
	for _, d := range p.open {
		n += int64(len(d.payloads))
	}
	return n
}

// extend moves the cursor over what was appended.
func (p *program) extend(a history.Attempt, places []place) error {
	for i, at := range places {
		if at.ID != a.First+int64(i) || at.Term != a.Term {
			p.stream.Complain("%s appended a group and was told of places %v", p.who, places)
		}
	}
	if len(p.open) > 0 {
		return fmt.Errorf("%d appends in doubt before one that was acknowledged", len(p.open))
	}
	if a.First != p.cursor.tail+1 {
		p.stream.Complain("%s appended entry %d after entry %d", p.who, a.First, p.cursor.tail)
		return fmt.Errorf("entry %d after %d", a.First, p.cursor.tail)
	}
	for _, d := range a.Digests {
		p.cursor.saw(history.Entry{Term: a.Term, Digest: d})
	}
	return nil
}

// again tries an append of unknown outcome again, as exactly the entries that it
// would have been: it is passed over if they are there.
func (p *program) again(ctx context.Context, conn *pgx.Conn, d doubt) error {
	ctx, cancel := limit(ctx, conn, patience)
	defer cancel()
	p.belief.unsure()
	span := history.Span{Call: p.run.now()}
	places, err := p.insert(ctx, conn, d.first, d.payloads)
	span.Return = p.run.now()
	defer p.sure()
	switch {
	case err == nil && len(places) == 0:
		return nil // what is there may be another's, and then this is in no log
	case codeOf(err) == "22023":
		return nil // what should come before it is in no log either
	}
	return p.record(span, d, places, err)
}

// statement is one INSERT.
func (p *program) statement(ctx context.Context, conn *pgx.Conn, group [][]byte) ([]place, error) {
	return p.insert(ctx, conn, 0, group)
}

var errPassedOver = errors.New("another entry is there")

// exact is one INSERT that says which entries it wants to be.
func (p *program) exact(ctx context.Context, conn *pgx.Conn, group [][]byte) ([]place, error) {
	places, err := p.insert(ctx, conn, p.cursor.tail+1, group)
	if err == nil && len(places) == 0 {
		return nil, errNotSent{errPassedOver} // of a writer that does not know yet that it is none
	}
	return places, err
}

// insert is one statement; with first, as the entries from there on if they are not there.
func (p *program) insert(ctx context.Context, conn *pgx.Conn, first int64, group [][]byte) ([]place, error) {
	var values []string
	var args []any
	for i, payload := range group {
		if first == 0 {
			values = append(values, fmt.Sprintf("($%d)", i+1))
			args = append(args, payload)
			continue
		}
		values = append(values, fmt.Sprintf("($%d, $%d)", 2*i+1, 2*i+2))
		args = append(args, first+int64(i), payload)
	}
	columns, conflict := "data", ""
	if first != 0 {
		columns, conflict = "entry_id, data", "ON CONFLICT DO NOTHING"
	}
	rows, err := conn.Query(ctx, fmt.Sprintf("INSERT INTO %s (%s) VALUES %s %s RETURNING entry_id, term",
		p.stream.Name, columns, strings.Join(values, ", "), conflict), args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[place])
}

func (p *program) insertOne() string {
	return fmt.Sprintf("INSERT INTO %s (data) VALUES ($1) RETURNING entry_id, term", p.stream.Name)
}

// buffer begins a transaction with a statement for each payload.
func (p *program) buffer(ctx context.Context, conn *pgx.Conn, group [][]byte) (pgx.Tx, []place, error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, nil, errNotSent{err}
	}
	places := make([]place, len(group))
	for i, payload := range group {
		if err := tx.QueryRow(ctx, p.insertOne(), payload).Scan(&places[i].ID, &places[i].Term); err != nil {
			return nil, nil, errNotSent{err}
		}
	}
	return tx, places, nil
}

func (p *program) transaction(ctx context.Context, conn *pgx.Conn, group [][]byte) ([]place, error) {
	tx, places, err := p.buffer(ctx, conn, group)
	if err != nil {
		return nil, err
	}
	return places, tx.Commit(ctx)
}

// errRolledBack is how an append ends that its program has thought better of.
var errRolledBack = errNotSent{errors.New("rolled back")}

func (p *program) rollback(ctx context.Context, conn *pgx.Conn, group [][]byte) ([]place, error) {
	tx, _, err := p.buffer(ctx, conn, group)
	if err == nil {
		err = tx.Rollback(ctx)
	}
	if err != nil {
		return nil, errNotSent{err}
	}
	return nil, errRolledBack
}

// batch is several statements before one Sync: an implicit transaction.
func (p *program) batch(ctx context.Context, conn *pgx.Conn, group [][]byte) ([]place, error) {
	var b pgx.Batch
	places := make([]place, len(group))
	for i, payload := range group {
		b.Queue(p.insertOne(), payload).QueryRow(func(row pgx.Row) error { return row.Scan(&places[i].ID, &places[i].Term) })
	}
	return places, conn.SendBatch(ctx, &b).Close()
}

// pipeline appends n payloads one by one, without waiting for answers.
func (p *program) pipeline(ctx context.Context, conn *pgx.Conn, n int) error {
	ctx, cancel := limit(ctx, conn, patience)
	defer cancel()
	p.belief.unsure()
	pipe := conn.PgConn().StartPipeline(ctx)
	group := p.payloads(n)
	call := p.run.now()
	for _, payload := range group {
		pipe.SendQueryParams(p.insertOne(), [][]byte{payload}, []uint32{pgtype.ByteaOID}, []int16{1}, []int16{1, 1})
		pipe.SendPipelineSync()
	}
	broken := pipe.Flush()
	var first error
	refused := false
	for _, payload := range group {
		answer := answer{err: errUnanswered}
		if broken == nil {
			answer, broken = receive(pipe)
		}
		d := doubt{[][]byte{payload}, p.cursor.tail + 1 + p.inDoubt()}
		err := p.record(history.Span{Call: call, Return: p.run.now()}, d, answer.at, answer.err)
		refused = refused || outcomeOf(answer.err) == history.NotApplied
		if first == nil {
			first = err
		}
	}
	p.sure()
	if refused {
		p.open = nil // which entries the others would have been cannot be told
	}
	return cmp.Or(first, pipe.Close())
}

// An answer is what became of one append of a pipeline.
type answer struct {
	at  []place
	err error
}

var errUnanswered = errors.New("sent, and not answered")

// receive takes the answer to the oldest append of a pipeline: only the end of its
// Sync says that it is durable. broken says that no more answers come.
func receive(pipe *pgconn.Pipeline) (a answer, broken error) {
	for {
		result, err := pipe.GetResults()
		if r, ok := result.(*pgconn.ResultReader); ok {
			rows := r.Read()
			err = rows.Err
			for _, row := range rows.Rows {
				a.at = append(a.at, place{int64(binary.BigEndian.Uint64(row[0])), int64(binary.BigEndian.Uint64(row[1]))})
			}
		}
		if err != nil {
			a.err = err
			if !survives(err) {
				return answer{err: errUnanswered}, err
			}
		}
		if _, ok := result.(*pgconn.PipelineSync); ok {
			return a, nil
		}
	}
}

// survives reports whether the connection goes on after err.
func survives(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Severity != "FATAL"
}

// trim drops what this program knows, but for the last thousand.
func (p *program) trim(ctx context.Context, conn *pgx.Conn) error {
	to := p.cursor.tail - 1000
	if to < 1 {
		return nil
	}
	p.stream.trimmed.Store(max(p.stream.trimmed.Load(), to))
	ctx, cancel := limit(ctx, conn, patience)
	defer cancel()
	if _, err := conn.Exec(ctx, fmt.Sprintf("TRIM STREAM %s TO %d", p.stream.Name, to)); err != nil {
		p.run.refused(p.stream, "trim", err)
		if conn.IsClosed() {
			return err
		}
	}
	return nil
}

func digests(group [][]byte) []uint64 {
	list := make([]uint64, len(group))
	for i, payload := range group {
		list[i] = history.Digest(payload)
	}
	return list
}
