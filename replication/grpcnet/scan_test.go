package grpcnet

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"walle/replication"
	"walle/replication/node"
)

// log is a source of sealed entries, and remembers how many were asked for.
type log struct {
	size  int // of every entry's data
	fail  error
	given atomic.Int64
	ended chan error // what send said last
}

func (l *log) scan(_ context.Context, req node.ScanRequest, send func(*replication.Entry) error) error {
	data := make([]byte, l.size) // one memory for all entries, as an iterator's
	id, step := req.From, replication.EntryID(1)
	if req.Descending {
		id, step = req.To, ^replication.EntryID(0)
	}
	for ; id >= req.From && id <= req.To; id += step {
		for i := range data {
			data[i] = byte(id)
		}
		e := replication.Entry{ID: id, Term: 1 + replication.Term(id)/1000, AppendedAt: int64(id) / 10, GroupEnd: id%3 == 0, Data: data}
		e.Seal(replication.Chain(id))
		if req.NoData {
			e.Data = nil
		}
		l.given.Add(1)
		if err := send(&e); err != nil {
			l.ended <- err
			return err
		}
	}
	return l.fail
}

func scanned(t testing.TB, size int, fail error) (*host, *log) {
	l := &log{size: size, fail: fail, ended: make(chan error, 1)}
	a, b := newHost(t, 1, Handlers{}), newHost(t, 2, Handlers{Scan: l.scan})
	join(t, a, b)
	return a, l
}

// TestScan would fail if entries came changed, twice, not at all or in another
// order, small or large, in either direction.
func TestScan(t *testing.T) {
	for _, size := range []int{0, 100, copyBelow, 3 * scanFrame} {
		for _, descending := range []bool{false, true} {
			a, _ := scanned(t, size, nil)
			req := node.ScanRequest{Stream: 4, From: 100, To: 250, Descending: descending}
			s, err := a.Scan(context.Background(), 2, req)
			if err != nil {
				t.Fatal(err)
			}
			want := req.From
			if descending {
				want = req.To
			}
			for s.Next() {
				e := s.Entry()
				if e.ID != want || !bytes.Equal(e.Data, bytes.Repeat([]byte{byte(e.ID)}, size)) || e.GroupEnd != (e.ID%3 == 0) {
					t.Fatalf("got %v of %d bytes, want entry %d of %d", e, len(e.Data), want, size)
				}
				if descending {
					want--
				} else {
					want++
				}
			}
			if s.Err() != nil || want != req.To+1 && want != req.From-1 {
				t.Errorf("ended before %d with %v", want, s.Err())
			}
			if s.Close(); s.Next() {
				t.Error("Next after Close")
			}
		}
	}
}

// TestScanNoData would fail if a scan of headers demanded that checksums fit.
func TestScanNoData(t *testing.T) {
	a, _ := scanned(t, 100, nil)
	s, err := a.Scan(context.Background(), 2, node.ScanRequest{From: 1, To: 10, NoData: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	n := 0
	for s.Next() {
		n++
	}
	if n != 10 || s.Err() != nil {
		t.Errorf("%d entries, %v", n, s.Err())
	}
}

// TestScanError would fail if a scan that broke off looked like one that ended.
func TestScanError(t *testing.T) {
	a, _ := scanned(t, 10, &Error{Code: 5, Message: "entry 11 is damaged"})
	s, err := a.Scan(context.Background(), 2, node.ScanRequest{From: 1, To: 10})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for s.Next() {
	}
	var e *Error
	if !errors.As(s.Err(), &e) || e.Code != 5 {
		t.Errorf("got %v", s.Err())
	}
	if _, err := a.Scan(context.Background(), 9, node.ScanRequest{}); !errors.Is(err, ErrNotSent) {
		t.Errorf("a scan of nobody failed with %v", err)
	}
}

// TestScanAbandoned would fail if a scan that nobody reads ran on, or filled the
// memory of either side.
func TestScanAbandoned(t *testing.T) {
	const size = 32 << 10
	a, l := scanned(t, size, nil)
	s, err := a.Scan(context.Background(), 2, node.ScanRequest{From: 1, To: 1 << 40})
	if err != nil {
		t.Fatal(err)
	}
	if !s.Next() {
		t.Fatal(s.Err())
	}
	s.Close()
	if err := <-l.ended; err == nil {
		t.Error("send had no error after Close")
	}
	if bytes := l.given.Load() * size; bytes > 8*askWindow {
		t.Errorf("%d bytes were sent without a reader", bytes)
	}
}

// BenchmarkScan reads entries of 100 bytes from another node.
func BenchmarkScan(b *testing.B) {
	a, _ := scanned(b, 100, nil)
	b.ReportAllocs()
	b.ResetTimer()
	s, err := a.Scan(context.Background(), 2, node.ScanRequest{From: 1, To: replication.EntryID(b.N)})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	n := 0
	for s.Next() {
		n++
	}
	if n != b.N || s.Err() != nil {
		b.Fatalf("%d of %d entries, %v", n, b.N, s.Err())
	}
}
