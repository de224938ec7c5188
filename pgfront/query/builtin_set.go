package query

import (
	"walle/pgfront/query/datum"
)

// one makes a row of one value.
func one(v Value) []Value { return []Value{v} }

// listRows makes rows of the values of a list.
func listRows(list []Value) setRows {
	return func() ([]Value, bool, error) {
		if len(list) == 0 {
			return nil, false, nil
		}
		v := list[0]
		list = list[1:]
		return one(v), true, nil
	}
}

// tableRows are rows that are all in memory.
func tableRows(list [][]Value) setRows {
	return func() ([]Value, bool, error) {
		if len(list) == 0 {
			return nil, false, nil
		}
		row := list[0]
		list = list[1:]
		return row, true, nil
	}
}

func zeroStep() error { return datum.Errorf("22023", "step size cannot equal zero") }

// seriesOfInts is generate_series over integers.
func seriesOfInts(_ *call, v []Value) (setRows, error) {
	at, end, step := v[0].Int(), v[1].Int(), int64(1)
	if len(v) > 2 {
		step = v[2].Int()
	}
	if step == 0 {
		return nil, zeroStep()
	}
	ended := false
	return func() ([]Value, bool, error) {
		if ended || step > 0 && at > end || step < 0 && at < end {
			return nil, false, nil
		}
		n := at
		at += step
		ended = step > 0 && at < n || step < 0 && at > n // wrapped around
		return one(datum.Int(n)), true, nil
	}, nil
}

func seriesOfNumerics(_ *call, v []Value) (setRows, error) {
	at, end, step := v[0].Numeric(), v[1].Numeric(), datum.NumericFromInt(1)
	if len(v) > 2 {
		step = v[2].Numeric()
	}
	for i, what := range []string{"start", "stop", "step size"} {
		if i >= len(v) {
			break
		}
		if d := v[i].Numeric(); d.Form != 0 {
			kind := "infinity"
			if d.Form > 1 {
				kind = "NaN"
			}
			if what == "step size" {
				return nil, datum.Errorf("22023", "step size cannot be %s", kind)
			}
			return nil, datum.Errorf("22023", "%s value cannot be %s", what, kind)
		}
	}
	if step.IsZero() {
		return nil, zeroStep()
	}
	return func() ([]Value, bool, error) {
		if c := datum.CompareNumeric(at, end); c > 0 && !step.Negative || c < 0 && step.Negative {
			return nil, false, nil
		}
		n := at
		at = datum.AddNumeric(at, step)
		return one(datum.Numeric(n)), true, nil
	}, nil
}

// seriesOfTimes is generate_series over timestamps; add steps by the interval.
func seriesOfTimes(add func(c *call, us int64, iv datum.Interval) (int64, error)) setFunc {
	return func(c *call, v []Value) (setRows, error) {
		at, end, step := v[0].Micros(), v[1].Micros(), v[2].Interval()
		sign := datum.CompareInterval(step, datum.Interval{})
		if sign == 0 {
			return nil, zeroStep()
		}
		info := *c
		return func() ([]Value, bool, error) {
			if sign > 0 && at > end || sign < 0 && at < end {
				return nil, false, nil
			}
			us := at
			var err error
			at, err = add(&info, at, step)
			return one(datum.Micros(us)), true, err
		}, nil
	}
}

func unnest(_ *call, v []Value) (setRows, error) { return listRows(v[0].Array().Elems), nil }

func generateSubscripts(_ *call, v []Value) (setRows, error) {
	a, dim := v[0].Array(), v[1].Int()
	if dim < 1 || dim > int64(len(a.Dims)) {
		return noRows, nil
	}
	d := a.Dims[dim-1]
	var list []Value
	for i := range d.Len {
		list = append(list, datum.Int(int64(d.Lower+i)))
	}
	if len(v) > 2 && v[2].Bool() {
		for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
			list[i], list[j] = list[j], list[i]
		}
	}
	return listRows(list), nil
}

// expandArray is information_schema._pg_expandarray: elements with their numbers from 1.
func expandArray(_ *call, v []Value) (setRows, error) {
	var rows [][]Value
	for i, e := range v[0].Array().Elems {
		rows = append(rows, []Value{e, datum.Int(int64(i + 1))})
	}
	return tableRows(rows), nil
}

func stringToTable(_ *call, v []Value) (setRows, error) {
	parts, _ := textParts(v)
	return listRows(parts), nil
}

func regexpSplitTable(c *call, v []Value) (setRows, error) {
	parts, err := regexpSplit(c, v)
	return listRows(parts), err
}

func setBuiltins() map[string]setFunc {
	local := func(_ *call, us int64, iv datum.Interval) (int64, error) { return datum.AddToTimestamp(us, iv) }
	m := map[string]setFunc{
		"generate_series_int4": seriesOfInts, "generate_series_step_int4": seriesOfInts,
		"generate_series_int8": seriesOfInts, "generate_series_step_int8": seriesOfInts,
		"generate_series_numeric": seriesOfNumerics, "generate_series_step_numeric": seriesOfNumerics,
		"generate_series_timestamp": seriesOfTimes(local), "generate_series_timestamptz": seriesOfTimes(addZoned),
		"array_unnest": unnest, "generate_subscripts": generateSubscripts, "generate_subscripts_nodir": generateSubscripts,
		"text_to_table": stringToTable, "text_to_table_null": stringToTable,
		"regexp_matches": regexpMatches, "regexp_matches_no_flags": regexpMatches,
		"regexp_split_to_table": regexpSplitTable, "regexp_split_to_table_no_flags": regexpSplitTable,
		"jsonb_path_query": pathQuery, "jsonb_path_query_tz": pathQuery,
		"pg_listening_channels": listeningChannels, "pg_get_keywords": keywords, "pg_timezone_names": zoneNames,
		"_pg_expandarray(anyarray)": expandArray,
	}
	jsonSets(m)
	return m
}
