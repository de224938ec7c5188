package query

import (
	"errors"

	"walle/pgfront/query/datum"
)

// compiledPath is what a call keeps of its path.
type compiledPath struct {
	text    string
	path    *datum.Path
	regexes map[*datum.PathNode]*pattern
}

func pathOf(c *call, text string) (*compiledPath, error) {
	if kept, ok := c.memo.(*compiledPath); ok && kept.text == text {
		return kept, nil
	}
	path, err := datum.ParsePath(text)
	if err != nil {
		return nil, err
	}
	kept := &compiledPath{text: text, path: path, regexes: map[*datum.PathNode]*pattern{}}
	c.memo = kept
	return kept, nil
}

// pathItems evaluates a path over a document; v are the document, the path and, optional,
// the variables and whether errors of the data are passed over. ok is false if one was.
// probing says that only the first item matters.
func pathItems(c *call, v []Value, silent, probing bool, out emit) (ok bool, err error) {
	compiled, err := pathOf(c, v[1].Str())
	if err != nil {
		return false, err
	}
	p := &pathRun{call: c, budget: c.run.budget("path"), root: v[0].JSON(), vars: &datum.JSON{Kind: datum.JSONObject}, lax: !compiled.path.Strict, probing: probing && !compiled.path.Strict, size: -1, regexes: compiled.regexes}
	p.lenient, p.current = p.lax, p.root
	if len(v) > 2 {
		if p.vars = v[2].JSON(); p.vars.Kind != datum.JSONObject {
			return false, datum.Errorf("22023", "\"vars\" argument is not an object").
				WithDetail("Jsonpath parameters should be encoded as key-value pairs of \"vars\" object.")
		}
	}
	silent = silent || len(v) > 3 && v[3].Bool()
	err = p.item(compiled.path.Root, p.root, p.lax, out)
	switch {
	case err == nil || errors.Is(err, errEnough):
		return true, nil
	case silent && ofData(err):
		return false, nil
	}
	return false, err
}

// pathList collects the items; ok is as for pathItems.
func pathList(c *call, v []Value, silent bool) (list []*datum.JSON, ok bool, err error) {
	kept := c.run.budget("path")
	ok, err = pathItems(c, v, silent, false, func(j *datum.JSON) error {
		list = append(list, j)
		return kept.addBytes(pathItemSize)
	})
	return list, ok, err
}

// pathExists is @? and jsonb_path_exists. In lax mode the first item decides.
func pathExists(silent bool) fnN {
	return func(c *call, v []Value) (Value, error) {
		compiled, err := pathOf(c, v[1].Str())
		if err != nil {
			return Value{}, err
		}
		found := false
		ok, err := pathItems(c, v, silent, true, func(*datum.JSON) error {
			found = true
			if !compiled.path.Strict {
				return errEnough
			}
			return nil
		})
		if err != nil || !ok {
			return Value{}, err
		}
		return datum.Bool(found), nil
	}
}

// pathMatch is @@ and jsonb_path_match: the path is a predicate.
func pathMatch(silent bool) fnN {
	return func(c *call, v []Value) (Value, error) {
		list, ok, err := pathList(c, v, silent)
		if err != nil {
			return Value{}, err
		}
		if ok && len(list) == 1 {
			switch list[0].Kind {
			case datum.JSONBool:
				return datum.Bool(list[0].Bool), nil
			case datum.JSONNull:
				return Value{}, nil
			}
		}
		if silent || len(v) > 3 && v[3].Bool() {
			return Value{}, nil
		}
		return Value{}, datum.Errorf("22038", "single boolean result is expected")
	}
}

func pathQueryFirst(c *call, v []Value) (Value, error) {
	list, _, err := pathList(c, v, false)
	if err != nil || len(list) == 0 {
		return Value{}, err
	}
	return datum.JSONValue(list[0]), nil
}

func pathQueryArray(c *call, v []Value) (Value, error) {
	list, _, err := pathList(c, v, false)
	if err != nil {
		return Value{}, err
	}
	return datum.JSONValue(array(list)), nil
}

func pathQuery(c *call, v []Value) (setRows, error) {
	list, _, err := pathList(c, v, false)
	if err != nil {
		return nil, err
	}
	values := make([]Value, len(list))
	for i, j := range list {
		values[i] = datum.JSONValue(j)
	}
	return listRows(values), nil
}

func binaryOf(f fnN) fn2 {
	return func(c *call, a, b Value) (Value, error) { return f(c, []Value{a, b}) }
}

func jsonpathBuiltins() map[string]any {
	m := map[string]any{
		"jsonb_path_exists_opr": binaryOf(pathExists(true)), "jsonb_path_match_opr": binaryOf(pathMatch(true)),
	}
	for _, suffix := range []string{"", "_tz"} {
		m["jsonb_path_exists"+suffix], m["jsonb_path_match"+suffix] = pathExists(false), pathMatch(false)
		m["jsonb_path_query_first"+suffix], m["jsonb_path_query_array"+suffix] = fnN(pathQueryFirst), fnN(pathQueryArray)
	}
	return m
}
