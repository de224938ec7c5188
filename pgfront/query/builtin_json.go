package query

import (
	"strconv"
	"strings"

	"walle/pgfront/query/datum"
)

// jsonOf returns the tree of a json or jsonb value.
func jsonOf(t OID, v Value) (*datum.JSON, error) {
	if t == datum.JSONBOID {
		return v.JSON(), nil
	}
	return datum.ParseRawJSON(v.Str())
}

// jsonValue makes a value of the type from a node; nil is null.
func jsonValue(t OID, j *datum.JSON) Value {
	switch {
	case j == nil:
		return Value{}
	case t == datum.JSONBOID:
		return datum.JSONValue(j)
	case j.Raw != "":
		return text(j.Raw)
	}
	return text(string(datum.AppendJSON(nil, j)))
}

// jsonText is the node as ->> gives it: a string without quotes, null for JSON's null.
func jsonText(j *datum.JSON) Value {
	switch {
	case j == nil || j.Kind == datum.JSONNull:
		return Value{}
	case j.Kind == datum.JSONString:
		return text(j.Text)
	case j.Raw != "":
		return text(j.Raw)
	}
	return text(string(datum.AppendJSON(nil, j)))
}

func element(j *datum.JSON, i int64) *datum.JSON {
	if j.Kind != datum.JSONArray {
		return nil
	}
	if i < 0 {
		i += int64(len(j.Elems))
	}
	if i < 0 || i >= int64(len(j.Elems)) {
		return nil
	}
	return j.Elems[i]
}

func member(j *datum.JSON, key string) *datum.JSON {
	if j.Kind != datum.JSONObject {
		return nil
	}
	return j.Get(key)
}

// step follows one element of a path.
func step(j *datum.JSON, key string) *datum.JSON {
	if j.Kind == datum.JSONArray {
		i, err := strconv.ParseInt(strings.TrimSpace(key), 10, 32)
		if err != nil {
			return nil
		}
		return element(j, i)
	}
	return member(j, key)
}

// access makes -> and ->>; asText says which.
func access(find func(j *datum.JSON, key Value) *datum.JSON, asText bool) fn2 {
	return func(c *call, doc, key Value) (Value, error) {
		if c.types[0] == datum.JSONOID && c.types[1] == datum.TextOID {
			if raw, found, plain := datum.ScanMember(doc.Str(), key.Str()); plain {
				return plainMember(datum.JSONOID, raw, found, asText)
			}
		}
		j, err := jsonOf(c.types[0], doc)
		if err != nil {
			return Value{}, err
		}
		found := find(j, key)
		if asText {
			return jsonText(found), nil
		}
		return jsonValue(c.types[0], found), nil
	}
}

// plainMember makes the result of -> or ->> of what ScanMember has found.
func plainMember(t OID, raw string, found, asText bool) (Value, error) {
	switch {
	case !found || asText && raw == "null":
		return Value{}, nil
	case asText && raw[0] == '"':
		return text(raw[1 : len(raw)-1]), nil
	case t == datum.JSONOID:
		return text(raw), nil
	}
	j, err := datum.ParseJSON(raw)
	switch {
	case err != nil:
		return Value{}, err
	case asText:
		return jsonText(j), nil
	}
	return datum.JSONValue(j), nil
}

// castMember is -> or ->> of a text that was cast to json or jsonb: the tree of all of it is
// built only where the member cannot be told without.
type castMember struct {
	*call2
	text   *textCast // the left operand
	asText bool
}

// overCast returns what computes the operator e faster, or e.
func overCast(e expr) expr {
	c, ok := e.(*call2)
	if !ok || c.op == nil || c.name != "->" && c.name != "->>" || c.right.typ() != datum.TextOID {
		return e
	}
	cast, ok := c.left.(*textCast)
	if !ok || category(cast.arg.typ()) != 'S' || isVolatile(cast) {
		return e
	}
	return &castMember{call2: c, text: cast, asText: c.name == "->>"}
}

func (m *castMember) with(in []expr) expr { return overCast(m.call2.with(in)) }

func (m *castMember) eval(f *frame) (Value, error) {
	doc, err := m.text.arg.eval(f)
	if err != nil || doc.IsNull() {
		return Value{}, err
	}
	key, err := m.right.eval(f)
	if err != nil || key.IsNull() {
		return Value{}, err
	}
	if raw, found, plain := datum.ScanMember(doc.Str(), key.Str()); plain {
		return plainMember(m.text.t, raw, found, m.asText)
	}
	return m.call2.eval(f)
}

func byKey(j *datum.JSON, key Value) *datum.JSON { return member(j, key.Str()) }

// byIndex takes a jsonb scalar for an array of itself, as PostgreSQL stores it.
func byIndex(j *datum.JSON, key Value) *datum.JSON {
	if isScalar(j) && j.Raw == "" {
		j = array([]*datum.JSON{j})
	}
	return element(j, key.Int())
}

func byPath(j *datum.JSON, path Value) *datum.JSON {
	for _, key := range path.Array().Elems {
		if key.IsNull() || j == nil {
			return nil
		}
		j = step(j, key.Str())
	}
	return j
}

// contains is jsonb's @>.
func jsonContains(a, b *datum.JSON) bool {
	switch {
	case a.Kind == datum.JSONObject && b.Kind == datum.JSONObject:
		for i, key := range b.Keys {
			have := a.Get(key)
			if have == nil || !jsonContains(have, b.Elems[i]) {
				return false
			}
		}
		return true
	case a.Kind == datum.JSONArray && b.Kind == datum.JSONArray:
		for _, want := range b.Elems {
			if !hasElement(a, want) {
				return false
			}
		}
		return true
	case a.Kind == datum.JSONArray && b.Kind != datum.JSONObject:
		return hasElement(a, b)
	}
	return a.Kind == b.Kind && datum.CompareJSON(a, b) == 0
}

func hasElement(a, want *datum.JSON) bool {
	for _, have := range a.Elems {
		if have.Kind == want.Kind && jsonContains(have, want) {
			return true
		}
	}
	return false
}

// hasKey is jsonb's ?: a key of an object, a string of an array, or the string itself.
func hasKey(j *datum.JSON, key string) bool {
	switch j.Kind {
	case datum.JSONObject:
		return j.Get(key) != nil
	case datum.JSONArray:
		for _, e := range j.Elems {
			if e.Kind == datum.JSONString && e.Text == key {
				return true
			}
		}
		return false
	}
	return j.Kind == datum.JSONString && j.Text == key
}

func hasKeys(all bool) fn2 {
	return bool2(func(j, keys Value) bool {
		for _, k := range keys.Array().Elems {
			if !k.IsNull() && hasKey(j.JSON(), k.Str()) != all {
				return !all
			}
		}
		return all
	})
}

func array(elems []*datum.JSON) *datum.JSON { return &datum.JSON{Kind: datum.JSONArray, Elems: elems} }

// jsonConcat is jsonb's ||: objects merge, everything else becomes arrays.
func jsonConcat(_ *call, a, b Value) (Value, error) {
	x, y := a.JSON(), b.JSON()
	if x.Kind == datum.JSONObject && y.Kind == datum.JSONObject {
		keys := append(append([]string(nil), x.Keys...), y.Keys...)
		return datum.JSONValue(datum.NewJSONObject(keys, append(append([]*datum.JSON(nil), x.Elems...), y.Elems...))), nil
	}
	list := func(j *datum.JSON) []*datum.JSON {
		if j.Kind == datum.JSONArray {
			return j.Elems
		}
		return []*datum.JSON{j}
	}
	return datum.JSONValue(array(append(append([]*datum.JSON(nil), list(x)...), list(y)...))), nil
}

// without drops the members or elements for which drop is true.
func without(j *datum.JSON, drop func(i int) bool) *datum.JSON {
	out := &datum.JSON{Kind: j.Kind}
	for i, e := range j.Elems {
		if drop(i) {
			continue
		}
		if j.Kind == datum.JSONObject {
			out.Keys = append(out.Keys, j.Keys[i])
		}
		out.Elems = append(out.Elems, e)
	}
	return out
}

func scalarDelete(j *datum.JSON) error {
	if j.Kind != datum.JSONObject && j.Kind != datum.JSONArray {
		return datum.Errorf("22023", "cannot delete from scalar")
	}
	return nil
}

func deleteKeys(v Value, keys []Value) (Value, error) {
	j := v.JSON()
	if err := scalarDelete(j); err != nil {
		return Value{}, err
	}
	return datum.JSONValue(without(j, func(i int) bool {
		for _, k := range keys {
			if k.IsNull() {
				continue
			}
			if j.Kind == datum.JSONObject && j.Keys[i] == k.Str() ||
				j.Kind == datum.JSONArray && j.Elems[i].Kind == datum.JSONString && j.Elems[i].Text == k.Str() {
				return true
			}
		}
		return false
	})), nil
}

func deleteIndex(_ *call, v, at Value) (Value, error) {
	j := v.JSON()
	if j.Kind == datum.JSONObject {
		return Value{}, datum.Errorf("22023", "cannot delete from object using integer index")
	}
	if err := scalarDelete(j); err != nil {
		return Value{}, err
	}
	n := at.Int()
	if n < 0 {
		n += int64(len(j.Elems))
	}
	return datum.JSONValue(without(j, func(i int) bool { return int64(i) == n })), nil
}

// jsonCast makes the casts of jsonb to SQL's scalars.
func jsonCast(kind datum.JSONKind, name string, convert func(c *call, j *datum.JSON) (Value, error)) fn1 {
	return func(c *call, v Value) (Value, error) {
		j := v.JSON()
		if j.Kind != kind {
			what := map[datum.JSONKind]string{datum.JSONNull: "null", datum.JSONBool: "boolean", datum.JSONNumber: "numeric",
				datum.JSONString: "string", datum.JSONArray: "array", datum.JSONObject: "object"}[j.Kind]
			return Value{}, datum.Errorf("22023", "cannot cast jsonb %s to type %s", what, name)
		}
		return convert(c, j)
	}
}

func numberCast(name string, fn fn1) fn1 {
	return jsonCast(datum.JSONNumber, name, func(c *call, j *datum.JSON) (Value, error) { return fn(c, datum.Numeric(j.Number)) })
}

func jsonTypeOf(c *call, v Value) (Value, error) {
	j, err := jsonOf(c.types[0], v)
	if err != nil {
		return Value{}, err
	}
	return text([]string{"null", "boolean", "number", "string", "array", "object"}[j.Kind]), nil
}

func jsonArrayLength(c *call, v Value) (Value, error) {
	j, err := jsonOf(c.types[0], v)
	switch {
	case err != nil:
		return Value{}, err
	case j.Kind == datum.JSONObject:
		return Value{}, datum.Errorf("22023", "cannot get array length of a non-array")
	case j.Kind != datum.JSONArray:
		return Value{}, datum.Errorf("22023", "cannot get array length of a scalar")
	}
	return datum.Int(int64(len(j.Elems))), nil
}

func stripNulls(j *datum.JSON) *datum.JSON {
	out := &datum.JSON{Kind: j.Kind, Bool: j.Bool, Number: j.Number, Text: j.Text}
	for i, e := range j.Elems {
		if j.Kind == datum.JSONObject {
			if e.Kind == datum.JSONNull {
				continue
			}
			out.Keys = append(out.Keys, j.Keys[i])
		}
		out.Elems = append(out.Elems, stripNulls(e))
	}
	return out
}

// setPath is jsonb_set and jsonb_insert.
func setPath(j *datum.JSON, path []Value, value *datum.JSON, create, insert, after bool) (*datum.JSON, error) {
	if len(path) == 0 {
		return j, nil
	}
	if path[0].IsNull() {
		return nil, datum.Errorf("22004", "path element at position 1 is null")
	}
	key, last := path[0].Str(), len(path) == 1
	out := &datum.JSON{Kind: j.Kind, Keys: append([]string(nil), j.Keys...), Elems: append([]*datum.JSON(nil), j.Elems...)}
	switch j.Kind {
	case datum.JSONObject:
		have := j.Get(key)
		switch {
		case have == nil && last && (create || insert):
			return datum.NewJSONObject(append(out.Keys, key), append(out.Elems, value)), nil
		case have == nil:
			return j, nil
		case last && insert:
			return nil, datum.Errorf("22023", "cannot replace existing key").
				WithHint("Try using the function jsonb_set to replace key value.")
		}
		for i := range out.Keys {
			if out.Keys[i] == key {
				var err error
				if out.Elems[i] = value; !last {
					out.Elems[i], err = setPath(have, path[1:], value, create, insert, after)
				}
				return out, err
			}
		}
		return out, nil
	case datum.JSONArray:
		return setElement(out, path, value, create, insert, after)
	}
	return j, nil
}

func setElement(out *datum.JSON, path []Value, value *datum.JSON, create, insert, after bool) (*datum.JSON, error) {
	i, err := strconv.Atoi(strings.TrimSpace(path[0].Str()))
	if err != nil {
		return nil, datum.Errorf("22P02", "path element at position 1 is not an integer: \"%s\"", path[0].Str())
	}
	n := len(out.Elems)
	at := i
	if at < 0 {
		at += n
	}
	switch inside := at >= 0 && at < n; {
	case len(path) > 1 && inside:
		out.Elems[at], err = setPath(out.Elems[at], path[1:], value, create, insert, after)
	case len(path) > 1:
	case insert:
		at = min(max(at, 0), n)
		if after && inside {
			at++
		}
		out.Elems = append(out.Elems[:at:at], append([]*datum.JSON{value}, out.Elems[at:]...)...)
	case inside:
		out.Elems[at] = value
	case create && at < 0:
		out.Elems = append([]*datum.JSON{value}, out.Elems...)
	case create:
		out.Elems = append(out.Elems, value)
	}
	return out, err
}

func jsonSet(_ *call, v []Value) (Value, error) {
	return changed(v, len(v) < 4 || v[3].Bool(), false, false)
}

func jsonInsert(_ *call, v []Value) (Value, error) {
	return changed(v, false, true, len(v) > 3 && v[3].Bool())
}

func changed(v []Value, create, insert, after bool) (Value, error) {
	path, err := flatPath(v[1])
	switch {
	case err != nil:
		return Value{}, err
	case isScalar(v[0].JSON()):
		return Value{}, datum.Errorf("22023", "cannot set path in scalar")
	case len(v[0].JSON().Elems) == 0 && !create && !insert:
		return v[0], nil
	}
	j, err := setPath(v[0].JSON(), path, v[2].JSON(), create, insert, after)
	return jsonValue(datum.JSONBOID, j), err
}

func jsonBuiltins() map[string]any {
	m := map[string]any{
		"jsonb_contains":   bool2(func(a, b Value) bool { return jsonContains(a.JSON(), b.JSON()) }),
		"jsonb_contained":  bool2(func(a, b Value) bool { return jsonContains(b.JSON(), a.JSON()) }),
		"jsonb_exists":     bool2(func(j, key Value) bool { return hasKey(j.JSON(), key.Str()) }),
		"jsonb_exists_any": hasKeys(false), "jsonb_exists_all": hasKeys(true),
		"jsonb_concat": fn2(jsonConcat), "jsonb_delete_idx": fn2(deleteIndex),
		"jsonb_delete": fn2(func(_ *call, j, key Value) (Value, error) { return deleteKeys(j, []Value{key}) }),
		"jsonb_delete_array": fn2(func(_ *call, j, keys Value) (Value, error) {
			path, err := flatPath(keys)
			if err != nil {
				return Value{}, err
			}
			return deleteKeys(j, path)
		}),
		"jsonb_bool":    jsonCast(datum.JSONBool, "boolean", func(_ *call, j *datum.JSON) (Value, error) { return datum.Bool(j.Bool), nil }),
		"jsonb_numeric": numberCast("numeric", same), "jsonb_int2": numberCast("smallint", numericToInt(width2)),
		"jsonb_int4": numberCast("integer", numericToInt(width4)), "jsonb_int8": numberCast("bigint", numericToInt(width8)),
		"jsonb_float4": numberCast("real", numericToFloat(true)), "jsonb_float8": numberCast("double precision", numericToFloat(false)),
		"jsonb_pretty": fn1(func(_ *call, v Value) (Value, error) { return text(datum.PrettyJSON(v.JSON())), nil }),
		"jsonb_set":    fnN(jsonSet), "jsonb_insert": fnN(jsonInsert),
		"jsonb_strip_nulls": fn1(func(_ *call, v Value) (Value, error) { return datum.JSONValue(stripNulls(v.JSON())), nil }),
	}
	for _, prefix := range []string{"json", "jsonb"} {
		m[prefix+"_object_field"], m[prefix+"_object_field_text"] = access(byKey, false), access(byKey, true)
		m[prefix+"_array_element"], m[prefix+"_array_element_text"] = access(byIndex, false), access(byIndex, true)
		m[prefix+"_extract_path"], m[prefix+"_extract_path_text"] = access(byPath, false), access(byPath, true)
		m[prefix+"_typeof"], m[prefix+"_array_length"] = fn1(jsonTypeOf), fn1(jsonArrayLength)
		m["to_"+prefix] = fn1(toJSON)
		m[prefix+"_build_object"], m[prefix+"_build_object_noargs"] = fnN(buildObject), fnN(buildObject)
		m[prefix+"_build_array"], m[prefix+"_build_array_noargs"] = fnN(buildArray), fnN(buildArray)
	}
	m["row_to_json"], m["array_to_json"] = fn1(toJSON), fn1(toJSON)
	return m
}
