package node_test

import (
	"testing"

	"walle/replication"
	"walle/replication/node"
)

// BenchmarkAppend is the path of an append over three nodes in one process,
// without a network or a disk: one writer, 1 KiB entries, 1,000 in flight.
func BenchmarkAppend(b *testing.B) {
	for name, inFlight := range map[string]int{"inflight=1": 1, "inflight=1000": 1000} {
		b.Run(name, func(b *testing.B) { benchmarkAppend(b, inFlight) })
	}
}

func benchmarkAppend(b *testing.B, inFlight int) {
	c := newCluster(b, 3)
	c.host(stream)
	for _, m := range c.stores {
		m.forget = true
	}
	w := c.claim(1, stream, node.ClaimWait)
	free := make(chan struct{}, inFlight)
	for range inFlight {
		free <- struct{}{}
	}
	failed := 0
	done := func(r replication.Reply) {
		if r.Outcome != replication.Applied {
			failed++
		}
		free <- struct{}{}
	}
	payload := make([]byte, 1024)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		<-free
		if err := w.Append([][]byte{payload}, node.AppendOptions{}, done); err != nil {
			b.Fatal(err)
		}
	}
	for range inFlight {
		<-free
	}
	b.StopTimer()
	if failed > 0 {
		b.Fatalf("%d appends failed", failed)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
}
