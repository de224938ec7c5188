package query

import (
	"strconv"
	"strings"

	"walle/pgfront/query/datum"
	"walle/pgfront/query/pgdata"
)

func listNamespaces(Env) []record {
	var list []record
	for _, s := range systemSchemas {
		list = append(list, record{"oid": oidValue(s.oid), "nspname": text(s.name), "nspowner": oidValue(ownerOID)})
	}
	return list
}

// allClasses are the rows of pg_class: streams are followed by their primary keys.
func allClasses(env Env) []*RelationDesc {
	var list []*RelationDesc
	for _, d := range allRelations(env) {
		list = append(list, d)
		if key := primaryKey(d); key != nil {
			list = append(list, key)
		}
	}
	return list
}

// The OIDs of the access methods.
const heapOID, btreeOID = 2, 403

func listClasses(env Env) []record {
	methods := map[RelKind]OID{KindTable: heapOID, KindIndex: btreeOID}
	var list []record
	for _, d := range allClasses(env) {
		list = append(list, record{
			"oid": oidValue(d.OID), "relname": text(d.Name), "relnamespace": oidValue(schemaOID(d.Schema)),
			"relowner": oidValue(ownerOID), "relam": oidValue(methods[d.Kind]), "relkind": char(byte(d.Kind)),
			"relnatts": datum.Int(int64(len(d.Columns))), "relhasindex": datum.Bool(d.EntryID >= 0),
			"relpersistence": char('p'), "relreplident": char('d'), "relispopulated": datum.Bool(true),
			"reltuples": datum.Float(-1),
		})
	}
	return list
}

func listAttributes(env Env) []record {
	var list []record
	for _, d := range allClasses(env) {
		for i, c := range d.Columns {
			t := typeInfo(c.Type)
			if t == nil {
				continue
			}
			list = append(list, record{
				"attrelid": oidValue(d.OID), "attname": text(c.Name), "atttypid": oidValue(c.Type), "attstattarget": datum.Int(-1),
				"attlen": datum.Int(int64(t.Len)), "attnum": datum.Int(int64(i + 1)), "attcacheoff": datum.Int(-1),
				"atttypmod": datum.Int(-1), "attbyval": datum.Bool(t.ByVal), "attstorage": char(t.Storage), "attalign": char(t.Align),
				"attnotnull": datum.Bool(c.NotNull), "attislocal": datum.Bool(true), "attcollation": oidValue(OID(t.Collation)),
			})
		}
	}
	return list
}

func listTypes(Env) []record {
	procs := pgdata.Load()
	regproc := func(name string) Value {
		for _, p := range procs.ProcsByName(name) {
			return oidValue(OID(p.OID))
		}
		return oidValue(0)
	}
	var list []record
	for _, t := range procs.Types {
		list = append(list, record{
			"oid": oidValue(OID(t.OID)), "typname": text(t.Name), "typnamespace": oidValue(11), "typowner": oidValue(ownerOID),
			"typlen": datum.Int(int64(t.Len)), "typbyval": datum.Bool(t.ByVal), "typtype": char(t.Kind), "typcategory": char(t.Category),
			"typispreferred": datum.Bool(t.Preferred), "typisdefined": datum.Bool(true), "typdelim": char(t.Delim),
			"typelem": oidValue(OID(t.Elem)), "typarray": oidValue(OID(t.Array)), "typinput": regproc(t.Input), "typoutput": regproc(t.Output),
			"typreceive": regproc(t.Receive), "typsend": regproc(t.Send), "typmodin": regproc(t.ModIn), "typmodout": regproc(t.ModOut),
			"typsubscript": regproc(t.Subscript), "typalign": char(t.Align), "typstorage": char(t.Storage), "typtypmod": datum.Int(-1),
			"typcollation": oidValue(OID(t.Collation)),
		})
	}
	return list
}

func listDatabases(env Env) []record {
	names := []string{}
	if env.Resolver != nil {
		names = env.Resolver.Databases()
	}
	var list []record
	for i, name := range names {
		list = append(list, record{
			"oid": oidValue(OID(16384 + i)), "datname": text(name), "datdba": oidValue(ownerOID), "encoding": datum.Int(6),
			"datlocprovider": char('c'), "datallowconn": datum.Bool(true), "datconnlimit": datum.Int(-1), "dattablespace": oidValue(1663),
			"datcollate": text("C"), "datctype": text("C.UTF-8"),
		})
	}
	return list
}

func listRoles(env Env) []record {
	yes := datum.Bool(true)
	return []record{{
		"oid": oidValue(ownerOID), "rolname": userName(env), "rolsuper": datum.Bool(false), "rolinherit": yes, "rolcreaterole": datum.Bool(false),
		"rolcreatedb": datum.Bool(false), "rolcanlogin": yes, "rolreplication": datum.Bool(false), "rolconnlimit": datum.Int(-1),
		"rolpassword": text("********"), "rolbypassrls": datum.Bool(false),
	}}
}

func listUsers(env Env) []record {
	return []record{{
		"usename": userName(env), "usesysid": oidValue(ownerOID), "usecreatedb": datum.Bool(false), "usesuper": datum.Bool(false),
		"userepl": datum.Bool(false), "usebypassrls": datum.Bool(false), "passwd": text("********"),
	}}
}

func listSettings(env Env) []record {
	if env.Session == nil {
		return nil
	}
	optional := func(s string) Value {
		if s == "" {
			return Value{}
		}
		return text(s)
	}
	var list []record
	for _, s := range env.Session.Settings() {
		rec := record{
			"name": text(s.Name), "setting": text(s.Value), "unit": optional(s.Unit), "category": text(s.Category),
			"short_desc": text(s.Description), "context": text(s.Context), "vartype": text(s.VarType), "source": text(s.Source),
			"min_val": optional(s.Min), "max_val": optional(s.Max), "boot_val": text(s.BootValue), "reset_val": text(s.ResetValue),
			"pending_restart": datum.Bool(false),
		}
		if s.Enum != nil {
			rec["enumvals"] = datum.TextArray(s.Enum)
		}
		list = append(list, rec)
	}
	return list
}

func oidVector(list []uint32) Value {
	elems := make([]Value, len(list))
	for i, o := range list {
		elems[i] = oidValue(OID(o))
	}
	return datum.VectorValue(datum.OIDOID, elems)
}

func listProcs(Env) []record {
	languages := map[string]OID{"internal": 12, "c": 13, "sql": 14}
	var list []record
	for _, p := range pgdata.Load().Procs {
		rec := record{
			"oid": oidValue(OID(p.OID)), "proname": text(p.Name), "pronamespace": oidValue(11), "proowner": oidValue(ownerOID),
			"prolang": oidValue(languages[p.Language]), "procost": datum.Float(1), "provariadic": oidValue(OID(p.Variadic)),
			"prokind": char(p.Kind), "proisstrict": datum.Bool(p.Strict), "proretset": datum.Bool(p.Set), "provolatile": char(p.Volatile),
			"proparallel": char('s'), "pronargs": datum.Int(int64(len(p.Args))), "pronargdefaults": datum.Int(int64(p.Defaults)),
			"prorettype": oidValue(OID(p.Result)), "proargtypes": oidVector(p.Args), "prosrc": text(p.Src),
		}
		if p.ArgModes != "" {
			modes, types := make([]Value, len(p.ArgModes)), make([]Value, len(p.AllArgs))
			for i := range p.ArgModes {
				modes[i], types[i] = char(p.ArgModes[i]), oidValue(OID(p.AllArgs[i]))
			}
			rec["proargmodes"] = datum.ArrayValue(datum.NewArray(datum.CharOID, modes))
			rec["proallargtypes"] = datum.ArrayValue(datum.NewArray(datum.OIDOID, types))
		}
		if len(p.ArgNames) > 0 {
			rec["proargnames"] = datum.TextArray(p.ArgNames)
		}
		list = append(list, rec)
	}
	return list
}

func listOperators(Env) []record {
	var list []record
	for _, o := range pgdata.Load().Operators {
		list = append(list, record{
			"oid": oidValue(OID(o.OID)), "oprname": text(o.Name), "oprnamespace": oidValue(11), "oprowner": oidValue(ownerOID),
			"oprkind": char(o.Kind), "oprcanmerge": datum.Bool(o.CanMerge), "oprcanhash": datum.Bool(o.CanHash),
			"oprleft": oidValue(OID(o.Left)), "oprright": oidValue(OID(o.Right)), "oprresult": oidValue(OID(o.Result)),
			"oprcom": oidValue(OID(o.Commutator)), "oprnegate": oidValue(OID(o.Negator)), "oprcode": oidValue(OID(o.Proc)),
		})
	}
	return list
}

func listCasts(Env) []record {
	var list []record
	for _, c := range pgdata.Load().Casts {
		list = append(list, record{
			"oid": oidValue(OID(c.OID)), "castsource": oidValue(OID(c.Source)), "casttarget": oidValue(OID(c.Target)),
			"castfunc": oidValue(OID(c.Func)), "castcontext": char(c.Context), "castmethod": char(c.Method),
		})
	}
	return list
}

func listAccessMethods(Env) []record {
	return []record{
		{"oid": oidValue(heapOID), "amname": text("heap"), "amhandler": oidValue(3), "amtype": char('t')},
		{"oid": oidValue(btreeOID), "amname": text("btree"), "amhandler": oidValue(330), "amtype": char('i')},
	}
}

func listLanguages(Env) []record {
	var list []record
	for i, name := range []string{"internal", "c", "sql"} {
		list = append(list, record{"oid": oidValue(OID(12 + i)), "lanname": text(name), "lanowner": oidValue(ownerOID),
			"lanpltrusted": datum.Bool(name == "sql")})
	}
	return list
}

func listCollations(Env) []record {
	var list []record
	for i, name := range []string{"default", "C", "POSIX"} {
		oid := OID(100)
		if i > 0 {
			oid = OID(949 + i)
		}
		rec := record{"oid": oidValue(oid), "collname": text(name), "collnamespace": oidValue(11), "collowner": oidValue(ownerOID),
			"collprovider": char('c'), "collisdeterministic": datum.Bool(true), "collencoding": datum.Int(-1)}
		if i == 0 {
			rec["collprovider"] = char('d')
		} else {
			rec["collcollate"], rec["collctype"] = text(name), text(name)
		}
		list = append(list, rec)
	}
	return list
}

func listTablespaces(Env) []record {
	return []record{
		{"oid": oidValue(1663), "spcname": text("pg_default"), "spcowner": oidValue(ownerOID)},
		{"oid": oidValue(1664), "spcname": text("pg_global"), "spcowner": oidValue(ownerOID)},
	}
}

// listRanges names the range types, which exist as types though no function takes them.
func listRanges(Env) []record {
	var list []record
	for _, r := range [][3]OID{{3904, 23, 4451}, {3906, 1700, 4532}, {3908, 1114, 4533}, {3910, 1184, 4534}, {3912, 1082, 4535}, {3926, 20, 4536}} {
		list = append(list, record{"rngtypid": oidValue(r[0]), "rngsubtype": oidValue(r[1]), "rngmultitypid": oidValue(r[2])})
	}
	return list
}

func listTables(env Env) []record { return listOfKind(env, KindTable, "table") }
func listViews(env Env) []record  { return listOfKind(env, KindView, "view") }

func listOfKind(env Env, kind RelKind, word string) []record {
	var list []record
	for _, d := range allRelations(env) {
		if d.Kind != kind {
			continue
		}
		list = append(list, record{
			"schemaname": text(d.Schema), word + "name": text(d.Name), word + "owner": userName(env),
			"hasindexes": datum.Bool(d.EntryID >= 0), "hasrules": datum.Bool(false), "hastriggers": datum.Bool(false), "rowsecurity": datum.Bool(false),
		})
	}
	return list
}

func yesNo(b bool) Value {
	if b {
		return text("YES")
	}
	return text("NO")
}

func listInfoTables(env Env) []record {
	var list []record
	for _, d := range allRelations(env) {
		kind := "BASE TABLE"
		if d.Kind == KindView {
			kind = "VIEW"
		}
		list = append(list, record{
			"table_catalog": databaseName(env), "table_schema": text(d.Schema), "table_name": text(d.Name), "table_type": text(kind),
			"is_insertable_into": yesNo(d.Schema == "public"), "is_typed": yesNo(false),
		})
	}
	return list
}

func listInfoColumns(env Env) []record {
	var list []record
	for _, d := range allRelations(env) {
		for i, c := range d.Columns {
			list = append(list, infoColumn(env, d, i, c))
		}
	}
	return list
}

func infoColumn(env Env, d *RelationDesc, i int, c Column) record {
	rec := record{
		"table_catalog": databaseName(env), "table_schema": text(d.Schema), "table_name": text(d.Name), "column_name": text(c.Name),
		"ordinal_position": datum.Int(int64(i + 1)), "is_nullable": yesNo(!c.NotNull), "data_type": text(datum.TypeName(c.Type)),
		"udt_catalog": databaseName(env), "udt_schema": text("pg_catalog"), "dtd_identifier": text(strconv.Itoa(i + 1)),
		"is_self_referencing": yesNo(false), "is_identity": yesNo(false), "identity_cycle": yesNo(false), "is_generated": text("NEVER"),
		"is_updatable": yesNo(d.Schema == "public"),
	}
	if t := typeInfo(c.Type); t != nil {
		rec["udt_name"] = text(t.Name)
		if t.IsArray() {
			rec["data_type"] = text("ARRAY")
		}
	}
	if bits := map[OID]int64{datum.Int2OID: 16, datum.Int4OID: 32, datum.Int8OID: 64}[c.Type]; bits > 0 {
		rec["numeric_precision"], rec["numeric_precision_radix"], rec["numeric_scale"] = datum.Int(bits), datum.Int(2), datum.Int(0)
	}
	if strings.HasPrefix(datum.TypeName(c.Type), "timestamp") {
		rec["datetime_precision"] = datum.Int(6)
	}
	if c.Type == datum.TextOID || c.Type == datum.VarcharOID {
		rec["character_octet_length"] = datum.Int(1 << 30)
	}
	return rec
}

func listSchemata(env Env) []record {
	var list []record
	for _, s := range systemSchemas {
		list = append(list, record{"catalog_name": databaseName(env), "schema_name": text(s.name), "schema_owner": userName(env)})
	}
	return list
}
