package query

import (
	"math"

	"walle/pgfront/query/datum"
)

// pairSums holds the sums of pairs (Y, X) from which correlation and regression follow
// (Youngs and Cramer, as PostgreSQL has it).
type pairSums struct {
	n, sx, sxx, sy, syy, sxy float64
	finish                   func(*pairSums) (float64, bool)
}

func (a *pairSums) add(_ *call, v []Value) error {
	y, x := v[0].Float(), v[1].Float()
	before := *a
	a.n++
	a.sx += x
	a.sy += y
	if before.n == 0 {
		if odd := x - x; odd != 0 || math.IsNaN(odd) {
			a.sxx, a.sxy = math.NaN(), math.NaN()
		}
		if odd := y - y; odd != 0 || math.IsNaN(odd) {
			a.syy, a.sxy = math.NaN(), math.NaN()
		}
		return nil
	}
	dx, dy := x*a.n-a.sx, y*a.n-a.sy
	scale := 1 / (a.n * before.n)
	a.sxx += dx * dx * scale
	a.syy += dy * dy * scale
	a.sxy += dx * dy * scale
	return a.checkOverflow(&before, x, y)
}

// checkOverflow makes infinite sums NaN, unless nothing that went into them was infinite.
func (a *pairSums) checkOverflow(before *pairSums, x, y float64) error {
	inf := func(f float64) bool { return math.IsInf(f, 0) }
	finiteX, finiteY := !inf(before.sx) && !inf(x), !inf(before.sy) && !inf(y)
	if (inf(a.sx) || inf(a.sxx)) && finiteX || (inf(a.sy) || inf(a.syy)) && finiteY || inf(a.sxy) && finiteX && finiteY {
		return floatOverflow()
	}
	for _, s := range []*float64{&a.sxx, &a.syy, &a.sxy} {
		if inf(*s) {
			*s = math.NaN()
		}
	}
	return nil
}

func (a *pairSums) result(*call) (Value, error) {
	if f, ok := a.finish(a); ok {
		return datum.Float(f), nil
	}
	return Value{}, nil
}

// regressionAggregates are those of two floats.
func regressionAggregates(def func(string, func([]OID, OID) aggregator)) {
	for name, finish := range map[string]func(*pairSums) (float64, bool){
		"regr_sxx":   func(a *pairSums) (float64, bool) { return a.sxx, a.n >= 1 },
		"regr_syy":   func(a *pairSums) (float64, bool) { return a.syy, a.n >= 1 },
		"regr_sxy":   func(a *pairSums) (float64, bool) { return a.sxy, a.n >= 1 },
		"regr_avgx":  func(a *pairSums) (float64, bool) { return a.sx / a.n, a.n >= 1 },
		"regr_avgy":  func(a *pairSums) (float64, bool) { return a.sy / a.n, a.n >= 1 },
		"covar_pop":  func(a *pairSums) (float64, bool) { return a.sxy / a.n, a.n >= 1 },
		"covar_samp": func(a *pairSums) (float64, bool) { return a.sxy / (a.n - 1), a.n >= 2 },
		"corr": func(a *pairSums) (float64, bool) {
			return a.sxy / math.Sqrt(a.sxx*a.syy), a.n >= 1 && a.sxx != 0 && a.syy != 0
		},
		"regr_r2": func(a *pairSums) (float64, bool) {
			if a.syy == 0 {
				return 1, a.n >= 1 && a.sxx != 0
			}
			return a.sxy * a.sxy / (a.sxx * a.syy), a.n >= 1 && a.sxx != 0
		},
		"regr_slope":     func(a *pairSums) (float64, bool) { return a.sxy / a.sxx, a.n >= 1 && a.sxx != 0 },
		"regr_intercept": func(a *pairSums) (float64, bool) { return (a.sy - a.sx*a.sxy/a.sxx) / a.n, a.n >= 1 && a.sxx != 0 },
	} {
		def(name+"(float8,float8)", func([]OID, OID) aggregator { return &pairSums{finish: finish} })
	}
	def("regr_count(float8,float8)", func([]OID, OID) aggregator { return &counter{} })
}
