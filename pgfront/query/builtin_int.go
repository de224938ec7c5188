package query

import (
	"math"
	"math/bits"

	"walle/pgfront/query/datum"
)

// intWidth is a width of integers with the name that its errors use.
type intWidth struct {
	name     string
	min, max int64
}

var (
	width2 = intWidth{"smallint", math.MinInt16, math.MaxInt16}
	width4 = intWidth{"integer", math.MinInt32, math.MaxInt32}
	width8 = intWidth{"bigint", math.MinInt64, math.MaxInt64}
)

func (w intWidth) overflow() error { return datum.Errorf("22003", "%s out of range", w.name) }

func (w intWidth) value(n int64, ok bool) (Value, error) {
	if !ok || n < w.min || n > w.max {
		return Value{}, w.overflow()
	}
	return datum.Int(n), nil
}

func (w intWidth) add(_ *call, a, b Value) (Value, error) {
	x, y := a.Int(), b.Int()
	sum := x + y
	return w.value(sum, (sum > x) == (y > 0))
}

func (w intWidth) sub(_ *call, a, b Value) (Value, error) {
	x, y := a.Int(), b.Int()
	diff := x - y
	return w.value(diff, (diff < x) == (y > 0))
}

func (w intWidth) mul(_ *call, a, b Value) (Value, error) {
	n, ok := mulInt(a.Int(), b.Int())
	return w.value(n, ok)
}

func mulInt(x, y int64) (int64, bool) {
	abs := func(n int64) uint64 {
		if n < 0 {
			return -uint64(n)
		}
		return uint64(n)
	}
	high, low := bits.Mul64(abs(x), abs(y))
	if high != 0 {
		return 0, false
	}
	if (x < 0) != (y < 0) {
		return int64(-low), low <= 1<<63
	}
	return int64(low), low <= math.MaxInt64
}

func divisionByZero() error { return datum.Errorf("22012", "division by zero") }

func (w intWidth) div(_ *call, a, b Value) (Value, error) {
	if b.Int() == 0 {
		return Value{}, divisionByZero()
	}
	if b.Int() == -1 {
		return w.value(-a.Int(), a.Int() != math.MinInt64)
	}
	return datum.Int(a.Int() / b.Int()), nil
}

func (w intWidth) mod(_ *call, a, b Value) (Value, error) {
	switch b.Int() {
	case 0:
		return Value{}, divisionByZero()
	case -1:
		return datum.Int(0), nil
	}
	return datum.Int(a.Int() % b.Int()), nil
}

func (w intWidth) neg(_ *call, a Value) (Value, error) {
	return w.value(-a.Int(), a.Int() != math.MinInt64)
}

func (w intWidth) abs(c *call, a Value) (Value, error) {
	if a.Int() < 0 {
		return w.neg(c, a)
	}
	return a, nil
}

// fit converts from a wider type.
func (w intWidth) fit(_ *call, a Value) (Value, error) { return w.value(a.Int(), true) }

// shift left keeps the low bits of the width, as C does.
func (w intWidth) shl(_ *call, a, b Value) (Value, error) {
	switch w.name {
	case "smallint":
		return datum.Int(int64(int16(a.Int() << (uint64(b.Int()) & 31)))), nil
	case "integer":
		return datum.Int(int64(int32(a.Int()) << (uint64(b.Int()) & 31))), nil
	}
	return datum.Int(a.Int() << (uint64(b.Int()) & 63)), nil
}

func (w intWidth) shr(_ *call, a, b Value) (Value, error) {
	mask := uint64(31)
	if w.name == "bigint" {
		mask = 63
	}
	return datum.Int(a.Int() >> (uint64(b.Int()) & mask)), nil
}

func (w intWidth) gcd(_ *call, a, b Value) (Value, error) {
	x, y := a.Int(), b.Int()
	for y != 0 {
		if y == -1 {
			x, y = 1, 0
			break
		}
		x, y = y, x%y
	}
	if x == w.min {
		return Value{}, w.overflow()
	}
	return datum.Int(max(x, -x)), nil
}

func (w intWidth) lcm(c *call, a, b Value) (Value, error) {
	if a.Int() == 0 || b.Int() == 0 {
		return datum.Int(0), nil
	}
	g, err := w.gcd(c, a, b)
	if err != nil {
		return Value{}, err
	}
	n, ok := mulInt(a.Int()/g.Int(), b.Int())
	if !ok || n == math.MinInt64 {
		return Value{}, w.overflow()
	}
	return w.value(max(n, -n), true)
}

// intBuiltins registers arithmetic for every pair of widths: the result has the wider one.
func intBuiltins() map[string]any {
	m := map[string]any{}
	for _, k := range []struct {
		prefix string
		w      intWidth
	}{{"int2", width2}, {"int4", width4}, {"int8", width8}, {"int24", width4}, {"int42", width4},
		{"int28", width8}, {"int82", width8}, {"int48", width8}, {"int84", width8}} {
		m[k.prefix+"pl"], m[k.prefix+"mi"] = fn2(k.w.add), fn2(k.w.sub)
		m[k.prefix+"mul"], m[k.prefix+"div"] = fn2(k.w.mul), fn2(k.w.div)
	}
	for prefix, w := range map[string]intWidth{"int2": width2, "int4": width4, "int8": width8} {
		m[prefix+"mod"], m[prefix+"um"], m[prefix+"abs"], m[prefix+"up"] = fn2(w.mod), fn1(w.neg), fn1(w.abs), fn1(same)
		m[prefix+"shl"], m[prefix+"shr"] = fn2(w.shl), fn2(w.shr)
		m[prefix+"gcd"], m[prefix+"lcm"] = fn2(w.gcd), fn2(w.lcm)
		m[prefix+"and"] = fn2(func(_ *call, a, b Value) (Value, error) { return datum.Int(a.Int() & b.Int()), nil })
		m[prefix+"or"] = fn2(func(_ *call, a, b Value) (Value, error) { return datum.Int(a.Int() | b.Int()), nil })
		m[prefix+"xor"] = fn2(func(_ *call, a, b Value) (Value, error) { return datum.Int(a.Int() ^ b.Int()), nil })
		m[prefix+"not"] = int1(func(a Value) int64 { return ^a.Int() })
		m[prefix+"larger"] = fn2(func(_ *call, a, b Value) (Value, error) { return datum.Int(max(a.Int(), b.Int())), nil })
		m[prefix+"smaller"] = fn2(func(_ *call, a, b Value) (Value, error) { return datum.Int(min(a.Int(), b.Int())), nil })
	}
	for name, fn := range map[string]any{
		"int48": fn1(same), "int28": fn1(same), "i2toi4": fn1(same), "i4toi2": fn1(width2.fit),
		"int84": fn1(width4.fit), "int82": fn1(width2.fit),
		"i8tooid": fn1(intToOID), "oidtoi8": fn1(same),
		"btint4cmp": fn2(compareInts), "btint8cmp": fn2(compareInts),
		"to_hex32": text32(16), "to_hex64": text64(16),
	} {
		m[name] = fn
	}
	return m
}

func compareInts(_ *call, a, b Value) (Value, error) {
	return datum.Int(int64(datum.Compare(datum.Int8OID, a, b))), nil
}

func intToOID(_ *call, a Value) (Value, error) {
	if a.Int() < 0 || a.Int() > math.MaxUint32 {
		return Value{}, datum.Errorf("22003", "OID out of range")
	}
	return a, nil
}
