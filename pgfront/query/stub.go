package query

func jsonBuiltins() map[string]any { return nil }
func jsonSets(map[string]setFunc)  {}

func newJSONAgg(OID) aggregator       { return &counter{} }
func newJSONObjectAgg(OID) aggregator { return &counter{} }
