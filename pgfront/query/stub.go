package query

func timeBuiltins() map[string]any     { return nil }
func intervalBuiltins() map[string]any { return nil }
func jsonBuiltins() map[string]any     { return nil }
func arrayBuiltins() map[string]any    { return nil }
func catalogBuiltins() map[string]any  { return nil }
func formatBuiltins() map[string]any   { return nil }
func setBuiltins() map[string]setFunc  { return map[string]setFunc{} }

func systemRelation(Env, string, string) Relation { return nil }
func schemaOID(s string) OID {
	switch s {
	case "public":
		return 2200
	case "pg_catalog":
		return 11
	case "walle":
		return 16384
	}
	return 0
}

type jsonAgg struct{ r OID }
type jsonObjectAgg struct{ r OID }

func newJSONAgg(OID) aggregator       { return &counter{} }
func newJSONObjectAgg(OID) aggregator { return &counter{} }
