package query

import (
	"strconv"
	"strings"

	"walle/pgfront/query/datum"
	"walle/pgfront/query/pgdata"
)

// formatTypeOf is format_type(oid, typmod); a null modifier prints the plain name.
func formatTypeOf(_ *call, v []Value) (Value, error) {
	if v[0].IsNull() {
		return Value{}, nil
	}
	t := OID(v[0].Int())
	switch {
	case t == 0:
		return text("-"), nil
	case typeInfo(t) == nil:
		return text("???"), nil
	case v[1].IsNull():
		return text(datum.TypeName(t)), nil
	}
	return text(formatType(t, int32(v[1].Int()))), nil
}

func relationVisible(c *call, v Value) (Value, error) {
	d := relationByOID(c.run.env, OID(v.Int()))
	if d == nil {
		return Value{}, nil
	}
	return datum.Bool(visible(c.run.env, d)), nil
}

// inCatalog makes pg_type_is_visible and the like: all such objects are in pg_catalog.
func inCatalog(exists func(oid uint32) bool) fn1 {
	return func(_ *call, v Value) (Value, error) {
		if !exists(uint32(v.Int())) {
			return Value{}, nil
		}
		return datum.Bool(true), nil
	}
}

func userByID(c *call, v Value) (Value, error) {
	if v.Int() == ownerOID {
		return userName(c.run.env), nil
	}
	return text("unknown (OID=" + strconv.FormatInt(v.Int(), 10) + ")"), nil
}

// toReg is to_regclass and the like: null where the cast would fail.
func toReg(typ OID) fn1 {
	return func(c *call, v Value) (Value, error) {
		oid, err := objectNames{c.run.env}.ObjectOID(typ, v.Str())
		if err != nil {
			return Value{}, nil
		}
		return oidValue(oid), nil
	}
}

func textToRegclass(c *call, v Value) (Value, error) {
	return c.run.codec.ParseText(datum.RegclassOID, v.Str())
}

// functionResult is pg_get_function_result.
func functionResult(_ *call, v Value) (Value, error) {
	p := pgdata.Load().ProcByOID(uint32(v.Int()))
	if p == nil {
		return Value{}, nil
	}
	name := datum.TypeName(OID(p.Result))
	if strings.Contains(p.ArgModes, "t") {
		return text("TABLE(" + argumentList(p, "t") + ")"), nil
	}
	if p.Set {
		name = "SETOF " + name
	}
	return text(name), nil
}

func functionArguments(_ *call, v Value) (Value, error) {
	p := pgdata.Load().ProcByOID(uint32(v.Int()))
	if p == nil {
		return Value{}, nil
	}
	return text(argumentList(p, "iovb")), nil
}

// argumentList prints the arguments whose mode is in modes.
func argumentList(p *pgdata.Proc, modes string) string {
	types, kinds := p.AllArgs, p.ArgModes
	if types == nil {
		types, kinds = p.Args, strings.Repeat("i", len(p.Args))
	}
	var list []string
	for i, t := range types {
		if !strings.Contains(modes, kinds[i:i+1]) {
			continue
		}
		arg := map[byte]string{'o': "OUT ", 'b': "INOUT ", 'v': "VARIADIC "}[kinds[i]]
		if kinds[i] == 'i' && i < len(p.Args) && p.Variadic != 0 && i == len(p.Args)-1 {
			arg = "VARIADIC "
		}
		if i < len(p.ArgNames) && p.ArgNames[i] != "" {
			arg += p.ArgNames[i] + " "
		}
		list = append(list, arg+datum.TypeName(OID(t)))
	}
	return strings.Join(list, ", ")
}

// sizePretty is pg_size_pretty(bigint).
func sizePretty(_ *call, v Value) (Value, error) {
	n := v.Int()
	abs := max(n, -n)
	units := []string{"bytes", "kB", "MB", "GB", "TB", "PB"}
	unit := 0
	for abs >= 10240 && unit < len(units)-1 || unit > 0 && abs >= 20480 && unit < len(units)-1 {
		if unit == 0 {
			abs = abs * 2 / 1024 // keep one bit for rounding
		} else {
			abs /= 1024
		}
		unit++
		if abs < 20480 {
			break
		}
	}
	if unit > 0 {
		abs = (abs + 1) / 2
	}
	sign := ""
	if n < 0 {
		sign = "-"
	}
	return text(sign + strconv.FormatInt(abs, 10) + " " + units[unit]), nil
}

func nothing(*call, []Value) (Value, error) { return Value{}, nil }

func always(*call, []Value) (Value, error) { return datum.Bool(true), nil }

func catalogBuiltins() map[string]any {
	cat := pgdata.Load()
	isProc := inCatalog(func(oid uint32) bool { return cat.ProcByOID(oid) != nil })
	none := inCatalog(func(uint32) bool { return false }) // there are no such objects
	m := map[string]any{
		"format_type": fnN(formatTypeOf), "pg_table_is_visible": fn1(relationVisible),
		"pg_type_is_visible":       inCatalog(func(oid uint32) bool { return cat.TypeByOID(oid) != nil }),
		"pg_function_is_visible":   isProc,
		"pg_operator_is_visible":   inCatalog(func(oid uint32) bool { return cat.OperatorByOID(oid) != nil }),
		"pg_collation_is_visible":  inCatalog(func(oid uint32) bool { return oid == 100 || oid == 950 || oid == 951 }),
		"pg_conversion_is_visible": none, "pg_opclass_is_visible": none, "pg_opfamily_is_visible": none, "pg_statistics_obj_is_visible": none,
		"pg_ts_config_is_visible": none, "pg_ts_dict_is_visible": none, "pg_ts_parser_is_visible": none, "pg_ts_template_is_visible": none,
		"pg_get_userbyid": fn1(userByID),
		"to_regclass":     toReg(datum.RegclassOID), "to_regtype": toReg(datum.RegtypeOID), "to_regproc": toReg(datum.RegprocOID),
		"to_regnamespace": toReg(datum.RegnamespaceOID), "to_regrole": toReg(datum.RegroleOID),
		"text_regclass":          fn1(textToRegclass),
		"pg_get_function_result": fn1(functionResult), "pg_get_function_arguments": fn1(functionArguments),
		"pg_get_function_identity_arguments": fn1(functionArguments),
		"pg_size_pretty":                     fn1(sizePretty),
		"pg_is_other_temp_schema":            fn1(func(*call, Value) (Value, error) { return datum.Bool(false), nil }),
		"pg_my_temp_schema":                  constantValue(datum.Int(0)),
		"pg_relation_is_publishable":         fn1(func(*call, Value) (Value, error) { return datum.Bool(false), nil }),
		"row_security_active_oid":            fn1(func(*call, Value) (Value, error) { return datum.Bool(false), nil }),
		"pg_relation_size":                   fnN(relationSize),
		"pg_relation_size(regclass)":         fnN(relationSize),
		"pg_table_size":                      fnN(relationSize),
		"pg_total_relation_size":             fnN(relationSize),
		"pg_indexes_size":                    fn1(noSize),
		"pg_stat_get_numscans":               fn1(noSize),
		"pg_database_size_oid":               fn1(databaseSize),
		"pg_database_size_name":              fn1(databaseSize),
		"pg_tablespace_location":             fn1(func(*call, Value) (Value, error) { return text(""), nil }),
	}
	m["pg_get_indexdef"], m["pg_get_indexdef_ext"] = fnN(indexDef), fnN(indexDef)
	m["pg_get_constraintdef"], m["pg_get_constraintdef_ext"] = fnN(constraintDef), fnN(constraintDef)
	// Of things that cannot exist there is no definition.
	for _, name := range []string{
		"pg_get_expr", "pg_get_expr_ext",
		"pg_get_triggerdef", "pg_get_triggerdef_ext", "pg_get_ruledef", "pg_get_ruledef_ext", "pg_get_viewdef", "pg_get_viewdef_ext",
		"pg_get_viewdef_wrap", "pg_get_partkeydef", "pg_get_statisticsobjdef", "pg_get_statisticsobjdef_columns", "pg_get_serial_sequence",
		"pg_get_function_sqlbody", "pg_tablespace_size_oid", "pg_tablespace_size_name", "pg_relation_filenode",
		"obj_description(oid,name)", "obj_description(oid)", "col_description(oid,int4)", "shobj_description(oid,name)",
		"pg_get_partition_constraintdef",
	} {
		m[name] = fnN(nothing)
	}
	// There is one role, and it may do everything.
	for _, p := range cat.Procs {
		if OID(p.Result) == datum.BoolOID && (strings.HasPrefix(p.Name, "has_") && strings.HasSuffix(p.Name, "_privilege") || p.Name == "pg_has_role") {
			m[p.Src] = fnN(always)
		}
	}
	return m
}
