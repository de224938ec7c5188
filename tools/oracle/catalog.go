package main

import (
	"slices"
	"strings"

	"walle/pgfront/query/datum"
	"walle/pgfront/query/pgdata"
)

// functions are the names of the scalar functions that a user may call: what depends on
// the server, the clock or chance is left out, and so is what only operators use.
var functions = strings.Fields(`
abs acos acosd acosh age array_append array_cat array_dims array_fill array_length array_lower array_ndims array_position
array_positions array_prepend array_remove array_replace array_to_json array_to_string array_upper ascii asin asind asinh
atan atan2 atan2d atand atanh bit_count bit_length btrim cardinality cbrt ceil ceiling char_length character_length chr
concat concat_ws convert_from convert_to cos cosd cosh cot cotd date_bin date_part date_trunc decode degrees div encode
exp factorial floor format gcd get_bit get_byte initcap isfinite json_array_element json_array_length json_build_array
json_build_object json_extract_path json_extract_path_text json_object json_strip_nulls json_typeof jsonb_array_length
jsonb_build_array jsonb_build_object jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object
jsonb_path_exists jsonb_path_match jsonb_path_query_array jsonb_path_query_first jsonb_pretty jsonb_set jsonb_set_lax
jsonb_strip_nulls jsonb_typeof justify_days justify_hours justify_interval lcm left length like_escape ln log log10 lower
lpad ltrim make_date make_interval make_time make_timestamp make_timestamptz md5 min_scale mod num_nonnulls num_nulls
octet_length overlay pi position pow power quote_ident quote_literal quote_nullable radians regexp_count regexp_instr
regexp_like regexp_match regexp_replace regexp_split_to_array regexp_substr repeat replace reverse right round row_to_json
rpad rtrim scale set_bit set_byte sha224 sha256 sha384 sha512 sign sin sind sinh split_part sqrt starts_with
string_to_array strpos substr substring tan tand tanh timezone to_char to_date to_hex to_json to_jsonb to_number
to_timestamp translate trim_array trim_scale trunc unistr upper width_bucket extract parse_ident`)

// A producer is a function, an operator or a cast that yields a type.
type producer struct {
	label  string // how a difference is named after it
	args   []datum.OID
	result datum.OID
	// write makes the expression of its operands.
	write func(args []*node) []any
	// variadic operands may be added of the last type.
	variadic bool
}

// A catalog lists the producers by the type that they yield.
type catalog struct {
	operators, functions, casts map[datum.OID][]producer
}

func loadCatalog() *catalog {
	c := &catalog{
		operators: map[datum.OID][]producer{}, functions: map[datum.OID][]producer{}, casts: map[datum.OID][]producer{},
	}
	data := pgdata.Load()
	for i := range data.Procs {
		p := &data.Procs[i]
		if p.Kind == 'f' && !p.Set && p.Volatile != 'v' && slices.Contains(functions, p.Name) {
			add(c.functions, functionProducer(p))
		}
	}
	for i := range data.Operators {
		add(c.operators, operatorProducer(&data.Operators[i]))
	}
	for _, from := range scalarTypes {
		for _, to := range scalarTypes {
			add(c.casts, castProducer(from, to))
		}
	}
	return c
}

// add files p, once for each element type that a polymorphic one may have.
func add(to map[datum.OID][]producer, p producer) {
	elements := []datum.OID{0}
	if slices.ContainsFunc(append(p.args, p.result), isPolymorphic) {
		elements = elementTypes
	}
	for _, elem := range elements {
		bound := p
		bound.result = bind(p.result, elem)
		bound.args = nil
		for _, a := range p.args {
			bound.args = append(bound.args, bind(a, elem))
		}
		if known(bound.result) && !slices.ContainsFunc(bound.args, func(t datum.OID) bool { return !known(t) }) {
			to[bound.result] = append(to[bound.result], bound)
		}
	}
}

func isPolymorphic(t datum.OID) bool { return bind(t, datum.Int4OID) != t }

// bind puts an element type in the place of a polymorphic one.
func bind(t, elem datum.OID) datum.OID {
	switch t {
	case datum.AnyElementOID, datum.AnyCompatibleOID, datum.AnyNonArrayOID, datum.AnyCompatibleNonArrayOID, datum.AnyOID:
		return elem
	case datum.AnyArrayOID, datum.AnyCompatibleArrayOID:
		if info := pgdata.Load().TypeByOID(uint32(elem)); info != nil {
			return datum.OID(info.Array)
		}
	}
	return t
}

func functionProducer(p *pgdata.Proc) producer {
	out := producer{label: "function " + p.Signature, result: datum.OID(p.Result), variadic: p.Variadic != 0}
	for _, a := range p.Args {
		out.args = append(out.args, datum.OID(a))
	}
	if out.variadic {
		out.args[len(out.args)-1] = datum.OID(p.Variadic)
	}
	out.write = func(args []*node) []any {
		if p.Name == "extract" {
			return []any{"extract(epoch from ", args[1], ")"}
		}
		return append(append([]any{p.Name + "("}, commas(args)...), ")")
	}
	return out
}

func operatorProducer(o *pgdata.Operator) producer {
	right := datum.OID(o.Right)
	out := producer{result: datum.OID(o.Result)}
	if o.Left == 0 {
		out.label = "operator " + o.Name + " " + datum.TypeName(right)
		out.args = []datum.OID{right}
		out.write = func(args []*node) []any { return []any{"(" + o.Name + " ", args[0], ")"} }
		return out
	}
	left := datum.OID(o.Left)
	out.label = "operator " + datum.TypeName(left) + " " + o.Name + " " + datum.TypeName(right)
	out.args = []datum.OID{left, right}
	out.write = func(args []*node) []any { return []any{"(", args[0], " " + o.Name + " ", args[1], ")"} }
	return out
}

func castProducer(from, to datum.OID) producer {
	name := datum.TypeName(to)
	return producer{
		label: "cast " + datum.TypeName(from) + " to " + name,
		args:  []datum.OID{from}, result: to,
		write: func(args []*node) []any { return []any{"(", args[0], ")::" + name} },
	}
}

func commas(args []*node) []any {
	var parts []any
	for i, a := range args {
		if i > 0 {
			parts = append(parts, ", ")
		}
		parts = append(parts, a)
	}
	return parts
}
