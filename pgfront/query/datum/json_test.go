package datum

import (
	"encoding/json"
	"testing"
)

// ScanMember must agree with the tree on every member, and say so where it leaves it to the tree.
func TestScanMember(t *testing.T) {
	for _, s := range []string{
		`{"a": 1, "b": {"a": [1, "}", {}]}, "c" : "xy" , "d":null,"a":-2.5}`, `{}`, `[1, {"a": 2}]`, ` { "k":true } `, `{"é":"ü","b":[]}`, `"a"`, ` 7 `,
	} {
		tree, err := ParseRawJSON(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"a", "b", "c", "d", "k", "é", "zz"} {
			raw, found, plain := ScanMember(s, key)
			want := ""
			if m := tree.Get(key); m != nil {
				want = m.Raw
			}
			if raw != want || found != (want != "") || !plain {
				t.Errorf("%s -> %s: %q, want %q", s, key, raw, want)
			}
		}
	}
	for _, s := range []string{`{"\u0061":1}`, `{"a":"\n"}`, `{"a":1e5}`, `{"a":1,}`, `{"a" 1}`, `{"a":1} x`, `{"a":01}`, "", "{", `{"a":"`, "{\"a\":\"\x01\"}"} {
		if _, _, plain := ScanMember(s, "a"); plain {
			t.Errorf("%s is taken for plain", s)
		}
	}
}

// FuzzJSON holds the scan of a document against encoding/json, and both parsers against the scan.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a": [1, -2.5e3, "x\u00e9\n"], "b": {"a": null}}`, `[true, false]`, `{"a":1,}`, `01`, `"\ud800"`, "\"\x1f\""} {
		f.Add(s, "a")
	}
	f.Fuzz(func(t *testing.T, s, key string) {
		if ValidText([]byte(s)) != nil || len(s) > maxJSONDepth {
			return
		}
		if got, want := validJSON(s) == nil, json.Valid([]byte(s)); got != want {
			t.Fatalf("%q: valid is %v, and %v to encoding/json", s, got, want)
		}
		raw, found, plain := ScanMember(s, key)
		if !plain {
			return
		}
		tree, err := ParseJSON(s)
		if err != nil {
			t.Fatalf("%q is plain, and no jsonb: %v", s, err)
		}
		if tree.Kind != JSONObject {
			return
		}
		member := tree.Get(key)
		if (member != nil) != found {
			t.Fatalf("%q -> %q: found is %v", s, key, found)
		}
		if found {
			if part, err := ParseJSON(raw); err != nil || CompareJSON(part, member) != 0 {
				t.Fatalf("%q -> %q: %q, %v", s, key, raw, err)
			}
		}
	})
}
