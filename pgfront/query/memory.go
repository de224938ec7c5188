package query

import (
	"runtime"
	"runtime/metrics"
	"sync"
	"time"

	"walle/pgfront/query/datum"
)

// Memory bounds what all statements of a process keep together. work_mem bounds one operator of
// one statement; there may be thousands, and each may have its full share. So operators that grow
// ask for the heap of the whole process, whatever it is made of, and the one that asks when there
// is too much of it ends with 53200. Any goroutine may call it.
type Memory struct {
	limit int64
	heap  func() int64 // bytes, garbage included
	free  func()       // gets rid of the garbage

	mu    sync.Mutex // guards freed
	freed time.Time
}

// NewMemory bounds the heap, in bytes.
func NewMemory(limit int64) *Memory {
	return &Memory{limit: limit, heap: heapBytes, free: runtime.GC}
}

func heapBytes() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// Check fails if there is too much on the heap for anybody to keep more. A nil Memory has no bound.
func (m *Memory) Check() error {
	if m == nil || m.heap() < m.limit {
		return nil
	}
	m.collect()
	if m.heap() < m.limit {
		return nil
	}
	m.mu.Lock()
	m.freed = time.Time{} // what is refused now is garbage soon, and room for others
	m.mu.Unlock()
	return datum.Errorf("53200", "out of memory").
		WithDetail("All statements of this node together need more than %d bytes.", m.limit).
		WithHint("Narrow the range that is read, or ask again when others have ended.")
}

// freeEvery is how often garbage is collected at most because the bound is reached.
const freeEvery = time.Second

// collect lets go what is garbage, unless that was done just before and nobody has been refused
// since. Others wait meanwhile.
func (m *Memory) collect() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.freed) >= freeEvery {
		m.free()
		m.freed = time.Now()
	}
}
