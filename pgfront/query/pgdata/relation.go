package pgdata

import (
	_ "embed"
	"sync"
)

//go:embed relations.tsv
var relationsTSV string

// Relation is a table or view of pg_catalog or information_schema.
type Relation struct {
	Schema  string
	Name    string
	OID     uint32
	Kind    byte // r or v
	Columns []RelationColumn
}

// RelationColumn is a column; domains stand as their base types.
type RelationColumn struct {
	Name    string
	Type    uint32
	NotNull bool
}

// Relations lists the system relations in the order of their names.
var Relations = sync.OnceValue(func() []Relation {
	var list []Relation
	for r := range rows(relationsTSV) {
		last := len(list) - 1
		if last < 0 || list[last].Schema != r[0] || list[last].Name != r[1] {
			list = append(list, Relation{Schema: r[0], Name: r[1], OID: r.oid(2), Kind: r.char(3)})
			last++
		}
		list[last].Columns = append(list[last].Columns, RelationColumn{Name: r[4], Type: r.oid(5), NotNull: r.bool(6)})
	}
	return list
})
