package query

import (
	"math"

	"walle/pgfront/query/datum"
)

// orderedAggregator is an ordered-set aggregate: add is called with the rows in order,
// then direct with the direct arguments, then result.
type orderedAggregator interface {
	aggregator
	direct(v []Value) error
}

// modeAgg is mode(): the most frequent value, of several the first.
type modeAgg struct {
	last, best Value
	run, most  int64
	t          OID
}

func (a *modeAgg) add(_ *call, v []Value) error {
	if a.run > 0 && datum.Compare(a.t, v[0], a.last) == 0 {
		a.run++
	} else {
		a.last, a.run = v[0], 1
	}
	if a.run > a.most {
		a.best, a.most = a.last, a.run
	}
	return nil
}

func (a *modeAgg) direct([]Value) error        { return nil }
func (a *modeAgg) result(*call) (Value, error) { return a.best, nil }

// percentile is percentile_disc and percentile_cont, of one fraction or of an array.
type percentile struct {
	values    []Value
	fractions []Value
	array     *datum.Array // the shape of the fractions, nil for one
	pick      func(values []Value, fraction float64) (Value, error)
	elem      OID
}

func (a *percentile) add(_ *call, v []Value) error {
	a.values = append(a.values, v[0])
	return nil
}

func (a *percentile) direct(v []Value) error {
	a.fractions = v
	if !v[0].IsNull() && v[0].Kind() == datum.KindArray {
		a.array = v[0].Array()
		a.fractions = a.array.Elems
	}
	for _, f := range a.fractions {
		if p := f.Float(); !f.IsNull() && !(p >= 0 && p <= 1) {
			return datum.Errorf("22003", "percentile value %s is not between 0 and 1", datum.NewCodec(datum.DefaultStyle(), nil).Text(datum.Float8OID, datum.Float(p)))
		}
	}
	return nil
}

func (a *percentile) result(*call) (Value, error) {
	if len(a.values) == 0 || a.array == nil && a.fractions[0].IsNull() {
		return Value{}, nil
	}
	list := make([]Value, len(a.fractions))
	for i, f := range a.fractions {
		if f.IsNull() {
			continue
		}
		v, err := a.pick(a.values, f.Float())
		if err != nil {
			return Value{}, err
		}
		list[i] = v
	}
	if a.array == nil {
		return list[0], nil
	}
	return datum.ArrayValue(&datum.Array{Elem: a.elem, Dims: a.array.Dims, Elems: list}), nil
}

// discrete is the first value whose share of those before it reaches the fraction.
func discrete(values []Value, fraction float64) (Value, error) {
	return values[max(int(math.Ceil(fraction*float64(len(values))))-1, 0)], nil
}

// continuous interpolates between two neighbours.
func continuous(between func(low, high Value, share float64) (Value, error)) func([]Value, float64) (Value, error) {
	return func(values []Value, fraction float64) (Value, error) {
		at := fraction * float64(len(values)-1)
		low, high := int(math.Floor(at)), int(math.Ceil(at))
		if low == high {
			return values[low], nil
		}
		return between(values[low], values[high], at-float64(low))
	}
}

func betweenFloats(low, high Value, share float64) (Value, error) {
	return datum.Float(low.Float() + share*(high.Float()-low.Float())), nil
}

func betweenIntervals(low, high Value, share float64) (Value, error) {
	diff, err := subInterval(high.Interval(), low.Interval())
	if err == nil {
		diff, err = datum.MulInterval(diff, share)
	}
	if err == nil {
		diff, err = datum.AddInterval(low.Interval(), diff)
	}
	return datum.IntervalValue(diff), err
}

// hypotheticalRow is rank() and its kin: where a row of the direct arguments would stand.
type hypotheticalRow struct {
	name   string
	rows   [][]Value // in order
	before int64     // rows before the hypothetical one
	groups int64     // groups of equal rows among them
	peers  int64
	by     []sortKey
}

func (a *hypotheticalRow) add(_ *call, v []Value) error {
	a.rows = append(a.rows, append([]Value(nil), v...))
	return nil
}

func (a *hypotheticalRow) direct(v []Value) error {
	for i, row := range a.rows {
		switch c := compareKeys(a.by, row, v); {
		case c < 0:
			a.before++
			if i == 0 || compareKeys(a.by, row, a.rows[i-1]) != 0 {
				a.groups++
			}
		case c == 0:
			a.peers++
		}
	}
	return nil
}

func (a *hypotheticalRow) result(*call) (Value, error) {
	n := float64(len(a.rows))
	switch a.name {
	case "rank":
		return datum.Int(a.before + 1), nil
	case "dense_rank":
		return datum.Int(a.groups + 1), nil
	case "percent_rank":
		if n == 0 {
			return datum.Float(0), nil
		}
		return datum.Float(float64(a.before) / n), nil
	}
	return datum.Float(float64(a.before+a.peers+1) / (n + 1)), nil
}

// orderedAggregates are found by name(types) as all aggregates are.
func orderedAggregates(m map[string]aggDef) {
	m["mode(anyelement)"] = aggDef{strict: true, make: func(types []OID, _ OID) aggregator { return &modeAgg{t: types[0]} }}
	for _, fraction := range []string{"float8", "_float8"} {
		for _, of := range []struct {
			signature string
			pick      func([]Value, float64) (Value, error)
		}{
			{"percentile_disc(" + fraction + ",anyelement)", discrete},
			{"percentile_cont(" + fraction + ",float8)", continuous(betweenFloats)},
			{"percentile_cont(" + fraction + ",interval)", continuous(betweenIntervals)},
		} {
			m[of.signature] = aggDef{strict: true, make: func(types []OID, _ OID) aggregator {
				return &percentile{pick: of.pick, elem: types[0]}
			}}
		}
	}
	for _, name := range []string{"rank", "dense_rank", "percent_rank", "cume_dist"} {
		m[name+"(any)"] = aggDef{make: func([]OID, OID) aggregator { return &hypotheticalRow{name: name} }}
	}
}
