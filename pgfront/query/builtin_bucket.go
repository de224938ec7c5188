package query

import (
	"math"

	"github.com/cockroachdb/apd/v3"

	"walle/pgfront/query/datum"
)

func badBucket(format string, args ...any) error { return datum.Errorf("2201G", format, args...) }

// bucketCount checks the number of buckets of width_bucket.
func bucketCount(n int64) error {
	if n <= 0 {
		return badBucket("count must be greater than zero")
	}
	return nil
}

func bucketOverflow(n int64) (Value, error) {
	if n == math.MaxInt32 {
		return Value{}, datum.Errorf("22003", "integer out of range")
	}
	return datum.Int(n + 1), nil
}

func floatBucket(_ *call, v []Value) (Value, error) {
	x, low, high, n := v[0].Float(), v[1].Float(), v[2].Float(), v[3].Int()
	if err := bucketCount(n); err != nil {
		return Value{}, err
	}
	switch {
	case math.IsNaN(x) || math.IsNaN(low) || math.IsNaN(high):
		return Value{}, badBucket("operand, lower bound, and upper bound cannot be NaN")
	case math.IsInf(low, 0) || math.IsInf(high, 0):
		return Value{}, badBucket("lower and upper bounds must be finite")
	case low == high:
		return Value{}, badBucket("lower bound cannot equal upper bound")
	case low > high:
		x, low, high = -x, -low, -high
	}
	switch {
	case x < low:
		return datum.Int(0), nil
	case x >= high:
		return bucketOverflow(n)
	}
	// Halves keep the differences finite.
	if math.IsInf(high-low, 0) {
		x, low, high = x/2, low/2, high/2
	}
	return datum.Int(min(int64(float64(n)*((x-low)/(high-low))), n-1) + 1), nil
}

func numericBucket(_ *call, v []Value) (Value, error) {
	x, low, high, n := v[0].Numeric(), v[1].Numeric(), v[2].Numeric(), v[3].Int()
	if err := bucketCount(n); err != nil {
		return Value{}, err
	}
	for _, d := range []*apd.Decimal{x, low, high} {
		if d.Form == apd.NaN {
			return Value{}, badBucket("operand, lower bound, and upper bound cannot be NaN")
		}
	}
	if low.Form != apd.Finite || high.Form != apd.Finite {
		return Value{}, badBucket("lower and upper bounds must be finite")
	}
	switch c := datum.CompareNumeric(low, high); {
	case c == 0:
		return Value{}, badBucket("lower bound cannot equal upper bound")
	case c > 0:
		x, low, high = datum.NegNumeric(x), datum.NegNumeric(low), datum.NegNumeric(high)
	}
	switch {
	case datum.CompareNumeric(x, low) < 0:
		return datum.Int(0), nil
	case datum.CompareNumeric(x, high) >= 0:
		return bucketOverflow(n)
	}
	part := datum.MulNumeric(datum.SubNumeric(x, low), datum.NumericFromInt(n))
	q, err := datum.DivTruncNumeric(part, datum.SubNumeric(high, low))
	if err != nil {
		return Value{}, err
	}
	i, _ := datum.IntFromNumeric(q)
	return datum.Int(i + 1), nil
}

// arrayBucket is width_bucket over sorted thresholds.
func arrayBucket(_ *call, v []Value) (Value, error) {
	a := v[1].Array()
	if len(a.Dims) > 1 {
		return Value{}, datum.Errorf("2202E", "thresholds must be one-dimensional array")
	}
	low, high := 0, len(a.Elems)
	for _, e := range a.Elems {
		if e.IsNull() {
			return Value{}, datum.Errorf("22004", "thresholds array must not contain NULLs")
		}
	}
	for low < high {
		mid := (low + high) / 2
		if datum.Compare(a.Elem, v[0], a.Elems[mid]) < 0 {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return datum.Int(int64(low)), nil
}

func bucketBuiltins() map[string]any {
	return map[string]any{
		"width_bucket_float8": fnN(floatBucket), "width_bucket_numeric": fnN(numericBucket), "width_bucket_array": fnN(arrayBucket),
	}
}
