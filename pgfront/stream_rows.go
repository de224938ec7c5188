package pgfront

import (
	"context"

	"walle/engine"
	"walle/pgfront/query"
	"walle/pgfront/query/datum"
)

// streamRows are the rows of a scan, with rows in memory before and after them.
type streamRows struct {
	scan          engine.Scanner
	before, after [][]query.Value
	row           []query.Value
	own           [streamColumns]query.Value
	err           error
}

func (r *streamRows) Next(ctx context.Context) bool {
	if r.take(&r.before) {
		return true
	}
	if r.scan.Next(ctx) {
		e := r.scan.Entry()
		r.own = [...]query.Value{datum.Int(int64(e.ID)), datum.Int(int64(e.Term)), datum.Micros(micros(e)), datum.Bytes(e.Data)}
		r.row = r.own[:]
		return true
	}
	if r.err = r.scan.Err(); r.err != nil {
		return false
	}
	return r.take(&r.after)
}

func (r *streamRows) take(rows *[][]query.Value) bool {
	if len(*rows) == 0 {
		return false
	}
	r.row, *rows = (*rows)[0], (*rows)[1:]
	return true
}

func (r *streamRows) Row() []query.Value { return r.row }
func (r *streamRows) Err() error         { return r.err }
func (r *streamRows) Close() error       { return r.scan.Close() }
