package query

import (
	"slices"
	"strings"

	"walle/pgfront/query/datum"
)

func arrayLength(_ *call, a, dim Value) (Value, error) {
	d := a.Array().Dims
	if dim.Int() < 1 || dim.Int() > int64(len(d)) {
		return Value{}, nil
	}
	return datum.Int(int64(d[dim.Int()-1].Len)), nil
}

func arrayLower(_ *call, a, dim Value) (Value, error) {
	d := a.Array().Dims
	if dim.Int() < 1 || dim.Int() > int64(len(d)) {
		return Value{}, nil
	}
	return datum.Int(int64(d[dim.Int()-1].Lower)), nil
}

func arrayUpper(_ *call, a, dim Value) (Value, error) {
	d := a.Array().Dims
	if dim.Int() < 1 || dim.Int() > int64(len(d)) {
		return Value{}, nil
	}
	return datum.Int(int64(d[dim.Int()-1].Lower) + int64(d[dim.Int()-1].Len) - 1), nil
}

func arrayNdims(_ *call, a Value) (Value, error) {
	if n := len(a.Array().Dims); n > 0 {
		return datum.Int(int64(n)), nil
	}
	return Value{}, nil
}

// arrayOrEmpty is the array, or an empty one for null.
func arrayOrEmpty(v Value, t OID) *datum.Array {
	if v.IsNull() {
		return &datum.Array{Elem: elemType(t)}
	}
	return v.Array()
}

// extended appends elements to a one-dimensional array, keeping its lower bound.
func extended(a *datum.Array, elems []Value) (Value, error) {
	if len(a.Dims) > 1 {
		return Value{}, datum.Errorf("22000", "argument must be empty or one-dimensional array")
	}
	out := &datum.Array{Elem: a.Elem, Elems: append(append([]Value(nil), a.Elems...), elems...)}
	out.Dims = []datum.Dim{{Len: int32(len(out.Elems)), Lower: 1}}
	if len(a.Dims) == 1 {
		out.Dims[0].Lower = a.Dims[0].Lower
	}
	return datum.ArrayValue(out), nil
}

func arrayAppend(c *call, v []Value) (Value, error) {
	return extended(arrayOrEmpty(v[0], c.types[0]), v[1:])
}

func arrayPrepend(c *call, v []Value) (Value, error) {
	a := arrayOrEmpty(v[1], c.types[1])
	if len(a.Dims) > 1 {
		return Value{}, datum.Errorf("22000", "argument must be empty or one-dimensional array")
	}
	out := &datum.Array{Elem: a.Elem, Elems: append([]Value{v[0]}, a.Elems...)}
	out.Dims = []datum.Dim{{Len: int32(len(out.Elems)), Lower: 1}}
	if len(a.Dims) == 1 {
		out.Dims[0].Lower = a.Dims[0].Lower
	}
	return datum.ArrayValue(out), nil
}

// arrayCat joins two arrays of one shape, or adds a row to an array of one dimension more.
func arrayCat(_ *call, v []Value) (Value, error) {
	switch {
	case v[0].IsNull():
		return v[1], nil
	case v[1].IsNull():
		return v[0], nil
	}
	a, b := v[0].Array(), v[1].Array()
	switch {
	case len(a.Dims) == 0:
		return v[1], nil
	case len(b.Dims) == 0:
		return v[0], nil
	}
	out := &datum.Array{Elem: a.Elem, Elems: append(append([]Value(nil), a.Elems...), b.Elems...)}
	inner := func(x, y []datum.Dim) bool {
		for i := range x {
			if x[i].Len != y[i].Len {
				return false
			}
		}
		return len(x) == len(y)
	}
	switch {
	case len(a.Dims) == len(b.Dims) && inner(a.Dims[1:], b.Dims[1:]):
		out.Dims = append([]datum.Dim{{Len: a.Dims[0].Len + b.Dims[0].Len, Lower: a.Dims[0].Lower}}, a.Dims[1:]...)
	case len(a.Dims) == len(b.Dims)+1 && inner(a.Dims[1:], b.Dims):
		out.Dims = append([]datum.Dim{{Len: a.Dims[0].Len + 1, Lower: a.Dims[0].Lower}}, a.Dims[1:]...)
	case len(a.Dims)+1 == len(b.Dims) && inner(a.Dims, b.Dims[1:]):
		out.Dims = append([]datum.Dim{{Len: b.Dims[0].Len + 1, Lower: b.Dims[0].Lower}}, b.Dims[1:]...)
	default:
		return Value{}, datum.Errorf("2202E", "cannot concatenate incompatible arrays").
			WithDetail("Arrays with differing dimensions are not compatible for concatenation.")
	}
	return datum.ArrayValue(out), nil
}

func sameElem(elem OID, a, b Value) bool {
	if a.IsNull() || b.IsNull() {
		return a.IsNull() && b.IsNull()
	}
	return datum.Compare(elem, a, b) == 0
}

func arrayPosition(_ *call, v []Value) (Value, error) {
	if v[0].IsNull() {
		return Value{}, nil
	}
	a := v[0].Array()
	if len(a.Dims) > 1 {
		return Value{}, datum.Errorf("0A000", "searching for elements in multidimensional arrays is not supported")
	}
	if len(a.Elems) == 0 || v[1].IsNull() && !slices.ContainsFunc(a.Elems, Value.IsNull) {
		return Value{}, nil
	}
	start := int64(0)
	if len(v) > 2 {
		if v[2].IsNull() {
			return Value{}, datum.Errorf("22004", "initial position must not be null")
		}
		start = v[2].Int() - 1
	}
	for i := max(start, 0); i < int64(len(a.Elems)); i++ {
		if sameElem(a.Elem, a.Elems[i], v[1]) {
			return datum.Int(i + int64(a.Dims[0].Lower)), nil
		}
	}
	return Value{}, nil
}

func arrayPositions(_ *call, v []Value) (Value, error) {
	if v[0].IsNull() {
		return Value{}, nil
	}
	a := v[0].Array()
	if len(a.Dims) > 1 {
		return Value{}, datum.Errorf("0A000", "searching for elements in multidimensional arrays is not supported")
	}
	var found []Value
	for i, e := range a.Elems {
		if sameElem(a.Elem, e, v[1]) {
			found = append(found, datum.Int(int64(i)+int64(a.Dims[0].Lower)))
		}
	}
	return datum.ArrayValue(datum.NewArray(datum.Int4OID, found)), nil
}

// edited makes array_remove and array_replace.
func edited(v []Value, edit func(elem OID, e Value) (Value, bool)) (Value, error) {
	if v[0].IsNull() {
		return Value{}, nil
	}
	a := v[0].Array()
	var out []Value
	for _, e := range a.Elems {
		if e, keep := edit(a.Elem, e); keep {
			out = append(out, e)
		}
	}
	if len(out) == len(a.Elems) {
		return datum.ArrayValue(&datum.Array{Elem: a.Elem, Dims: a.Dims, Elems: out}), nil
	}
	edited := datum.NewArray(a.Elem, out)
	if len(out) > 0 {
		edited.Dims[0].Lower = a.Dims[0].Lower
	}
	return datum.ArrayValue(edited), nil
}

func arrayRemove(_ *call, v []Value) (Value, error) {
	if !v[0].IsNull() && len(v[0].Array().Dims) > 1 {
		return Value{}, datum.Errorf("0A000", "removing elements from multidimensional arrays is not supported")
	}
	return edited(v, func(elem OID, e Value) (Value, bool) { return e, !sameElem(elem, e, v[1]) })
}

func arrayReplace(_ *call, v []Value) (Value, error) {
	return edited(v, func(elem OID, e Value) (Value, bool) {
		if sameElem(elem, e, v[1]) {
			return v[2], true
		}
		return e, true
	})
}

// keysOf hashes the elements of an array; nulls are left out.
func keysOf(a *datum.Array) map[string]bool {
	keys := map[string]bool{}
	for _, e := range a.Elems {
		if !e.IsNull() {
			keys[string(datum.AppendKey(nil, a.Elem, e))] = true
		}
	}
	return keys
}

func arrayContains(outer, inner Value) bool {
	keys := keysOf(outer.Array())
	for _, e := range inner.Array().Elems {
		if e.IsNull() || !keys[string(datum.AppendKey(nil, inner.Array().Elem, e))] {
			return false
		}
	}
	return true
}

func arrayOverlap(a, b Value) bool {
	keys := keysOf(a.Array())
	for k := range keysOf(b.Array()) {
		if keys[k] {
			return true
		}
	}
	return false
}

// arrayToText is array_to_string(array, separator [, for_null]).
func arrayToText(c *call, v []Value) (Value, error) {
	if v[0].IsNull() || v[1].IsNull() {
		return Value{}, nil
	}
	a := v[0].Array()
	var b strings.Builder
	first := true
	for _, e := range a.Elems {
		if e.IsNull() && (len(v) < 3 || v[2].IsNull()) {
			continue
		}
		if !first {
			b.WriteString(v[1].Str())
		}
		first = false
		if e.IsNull() {
			b.WriteString(v[2].Str())
		} else {
			b.WriteString(c.run.codec.Text(a.Elem, e))
		}
	}
	return text(b.String()), nil
}

// textParts splits as string_to_array does: a null separator splits into characters.
func textParts(v []Value) ([]Value, bool) {
	if v[0].IsNull() {
		return nil, false
	}
	s := v[0].Str()
	var parts []string
	switch {
	case s == "":
	case v[1].IsNull():
		parts = strings.Split(s, "")
	case v[1].Str() == "":
		parts = []string{s}
	default:
		parts = strings.Split(s, v[1].Str())
	}
	out := make([]Value, len(parts))
	for i, p := range parts {
		out[i] = text(p)
		if len(v) > 2 && !v[2].IsNull() && p == v[2].Str() {
			out[i] = Value{}
		}
	}
	return out, true
}

func textToArray(_ *call, v []Value) (Value, error) {
	parts, ok := textParts(v)
	if !ok {
		return Value{}, nil
	}
	return datum.ArrayValue(datum.NewArray(datum.TextOID, parts)), nil
}

func cardinality(v Value) int64 { return int64(len(v.Array().Elems)) }

// maxArray is PostgreSQL's limit on the elements of an array; ours is lower.
const maxArray = 134217727

// checkBounds checks the dimensions or lower bounds of array_fill.
func checkBounds(v Value) error {
	switch a := v.Array(); {
	case len(a.Dims) > 1:
		return datum.Errorf("2202E", "wrong number of array subscripts").WithDetail("Dimension array must be one dimensional.")
	case slices.ContainsFunc(a.Elems, Value.IsNull):
		return datum.Errorf("22004", "dimension values cannot be null")
	}
	return nil
}

// arrayFill makes an array of one value.
func arrayFill(c *call, v []Value) (Value, error) {
	if slices.ContainsFunc(v[1:], Value.IsNull) {
		return Value{}, datum.Errorf("22004", "dimension array or low bound array cannot be null")
	}
	for _, list := range v[1:] {
		if err := checkBounds(list); err != nil {
			return Value{}, err
		}
	}
	if n := len(v[1].Array().Elems); n > 6 {
		return Value{}, datum.Errorf("54000", "number of array dimensions (%d) exceeds the maximum allowed (%d)", n, 6)
	}
	if len(v) > 2 && len(v[1].Array().Elems) != len(v[2].Array().Elems) {
		return Value{}, datum.Errorf("2202E", "wrong number of array subscripts").
			WithDetail("Low bound array has different size than dimensions array.")
	}
	out := &datum.Array{Elem: elemType(c.result)}
	n := int64(1)
	for i, d := range v[1].Array().Elems {
		lower := int64(1)
		if len(v) > 2 {
			lower = v[2].Array().Elems[i].Int()
		}
		if d.Int() < 0 {
			return Value{}, datum.Errorf("54000", "array size exceeds the maximum allowed (%d)", maxArray)
		}
		if n *= d.Int(); n > maxText/48 {
			return Value{}, datum.Errorf("54000", "array size exceeds the maximum allowed (%d)", maxArray)
		}
		out.Dims = append(out.Dims, datum.Dim{Len: int32(d.Int()), Lower: int32(lower)})
	}
	if n == 0 || len(out.Dims) == 0 {
		out.Dims = nil
		return datum.ArrayValue(out), nil
	}
	for range n {
		out.Elems = append(out.Elems, v[0])
	}
	return datum.ArrayValue(out), nil
}

func arrayDims(_ *call, v Value) (Value, error) {
	a := v.Array()
	if len(a.Dims) == 0 {
		return Value{}, nil
	}
	return text(datum.BoundsText(a.Dims)), nil
}

func trimArray(_ *call, a, n Value) (Value, error) {
	arr := a.Array()
	have := int64(0)
	if len(arr.Dims) > 0 {
		have = int64(arr.Dims[0].Len)
	}
	if n.Int() < 0 || n.Int() > have {
		return Value{}, datum.Errorf("2202E", "number of elements to trim must be between 0 and %d", have)
	}
	if have == 0 {
		return a, nil
	}
	low, high := int64(arr.Dims[0].Lower), int64(arr.Dims[0].Lower)+have-n.Int()-1
	return sliceOf(arr, []*int64{&low}, []*int64{&high}), nil
}

func arrayBuiltins() map[string]any {
	return map[string]any{
		"array_length": fn2(arrayLength), "array_lower": fn2(arrayLower), "array_upper": fn2(arrayUpper), "array_ndims": fn1(arrayNdims),
		"array_dims": fn1(arrayDims), "array_cardinality": int1(cardinality), "trim_array": fn2(trimArray),
		"array_append": fnN(arrayAppend), "array_prepend": fnN(arrayPrepend), "array_cat": fnN(arrayCat),
		"array_position": fnN(arrayPosition), "array_position_start": fnN(arrayPosition), "array_positions": fnN(arrayPositions),
		"array_remove": fnN(arrayRemove), "array_replace": fnN(arrayReplace),
		"arraycontains": bool2(arrayContains), "arrayoverlap": bool2(arrayOverlap),
		"arraycontained": bool2(func(a, b Value) bool { return arrayContains(b, a) }),
		"array_to_text":  fnN(arrayToText), "array_to_text_null": fnN(arrayToText),
		"text_to_array": fnN(textToArray), "text_to_array_null": fnN(textToArray),
		"array_fill": fnN(arrayFill), "array_fill_with_lower_bounds": fnN(arrayFill),
	}
}
