package query

import (
	"fmt"

	"walle/pgfront/query/datum"
)

// The catalogs show a stream as a table with a primary key, entry_id, since that is how it
// behaves: no two entries have the same, and one is found without a scan. Tools that map
// tables to objects, or that edit and page through them, ask for such a key.

// The OIDs of a stream's primary key, which is an index and a constraint, are the stream's
// with one of these bits.
const (
	indexBit      OID = 1 << 31
	constraintBit OID = 1 << 30
)

// primaryKey describes the index of a stream; nil if the relation is none.
func primaryKey(d *RelationDesc) *RelationDesc {
	if d.EntryID < 0 {
		return nil
	}
	const suffix = "_pkey"
	key := d.Columns[d.EntryID]
	return &RelationDesc{
		Schema: d.Schema, Name: datum.CutName(d.Name, datum.NameLen-len(suffix)) + suffix, OID: d.OID | indexBit, Kind: KindIndex,
		Columns: []Column{{Name: key.Name, Type: key.Type}}, EntryID: -1, AppendedAt: -1,
	}
}

// A keyed is a stream with its primary key.
type keyed struct {
	stream, index *RelationDesc
}

func allKeyed(env Env) []keyed {
	var list []keyed
	for _, d := range allRelations(env) {
		if key := primaryKey(d); key != nil {
			list = append(list, keyed{d, key})
		}
	}
	return list
}

// indexByName finds the primary key of that name, nil if there is none.
func indexByName(env Env, schema, name string) *RelationDesc {
	for _, k := range allKeyed(env) {
		if k.index.Name == name && (schema == k.index.Schema || schema == "" && visible(env, k.index)) {
			return k.index
		}
	}
	return nil
}

// keyedByOID finds a stream by the OID of its primary key's index or constraint.
func keyedByOID(env Env, oid, bit OID) (keyed, bool) {
	if oid&bit == 0 {
		return keyed{}, false
	}
	d := relationByOID(env, oid&^bit)
	if d == nil || d.EntryID < 0 {
		return keyed{}, false
	}
	return keyed{d, primaryKey(d)}, true
}

func (k keyed) column() string { return quoteIdent(k.index.Columns[0].Name) }

// definition is the statement that would make the index.
func (k keyed) definition(schema string) string {
	return fmt.Sprintf("CREATE UNIQUE INDEX %s ON %s%s USING btree (%s)", quoteIdent(k.index.Name), schema, quoteIdent(k.stream.Name), k.column())
}

// indexDef is pg_get_indexdef(index), and with the number of a column and a wish for brevity.
func indexDef(c *call, v []Value) (Value, error) {
	k, ok := keyedByOID(c.run.env, OID(v[0].Int()), indexBit)
	switch {
	case !ok:
		return Value{}, nil
	case len(v) > 1 && v[1].Int() == 1:
		return text(k.column()), nil
	case len(v) > 1 && v[1].Int() != 0:
		return text(""), nil
	case len(v) > 2 && v[2].Bool() && visible(c.run.env, k.stream):
		return text(k.definition("")), nil
	}
	return text(k.definition(quoteIdent(k.stream.Schema) + ".")), nil
}

// constraintDef is pg_get_constraintdef.
func constraintDef(c *call, v []Value) (Value, error) {
	k, ok := keyedByOID(c.run.env, OID(v[0].Int()), constraintBit)
	if !ok {
		return Value{}, nil
	}
	return text("PRIMARY KEY (" + k.column() + ")"), nil
}

func listIndexes(env Env) []record {
	vector := func(t, v OID) Value { return datum.VectorValue(t, []Value{oidValue(v)}) }
	const int8Ops = 3124 // the class of operators
	yes := datum.Bool(true)
	var list []record
	for _, k := range allKeyed(env) {
		list = append(list, record{
			"indexrelid": oidValue(k.index.OID), "indrelid": oidValue(k.stream.OID), "indnatts": datum.Int(1), "indnkeyatts": datum.Int(1),
			"indisunique": yes, "indisprimary": yes, "indimmediate": yes, "indisvalid": yes, "indisready": yes, "indislive": yes,
			"indkey": vector(datum.Int2OID, OID(k.stream.EntryID+1)), "indcollation": vector(datum.OIDOID, 0),
			"indclass": vector(datum.OIDOID, int8Ops), "indoption": vector(datum.Int2OID, 0),
		})
	}
	return list
}

func listIndexDefs(env Env) []record {
	var list []record
	for _, k := range allKeyed(env) {
		list = append(list, record{"schemaname": text(k.stream.Schema), "tablename": text(k.stream.Name), "indexname": text(k.index.Name),
			"indexdef": text(k.definition(quoteIdent(k.stream.Schema) + "."))})
	}
	return list
}

func listConstraints(env Env) []record {
	var list []record
	for _, k := range allKeyed(env) {
		list = append(list, record{
			"oid": oidValue(k.stream.OID | constraintBit), "conname": text(k.index.Name), "connamespace": oidValue(schemaOID(k.stream.Schema)),
			"contype": char('p'), "convalidated": datum.Bool(true), "conrelid": oidValue(k.stream.OID), "conindid": oidValue(k.index.OID),
			"confupdtype": char(' '), "confdeltype": char(' '), "confmatchtype": char(' '), "conislocal": datum.Bool(true),
			"connoinherit": datum.Bool(true), "conkey": datum.ArrayValue(datum.NewArray(datum.Int2OID, []Value{datum.Int(int64(k.stream.EntryID + 1))})),
		})
	}
	return list
}

// constraintRecord is what the views of information_schema on constraints have in common.
func constraintRecord(env Env, k keyed) record {
	return record{
		"constraint_catalog": databaseName(env), "constraint_schema": text(k.stream.Schema), "constraint_name": text(k.index.Name),
		"table_catalog": databaseName(env), "table_schema": text(k.stream.Schema), "table_name": text(k.stream.Name),
	}
}

// listConstraintRecords adds to each constraint's record what one view has besides.
func listConstraintRecords(env Env, more func(k keyed) record) []record {
	var list []record
	for _, k := range allKeyed(env) {
		rec := constraintRecord(env, k)
		for name, v := range more(k) {
			rec[name] = v
		}
		list = append(list, rec)
	}
	return list
}

func listTableConstraints(env Env) []record {
	return listConstraintRecords(env, func(keyed) record {
		return record{"constraint_type": text("PRIMARY KEY"), "is_deferrable": yesNo(false), "initially_deferred": yesNo(false), "enforced": yesNo(true)}
	})
}

func listKeyColumns(env Env) []record {
	return listConstraintRecords(env, func(k keyed) record {
		return record{"column_name": text(k.index.Columns[0].Name), "ordinal_position": datum.Int(1)}
	})
}

func listConstraintColumns(env Env) []record {
	return listConstraintRecords(env, func(k keyed) record { return record{"column_name": text(k.index.Columns[0].Name)} })
}

func listConstraintTables(env Env) []record {
	return listConstraintRecords(env, func(keyed) record { return nil })
}
