package query

import (
	"walle/pgfront/query/datum"
)

// arrayExpr is ARRAY[…]. Elements that are arrays make further dimensions.
type arrayExpr struct {
	args []expr
	elem OID // of the result, also when the arguments are arrays
	t    OID
}

func (x *arrayExpr) typ() OID { return x.t }

func (x *arrayExpr) eval(f *frame) (Value, error) {
	values := make([]Value, len(x.args))
	if err := evalAll(x.args, f, values); err != nil {
		return Value{}, err
	}
	if len(x.args) > 0 && elemType(x.args[0].typ()) != 0 && x.args[0].typ() == x.t {
		return stackArrays(x.elem, values)
	}
	return datum.ArrayValue(datum.NewArray(x.elem, values)), nil
}

// stackArrays joins arrays of equal shape into one of a dimension more.
func stackArrays(elem OID, list []Value) (Value, error) {
	mismatch := func() (Value, error) {
		return Value{}, datum.Errorf("2202E", "multidimensional arrays must have array expressions with matching dimensions")
	}
	out := &datum.Array{Elem: elem}
	var inner []datum.Dim
	for i, v := range list {
		if v.IsNull() {
			return mismatch()
		}
		a := v.Array()
		if i == 0 {
			inner = a.Dims
		}
		if len(a.Dims) != len(inner) {
			return mismatch()
		}
		for d := range inner {
			if a.Dims[d] != inner[d] {
				return mismatch()
			}
		}
		out.Elems = append(out.Elems, a.Elems...)
	}
	if len(inner) == 0 {
		return datum.ArrayValue(out), nil
	}
	out.Dims = append([]datum.Dim{{Len: int32(len(list)), Lower: 1}}, inner...)
	return datum.ArrayValue(out), nil
}

func (x *arrayExpr) String() string { return "ARRAY[" + joinStrings(x.args) + "]" }
func (x *arrayExpr) inputs() []expr { return x.args }
func (x *arrayExpr) with(in []expr) expr {
	return &arrayExpr{args: in, elem: x.elem, t: x.t}
}

// subscript is array[i][j]…; with slice, the bounds come in pairs, a nil bound being the
// array's own.
type subscript struct {
	array expr
	lower []expr // only of slices
	upper []expr
	slice bool
	t     OID
}

func (x *subscript) typ() OID { return x.t }

func (x *subscript) eval(f *frame) (Value, error) {
	v, err := x.array.eval(f)
	if err != nil || v.IsNull() {
		return Value{}, err
	}
	uppers, ok, err := evalBounds(x.upper, f)
	if err != nil || !ok {
		return Value{}, err
	}
	if !x.slice {
		return elementAt(v.Array(), uppers), nil
	}
	lowers, ok, err := evalBounds(x.lower, f)
	if err != nil || !ok {
		return Value{}, err
	}
	return sliceOf(v.Array(), lowers, uppers), nil
}

// evalBounds evaluates subscripts; ok is false if one of them is null.
func evalBounds(list []expr, f *frame) (out []*int64, ok bool, err error) {
	for _, e := range list {
		if e == nil {
			out = append(out, nil)
			continue
		}
		v, err := e.eval(f)
		if err != nil || v.IsNull() {
			return nil, false, err
		}
		n := v.Int()
		out = append(out, &n)
	}
	return out, true, nil
}

// elementAt returns null outside the bounds and for a wrong number of subscripts.
func elementAt(a *datum.Array, at []*int64) Value {
	if len(at) != len(a.Dims) || len(at) == 0 {
		return Value{}
	}
	offset := int64(0)
	for i, d := range a.Dims {
		n := *at[i] - int64(d.Lower)
		if n < 0 || n >= int64(d.Len) {
			return Value{}
		}
		offset = offset*int64(d.Len) + n
	}
	return a.Elems[offset]
}

// sliceOf cuts out a box; its lower bounds become 1.
func sliceOf(a *datum.Array, lowers, uppers []*int64) Value {
	if len(uppers) > len(a.Dims) || len(a.Dims) == 0 {
		return datum.ArrayValue(&datum.Array{Elem: a.Elem})
	}
	from, dims := make([]int64, len(a.Dims)), make([]datum.Dim, len(a.Dims))
	for i, d := range a.Dims {
		low, high := int64(d.Lower), int64(d.Lower)+int64(d.Len)-1
		if i < len(uppers) {
			if lowers[i] != nil {
				low = max(low, *lowers[i])
			}
			if uppers[i] != nil {
				high = min(high, *uppers[i])
			}
		}
		if high < low {
			return datum.ArrayValue(&datum.Array{Elem: a.Elem})
		}
		from[i] = low - int64(d.Lower)
		dims[i] = datum.Dim{Len: int32(high - low + 1), Lower: 1}
	}
	out := &datum.Array{Elem: a.Elem, Dims: dims}
	collectBox(a, from, dims, 0, 0, out)
	return datum.ArrayValue(out)
}

func collectBox(a *datum.Array, from []int64, dims []datum.Dim, depth int, offset int64, out *datum.Array) {
	if depth == len(dims) {
		out.Elems = append(out.Elems, a.Elems[offset])
		return
	}
	for i := range int64(dims[depth].Len) {
		collectBox(a, from, dims, depth+1, offset*int64(a.Dims[depth].Len)+from[depth]+i, out)
	}
}

func (x *subscript) String() string {
	s := x.array.String()
	for i, u := range x.upper {
		s += "["
		if x.slice {
			if x.lower[i] != nil {
				s += x.lower[i].String()
			}
			s += ":"
		}
		if u != nil {
			s += u.String()
		}
		s += "]"
	}
	return s
}

func (x *subscript) inputs() []expr {
	list := []expr{x.array}
	for _, e := range append(append([]expr(nil), x.lower...), x.upper...) {
		if e != nil {
			list = append(list, e)
		}
	}
	return list
}

func (x *subscript) with(in []expr) expr {
	out := &subscript{array: in[0], slice: x.slice, t: x.t}
	in = in[1:]
	take := func(list []expr) []expr {
		var taken []expr
		for _, e := range list {
			if e != nil {
				e, in = in[0], in[1:]
			}
			taken = append(taken, e)
		}
		return taken
	}
	out.lower = take(x.lower)
	out.upper = take(x.upper)
	return out
}

// quantified is left op ANY/ALL (array); compare reads the element from slot.
type quantified struct {
	boolean
	left    expr
	array   expr
	compare *call2
	slot    *slot
	all     bool
}

func (q *quantified) eval(f *frame) (Value, error) {
	list, err := q.array.eval(f)
	if err != nil || list.IsNull() {
		return Value{}, err
	}
	left, err := q.left.eval(f)
	if err != nil {
		return Value{}, err
	}
	q.compare.info.run = f.run
	unknown := false
	for _, e := range list.Array().Elems {
		if q.compare.strict && (left.IsNull() || e.IsNull()) {
			unknown = true
			continue
		}
		v, err := q.compare.fn(&q.compare.info, left, e)
		switch {
		case err != nil:
			return Value{}, err
		case v.IsNull():
			unknown = true
		case v.Bool() != q.all:
			return v, nil
		}
	}
	if unknown {
		return Value{}, nil
	}
	return datum.Bool(q.all), nil
}

func (q *quantified) String() string {
	word := " ANY "
	if q.all {
		word = " ALL "
	}
	return "(" + q.left.String() + " " + q.compare.name + word + "(" + q.array.String() + "))"
}

func (q *quantified) inputs() []expr { return []expr{q.left, q.array} }
func (q *quantified) with(in []expr) expr {
	out := *q
	out.left, out.array = in[0], in[1]
	return &out
}
