package engine_test

import (
	"fmt"
	"testing"
	"time"

	"walle/engine"
)

// BenchmarkAppend has one session append to three replicas in one process, with
// so many appends in flight.
func BenchmarkAppend(b *testing.B) {
	for _, inFlight := range []int{1, 1000} {
		b.Run(fmt.Sprintf("%d in flight", inFlight), func(b *testing.B) {
			f := newFixture(b, 3)
			c := f.claim(0, engine.Wait, 10*time.Second)
			data := make([]byte, 1024)
			slots := make(chan error, inFlight)
			for range inFlight {
				slots <- nil
			}
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if err := <-slots; err != nil {
					b.Fatal(err)
				}
				err := c.Append(f.ctx, engine.AppendRequest{Payloads: [][]byte{data}}, func(r engine.AppendResult) { slots <- r.Err })
				if err != nil {
					b.Fatal(err)
				}
			}
			for range inFlight {
				if err := <-slots; err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRead reads entries on a node with a replica and on one without.
func BenchmarkRead(b *testing.B) {
	f := newFixture(b, 4, 0, 1, 2)
	c := f.claim(0, engine.Wait, 10*time.Second)
	const entries = 100_000
	for range entries / 1000 {
		f.mustAppend(c, 1000)
	}
	for _, place := range []struct {
		name string
		node int
	}{{"here", 1}, {"elsewhere", 3}} {
		b.Run(place.name, func(b *testing.B) {
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				s, err := f.Nodes[place.node].Engine.Read(f.ctx, engine.ReadRequest{Stream: stream, Config: f.config})
				if err != nil {
					b.Fatal(err)
				}
				for s.Next(f.ctx) {
					n++
				}
				if err := s.Err(); err != nil {
					b.Fatal(err)
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}
