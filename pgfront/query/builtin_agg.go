package query

import (
	"math"
	"math/bits"
	"slices"

	"github.com/cockroachdb/apd/v3"

	"walle/pgfront/query/datum"
)

// counter is count(*) and count(x).
type counter struct{ n int64 }

func (a *counter) add(*call, []Value) error    { a.n++; return nil }
func (a *counter) result(*call) (Value, error) { return datum.Int(a.n), nil }

// extremum is min or max.
type extremum struct {
	best Value
	t    OID
	sign int
}

func (a *extremum) add(_ *call, v []Value) error {
	if a.best.IsNull() || datum.Compare(a.t, v[0], a.best)*a.sign > 0 {
		a.best = v[0].Clone()
	}
	return nil
}

func (a *extremum) result(*call) (Value, error) { return a.best, nil }

// intSum adds integers in 128 bits, for sum and avg.
type intSum struct {
	n         int64
	high, low uint64
	finish    func(*intSum) (Value, error)
}

func (a *intSum) add(_ *call, v []Value) error {
	x := v[0].Int()
	var carry uint64
	a.low, carry = bits.Add64(a.low, uint64(x), 0)
	a.high, _ = bits.Add64(a.high, uint64(x>>63), carry)
	a.n++
	return nil
}

func (a *intSum) result(*call) (Value, error) {
	if a.n == 0 {
		return Value{}, nil
	}
	return a.finish(a)
}

func (a *intSum) total() *apd.Decimal {
	neg, high, low := a.high>>63 == 1, a.high, a.low
	if neg {
		var borrow uint64
		low, borrow = bits.Sub64(0, low, 0)
		high, _ = bits.Sub64(0, high, borrow)
	}
	d := &apd.Decimal{Negative: neg}
	d.Coeff.SetUint64(high)
	d.Coeff.Lsh(&d.Coeff, 64)
	d.Coeff.Add(&d.Coeff, new(apd.BigInt).SetUint64(low))
	return d
}

func sumToInt8(a *intSum) (Value, error) {
	if (a.high != 0 || a.low > math.MaxInt64) && (a.high != math.MaxUint64 || a.low < 1<<63) {
		return Value{}, width8.overflow()
	}
	return datum.Int(int64(a.low)), nil
}

func sumToNumeric(a *intSum) (Value, error) { return datum.Numeric(a.total()), nil }

func intAverage(a *intSum) (Value, error) {
	return numericValue(datum.DivNumeric(a.total(), datum.NumericFromInt(a.n)))
}

// numericSum is sum and avg of numeric.
type numericSum struct {
	n       int64
	total   *apd.Decimal
	average bool
}

func (a *numericSum) add(_ *call, v []Value) error {
	if a.n++; a.n == 1 {
		a.total = v[0].Numeric()
		return nil
	}
	a.total = datum.AddNumeric(a.total, v[0].Numeric())
	return nil
}

func (a *numericSum) result(*call) (Value, error) {
	switch {
	case a.n == 0:
		return Value{}, nil
	case a.average:
		return numericValue(datum.DivNumeric(a.total, datum.NumericFromInt(a.n)))
	}
	return numericValue(a.total, nil)
}

// floatSums holds count, sum and the sum of squared differences (Youngs and Cramer, as
// PostgreSQL has it), from which sum, avg, variance and stddev follow.
type floatSums struct {
	n, sx, sxx float64
	finish     func(*floatSums) (Value, error)
}

func (a *floatSums) add(_ *call, v []Value) error {
	x := v[0].Float()
	before := a.sx
	a.n++
	a.sx += x
	if a.n > 1 {
		tmp := x*a.n - a.sx
		a.sxx += tmp * tmp / (a.n * (a.n - 1))
		if math.IsInf(a.sx, 0) || math.IsInf(a.sxx, 0) {
			if !math.IsInf(before, 0) && !math.IsInf(x, 0) {
				return floatOverflow()
			}
			a.sxx = math.NaN()
		}
	} else if math.IsNaN(x) || math.IsInf(x, 0) {
		a.sxx = math.NaN()
	}
	return nil
}

func (a *floatSums) result(*call) (Value, error) {
	if a.n == 0 {
		return Value{}, nil
	}
	return a.finish(a)
}

// plainSum is sum(float4) and sum(float8): no Youngs-Cramer.
type plainSum struct {
	any    bool
	sum    float64
	single bool
}

func (a *plainSum) add(_ *call, v []Value) error {
	x, before := v[0].Float(), a.sum
	a.any = true
	a.sum += x
	if a.single {
		a.sum = float64(float32(a.sum))
	}
	if math.IsInf(a.sum, 0) && !math.IsInf(before, 0) && !math.IsInf(x, 0) {
		return floatOverflow()
	}
	return nil
}

func (a *plainSum) result(*call) (Value, error) {
	if !a.any {
		return Value{}, nil
	}
	return datum.Float(a.sum), nil
}

func floatAverage(a *floatSums) (Value, error) { return datum.Float(a.sx / a.n), nil }

func floatVariance(population, root bool) func(*floatSums) (Value, error) {
	return func(a *floatSums) (Value, error) {
		n := a.n
		if !population {
			n--
		}
		if n <= 0 {
			return Value{}, nil
		}
		v := a.sxx / n
		if root {
			v = math.Sqrt(v)
		}
		return datum.Float(v), nil
	}
}

// numericVariance is variance and stddev of numeric and of integers.
type numericVariance struct {
	n                int64
	sum, squares     *apd.Decimal
	population, root bool
}

func (a *numericVariance) add(c *call, v []Value) error {
	x := v[0]
	d := (*apd.Decimal)(nil)
	if c.types[0] == datum.NumericOID {
		d = x.Numeric()
	} else {
		d = datum.NumericFromInt(x.Int())
	}
	square := datum.MulNumeric(d, d)
	if a.n++; a.n == 1 {
		a.sum, a.squares = d, square
		return nil
	}
	a.sum, a.squares = datum.AddNumeric(a.sum, d), datum.AddNumeric(a.squares, square)
	return nil
}

func (a *numericVariance) result(*call) (Value, error) {
	if a.n == 0 || a.n == 1 && !a.population {
		return Value{}, nil
	}
	if a.sum.Form != apd.Finite {
		return datum.Numeric(&apd.Decimal{Form: apd.NaN}), nil
	}
	n := datum.NumericFromInt(a.n)
	top := datum.SubNumeric(datum.MulNumeric(n, a.squares), datum.MulNumeric(a.sum, a.sum))
	if top.Negative || top.IsZero() {
		return datum.Numeric(datum.NumericFromInt(0)), nil
	}
	under := n
	if !a.population {
		under = datum.NumericFromInt(a.n - 1)
	}
	v, err := datum.DivNumeric(top, datum.MulNumeric(n, under))
	if err == nil && a.root {
		v, err = datum.SqrtScaled(v, datum.Scale(v))
	}
	return numericValue(v, err)
}

// boolFold is bool_and and bool_or.
type boolFold struct {
	or  bool
	any bool
	all bool // the conjunction, or the disjunction if or
}

func (a *boolFold) add(_ *call, v []Value) error {
	switch {
	case !a.any:
		a.any, a.all = true, v[0].Bool()
	case a.or:
		a.all = a.all || v[0].Bool()
	default:
		a.all = a.all && v[0].Bool()
	}
	return nil
}

func (a *boolFold) result(*call) (Value, error) {
	if !a.any {
		return Value{}, nil
	}
	return datum.Bool(a.all), nil
}

// bitFold is bit_and, bit_or and bit_xor.
type bitFold struct {
	op  func(a, b int64) int64
	any bool
	n   int64
}

func (a *bitFold) add(_ *call, v []Value) error {
	if !a.any {
		a.any, a.n = true, v[0].Int()
		return nil
	}
	a.n = a.op(a.n, v[0].Int())
	return nil
}

func (a *bitFold) result(*call) (Value, error) {
	if !a.any {
		return Value{}, nil
	}
	return datum.Int(a.n), nil
}

// stringAgg is string_agg of text and bytea.
type stringAgg struct {
	any  bool
	text []byte
}

func (a *stringAgg) add(c *call, v []Value) error {
	if v[0].IsNull() {
		return nil
	}
	if a.any && !v[1].IsNull() {
		a.text = append(a.text, v[1].Str()...)
	}
	a.any = true
	before := len(a.text)
	a.text = append(a.text, v[0].Str()...)
	return c.budget.addBytes(int64(len(a.text) - before))
}

func (a *stringAgg) result(*call) (Value, error) {
	if !a.any {
		return Value{}, nil
	}
	return datum.String(string(a.text)), nil
}

// arrayAgg is array_agg.
type arrayAgg struct {
	elem  OID
	elems []Value
}

func (a *arrayAgg) add(c *call, v []Value) error {
	a.elems = append(a.elems, v[0].Clone())
	return c.budget.addBytes(v[0].Size())
}

func (a *arrayAgg) result(*call) (Value, error) {
	if len(a.elems) == 0 {
		return Value{}, nil
	}
	return datum.ArrayValue(datum.NewArray(a.elem, append([]Value(nil), a.elems...))), nil
}

// arrayStack is array_agg of arrays.
type arrayStack struct {
	elem OID
	list []Value
}

func (a *arrayStack) add(c *call, v []Value) error {
	if v[0].IsNull() {
		return datum.Errorf("22004", "cannot accumulate null arrays")
	}
	if len(v[0].Array().Dims) == 0 {
		return datum.Errorf("2202E", "cannot accumulate empty arrays")
	}
	if len(a.list) > 0 && !slices.Equal(a.list[0].Array().Dims, v[0].Array().Dims) {
		return datum.Errorf("2202E", "cannot accumulate arrays of different dimensionality")
	}
	a.list = append(a.list, v[0].Clone())
	return c.budget.addBytes(v[0].Size())
}

func (a *arrayStack) result(*call) (Value, error) {
	if len(a.list) == 0 {
		return Value{}, nil
	}
	return stackArrays(a.elem, a.list)
}

// intervalSum is sum and avg of interval.
type intervalSum struct {
	n       int64
	total   datum.Interval
	average bool
}

func (a *intervalSum) add(_ *call, v []Value) (err error) {
	a.n++
	a.total, err = datum.AddInterval(a.total, v[0].Interval())
	return err
}

func (a *intervalSum) result(*call) (Value, error) {
	if a.n == 0 {
		return Value{}, nil
	}
	if !a.average {
		return datum.IntervalValue(a.total), nil
	}
	iv, err := datum.DivInterval(a.total, float64(a.n))
	return datum.IntervalValue(iv), err
}

func aggBuiltins() map[string]aggDef {
	m := map[string]aggDef{}
	def := func(signature string, make func(types []OID, result OID) aggregator) {
		m[signature] = aggDef{strict: true, make: make}
	}
	m["count()"] = aggDef{make: func([]OID, OID) aggregator { return &counter{} }}
	def("count(any)", func([]OID, OID) aggregator { return &counter{} })
	for _, t := range []string{"int2", "int4", "int8", "float4", "float8", "numeric", "text", "bpchar", "date", "timestamp",
		"timestamptz", "time", "interval", "oid", "anyarray", "pg_lsn"} {
		def("min("+t+")", func(types []OID, _ OID) aggregator { return &extremum{t: types[0], sign: -1} })
		def("max("+t+")", func(types []OID, _ OID) aggregator { return &extremum{t: types[0], sign: 1} })
	}
	for _, t := range []string{"int2", "int4"} {
		def("sum("+t+")", func([]OID, OID) aggregator { return &intSum{finish: sumToInt8} })
	}
	def("sum(int8)", func([]OID, OID) aggregator { return &intSum{finish: sumToNumeric} })
	def("sum(numeric)", func([]OID, OID) aggregator { return &numericSum{} })
	def("avg(numeric)", func([]OID, OID) aggregator { return &numericSum{average: true} })
	def("sum(float8)", func([]OID, OID) aggregator { return &plainSum{} })
	def("sum(float4)", func([]OID, OID) aggregator { return &plainSum{single: true} })
	def("sum(interval)", func([]OID, OID) aggregator { return &intervalSum{} })
	def("avg(interval)", func([]OID, OID) aggregator { return &intervalSum{average: true} })
	for _, t := range []string{"int2", "int4", "int8"} {
		def("avg("+t+")", func([]OID, OID) aggregator { return &intSum{finish: intAverage} })
	}
	for _, t := range []string{"float4", "float8"} {
		def("avg("+t+")", func([]OID, OID) aggregator { return &floatSums{finish: floatAverage} })
	}
	spreadAggregates(def)
	regressionAggregates(def)
	foldAggregates(def)
	collectAggregates(m)
	orderedAggregates(m)
	return m
}

// spreadAggregates are variance and stddev in their spellings.
func spreadAggregates(def func(string, func([]OID, OID) aggregator)) {
	for name, kind := range map[string]struct{ population, root bool }{
		"variance": {}, "var_samp": {}, "var_pop": {population: true},
		"stddev": {root: true}, "stddev_samp": {root: true}, "stddev_pop": {population: true, root: true},
	} {
		for _, t := range []string{"int2", "int4", "int8", "numeric"} {
			def(name+"("+t+")", func([]OID, OID) aggregator {
				return &numericVariance{population: kind.population, root: kind.root}
			})
		}
		for _, t := range []string{"float4", "float8"} {
			def(name+"("+t+")", func([]OID, OID) aggregator {
				return &floatSums{finish: floatVariance(kind.population, kind.root)}
			})
		}
	}
}

func foldAggregates(def func(string, func([]OID, OID) aggregator)) {
	def("bool_and(bool)", func([]OID, OID) aggregator { return &boolFold{} })
	def("every(bool)", func([]OID, OID) aggregator { return &boolFold{} })
	def("bool_or(bool)", func([]OID, OID) aggregator { return &boolFold{or: true} })
	for _, t := range []string{"int2", "int4", "int8"} {
		def("bit_and("+t+")", func([]OID, OID) aggregator { return &bitFold{op: func(a, b int64) int64 { return a & b }} })
		def("bit_or("+t+")", func([]OID, OID) aggregator { return &bitFold{op: func(a, b int64) int64 { return a | b }} })
		def("bit_xor("+t+")", func([]OID, OID) aggregator { return &bitFold{op: func(a, b int64) int64 { return a ^ b }} })
	}
}

// collectAggregates gather values; they are given nulls too.
func collectAggregates(m map[string]aggDef) {
	m["string_agg(text,text)"] = aggDef{make: func([]OID, OID) aggregator { return &stringAgg{} }}
	m["string_agg(bytea,bytea)"] = m["string_agg(text,text)"]
	m["array_agg(anynonarray)"] = aggDef{make: func(types []OID, _ OID) aggregator { return &arrayAgg{elem: types[0]} }}
	m["array_agg(anyarray)"] = aggDef{make: func(types []OID, _ OID) aggregator { return &arrayStack{elem: elemType(types[0])} }}
	for _, t := range []string{"json", "jsonb"} {
		m[t+"_agg(anyelement)"] = aggDef{make: func(_ []OID, result OID) aggregator { return newJSONAgg(result) }}
		m[t+"_object_agg(any,any)"] = aggDef{make: func(_ []OID, result OID) aggregator { return newJSONObjectAgg(result) }}
	}
}
