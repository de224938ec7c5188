package query

import (
	"strings"

	"walle/pgfront/query/datum"
	"walle/pgfront/query/pgdata"
)

// objectNames resolves the reg* types.
type objectNames struct{ env Env }

// ObjectName prints an object as its reg* type does: with its schema where the bare name
// would not find it.
func (n objectNames) ObjectName(typ, oid OID) (string, bool) {
	cat := pgdata.Load()
	switch typ {
	case datum.RegclassOID:
		d := relationByOID(n.env, oid)
		if d == nil {
			return "", false
		}
		if visible(n.env, d) {
			return quoteIdent(d.Name), true
		}
		return quoteIdent(d.Schema) + "." + quoteIdent(d.Name), true
	case datum.RegtypeOID:
		if cat.TypeByOID(uint32(oid)) == nil {
			return "", false
		}
		return datum.TypeName(oid), true
	case datum.RegnamespaceOID:
		name := schemaName(oid)
		return quoteIdent(name), name != ""
	case datum.RegroleOID:
		if oid != ownerOID {
			return "", false
		}
		return quoteIdent(userName(n.env).Str()), true
	case datum.RegprocOID, datum.RegprocedureOID:
		p := cat.ProcByOID(uint32(oid))
		if p == nil {
			return "", false
		}
		if typ == datum.RegprocedureOID {
			return strings.ReplaceAll(signature(quoteIdent(p.Name), oids(p.Args)), ", ", ","), true
		}
		if len(cat.ProcsByName(p.Name)) > 1 {
			return "pg_catalog." + quoteIdent(p.Name), true
		}
		return quoteIdent(p.Name), true
	}
	return "", false
}

func oids(list []uint32) []OID {
	out := make([]OID, len(list))
	for i, o := range list {
		out[i] = OID(o)
	}
	return out
}

// ObjectOID finds the object that a text of a reg* type names.
func (n objectNames) ObjectOID(typ OID, text string) (OID, error) {
	switch typ {
	case datum.RegclassOID:
		schema, name, err := splitName(text)
		if err != nil {
			return 0, err
		}
		if rel := findRelation(n.env, schema, name); rel != nil {
			return rel.Desc().OID, nil
		}
		if index := indexByName(n.env, schema, name); index != nil {
			return index.OID, nil
		}
		return 0, datum.Errorf("42P01", "relation \"%s\" does not exist", strings.TrimSpace(text))
	case datum.RegtypeOID:
		if t := lookupType(text); t != 0 {
			return t, nil
		}
		return 0, datum.Errorf("42704", "type \"%s\" does not exist", text)
	case datum.RegnamespaceOID:
		_, name, err := splitName(text)
		if oid := schemaOID(name); err == nil && oid != 0 {
			return oid, nil
		}
		return 0, datum.Errorf("3F000", "schema \"%s\" does not exist", text)
	case datum.RegroleOID:
		_, name, err := splitName(text)
		if err == nil && name == userName(n.env).Str() {
			return ownerOID, nil
		}
		return 0, datum.Errorf("42704", "role \"%s\" does not exist", text)
	case datum.RegprocOID:
		return n.procOID(text)
	}
	return 0, datum.Unsupported("type %s", datum.TypeName(typ))
}

func (n objectNames) procOID(text string) (OID, error) {
	_, name, err := splitName(text)
	if err != nil {
		return 0, err
	}
	switch list := pgdata.Load().ProcsByName(name); len(list) {
	case 0:
		return 0, datum.Errorf("42883", "function \"%s\" does not exist", text)
	case 1:
		return OID(list[0].OID), nil
	}
	return 0, datum.Errorf("42725", "more than one function named \"%s\"", text)
}
