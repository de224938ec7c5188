package query

import (
	"context"
	"slices"
	"sync"

	"walle/pgfront/query/datum"
	"walle/pgfront/query/pgdata"
)

// pg_catalog and information_schema have the columns of PostgreSQL 15. Relations whose
// subject exists here are filled from the resolver, the session and package pgdata; those
// whose subject cannot exist (triggers, rules, extensions …) are empty; all others are
// refused by name.

// systemSchemas are the schemas and their OIDs.
var systemSchemas = []struct {
	name string
	oid  OID
}{{"pg_catalog", 11}, {"public", 2200}, {"information_schema", 13000}, {"walle", 13001}}

// ownerOID is the role that owns everything.
const ownerOID = 10

func schemaOID(name string) OID {
	for _, s := range systemSchemas {
		if s.name == name {
			return s.oid
		}
	}
	return 0
}

func schemaName(oid OID) string {
	for _, s := range systemSchemas {
		if s.oid == oid {
			return s.name
		}
	}
	return ""
}

// record is a row of a system relation by column; what is left out is null, or the zero of
// a column that cannot be null.
type record map[string]Value

// lister makes the rows of a system relation.
type lister func(env Env) []record

type relationKey struct{ schema, name string }

// systemDescs are the descriptions of the system relations, by name.
var systemDescs = sync.OnceValue(func() map[relationKey]*RelationDesc {
	m := map[relationKey]*RelationDesc{}
	for _, r := range pgdata.Relations() {
		desc := &RelationDesc{Schema: r.Schema, Name: r.Name, OID: OID(r.OID), Kind: RelKind(r.Kind), EntryID: -1, AppendedAt: -1}
		for _, c := range r.Columns {
			desc.Columns = append(desc.Columns, Column{Name: c.Name, Type: OID(c.Type), NotNull: c.NotNull})
		}
		m[relationKey{r.Schema, r.Name}] = desc
	}
	return m
})

// systemRelation returns a relation of pg_catalog or information_schema, nil if PostgreSQL
// has none of that name.
func systemRelation(env Env, schema, name string) Relation {
	desc := systemDescs()[relationKey{schema, name}]
	if desc == nil {
		return nil
	}
	list, ok := systemListers()[relationKey{schema, name}]
	return TableFunc(desc, func(context.Context) ([][]Value, error) {
		if !ok {
			return nil, datum.Unsupported("relation %s.%s", schema, name)
		}
		var rows [][]Value
		for _, rec := range list(env) {
			rows = append(rows, desc.row(rec))
		}
		return rows, nil
	})
}

// row lays a record out in the order of the columns.
func (d *RelationDesc) row(rec record) []Value {
	row := make([]Value, len(d.Columns))
	for i, c := range d.Columns {
		v, ok := rec[c.Name]
		if !ok && c.NotNull {
			v = zeroOf(c.Type)
		}
		row[i] = v
	}
	return row
}

func zeroOf(t OID) Value {
	switch {
	case t == datum.BoolOID:
		return datum.Bool(false)
	case elemOf(t) != 0:
		return datum.ArrayValue(datum.NewArray(elemOf(t), nil))
	case t == datum.Float4OID || t == datum.Float8OID:
		return datum.Float(0)
	case t == datum.NumericOID:
		return datum.Numeric(datum.NumericFromInt(0))
	case t == datum.IntervalOID:
		return datum.IntervalValue(datum.Interval{})
	case category(t) == 'S' || t == datum.CharOID || t == datum.PgNodeTreeOID:
		return datum.String("")
	}
	return datum.Int(0)
}

// allRelations lists the relations of the resolver, then those of the system.
func allRelations(env Env) []*RelationDesc {
	var list []*RelationDesc
	if env.Resolver != nil {
		for _, rel := range env.Resolver.Relations() {
			list = append(list, rel.Desc())
		}
	}
	for _, r := range pgdata.Relations() {
		list = append(list, systemDescs()[relationKey{r.Schema, r.Name}])
	}
	return list
}

// systemByOID are the descriptions of the system relations, by OID.
var systemByOID = sync.OnceValue(func() map[OID]*RelationDesc {
	m := map[OID]*RelationDesc{}
	for _, d := range systemDescs() {
		m[d.OID] = d
	}
	return m
})

// relationByOID finds a relation or an index, nil if there is none.
func relationByOID(env Env, oid OID) *RelationDesc {
	if d := systemByOID()[oid]; d != nil {
		return d
	}
	if env.Resolver == nil {
		return nil
	}
	rel, ok := env.Resolver.RelationByOID(oid &^ indexBit)
	switch {
	case !ok:
		return nil
	case oid&indexBit != 0:
		return primaryKey(rel.Desc())
	}
	return rel.Desc()
}

// visible says whether the bare name finds this relation.
func visible(env Env, d *RelationDesc) bool {
	if d.Kind == KindIndex {
		return slices.Contains(searchPath(env), d.Schema)
	}
	rel := findRelation(env, "", d.Name)
	return rel != nil && rel.Desc().OID == d.OID
}

func text(s string) Value  { return datum.String(s) }
func oidValue(o OID) Value { return datum.Int(int64(o)) }
func char(c byte) Value    { return datum.String(string([]byte{c})) }

// systemListers says which system relations have rows, and which are empty because their
// subject cannot exist.
var systemListers = sync.OnceValue(func() map[relationKey]lister {
	m := map[relationKey]lister{}
	for _, name := range []string{
		"pg_attrdef", "pg_inherits", "pg_trigger", "pg_rewrite", "pg_policy", "pg_policies",
		"pg_statistic_ext", "pg_statistic_ext_data", "pg_publication", "pg_publication_rel", "pg_publication_namespace",
		"pg_publication_tables", "pg_subscription", "pg_subscription_rel", "pg_extension", "pg_foreign_table", "pg_foreign_server",
		"pg_foreign_data_wrapper", "pg_user_mapping", "pg_user_mappings", "pg_enum", "pg_depend", "pg_shdepend", "pg_description",
		"pg_shdescription", "pg_default_acl", "pg_event_trigger", "pg_largeobject", "pg_largeobject_metadata", "pg_seclabel",
		"pg_shseclabel", "pg_seclabels", "pg_db_role_setting", "pg_partitioned_table", "pg_sequence", "pg_sequences", "pg_matviews",
		"pg_rules", "pg_prepared_xacts", "pg_replication_slots", "pg_replication_origin", "pg_auth_members",
		"pg_transform", "pg_available_extensions", "pg_available_extension_versions", "pg_group", "pg_init_privs",
		"pg_conversion", "pg_opclass", "pg_opfamily", "pg_ts_config", "pg_ts_config_map", "pg_ts_dict", "pg_ts_parser", "pg_ts_template",
	} {
		m[relationKey{"pg_catalog", name}] = emptyRelation
	}
	for _, name := range []string{
		"referential_constraints",
		"check_constraints", "views", "view_column_usage", "view_table_usage", "triggers", "triggered_update_columns", "sequences",
		"domains", "domain_constraints", "foreign_tables", "foreign_servers", "user_defined_types", "element_types", "column_domain_usage",
	} {
		m[relationKey{"information_schema", name}] = emptyRelation
	}
	for name, list := range map[string]lister{
		"pg_namespace": listNamespaces, "pg_class": listClasses, "pg_attribute": listAttributes, "pg_type": listTypes,
		"pg_database": listDatabases, "pg_roles": listRoles, "pg_authid": listRoles, "pg_user": listUsers, "pg_shadow": listUsers,
		"pg_settings": listSettings, "pg_proc": listProcs, "pg_operator": listOperators, "pg_cast": listCasts, "pg_am": listAccessMethods,
		"pg_language": listLanguages, "pg_collation": listCollations, "pg_tablespace": listTablespaces, "pg_range": listRanges,
		"pg_tables": listTables, "pg_views": listViews, "pg_cursors": listCursors, "pg_prepared_statements": listPreparedStatements,
		"pg_index": listIndexes, "pg_indexes": listIndexDefs, "pg_constraint": listConstraints,
		"pg_timezone_names": listZones,
	} {
		m[relationKey{"pg_catalog", name}] = list
	}
	for name, list := range map[string]lister{
		"tables": listInfoTables, "columns": listInfoColumns, "schemata": listSchemata,
		"table_constraints": listTableConstraints, "key_column_usage": listKeyColumns,
		"constraint_column_usage": listConstraintColumns, "constraint_table_usage": listConstraintTables,
		"information_schema_catalog_name": func(env Env) []record { return []record{{"catalog_name": databaseName(env)}} },
	} {
		m[relationKey{"information_schema", name}] = list
	}
	return m
})

func emptyRelation(Env) []record { return nil }

func databaseName(env Env) Value {
	if env.Session == nil {
		return Value{}
	}
	return text(env.Session.Database())
}

func userName(env Env) Value {
	if env.Session == nil {
		return text("walle")
	}
	return text(env.Session.User())
}
