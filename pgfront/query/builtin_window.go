package query

import (
	"walle/pgfront/query/datum"
)

func windowBuiltins() map[string]windowFunc {
	return map[string]windowFunc{
		"window_row_number": func(w *window) (Value, error) { return datum.Int(int64(w.current) + 1), nil },
		"window_rank":       func(w *window) (Value, error) { return datum.Int(int64(w.peersStart) + 1), nil },
		"window_dense_rank": func(w *window) (Value, error) { return datum.Int(int64(w.groups) + 1), nil },
		"window_percent_rank": func(w *window) (Value, error) {
			if len(w.rows) <= 1 {
				return datum.Float(0), nil
			}
			return datum.Float(float64(w.peersStart) / float64(len(w.rows)-1)), nil
		},
		"window_cume_dist":                    func(w *window) (Value, error) { return datum.Float(float64(w.peersEnd) / float64(len(w.rows))), nil },
		"window_ntile":                        ntile,
		"window_lag":                          func(w *window) (Value, error) { return w.neighbour(-1) },
		"window_lag_with_offset":              func(w *window) (Value, error) { return w.neighbour(-1) },
		"window_lag_with_offset_and_default":  func(w *window) (Value, error) { return w.neighbour(-1) },
		"window_lead":                         func(w *window) (Value, error) { return w.neighbour(1) },
		"window_lead_with_offset":             func(w *window) (Value, error) { return w.neighbour(1) },
		"window_lead_with_offset_and_default": func(w *window) (Value, error) { return w.neighbour(1) },
		"window_first_value":                  func(w *window) (Value, error) { return w.inFrame(0, false) },
		"window_last_value":                   func(w *window) (Value, error) { return w.inFrame(0, true) },
		"window_nth_value":                    nthValue,
	}
}

// neighbour is lag and lead: the row some places away, or the default.
func (w *window) neighbour(sign int) (Value, error) {
	distance := 1
	if len(w.call.args) > 1 {
		v, err := w.arg(1, w.current)
		if err != nil || v.IsNull() {
			return Value{}, err
		}
		distance = int(v.Int())
	}
	i := w.current + sign*distance
	if i >= 0 && i < len(w.rows) {
		return w.arg(0, i)
	}
	if len(w.call.args) > 2 {
		return w.arg(2, w.current)
	}
	return Value{}, nil
}

// inFrame evaluates the first argument over the n-th row of the frame, null if there is
// none.
func (w *window) inFrame(n int, last bool) (Value, error) {
	i, ok := w.nth(n, last)
	if !ok {
		return Value{}, nil
	}
	return w.arg(0, i)
}

func nthValue(w *window) (Value, error) {
	n, err := w.arg(1, w.current)
	if err != nil || n.IsNull() {
		return Value{}, err
	}
	if n.Int() <= 0 {
		return Value{}, datum.Errorf("22016", "argument of nth_value must be greater than zero")
	}
	return w.inFrame(int(n.Int())-1, false)
}

// ntile spreads the rows over n buckets, the first ones taking one more. It counts from the first
// row that tells how many.
func ntile(w *window) (Value, error) {
	if w.buckets.IsNull() { // told by the first row that tells it
		v, err := w.arg(0, w.current)
		if err != nil || v.IsNull() {
			return Value{}, err
		}
		w.buckets, w.bucketed = v, w.current
	}
	n := w.buckets.Int()
	if n <= 0 {
		return Value{}, datum.Errorf("22014", "argument of ntile must be greater than zero")
	}
	size, extra, i := int64(len(w.rows))/n, int64(len(w.rows))%n, int64(w.current-w.bucketed)
	if i < extra*(size+1) {
		return datum.Int(i/(size+1) + 1), nil
	}
	return datum.Int((i-extra*(size+1))/size + extra + 1), nil
}
