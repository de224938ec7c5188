package storesim

import (
	"fmt"
	"io"
	"reflect"
	"sync/atomic"
)

// Stats counts what happened to storages, of many worlds at one time.
type Stats struct {
	Opens, Batches, Syncs, Flushes  atomic.Uint64
	Crashes, Stops                  atomic.Uint64 // without and with good order
	Lost, Kept                      atomic.Uint64 // batches that were not synced, over a crash
	Torn, Garbled                   atomic.Uint64 // ends of the log
	Breaks, Failures, FailedOpens   atomic.Uint64
	Rotten, Tables, DamagedInTables atomic.Uint64 // entries, tables, entries in these
	TablesSpared                    atomic.Uint64 // damage that would have taken what nobody else has
}

// Write prints all counters.
func (s *Stats) Write(out io.Writer) {
	v := reflect.ValueOf(s).Elem()
	for i := range v.NumField() {
		n := v.Field(i).Addr().Interface().(*atomic.Uint64).Load()
		fmt.Fprintf(out, "%-44s %14d\n", "storage: "+v.Type().Field(i).Name, n)
	}
}
