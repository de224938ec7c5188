package pgfront

import (
	"context"
	"fmt"
	"math"
	"slices"

	"walle/catalog"
	"walle/engine"
	"walle/pgfront/query"
	"walle/pgfront/query/datum"
	"walle/replication"
)

// verifyRelation is what this node finds out about its own copy of a stream, run
// by run: walle.verify('stream' [, border]).
type verifyRelation struct {
	engine *engine.Engine
	desc   catalog.Desc
	border int64
}

var verifyDesc = &query.RelationDesc{
	Schema: schemaWalle, Name: "verify", Kind: query.KindView,
	Columns: []query.Column{bigint("first_entry_id"), bigint("entry_id"), text("status"), text("chain"), text("detail")},
	EntryID: 1, AppendedAt: -1,
}

// Verified is query.Verifier's.
func (r *streamRelation) Verified(border int64) query.Relation {
	return &verifyRelation{engine: r.session.server.cfg.Engine, desc: r.desc, border: border}
}

func (r *verifyRelation) Desc() *query.RelationDesc { return verifyDesc }

func (r *verifyRelation) Scan(ctx context.Context, spec query.ScanSpec) (query.Rows, error) {
	if spec.Entries.Empty() || spec.Entries.To < 1 {
		return &rowList{}, nil
	}
	if r.border < 1 {
		return nil, &query.Error{Code: "22023", Message: "runs have at least one entry"}
	}
	var from, to replication.EntryID
	if spec.Entries.From > 0 {
		from = replication.EntryID(spec.Entries.From)
	}
	if spec.Entries.To != math.MaxInt64 {
		to = replication.EntryID(spec.Entries.To)
	}
	v, err := r.engine.Verify(r.desc.ID, from, to, replication.EntryID(r.border))
	if err != nil {
		return nil, err
	}
	rows := &verifyRows{verification: v}
	if !spec.Descending {
		return rows, nil
	}
	list := &rowList{}
	for rows.Next(ctx) {
		list.rows = append(list.rows, slices.Clone(rows.Row()))
	}
	slices.Reverse(list.rows)
	return list, rows.Err()
}

type verifyRows struct {
	verification *engine.Verification
	row          []query.Value
	err          error
}

func (v *verifyRows) Next(ctx context.Context) bool {
	if v.err != nil {
		return false
	}
	run, ok, err := v.verification.Next(ctx)
	if err != nil || !ok {
		v.err = err
		return false
	}
	chain, detail := datum.Null, datum.Null
	if run.State == engine.RunWhole {
		chain = datum.String(fmt.Sprintf("%016x", uint64(run.Chain)))
	}
	if run.Err != nil {
		detail = datum.String(run.Err.Error())
	}
	v.row = []query.Value{number(run.First), number(run.Last), datum.String(run.State.String()), chain, detail}
	return true
}

func (v *verifyRows) Row() []query.Value { return v.row }
func (v *verifyRows) Err() error         { return v.err }
func (v *verifyRows) Close() error       { return nil }
