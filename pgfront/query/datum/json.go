package datum

import (
	"slices"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// JSONKind is the kind of a JSON node.
type JSONKind uint8

const (
	JSONNull JSONKind = iota
	JSONBool
	JSONNumber
	JSONString
	JSONArray
	JSONObject
)

// JSON is a parsed jsonb value.
type JSON struct {
	Kind   JSONKind
	Bool   bool
	Number *apd.Decimal
	Text   string
	Elems  []*JSON
	// Keys and Elems of an object are parallel, in jsonb's order: by length, then bytes.
	// As ParseRawJSON read it, they are in the order of the text, duplicates included.
	Keys []string
	Raw  string // the text of the node, from ParseRawJSON only
}

// clone copies what may be a part of the text that was parsed. Numbers are not.
func (j *JSON) clone() *JSON {
	out := *j
	out.Text, out.Raw = strings.Clone(j.Text), strings.Clone(j.Raw)
	out.Elems, out.Keys = slices.Clone(j.Elems), slices.Clone(j.Keys)
	for i, e := range out.Elems {
		out.Elems[i] = e.clone()
	}
	for i, k := range out.Keys {
		out.Keys[i] = strings.Clone(k)
	}
	return &out
}

func (j *JSON) size() int64 {
	size := int64(96 + len(j.Text))
	for _, k := range j.Keys {
		size += int64(16 + len(k))
	}
	for _, e := range j.Elems {
		size += e.size()
	}
	return size
}
