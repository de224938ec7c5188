package datum

import "github.com/cockroachdb/apd/v3"

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
