package datum

import "testing"

// FindMember must agree with the tree on every member.
func TestFindMember(t *testing.T) {
	for _, s := range []string{
		`{"a": 1, "b": {"a": [1, "}\"", {}]}, "c" : "x\"y" , "d":null,"a":-2.5e3}`, `{}`, `[1]`, ` { "k":true } `, `{"é":"ü","\u0061b":[]}`,
	} {
		tree, err := ParseRawJSON(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"a", "b", "c", "d", "k", "é", "ab", "zz"} {
			raw, ok := FindMember(s, key)
			want := ""
			if m := tree.Get(key); m != nil {
				want = m.Raw
			}
			if raw != want || ok != (want != "") {
				t.Errorf("%s -> %s: %q, want %q", s, key, raw, want)
			}
		}
	}
}
