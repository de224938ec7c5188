package query

import (
	"maps"
	"sync"

	"walle/pgfront/query/datum"
	"walle/pgfront/query/pgdata"
)

// builtinTable holds the implementations of PostgreSQL's functions. Scalar and
// set-returning ones are found by the name of the C function (pg_proc.prosrc), which is
// also what operators and casts refer to; aggregates, and functions that PostgreSQL writes
// in SQL, by name(types).
type builtinTable struct {
	scalars map[string]any // fn0 … fnN
	sets    map[string]setFunc
	aggs    map[string]aggDef
	windows map[string]windowFunc
}

// aggDef makes the aggregators of one aggregate. Strict ones are not given nulls.
type aggDef struct {
	strict bool
	make   func(types []OID, result OID) aggregator
}

var loadBuiltins = sync.OnceValue(func() *builtinTable {
	t := &builtinTable{scalars: map[string]any{}, sets: setBuiltins(), aggs: aggBuiltins(), windows: windowBuiltins()}
	for _, list := range []map[string]any{
		intBuiltins(), floatBuiltins(), numericBuiltins(), textBuiltins(), byteaBuiltins(), regexBuiltins(),
		timeBuiltins(), intervalBuiltins(), jsonBuiltins(), arrayBuiltins(), sessionBuiltins(), catalogBuiltins(),
		boolBuiltins(), extractBuiltins(), trigBuiltins(), realBuiltins(), templateBuiltins(), jsonpathBuiltins(),
		rowBuiltins(), bucketBuiltins(), jsonMoreBuiltins(), identBuiltins(), regexpMoreBuiltins(),
	} {
		maps.Copy(t.scalars, list)
	}
	return t
})

func (t *builtinTable) bySource(src string) (any, bool) {
	fn, ok := t.scalars[src]
	return fn, ok
}

func (t *builtinTable) byProc(p *pgdata.Proc) (any, bool) {
	if fn, ok := t.scalars[p.Src]; ok && p.Src != "" {
		return fn, true
	}
	if fn, ok := t.scalars[p.Signature]; ok {
		return fn, true
	}
	return comparisonOf(p)
}

func (t *builtinTable) byCast(c *pgdata.Cast) (any, bool) { return t.bySource(c.Src) }

func (t *builtinTable) byOperator(op *operator, left, right OID) (any, bool) {
	if fn, ok := t.scalars[op.Src]; ok {
		return fn, true
	}
	if fn, ok := comparison(op.Name, left, right); ok {
		return fn, true
	}
	p := pgdata.Load().ProcByOID(op.Proc)
	if p == nil {
		return nil, false
	}
	fn, ok := t.scalars[p.Signature]
	return fn, ok
}

func (t *builtinTable) set(p *pgdata.Proc) (setFunc, bool) {
	if fn, ok := t.sets[p.Src]; ok {
		return fn, true
	}
	fn, ok := t.sets[p.Signature]
	return fn, ok
}

func (t *builtinTable) window(p *pgdata.Proc) (windowFunc, bool) {
	fn, ok := t.windows[p.Src]
	return fn, ok
}

func (t *builtinTable) aggregate(p *pgdata.Proc, types []OID, result OID) (build func() aggregator, strict, ok bool) {
	def, ok := t.aggs[p.Signature]
	if !ok {
		return nil, false, false
	}
	return func() aggregator { return def.make(types, result) }, def.strict, true
}

// comparison makes =, <>, <, <=, > and >= of two types that have an order in common.
func comparison(name string, left, right OID) (fn2, bool) {
	if isNumber(left) && isNumber(right) {
		fn, ok := intComparisons[name]
		return fn, ok
	}
	cmp, ok := orderOf(left, right)
	if !ok {
		return nil, false
	}
	switch name {
	case "=":
		return func(c *call, a, b Value) (Value, error) { return datum.Bool(cmp(c, a, b) == 0), nil }, true
	case "<>":
		return func(c *call, a, b Value) (Value, error) { return datum.Bool(cmp(c, a, b) != 0), nil }, true
	case "<":
		return func(c *call, a, b Value) (Value, error) { return datum.Bool(cmp(c, a, b) < 0), nil }, true
	case "<=":
		return func(c *call, a, b Value) (Value, error) { return datum.Bool(cmp(c, a, b) <= 0), nil }, true
	case ">":
		return func(c *call, a, b Value) (Value, error) { return datum.Bool(cmp(c, a, b) > 0), nil }, true
	case ">=":
		return func(c *call, a, b Value) (Value, error) { return datum.Bool(cmp(c, a, b) >= 0), nil }, true
	}
	return nil, false
}

// intComparisons are those of whole numbers, which filters over streams are full of.
var intComparisons = map[string]fn2{
	"=":  func(_ *call, a, b Value) (Value, error) { return datum.Bool(a.Int() == b.Int()), nil },
	"<>": func(_ *call, a, b Value) (Value, error) { return datum.Bool(a.Int() != b.Int()), nil },
	"<":  func(_ *call, a, b Value) (Value, error) { return datum.Bool(a.Int() < b.Int()), nil },
	"<=": func(_ *call, a, b Value) (Value, error) { return datum.Bool(a.Int() <= b.Int()), nil },
	">":  func(_ *call, a, b Value) (Value, error) { return datum.Bool(a.Int() > b.Int()), nil },
	">=": func(_ *call, a, b Value) (Value, error) { return datum.Bool(a.Int() >= b.Int()), nil },
}

// comparisonOf finds the operator that a function such as int8eq implements.
func comparisonOf(p *pgdata.Proc) (any, bool) {
	if len(p.Args) != 2 || OID(p.Result) != datum.BoolOID {
		return nil, false
	}
	for i := range pgdata.Load().Operators {
		if op := &pgdata.Load().Operators[i]; op.Proc == p.OID {
			return comparison(op.Name, OID(op.Left), OID(op.Right))
		}
	}
	return nil, false
}

// ordering compares two values that are not null.
type ordering func(c *call, a, b Value) int

// isNumber says whether values of the type are whole numbers that are compared as such.
func isNumber(t OID) bool {
	return isInteger(t) || t == datum.OIDOID || datum.IsReg(t) || t == datum.XidOID || t == datum.CidOID
}

func orderOf(left, right OID) (ordering, bool) {
	text := func(t OID) bool {
		return t == datum.TextOID || t == datum.VarcharOID || t == datum.NameOID || t == datum.UnknownOID
	}
	float := func(t OID) bool { return t == datum.Float4OID || t == datum.Float8OID }
	switch {
	case isNumber(left) && isNumber(right):
		return func(_ *call, a, b Value) int { return datum.Compare(datum.Int8OID, a, b) }, true
	case text(left) && text(right):
		return func(_ *call, a, b Value) int { return datum.Compare(datum.TextOID, a, b) }, true
	case float(left) && float(right):
		return func(_ *call, a, b Value) int { return datum.CompareFloat(a.Float(), b.Float()) }, true
	case left == right && comparable(left):
		t := left
		return func(_ *call, a, b Value) int { return datum.Compare(t, a, b) }, true
	}
	return timeOrder(left, right)
}

// timeOrder compares dates, timestamps and timestamptz with each other.
func timeOrder(left, right OID) (ordering, bool) {
	if !isMoment(left) || !isMoment(right) {
		return nil, false
	}
	zoned := left == datum.TimestamptzOID || right == datum.TimestamptzOID
	return func(c *call, a, b Value) int {
		return datum.Compare(datum.TimestampOID, moment(c, left, a, zoned), moment(c, right, b, zoned))
	}, true
}

func isMoment(t OID) bool {
	return t == datum.DateOID || t == datum.TimestampOID || t == datum.TimestamptzOID
}

// moment brings a date or timestamp to a timestamp, or if zoned to a timestamptz.
func moment(c *call, t OID, v Value, zoned bool) Value {
	us := v.Micros()
	if t == datum.DateOID {
		us = datum.DateToTimestamp(us)
	}
	if zoned && t != datum.TimestamptzOID {
		us = datum.FromLocal(us, c.run.codec.Style().Location)
	}
	return datum.Micros(us)
}

func boolBuiltins() map[string]any {
	return map[string]any{
		"booland_statefunc": fn2(func(_ *call, a, b Value) (Value, error) { return datum.Bool(a.Bool() && b.Bool()), nil }),
		"boolor_statefunc":  fn2(func(_ *call, a, b Value) (Value, error) { return datum.Bool(a.Bool() || b.Bool()), nil }),
		"int4_bool":         fn1(func(_ *call, a Value) (Value, error) { return datum.Bool(a.Int() != 0), nil }),
		"bool_int4": fn1(func(_ *call, a Value) (Value, error) {
			if a.Bool() {
				return datum.Int(1), nil
			}
			return datum.Int(0), nil
		}),
		"booltext": fn1(func(_ *call, a Value) (Value, error) {
			if a.Bool() {
				return datum.String("true"), nil
			}
			return datum.String("false"), nil
		}),
	}
}

// The following turn plain Go functions into builtins.

func text1(f func(string) string) fn1 {
	return func(_ *call, a Value) (Value, error) { return datum.String(f(a.Str())), nil }
}

func int1(f func(Value) int64) fn1 {
	return func(_ *call, a Value) (Value, error) { return datum.Int(f(a)), nil }
}

func bool2(f func(a, b Value) bool) fn2 {
	return func(_ *call, a, b Value) (Value, error) { return datum.Bool(f(a, b)), nil }
}

func same(_ *call, a Value) (Value, error) { return a, nil }
