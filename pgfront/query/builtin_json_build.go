package query

import (
	"math"
	"strings"

	"walle/pgfront/query/datum"
)

// appendJSONValue prints any value as JSON the way to_json does; null is "null".
func appendJSONValue(c *Codec, buf []byte, t OID, v Value) ([]byte, error) {
	switch {
	case v.IsNull():
		return append(buf, "null"...), nil
	case t == datum.JSONOID:
		return append(buf, v.Str()...), nil
	case v.Kind() == datum.KindJSON:
		return datum.AppendJSON(buf, v.JSON()), nil
	case v.Kind() == datum.KindBool:
		if v.Bool() {
			return append(buf, "true"...), nil
		}
		return append(buf, "false"...), nil
	case v.Kind() == datum.KindFloat && (math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0)):
		return datum.AppendJSONString(buf, c.Text(t, v)), nil
	case v.Kind() == datum.KindNumeric && v.Numeric().Form != 0:
		return datum.AppendJSONString(buf, c.Text(t, v)), nil
	case category(t) == 'N' && !datum.IsReg(t) && t != datum.OIDOID:
		return append(buf, c.Text(t, v)...), nil
	case v.Kind() == datum.KindArray && elemType(t) != 0:
		a := v.Array()
		rest := a.Elems
		return appendJSONArray(c, buf, a, a.Dims, &rest)
	case v.Kind() == datum.KindRecord:
		return appendJSONRecord(c, buf, v.Record())
	case v.Kind() == datum.KindTime && isMoment(t):
		return datum.AppendJSONString(buf, jsonTime(c, t, v)), nil
	}
	return datum.AppendJSONString(buf, c.Text(t, v)), nil
}

// jsonTime is ISO 8601 whatever DateStyle says.
func jsonTime(c *Codec, t OID, v Value) string {
	style := c.Style()
	style.DateFormat = datum.ISODates
	s := datum.NewCodec(style, nil).Text(t, v)
	if t != datum.DateOID {
		s = strings.Replace(s, " ", "T", 1)
	}
	if t == datum.TimestamptzOID && len(s) > 3 && (s[len(s)-3] == '+' || s[len(s)-3] == '-') {
		s += ":00"
	}
	return s
}

func appendJSONArray(c *Codec, buf []byte, a *datum.Array, dims []datum.Dim, rest *[]Value) ([]byte, error) {
	buf = append(buf, '[')
	n := 0
	if len(dims) > 0 {
		n = int(dims[0].Len)
	}
	for i := range n {
		if i > 0 {
			buf = append(buf, ',')
		}
		var err error
		if len(dims) > 1 {
			buf, err = appendJSONArray(c, buf, a, dims[1:], rest)
		} else {
			buf, err = appendJSONValue(c, buf, a.Elem, (*rest)[0])
			*rest = (*rest)[1:]
		}
		if err != nil {
			return nil, err
		}
	}
	return append(buf, ']'), nil
}

func appendJSONRecord(c *Codec, buf []byte, r *datum.Record) ([]byte, error) {
	buf = append(buf, '{')
	names := (&rowExpr{args: make([]expr, len(r.Fields)), names: r.Names}).fieldNames()
	for i, f := range r.Fields {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = append(datum.AppendJSONString(buf, names[i]), ':')
		var err error
		if buf, err = appendJSONValue(c, buf, r.Types[i], f); err != nil {
			return nil, err
		}
	}
	return append(buf, '}'), nil
}

// fromText makes a json or jsonb value of JSON text.
func fromText(result OID, buf []byte) (Value, error) {
	if result != datum.JSONBOID {
		return text(string(buf)), nil
	}
	j, err := datum.ParseJSON(string(buf))
	if err != nil {
		return Value{}, err
	}
	return datum.JSONValue(j), nil
}

func toJSON(c *call, v Value) (Value, error) {
	buf, err := appendJSONValue(c.run.codec, nil, c.types[0], v)
	if err != nil {
		return Value{}, err
	}
	return fromText(c.result, buf)
}

func buildArray(c *call, v []Value) (Value, error) {
	buf := []byte{'['}
	for i := range v {
		if i > 0 {
			buf = append(buf, ", "...)
		}
		var err error
		if buf, err = appendJSONValue(c.run.codec, buf, c.types[i], v[i]); err != nil {
			return Value{}, err
		}
	}
	return fromText(c.result, append(buf, ']'))
}

// buildObject is json_build_object: names and values in turn.
func buildObject(c *call, v []Value) (Value, error) {
	if len(v)%2 != 0 {
		return Value{}, datum.Errorf("22023", "argument list must have even number of elements").
			WithHint("The arguments of %s must consist of alternating keys and values.", map[bool]string{true: "jsonb_build_object()", false: "json_build_object()"}[c.result == datum.JSONBOID])
	}
	buf := []byte{'{'}
	for i := 0; i < len(v); i += 2 {
		if i > 0 {
			buf = append(buf, ", "...)
		}
		var err error
		if buf, err = appendPair(c, buf, i, v); err != nil {
			return Value{}, err
		}
	}
	return fromText(c.result, append(buf, '}'))
}

func appendPair(c *call, buf []byte, i int, v []Value) ([]byte, error) {
	if v[i].IsNull() {
		if c.result == datum.JSONBOID {
			return nil, datum.Errorf("22023", "argument %d: key must not be null", i+1)
		}
		return nil, datum.Errorf("22023", "argument %d cannot be null", i+1).WithHint("Object keys should be text.")
	}
	key, err := jsonKey(c, c.types[i], v[i])
	if err != nil {
		return nil, err
	}
	buf = append(datum.AppendJSONString(buf, key), " : "...)
	return appendJSONValue(c.run.codec, buf, c.types[i+1], v[i+1])
}

// jsonKey is the text of a key, which must be no array, record or json.
func jsonKey(c *call, t OID, v Value) (string, error) {
	switch {
	case t == datum.JSONOID || t == datum.JSONBOID || v.Kind() == datum.KindArray || v.Kind() == datum.KindRecord:
		return "", datum.Errorf("22023", "key value must be scalar, not array, composite, or json")
	case isMoment(t):
		return jsonTime(c.run.codec, t, v), nil
	}
	return castToText(c, t, v).Str(), nil
}

// jsonAgg is json_agg and jsonb_agg.
type jsonAgg struct {
	target  OID
	buf     []byte
	counted int // bytes of buf
}

func newJSONAgg(result OID) aggregator       { return &jsonAgg{target: result} }
func newJSONObjectAgg(result OID) aggregator { return &jsonObjectAgg{jsonAgg{target: result}} }

func (a *jsonAgg) add(c *call, v []Value) (err error) {
	if a.buf == nil {
		a.buf = []byte{'['}
	} else {
		a.buf = append(a.buf, ", "...)
		if v[0].Kind() == datum.KindArray || v[0].Kind() == datum.KindRecord {
			a.buf = append(a.buf, "\n "...)
		}
	}
	if a.buf, err = appendJSONValue(c.run.codec, a.buf, c.types[0], v[0]); err != nil {
		return err
	}
	return a.check(c)
}

func (a *jsonAgg) check(c *call) error {
	grown := len(a.buf) - a.counted
	a.counted = len(a.buf)
	return c.budget.addBytes(int64(grown))
}

func (a *jsonAgg) result(*call) (Value, error) {
	if a.buf == nil {
		return Value{}, nil
	}
	return fromText(a.target, append(a.buf[:len(a.buf):len(a.buf)], ']'))
}

// jsonObjectAgg is json_object_agg and jsonb_object_agg.
type jsonObjectAgg struct{ jsonAgg }

func (a *jsonObjectAgg) add(c *call, v []Value) (err error) {
	if v[0].IsNull() {
		return datum.Errorf("22023", "field name must not be null")
	}
	if a.buf == nil {
		a.buf = []byte("{ ")
	} else {
		a.buf = append(a.buf, ", "...)
	}
	info := *c
	info.result = a.target
	if a.buf, err = appendPair(&info, a.buf, 0, v); err != nil {
		return err
	}
	return a.check(c)
}

func (a *jsonObjectAgg) result(*call) (Value, error) {
	if a.buf == nil {
		return Value{}, nil
	}
	return fromText(a.target, append(a.buf[:len(a.buf):len(a.buf)], " }"...))
}

// jsonRows makes the set-returning functions over the nodes of a document.
func jsonRows(kind datum.JSONKind, name string, row func(t OID, key string, e *datum.JSON) []Value) setFunc {
	return func(c *call, v []Value) (setRows, error) {
		j, err := jsonOf(c.types[0], v[0])
		if err != nil {
			return nil, err
		}
		if j.Kind != kind {
			return nil, wrongKind(j, kind, name)
		}
		i, t := 0, c.types[0]
		return func() ([]Value, bool, error) {
			if i == len(j.Elems) {
				return nil, false, nil
			}
			key := ""
			if kind == datum.JSONObject {
				key = j.Keys[i]
			}
			i++
			return row(t, key, j.Elems[i-1]), true, nil
		}, nil
	}
}

func wrongKind(j *datum.JSON, kind datum.JSONKind, name string) error {
	scalar := j.Kind != datum.JSONArray && j.Kind != datum.JSONObject
	switch {
	case kind == datum.JSONArray && scalar:
		return datum.Errorf("22023", "cannot extract elements from a scalar")
	case kind == datum.JSONArray:
		return datum.Errorf("22023", "cannot extract elements from an object")
	case scalar:
		return datum.Errorf("22023", "cannot call %s on a scalar", name)
	}
	return datum.Errorf("22023", "cannot call %s on an array", name)
}

func jsonSets(m map[string]setFunc) {
	for _, prefix := range []string{"json", "jsonb"} {
		m[prefix+"_each"] = jsonRows(datum.JSONObject, prefix+"_each", func(t OID, key string, e *datum.JSON) []Value {
			return []Value{text(key), jsonValue(t, e)}
		})
		m[prefix+"_each_text"] = jsonRows(datum.JSONObject, prefix+"_each_text", func(_ OID, key string, e *datum.JSON) []Value {
			return []Value{text(key), jsonText(e)}
		})
		m[prefix+"_object_keys"] = jsonRows(datum.JSONObject, prefix+"_object_keys", func(_ OID, key string, _ *datum.JSON) []Value {
			return []Value{text(key)}
		})
		m[prefix+"_array_elements"] = jsonRows(datum.JSONArray, prefix+"_array_elements", func(t OID, _ string, e *datum.JSON) []Value {
			return []Value{jsonValue(t, e)}
		})
		m[prefix+"_array_elements_text"] = jsonRows(datum.JSONArray, prefix+"_array_elements_text", func(_ OID, _ string, e *datum.JSON) []Value {
			return []Value{jsonText(e)}
		})
	}
}
