package sql

import (
	"fmt"
	"sync"
	"testing"
)

// A cache that forgot what is used all the time would parse every statement.
func TestCacheKeepsWhatIsUsed(t *testing.T) {
	c := NewCache(CacheLimits{Entries: 8, Bytes: 1 << 20})
	hot := "INSERT INTO s VALUES ($1)"
	first, err := c.ParseOne(hot)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		if _, err := c.ParseOne(fmt.Sprint("SELECT ", i)); err != nil {
			t.Fatal(err)
		}
		again, err := c.ParseOne(hot)
		if err != nil || again != first {
			t.Fatalf("after %d other texts: got %p, %v, want the same statement %p", i, again, err, first)
		}
	}
}

// A cache without bounds is a leak that any client can fill.
func TestCacheIsBounded(t *testing.T) {
	for _, limits := range []CacheLimits{
		{},
		{Entries: 1, Bytes: 1 << 20},
		{Entries: 5, Bytes: 1 << 20},
		{Entries: 1 << 20, Bytes: 64 << 10},
	} {
		c := NewCache(limits)
		for i := range 500 {
			if _, err := c.Parse(fmt.Sprintf("SELECT %d, '%0*d'", i, i%100, 0)); err != nil {
				t.Fatal(err)
			}
			if len(c.byText) != len(c.ring) || len(c.ring) > limits.Entries || c.bytes > limits.Bytes {
				t.Fatalf("%+v: %d texts, %d in the ring, %d bytes", limits, len(c.byText), len(c.ring), c.bytes)
			}
		}
		if limits.Entries > 0 && len(c.ring) == 0 {
			t.Fatalf("%+v: nothing is kept", limits)
		}
	}
}

// One text must mean the same statement in every session.
func TestCacheIsShared(t *testing.T) {
	c := NewCache(CacheLimits{Entries: 4, Bytes: 1 << 20})
	var sessions sync.WaitGroup
	for session := range 8 {
		sessions.Go(func() {
			for i := range 200 {
				query := fmt.Sprint("TRIM STREAM s TO ", (session+i)%10)
				s, err := c.ParseOne(query)
				if err != nil || s.Text() != query {
					t.Errorf("%q gave %v, %v", query, s, err)
					return
				}
			}
		})
	}
	sessions.Wait()
}

func TestCacheDoesNotKeepErrors(t *testing.T) {
	c := NewCache(CacheLimits{Entries: 4, Bytes: 1 << 20})
	for range 2 {
		if _, err := c.Parse("SELECT FROM FROM"); err == nil {
			t.Fatal("no error")
		}
	}
	if len(c.ring) != 0 {
		t.Fatal("an error was kept")
	}
	if _, err := c.ParseOne("SELECT 1; SELECT 2"); err == nil {
		t.Fatal("two statements passed for one")
	}
}

func BenchmarkCache(b *testing.B) {
	c := NewCache(CacheLimits{Entries: 100, Bytes: 1 << 20})
	for b.Loop() {
		if _, err := c.ParseOne("INSERT INTO orders (data) VALUES ($1)"); err != nil {
			b.Fatal(err)
		}
	}
}
