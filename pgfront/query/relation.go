package query

import (
	"context"
	"math"

	"walle/pgfront/query/datum"
)

// Resolver finds the relations that the engine offers: streams (schema public) and the
// system relations (schema walle). pg_catalog and information_schema are made here from
// what Relations lists.
type Resolver interface {
	// Relation returns the relation schema.name; ok is false if there is none.
	Relation(schema, name string) (rel Relation, ok bool)
	// Relations lists everything that Relation would find.
	Relations() []Relation
	// RelationByOID returns the one of them that has an OID; ok is false if there is none.
	RelationByOID(oid OID) (rel Relation, ok bool)
	// Databases lists the clusters of the deployment, for pg_database.
	Databases() []string
}

// Column is a column of a relation.
type Column struct {
	Name    string
	Type    OID
	NotNull bool
}

// RelKind is pg_class.relkind.
type RelKind byte

const (
	KindTable RelKind = 'r' // streams
	KindView  RelKind = 'v' // system relations
	KindIndex RelKind = 'i' // primary keys of streams, in the catalogs only
)

// RelationDesc describes a relation. It does not change while a plan refers to it.
type RelationDesc struct {
	Schema  string
	Name    string
	OID     OID
	Kind    RelKind
	Columns []Column
	// EntryID and AppendedAt are the indices of the columns on which the relation is ordered
	// and can be bounded, -1 if it has none. appended_at does not decrease along entry_id.
	EntryID    int
	AppendedAt int
}

// Relation is something rows can be read from.
type Relation interface {
	Desc() *RelationDesc
	Scan(ctx context.Context, spec ScanSpec) (Rows, error)
}

// Span is a range of int64 with both ends included. It is empty if From > To.
type Span struct{ From, To int64 }

// FullSpan is the span without bounds.
func FullSpan() Span { return Span{From: math.MinInt64, To: math.MaxInt64} }

func (s Span) Empty() bool { return s.From > s.To }
func (s Span) Full() bool  { return s == FullSpan() }

// Intersect returns what is in both spans.
func (s Span) Intersect(t Span) Span {
	return Span{From: max(s.From, t.From), To: min(s.To, t.To)}
}

// ScanSpec says which rows of a relation are wanted, and how.
type ScanSpec struct {
	// Entries bounds entry_id. A relation with EntryID >= 0 must keep to it.
	Entries Span
	// AppendedAt bounds appended_at in µs since 2000-01-01 (datum.TimeOf converts). It is a
	// hint: rows outside are filtered again.
	AppendedAt Span
	// Descending reverses the order of entry_id.
	Descending bool
	// Limit is the number of rows after which the reader will stop, 0 if unknown.
	Limit int64
	// Columns says which columns will be looked at; the others may be left null. Nil is all.
	Columns []bool
	// Follow goes on beyond the tail and waits for new entries until ctx is done.
	Follow bool
}

// RangeStats is implemented by a relation that can count without scanning.
type RangeStats interface {
	// CountRange returns the number of rows within entries, and the lowest and highest
	// entry_id among them if there are any.
	CountRange(ctx context.Context, entries Span) (RangeCount, error)
}

// Verifier is implemented by a relation of which this node may have a copy, which
// it can check: walle.verify().
type Verifier interface {
	// Verified is a relation of what is found, in runs that end at multiples of
	// border at the latest.
	Verified(border int64) Relation
}

// Sized is implemented by a relation of which this node may have a copy on its disk.
type Sized interface {
	// DiskUsage estimates what the copy takes; ok is false if there is none here.
	DiskUsage() (bytes int64, ok bool, err error)
}

// RangeCount is the answer of CountRange.
type RangeCount struct {
	Count    int64
	Min, Max int64 // valid if Count > 0
}

// TableFunc makes a relation from a function that lists its rows, for system relations.
func TableFunc(desc *RelationDesc, list func(ctx context.Context) ([][]Value, error)) Relation {
	return &tableFunc{desc: desc, list: list}
}

type tableFunc struct {
	desc *RelationDesc
	list func(ctx context.Context) ([][]Value, error)
}

func (t *tableFunc) Desc() *RelationDesc { return t.desc }

func (t *tableFunc) Scan(ctx context.Context, spec ScanSpec) (Rows, error) {
	if spec.Follow {
		return nil, datum.Unsupported("following %s.%s", t.desc.Schema, t.desc.Name)
	}
	rows, err := t.list(ctx)
	if err != nil {
		return nil, err
	}
	return &sliceRows{rows: rows}, nil
}

// sliceRows are rows that are all in memory.
type sliceRows struct {
	rows [][]Value
	row  []Value
}

func (r *sliceRows) Next(context.Context) bool {
	if len(r.rows) == 0 {
		return false
	}
	r.row, r.rows = r.rows[0], r.rows[1:]
	return true
}

func (r *sliceRows) Row() []Value { return r.row }
func (r *sliceRows) Err() error   { return nil }
func (r *sliceRows) Close() error { r.rows = nil; return nil }

// SystemRelation makes the description of a relation in schema walle.
func SystemRelation(name string, oid OID, columns ...Column) *RelationDesc {
	return &RelationDesc{Schema: "walle", Name: name, OID: oid, Kind: KindView, Columns: columns,
		EntryID: -1, AppendedAt: -1}
}

// StreamRelation makes the description of a stream's relation.
func StreamRelation(name string, oid OID) *RelationDesc {
	return &RelationDesc{
		Schema: "public", Name: name, OID: oid, Kind: KindTable,
		Columns: []Column{
			{Name: "entry_id", Type: datum.Int8OID, NotNull: true},
			{Name: "term", Type: datum.Int8OID, NotNull: true},
			{Name: "appended_at", Type: datum.TimestamptzOID, NotNull: true},
			{Name: "data", Type: datum.ByteaOID, NotNull: true},
		},
		EntryID: 0, AppendedAt: 2,
	}
}
