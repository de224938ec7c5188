package query

import (
	"runtime"
	"testing"
)

// TestNodeMemory fails where an operator keeps more though the node's statements together have
// reached their bound, or where one is refused because of what is only garbage.
func TestNodeMemory(t *testing.T) {
	for _, sql := range []string{
		"select x from generate_series(1, 10000) x order by x desc",
		"select x, count(*) from generate_series(1, 10000) x group by x",
		"select array_agg(repeat('x', 1000)) from generate_series(1, 10000) x",
		"select count(*) from generate_series(1, 3) a join generate_series(1, 10000) b on a = b",
	} {
		for _, c := range []struct{ garbage, code string }{{"", "53200"}, {"all of it", ""}} {
			const limit = 1 << 30
			heap, collections := int64(limit), 0
			env := memEnv()
			env.Memory = &Memory{limit: limit, heap: func() int64 { return heap }, free: func() {
				collections++
				if c.garbage != "" {
					heap = 0
				}
			}}
			if a := ask(env, sql); codeOf(a.err) != c.code || collections != 1 {
				t.Errorf("%s with %q garbage: %v after %d collections", sql, c.garbage, a.err, collections)
			}
			heap, env.Memory.limit = 0, limit
			if a := ask(env, sql); a.err != nil {
				t.Errorf("%s with room: %v", sql, a.err)
			}
		}
	}
}

// TestHeapBytes fails where the bound looks at something that does not grow with what is kept.
func TestHeapBytes(t *testing.T) {
	runtime.GC() // what other tests have left does not go away meanwhile
	before := heapBytes()
	kept := make([]byte, 64<<20)
	if grown := heapBytes() - before; grown < int64(len(kept))/2 {
		t.Errorf("the heap has grown by %d bytes, not by %d", grown, len(kept))
	}
	runtime.KeepAlive(kept)
}
