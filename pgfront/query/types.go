package query

import (
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"walle/pgfront/query/datum"
	"walle/pgfront/query/pgdata"
)

func typeInfo(t OID) *pgdata.Type { return pgdata.Load().TypeByOID(uint32(t)) }

// category is pg_type.typcategory.
func category(t OID) byte {
	if info := typeInfo(t); info != nil {
		return info.Category
	}
	return 'X'
}

func preferred(t OID) bool {
	info := typeInfo(t)
	return info != nil && info.Preferred
}

// elemType returns the element type of a true array type, 0 otherwise.
func elemType(t OID) OID {
	if info := typeInfo(t); info != nil && info.IsArray() {
		return OID(info.Elem)
	}
	return 0
}

// arrayType returns the array type over t, 0 if it has none.
func arrayType(t OID) OID {
	if info := typeInfo(t); info != nil {
		return OID(info.Array)
	}
	return 0
}

func typeSize(t OID) int16 {
	if info := typeInfo(t); info != nil {
		return info.Len
	}
	return -1
}

// isPolymorphic says whether t stands for a type that the arguments decide.
func isPolymorphic(t OID) bool {
	switch t {
	case datum.AnyElementOID, datum.AnyArrayOID, datum.AnyNonArrayOID, datum.AnyEnumOID, datum.AnyRangeOID,
		datum.AnyMultirangeOID, datum.AnyCompatibleOID, datum.AnyCompatibleArrayOID,
		datum.AnyCompatibleNonArrayOID, datum.AnyCompatibleRangeOID, datum.AnyCompatibleMultirangeOID:
		return true
	}
	return false
}

// typeNames of the grammar that are not those of pg_type.
var typeAliases = map[string]string{
	"bigint": "int8", "integer": "int4", "int": "int4", "smallint": "int2", "boolean": "bool", "real": "float4",
	"double precision": "float8", "decimal": "numeric", "character varying": "varchar", "character": "bpchar",
	"timestamp with time zone": "timestamptz", "timestamp without time zone": "timestamp",
	"time without time zone": "time", "time with time zone": "timetz", "char": "bpchar",
}

// lookupType finds a type by its name as format_type prints it or as pg_type has it.
func lookupType(name string) OID {
	name = strings.TrimSpace(name)
	if rest, ok := strings.CutSuffix(name, "[]"); ok {
		return arrayType(lookupType(strings.TrimSuffix(rest, "[]")))
	}
	name = strings.TrimPrefix(name, "pg_catalog.")
	if quoted, ok := strings.CutPrefix(name, `"`); ok {
		name = strings.TrimSuffix(quoted, `"`)
	} else {
		name = strings.ToLower(name)
		if alias, ok := typeAliases[name]; ok {
			name = alias
		}
	}
	if t := pgdata.Load().TypeByName(name); t != nil {
		return OID(t.OID)
	}
	return 0
}

// typeName resolves a type in the tree and its modifier.
func (a *analyzer) typeName(n *pg_query.TypeName) (t OID, typmod int32, err error) {
	names := stringList(n.Names)
	if n.PctType || n.Setof {
		return 0, -1, datum.Unsupported("type %s%%TYPE", strings.Join(names, ".")).At(n.Location)
	}
	if len(names) == 0 {
		return 0, -1, datum.Errorf("XX000", "type without a name")
	}
	full := strings.Join(names, ".")
	if len(names) == 2 && names[0] == "pg_catalog" {
		names = names[1:]
	}
	info := pgdata.Load().TypeByName(names[0])
	if len(names) > 1 || info == nil {
		return 0, -1, datum.Errorf("42704", "type \"%s\" does not exist", full).At(n.Location)
	}
	t = OID(info.OID)
	if typmod, err = a.typmod(t, n); err != nil {
		return 0, -1, err
	}
	if len(n.ArrayBounds) > 0 {
		if t = arrayType(t); t == 0 {
			return 0, -1, datum.Errorf("42704", "type \"%s[]\" does not exist", full).At(n.Location)
		}
	}
	return t, typmod, nil
}

// typmod reads the modifiers of varchar(n), numeric(p, s), timestamp(p) …
func (a *analyzer) typmod(t OID, n *pg_query.TypeName) (int32, error) {
	if len(n.Typmods) == 0 {
		return max(n.Typemod, -1), nil
	}
	var mods []int
	for _, m := range n.Typmods {
		c := m.GetAConst()
		if c == nil || c.GetIval() == nil && c.Val != nil {
			return -1, datum.Errorf("42601", "type modifiers must be simple constants or identifiers").At(n.Location)
		}
		mods = append(mods, int(c.GetIval().GetIval()))
	}
	bad := func(format string, args ...any) (int32, error) {
		return -1, datum.Errorf("22023", format, args...).At(n.Location)
	}
	switch t {
	case datum.VarcharOID, datum.BPCharOID:
		name := map[OID]string{datum.VarcharOID: "varchar", datum.BPCharOID: "char"}[t]
		if mods[0] < 1 {
			return bad("length for type %s must be at least 1", name)
		}
		if mods[0] > 10485760 {
			return bad("length for type %s cannot exceed 10485760", name)
		}
		return int32(mods[0]) + 4, nil
	case datum.NumericOID:
		if mods[0] < 1 || mods[0] > 1000 {
			return bad("NUMERIC precision %d must be between 1 and 1000", mods[0])
		}
		scale := 0
		if len(mods) > 1 {
			scale = mods[1]
		}
		if scale < -1000 || scale > 1000 {
			return bad("NUMERIC scale %d must be between -1000 and 1000", scale)
		}
		return int32(mods[0]<<16|scale&0x7ff) + 4, nil
	case datum.TimestampOID, datum.TimestamptzOID, datum.TimeOID:
		return int32(min(max(mods[0], 0), 6)), nil
	case datum.IntervalOID:
		return intervalTypmod(mods), nil
	}
	return -1, datum.Errorf("42601", "type modifier is not allowed for type \"%s\"", datum.TypeName(t)).At(n.Location)
}

// Interval modifiers are a mask of fields in the high half and a precision in the low.
const (
	intervalFullRange     = 0x7fff
	intervalFullPrecision = 0xffff
)

func intervalTypmod(mods []int) int32 {
	precision := intervalFullPrecision
	if len(mods) > 1 {
		precision = mods[1]
	}
	if mods[0] == intervalFullRange && precision == intervalFullPrecision {
		return -1
	}
	return int32(mods[0]&intervalFullRange<<16 | precision)
}

// formatType is format_type(t, typmod).
func formatType(t OID, typmod int32) string {
	if elem := elemType(t); elem != 0 {
		return formatType(elem, typmod) + "[]"
	}
	name := datum.TypeName(t)
	if typmod < 0 {
		if t == datum.BPCharOID && typmod == -1 {
			return "bpchar"
		}
		return name
	}
	switch t {
	case datum.VarcharOID, datum.BPCharOID:
		return name + "(" + strconv.Itoa(int(typmod)-4) + ")"
	case datum.NumericOID:
		p, s := datum.NumericTypmod(typmod)
		return name + "(" + strconv.Itoa(p) + "," + strconv.Itoa(s) + ")"
	case datum.TimestampOID, datum.TimestamptzOID, datum.TimeOID:
		word, rest, _ := strings.Cut(name, " ")
		return word + "(" + strconv.Itoa(int(typmod)) + ") " + rest
	}
	return name
}

func stringList(nodes []*pg_query.Node) []string {
	list := make([]string, 0, len(nodes))
	for _, n := range nodes {
		list = append(list, n.GetString_().GetSval())
	}
	return list
}
