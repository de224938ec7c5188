package datum

// Array is an array of any number of dimensions; its elements are in row-major order.
type Array struct {
	Elem  OID
	Dims  []Dim // none for the empty array
	Elems []Value
}

// Dim is one dimension of an array.
type Dim struct{ Len, Lower int32 }

// NewArray makes a one-dimensional array with lower bound 1, or the empty array.
func NewArray(elem OID, elems []Value) *Array {
	if len(elems) == 0 {
		return &Array{Elem: elem}
	}
	return &Array{Elem: elem, Dims: []Dim{{Len: int32(len(elems)), Lower: 1}}, Elems: elems}
}

// TextArray makes a text[] value.
func TextArray(list []string) Value {
	elems := make([]Value, len(list))
	for i, s := range list {
		elems[i] = String(s)
	}
	return ArrayValue(NewArray(TextOID, elems))
}
