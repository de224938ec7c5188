package query

import (
	"math"

	"walle/pgfront/query/datum"
)

func outOfInput() error { return datum.Errorf("22003", "input is out of range") }

// finite makes a function that is not defined at infinity.
func finite(f func(float64) float64) fn1 {
	return func(_ *call, a Value) (Value, error) {
		if math.IsInf(a.Float(), 0) {
			return Value{}, outOfInput()
		}
		return datum.Float(f(a.Float())), nil
	}
}

// Sine and its kin in degrees, scaled so that they are exact at multiples of 30 degrees, the
// way PostgreSQL does it.

var (
	// A variable: constants would be multiplied more exactly than the arguments are.
	perDegree = math.Pi / 180

	sine30  = math.Sin(30 * perDegree)
	versine = 1 - math.Cos(60*perDegree)
	arcsine = math.Asin(0.5)
	arccos  = math.Acos(0.5)
	arctan1 = math.Atan(1)
	tan45   = sineQ1(45) / cosineQ1(45)
	cotan45 = cosineQ1(45) / sineQ1(45)
)

func sineSmall(x float64) float64   { return math.Sin(x*perDegree) / sine30 / 2 }
func cosineSmall(x float64) float64 { return 1 - (1-math.Cos(x*perDegree))/versine/2 }

// sineQ1 and cosineQ1 are for 0 to 90 degrees.
func sineQ1(x float64) float64 {
	if x <= 30 {
		return sineSmall(x)
	}
	return cosineSmall(90 - x)
}

func cosineQ1(x float64) float64 {
	if x <= 60 {
		return cosineSmall(x)
	}
	return sineSmall(90 - x)
}

// quadrant folds an angle into 0 to 90 degrees. sine and cosine are the signs of each.
func quadrant(x float64) (angle, sine, cosine float64) {
	x, sine, cosine = math.Mod(x, 360), 1, 1
	if x < 0 {
		x, sine = -x, -sine
	}
	if x > 180 {
		x, sine = 360-x, -sine
	}
	if x > 90 {
		x, cosine = 180-x, -1
	}
	return x, sine, cosine
}

func sineDegrees(x float64) float64 {
	x, sign, _ := quadrant(x)
	return sign * sineQ1(x)
}

func cosineDegrees(x float64) float64 {
	x, _, sign := quadrant(x)
	return sign * cosineQ1(x)
}

func tangentDegrees(x float64) float64 {
	x, sine, cosine := quadrant(x)
	return sine * cosine * (sineQ1(x) / cosineQ1(x) / tan45)
}

func cotangentDegrees(x float64) float64 {
	x, sine, cosine := quadrant(x)
	return sine * cosine * (cosineQ1(x) / sineQ1(x) / cotan45)
}

func arcsineQ1(x float64) float64 {
	if x <= 0.5 {
		return math.Asin(x) / arcsine * 30
	}
	return 90 - math.Acos(x)/arccos*60
}

func arccosineQ1(x float64) float64 {
	if x <= 0.5 {
		return 90 - math.Asin(x)/arcsine*30
	}
	return math.Acos(x) / arccos * 60
}

func arcsineDegrees(x float64) float64 {
	if x < 0 {
		return -arcsineQ1(-x)
	}
	return arcsineQ1(x)
}

func arccosineDegrees(x float64) float64 {
	if x < 0 {
		return 90 + arcsineQ1(-x)
	}
	return arccosineQ1(x)
}

// float2 makes a function of two floats that is defined everywhere.
func float2(f func(x, y float64) float64) fn2 {
	return func(_ *call, a, b Value) (Value, error) { return datum.Float(f(a.Float(), b.Float())), nil }
}

// plain makes a function whose overflow is infinity and no error.
func plain(f func(float64) float64) fn1 {
	return func(_ *call, a Value) (Value, error) { return datum.Float(f(a.Float())), nil }
}

func trigBuiltins() map[string]any {
	return map[string]any{
		"dsin": finite(math.Sin), "dcos": finite(math.Cos), "dtan": finite(math.Tan),
		"dcot":  finite(func(x float64) float64 { return 1 / math.Tan(x) }),
		"dsind": finite(sineDegrees), "dcosd": finite(cosineDegrees), "dtand": finite(tangentDegrees), "dcotd": finite(cotangentDegrees),
		"dasin": within(math.Asin, -1, 1), "dacos": within(math.Acos, -1, 1), "datan": plain(math.Atan),
		"dasind": within(arcsineDegrees, -1, 1), "dacosd": within(arccosineDegrees, -1, 1),
		"datand":  plain(func(x float64) float64 { return math.Atan(x) / arctan1 * 45 }),
		"datan2":  float2(math.Atan2),
		"datan2d": float2(func(y, x float64) float64 { return math.Atan2(y, x) / arctan1 * 45 }),
		"dsinh":   plain(math.Sinh), "dcosh": plain(math.Cosh), "dtanh": plain(math.Tanh), "dasinh": plain(math.Asinh),
		"dacosh": within(math.Acosh, 1, math.Inf(1)), "datanh": within(math.Atanh, -1, 1),
		"degrees": float1(func(x float64) float64 { return x / perDegree }),
		"radians": fn1(func(c *call, x Value) (Value, error) { return floatMul(false)(c, x, datum.Float(perDegree)) }),
	}
}
