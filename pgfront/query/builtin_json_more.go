package query

import (
	"strings"

	"walle/pgfront/query/datum"
)

// stripRaw is json_strip_nulls, which keeps the order and duplicates of a json.
func stripRaw(buf []byte, j *datum.JSON) []byte {
	switch j.Kind {
	case datum.JSONObject:
		buf = append(buf, '{')
		first := true
		for i, e := range j.Elems {
			if e.Kind == datum.JSONNull {
				continue
			}
			if !first {
				buf = append(buf, ',')
			}
			first = false
			buf = append(datum.AppendJSONString(buf, j.Keys[i]), ':')
			buf = stripRaw(buf, e)
		}
		return append(buf, '}')
	case datum.JSONArray:
		buf = append(buf, '[')
		for i, e := range j.Elems {
			if i > 0 {
				buf = append(buf, ',')
			}
			buf = stripRaw(buf, e)
		}
		return append(buf, ']')
	case datum.JSONString:
		return datum.AppendJSONString(buf, j.Text)
	}
	return append(buf, j.Raw...)
}

func jsonStripNulls(_ *call, v Value) (Value, error) {
	j, err := datum.ParseRawJSON(v.Str())
	if err != nil {
		return Value{}, err
	}
	return text(string(stripRaw(nil, j))), nil
}

// flatPath returns the elements of a path, which must be an array of one dimension.
func flatPath(v Value) ([]Value, error) {
	a := v.Array()
	if len(a.Dims) > 1 {
		return nil, datum.Errorf("2202E", "wrong number of array subscripts")
	}
	return a.Elems, nil
}

func isScalar(j *datum.JSON) bool { return j.Kind != datum.JSONObject && j.Kind != datum.JSONArray }

// deletePath is jsonb's #-.
func deletePath(_ *call, doc, path Value) (Value, error) {
	steps, err := flatPath(path)
	if err != nil {
		return Value{}, err
	}
	j := doc.JSON()
	if isScalar(j) {
		return Value{}, datum.Errorf("22023", "cannot delete path in scalar")
	}
	if len(steps) == 0 || len(j.Elems) == 0 {
		return doc, nil
	}
	out, err := withoutPath(j, steps, 1)
	return jsonValue(datum.JSONBOID, out), err
}

func withoutPath(j *datum.JSON, steps []Value, depth int) (*datum.JSON, error) {
	if steps[0].IsNull() {
		return nil, datum.Errorf("22004", "path element at position %d is null", depth)
	}
	at := -1
	switch j.Kind {
	case datum.JSONObject:
		for i, k := range j.Keys {
			if k == steps[0].Str() {
				at = i
			}
		}
	case datum.JSONArray:
		i, err := pathIndex(steps[0].Str(), depth)
		if err != nil {
			return nil, err
		}
		if i < 0 {
			i += len(j.Elems)
		}
		if i < len(j.Elems) {
			at = i
		}
	}
	if at < 0 {
		return j, nil
	}
	if len(steps) == 1 {
		return without(j, func(i int) bool { return i == at }), nil
	}
	inner, err := withoutPath(j.Elems[at], steps[1:], depth+1)
	if err != nil {
		return nil, err
	}
	out := &datum.JSON{Kind: j.Kind, Keys: j.Keys, Elems: append([]*datum.JSON(nil), j.Elems...)}
	out.Elems[at] = inner
	return out, nil
}

func pathIndex(s string, depth int) (int, error) {
	i, err := datum.ParseInt(datum.Int4OID, s)
	if err != nil {
		return 0, datum.Errorf("22P02", "path element at position %d is not an integer: \"%s\"", depth, s)
	}
	return int(i.Int()), nil
}

// jsonSetLax is jsonb_set_lax: its last argument says what a null value does.
func jsonSetLax(c *call, v []Value) (Value, error) {
	defaults := []Value{datum.Bool(true), datum.String("use_json_null")}
	v = append(v[:len(v):len(v)], defaults[len(v)-3:]...)
	if v[0].IsNull() || v[1].IsNull() || v[3].IsNull() {
		return Value{}, nil
	}
	if v[4].IsNull() {
		return Value{}, datum.Errorf("22023", "null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", or \"raise_exception\"")
	}
	if !v[2].IsNull() {
		return jsonSet(c, v[:4])
	}
	switch v[4].Str() {
	case "raise_exception":
		return Value{}, datum.Errorf("22004", "JSON value must not be null").
			WithDetail("Exception was raised because null_value_treatment is \"raise_exception\".").
			WithHint("To avoid, either change the null_value_treatment argument or ensure that an SQL NULL is not passed.")
	case "use_json_null":
		return jsonSet(c, []Value{v[0], v[1], datum.JSONValue(&datum.JSON{}), v[3]})
	case "delete_key":
		return deletePath(c, v[0], v[1])
	case "return_target":
		return v[0], nil
	}
	return Value{}, datum.Errorf("22023", "null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", or \"raise_exception\"")
}

// objectOfTexts is json_object: keys and values of text, in one array or in two.
func objectOfTexts(c *call, v []Value) (Value, error) {
	keys, values, err := textPairs(v)
	if err != nil {
		return Value{}, err
	}
	buf := []byte{'{'}
	for i, k := range keys {
		if k.IsNull() {
			return Value{}, datum.Errorf("22004", "null value not allowed for object key")
		}
		if i > 0 {
			buf = append(buf, ", "...)
		}
		buf = append(datum.AppendJSONString(buf, k.Str()), " : "...)
		if values[i].IsNull() {
			buf = append(buf, "null"...)
		} else {
			buf = datum.AppendJSONString(buf, values[i].Str())
		}
	}
	return fromText(c.result, append(buf, '}'))
}

func textPairs(v []Value) (keys, values []Value, err error) {
	a := v[0].Array()
	if len(v) == 2 {
		b := v[1].Array()
		switch {
		case len(a.Dims) > 1 || len(b.Dims) > 1:
			return nil, nil, datum.Errorf("2202E", "wrong number of array subscripts")
		case len(a.Elems) != len(b.Elems):
			return nil, nil, datum.Errorf("2202E", "mismatched array dimensions")
		}
		return a.Elems, b.Elems, nil
	}
	switch {
	case len(a.Dims) == 1 && a.Dims[0].Len%2 != 0:
		return nil, nil, datum.Errorf("2202E", "array must have even number of elements")
	case len(a.Dims) == 2 && a.Dims[1].Len != 2:
		return nil, nil, datum.Errorf("2202E", "array must have two columns")
	case len(a.Dims) > 2:
		return nil, nil, datum.Errorf("2202E", "wrong number of array subscripts")
	}
	for i := 0; i < len(a.Elems); i += 2 {
		keys, values = append(keys, a.Elems[i]), append(values, a.Elems[i+1])
	}
	return keys, values, nil
}

// prettyArray is array_to_json(array, pretty): line feeds between the outermost elements.
func prettyArray(c *call, v []Value) (Value, error) {
	if !v[1].Bool() || len(v[0].Array().Dims) == 0 {
		return toJSON(c, v[0])
	}
	a := v[0].Array()
	buf := []byte{'['}
	per := len(a.Elems) / int(a.Dims[0].Len)
	for i := range int(a.Dims[0].Len) {
		if i > 0 {
			buf = append(buf, ",\n "...)
		}
		rest := a.Elems[i*per : (i+1)*per]
		var err error
		if len(a.Dims) > 1 {
			buf, err = appendJSONArray(c.run.codec, buf, a, a.Dims[1:], &rest)
		} else {
			buf, err = appendJSONValue(c.run.codec, buf, a.Elem, rest[0])
		}
		if err != nil {
			return Value{}, err
		}
	}
	return fromText(c.result, append(buf, ']'))
}

// prettyRow is row_to_json(row, pretty).
func prettyRow(c *call, v []Value) (Value, error) {
	out, err := toJSON(c, v[0])
	if err != nil || !v[1].Bool() {
		return out, err
	}
	j, err := datum.ParseRawJSON(out.Str())
	if err != nil {
		return Value{}, err
	}
	var b strings.Builder
	b.WriteByte('{')
	for i, e := range j.Elems {
		if i > 0 {
			b.WriteString(",\n ")
		}
		b.Write(append(datum.AppendJSONString(nil, j.Keys[i]), ':'))
		b.WriteString(e.Raw)
	}
	b.WriteByte('}')
	return text(b.String()), nil
}

func jsonMoreBuiltins() map[string]any {
	return map[string]any{
		"json_strip_nulls": fn1(jsonStripNulls), "jsonb_delete_path": fn2(deletePath), "jsonb_set_lax": fnN(jsonSetLax),
		"json_object": fnN(objectOfTexts), "json_object_two_arg": fnN(objectOfTexts),
		"jsonb_object": fnN(objectOfTexts), "jsonb_object_two_arg": fnN(objectOfTexts),
		"array_to_json_pretty": fnN(prettyArray), "row_to_json_pretty": fnN(prettyRow),
	}
}
