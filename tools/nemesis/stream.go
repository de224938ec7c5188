package main

import (
	"sync"
	"sync/atomic"
	"time"

	"walle/tools/nemesis/history"
)

// A stream of the cluster under test, and its record.
type stream struct {
	*history.Stream
	replicas int
	trims    bool         // it is trimmed now and then
	writer   atomic.Int64 // the node of the last claim that succeeded; 0 before
	trimmed  atomic.Int64 // no entry from here on was ever asked to be dropped
	stats    *stats

	mu   sync.Mutex // guards what follows
	hits []hit      // faults after which no append has been acknowledged yet
}

// A hit is a fault that the stream's writer suffers from.
type hit struct {
	kind string
	at   time.Duration
}

func (s *stream) hit(kind string, at time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hits = append(s.hits, hit{kind, at})
}

// suffers reports whether no append has been acknowledged since the last hit.
func (s *stream) suffers() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.hits) > 0
}

// acknowledged ends the hits that came before an append was called.
func (s *stream) acknowledged(done history.Span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rest []hit
	for _, h := range s.hits {
		if h.at > done.Call {
			rest = append(rest, h)
			continue
		}
		s.stats.count(func() { s.stats.recovered[h.kind] = append(s.stats.recovered[h.kind], done.Return-h.at) })
	}
	s.hits = rest
}
