package main

import (
	"slices"
	"strings"

	"walle/pgfront/query/datum"
	"walle/pgfront/query/pgdata"
)

// An aggregateCall is a signature of an aggregate.
type aggregateCall struct {
	name, label string
	args        []datum.OID
	result      datum.OID
	ordered     bool // the order of the input shows in the result
	constant    bool // the last argument is a constant
}

var aggregateNames = strings.Fields(`array_agg avg bit_and bit_or bit_xor bool_and bool_or count every json_agg jsonb_agg
json_object_agg jsonb_object_agg max min string_agg sum stddev stddev_pop stddev_samp variance var_pop var_samp corr
covar_pop covar_samp regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy`)

var aggregates = listAggregates()

func listAggregates() []aggregateCall {
	var list []aggregateCall
	data := pgdata.Load()
	for i := range data.Procs {
		p := &data.Procs[i]
		if p.Kind != 'a' || !slices.Contains(aggregateNames, p.Name) {
			continue
		}
		for _, elem := range []datum.OID{datum.TextOID, datum.NumericOID, datum.Int4OID} {
			a := aggregateCall{name: p.Name, label: "aggregate " + p.Signature, result: bind(datum.OID(p.Result), elem)}
			for _, t := range p.Args {
				a.args = append(a.args, bind(datum.OID(t), elem))
			}
			a.constant = p.Name == "string_agg"
			a.ordered = a.constant || p.Name == "array_agg" || strings.Contains(p.Name, "json")
			if known(a.result) && !slices.ContainsFunc(a.args, func(t datum.OID) bool { return !known(t) }) {
				list = append(list, a)
			}
			if !slices.ContainsFunc(p.Args, func(t uint32) bool { return isPolymorphic(datum.OID(t)) }) {
				break
			}
		}
	}
	return list
}
