package datum

import (
	"math"
	"strings"
	"time"
	"unsafe"

	"github.com/cockroachdb/apd/v3"
)

// Kind says how a Value is stored. Several SQL types share one: int2, int4, int8, oid and
// the reg* types are KindInt; text, varchar, name, json and bytea are KindString.
type Kind uint8

const (
	KindNull     Kind = iota // SQL null; the zero Value
	KindBool                 // num is 0 or 1
	KindInt                  // num
	KindFloat                // num holds the bits of a float64
	KindString               // ptr and num: the bytes of a text as UTF-8 or of a bytea, and their length
	KindTime                 // num: µs since 2000-01-01 (timestamps), days (date), µs (time)
	KindNumeric              // ptr: *apd.Decimal
	KindInterval             // ptr: *Interval
	KindArray                // ptr: *Array
	KindRecord               // ptr: *Record
	KindJSON                 // ptr: *JSON, a parsed jsonb
)

// Value is one SQL value without its type: whoever holds it knows the type from the plan.
// The zero Value is null. A Value costs no allocation for numbers, timestamps, text and
// bytea. Values are immutable; the bytes of a string may belong to the buffer of the scan
// that made it, so what outlives the row is kept as Clone.
//
// It has three words, so that an operator's arguments and result stay in registers: with a
// string and an interface in it, to copy values took most of a filter's time. What ptr points
// to is told by kind alone, which every accessor checks.
type Value struct {
	kind Kind
	num  int64
	ptr  unsafe.Pointer
}

// Record is the value of a row constructor or of a whole-row reference.
type Record struct {
	Types  []OID
	Names  []string
	Fields []Value
}

// Null is SQL's null of any type.
var Null = Value{}

// Bool, Int, Float and String make values of their kinds.
func Bool(b bool) Value {
	if b {
		return Value{kind: KindBool, num: 1}
	}
	return Value{kind: KindBool}
}

func Int(n int64) Value     { return Value{kind: KindInt, num: n} }
func Float(f float64) Value { return Value{kind: KindFloat, num: int64(math.Float64bits(f))} }
func String(s string) Value {
	return Value{kind: KindString, num: int64(len(s)), ptr: unsafe.Pointer(unsafe.StringData(s))}
}

// Bytes wraps b without copying it. b must not change while the value is in use.
func Bytes(b []byte) Value {
	return Value{kind: KindString, num: int64(len(b)), ptr: unsafe.Pointer(unsafe.SliceData(b))}
}

// Micros makes a timestamp or a time of day, Days a date.
func Micros(us int64) Value { return Value{kind: KindTime, num: us} }
func Days(n int64) Value    { return Value{kind: KindTime, num: n} }

// Time makes a timestamptz, rounded down to the microsecond.
func Time(t time.Time) Value { return Micros(MicrosOf(t)) }

func Numeric(d *apd.Decimal) Value    { return Value{kind: KindNumeric, ptr: unsafe.Pointer(d)} }
func IntervalValue(iv Interval) Value { return Value{kind: KindInterval, ptr: unsafe.Pointer(&iv)} }
func ArrayValue(a *Array) Value       { return Value{kind: KindArray, ptr: unsafe.Pointer(a)} }
func RecordValue(r *Record) Value     { return Value{kind: KindRecord, ptr: unsafe.Pointer(r)} }
func JSONValue(j *JSON) Value         { return Value{kind: KindJSON, ptr: unsafe.Pointer(j)} }

func (v Value) Kind() Kind     { return v.kind }
func (v Value) IsNull() bool   { return v.kind == KindNull }
func (v Value) Bool() bool     { return v.num != 0 }
func (v Value) Int() int64     { return v.num }
func (v Value) Float() float64 { return math.Float64frombits(uint64(v.num)) }
func (v Value) Micros() int64  { return v.num }

func (v Value) Numeric() *apd.Decimal { return (*apd.Decimal)(v.pointer(KindNumeric)) }
func (v Value) Interval() Interval    { return *(*Interval)(v.pointer(KindInterval)) }
func (v Value) Array() *Array         { return (*Array)(v.pointer(KindArray)) }
func (v Value) Record() *Record       { return (*Record)(v.pointer(KindRecord)) }
func (v Value) JSON() *JSON           { return (*JSON)(v.pointer(KindJSON)) }

func (v Value) pointer(kind Kind) unsafe.Pointer {
	if v.kind != kind {
		panic("a value is not of the kind that its type has")
	}
	return v.ptr
}

// Str returns a text, or the bytes of a bytea; "" for other kinds.
func (v Value) Str() string {
	if v.kind != KindString {
		return ""
	}
	return unsafe.String((*byte)(v.ptr), int(v.num))
}

// Bytes returns the bytes of a text or bytea without copying them; they must not be changed.
func (v Value) Bytes() []byte {
	if v.kind != KindString {
		return nil
	}
	return unsafe.Slice((*byte)(v.ptr), int(v.num))
}

// IsTrue says whether a boolean is true, and not false or null.
func (v Value) IsTrue() bool { return v.kind == KindBool && v.num != 0 }

// Clone returns a value that shares no memory with the buffer of a scan.
func (v Value) Clone() Value {
	switch v.kind {
	case KindString:
		return String(strings.Clone(v.Str()))
	case KindArray:
		a := *v.Array()
		a.Elems = CloneRow(a.Elems)
		return ArrayValue(&a)
	case KindRecord:
		r := *v.Record()
		r.Fields = CloneRow(r.Fields)
		return RecordValue(&r)
	case KindJSON:
		return JSONValue(v.JSON().clone())
	}
	return v
}

// CloneRow returns a copy of row that may be kept.
func CloneRow(row []Value) []Value {
	kept := make([]Value, len(row))
	for i, v := range row {
		kept[i] = v.Clone()
	}
	return kept
}

// Size estimates the memory of v in bytes, for the accounting of sorts and hash tables.
func (v Value) Size() int64 {
	size := int64(unsafe.Sizeof(v)) + int64(len(v.Str()))
	switch v.kind {
	case KindNumeric:
		size += 64
	case KindInterval:
		size += 24
	case KindArray:
		for _, e := range v.Array().Elems {
			size += e.Size()
		}
	case KindRecord:
		for _, f := range v.Record().Fields {
			size += f.Size()
		}
	case KindJSON:
		size += v.JSON().size()
	}
	return size
}
