package explore

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"reflect"
	"time"
	"unsafe"

	"walle/replication"
)

// The machines keep their state to themselves. To go on from one state in
// several ways it has to be copied, and to know it again it has to be told apart
// from others; both walk over whatever fields there are, so that a field more or
// less in the protocol needs no change here.

// digest tells values apart.
type digest [16]byte

// digestOf is the same for two values exactly if they hold the same. Nil and
// empty slices are the same.
func digestOf(v any) digest {
	sum := sha256.Sum256(appendValue(nil, reflect.ValueOf(v)))
	return digest(sum[:16])
}

func appendValue(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			return append(b, 1)
		}
		return append(b, 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return binary.AppendVarint(b, v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return binary.AppendUvarint(b, v.Uint())
	case reflect.String:
		return append(binary.AppendUvarint(b, uint64(v.Len())), v.String()...)
	case reflect.Slice:
		b = binary.AppendUvarint(b, uint64(v.Len()))
		for i := range v.Len() {
			b = appendValue(b, v.Index(i))
		}
		return b
	case reflect.Array:
		for i := range v.Len() {
			b = appendValue(b, v.Index(i))
		}
		return b
	case reflect.Struct:
		for i := range v.NumField() {
			b = appendValue(b, v.Field(i))
		}
		return b
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return append(b, 0)
		}
		b = append(b, 1)
		if v.Kind() == reflect.Interface {
			b = append(append(b, v.Elem().Type().Name()...), 0)
		}
		return appendValue(b, v.Elem())
	}
	panic(fmt.Sprintf("a machine holds a %v", v.Type()))
}

// clone returns a copy of *p that shares nothing with it which a machine may
// change: not the bytes of entries, nor messages, which are values for ever (and
// if one is changed all the same, the parts that hold it notice).
func clone[T any](p *T) *T {
	c := *p
	deepen(reflect.ValueOf(&c).Elem())
	return &c
}

var (
	bytesType    = reflect.TypeFor[[]byte]()
	timeType     = reflect.TypeFor[replication.Time]()
	envelopeType = reflect.TypeFor[replication.Envelope]()
)

// deepen makes v, a shallow copy, a deep one.
func deepen(v reflect.Value) {
	if flat(v.Type()) {
		return
	}
	switch v.Kind() {
	case reflect.Slice:
		if v.IsNil() {
			return
		}
		c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(c, v)
		v.Set(c)
		for i := range c.Len() {
			deepen(c.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			deepen(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			deepen(open(v.Field(i)))
		}
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		c := reflect.New(v.Type().Elem())
		c.Elem().Set(v.Elem())
		v.Set(c)
		deepen(c.Elem())
	default:
		panic(fmt.Sprintf("a machine holds a %v", v.Type()))
	}
}

// open makes an unexported field one that can be set.
func open(field reflect.Value) reflect.Value {
	return reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem()
}

// flat reports whether an assignment copies a value of type t well enough.
func flat(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Slice:
		return t == bytesType
	case reflect.Array:
		return flat(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if !flat(t.Field(i).Type) {
				return false
			}
		}
		return true
	case reflect.Pointer, reflect.Map:
		return false
	}
	return true
}

// longAgo is how old a time gets: the machines add no more than this to a time
// that is past, so none tells older ones apart.
const longAgo = replication.Time(10e9)

// grain is what times are rounded to, where all timers may fire at any time.
const grain = replication.Time(time.Microsecond)

// shift moves the clock of the machine that v is part of back by d, to now. Times
// in messages are of the clock of whoever sent them.
func shift(v reflect.Value, d, now replication.Time) {
	switch {
	case v.Type() == timeType:
		if t := replication.Time(v.Int()); t != replication.Never {
			if t = (t - d + grain/2) / grain * grain; t < now-longAgo {
				t = 0
			}
			v.SetInt(int64(t))
		}
	case v.Type() == envelopeType:
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			shift(open(v.Field(i)), d, now)
		}
	case v.Kind() == reflect.Slice || v.Kind() == reflect.Array:
		for i := range v.Len() {
			shift(v.Index(i), d, now)
		}
	case v.Kind() == reflect.Pointer && !v.IsNil():
		shift(v.Elem(), d, now)
	}
}
