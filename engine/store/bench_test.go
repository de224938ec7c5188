package store_test

import (
	"fmt"
	"testing"

	"walle/engine/store"
	"walle/engine/store/storetest"
	"walle/replication"
	"walle/replication/node"
)

func openOnDisk(b *testing.B, dir string) *store.Store {
	b.Helper()
	s, err := store.Open(store.Config{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkApply appends to one stream, each batch synced, many under way. An
// op is an entry.
func BenchmarkApply(b *testing.B) {
	for _, size := range []int{100, 1024} {
		for _, batch := range []int{1, 32} {
			b.Run(fmt.Sprintf("size=%d/batch=%d", size, batch), func(b *testing.B) {
				s := openOnDisk(b, b.TempDir())
				b.SetBytes(int64(size))
				b.ReportAllocs()
				appendEntries(b, s, b.N, batch, size)
				b.StopTimer()
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}

// appendEntries appends n entries to stream 1 as the runtime would: one
// goroutine applies, another waits.
func appendEntries(b *testing.B, s *store.Store, n, batch, size int) {
	pending := make(chan node.Pending, 256)
	waited := make(chan error)
	go func() {
		var failed error
		for p := range pending {
			if err := p.Wait(); err != nil {
				failed = err
			}
		}
		waited <- failed
	}()
	log := storetest.Log{Term: 1}
	b.ResetTimer()
	for ; n > 0; n -= batch {
		entries := log.Sized(min(n, batch), size)
		p, err := s.Apply([]replication.Write{{Stream: 1, Entries: entries, Commit: log.Prev.ID}}, true)
		if err != nil {
			b.Fatal(err)
		}
		pending <- p
	}
	close(pending)
	if err := <-waited; err != nil {
		b.Fatal(err)
	}
}

// BenchmarkScan scans a stream of a million entries of 100 bytes that lie in
// tables. An op is an entry.
func BenchmarkScan(b *testing.B) {
	const stored = 1e6
	dir := b.TempDir()
	s := openOnDisk(b, dir)
	appendEntries(b, s, stored, 1000, 100)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	s = openOnDisk(b, dir) // reading the log back has made tables of all
	defer s.Close()
	for _, request := range []node.ScanRequest{
		{}, {Descending: true}, {NoData: true},
	} {
		request.Stream, request.To = 1, storetest.AllEntries
		b.Run(fmt.Sprintf("descending=%v/nodata=%v", request.Descending, request.NoData), func(b *testing.B) {
			b.ReportAllocs()
			for left := b.N; left > 0; {
				scan := s.Scan(request)
				for left > 0 && scan.Next() {
					left--
				}
				if err := scan.Err(); err != nil {
					b.Fatal(err)
				}
				scan.Close()
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

// BenchmarkLoad loads streams as a start does: 10,000 of them, each with entries.
func BenchmarkLoad(b *testing.B) {
	const streams = 10_000
	dir := b.TempDir()
	s := openOnDisk(b, dir)
	var writes []replication.Write
	for id := replication.StreamID(1); id <= streams; id++ {
		log := storetest.Log{Term: 1}
		writes = append(writes, replication.Write{Stream: id, State: &replication.State{First: 1}, Entries: log.Next(10), Commit: 10})
	}
	if p, err := s.Apply(writes, true); err != nil || p.Wait() != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	s = openOnDisk(b, dir)
	defer s.Close()
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if l, ok, err := s.Load(replication.StreamID(1 + i%streams)); !ok || err != nil || l.Tail == nil {
			b.Fatal(err)
		}
	}
}
