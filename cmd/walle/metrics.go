package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"walle/engine"
	"walle/replication/node"
)

// metrics are the process's, and what is cheap to read of the node.
func (s *server) metrics() *prometheus.Registry {
	r := prometheus.NewRegistry()
	gauge := func(name, help string, value func() float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	gauge("walle_catalog_version", "Entry of the system stream up to which this node knows the catalog.", func() float64 {
		return float64(s.catalog.Snapshot().Version())
	})
	gauge("walle_streams", "Streams in the catalog.", func() float64 { return float64(s.catalog.Snapshot().Len()) })
	gauge("walle_peers", "Other nodes that this node knows.", func() float64 { return float64(len(s.net.Peers())) })
	gauge("walle_peers_connected", "Other nodes that this node is connected to.", func() float64 {
		n := 0
		for _, p := range s.net.Peers() {
			if p.Connected {
				n++
			}
		}
		return float64(n)
	})
	gauge("walle_disk_bytes", "Bytes that the data directory takes.", func() float64 {
		return float64(s.store.Metrics().DiskSpaceUsage())
	})
	gauge("walle_disk_free_bytes", "Bytes that are free on the disk of the data directory.", func() float64 {
		return float64(s.store.Space().Free)
	})
	gauge("walle_disk_full", "1 while less is free than --min-free, and no new entries are taken; else 0.", func() float64 {
		if s.store.Space().Room != node.RoomEnough {
			return 1
		}
		return 0
	})
	gauge("walle_in_flight_bytes", "Bytes of appends that are in flight for sessions of this node. Sessions wait when it is 16 MiB.", func() float64 {
		return float64(s.engine.Held().InFlight)
	})
	gauge("walle_kept_bytes", "Bytes of committed entries that are kept for replicas that are behind.", func() float64 {
		return float64(s.engine.Held().Kept)
	})
	s.scrubMetrics(r)
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// scrubMetrics are those of the scrub, since the node started.
func (s *server) scrubMetrics(r *prometheus.Registry) {
	for _, m := range []struct {
		name, help string
		value      func(engine.ScrubTotals) uint64
	}{
		{"rounds", "Rounds over all replicas of this node that have ended.", func(t engine.ScrubTotals) uint64 { return t.Rounds }},
		{"entries", "Entries that were found in good order, counted anew in each round.", func(t engine.ScrubTotals) uint64 { return t.Entries }},
		{"bytes", "Bytes of data of these entries.", func(t engine.ScrubTotals) uint64 { return t.Bytes }},
		{"damaged_ranges", "Runs of damaged entries that were found.", func(t engine.ScrubTotals) uint64 { return t.Ranges }},
		{"damaged_entries", "Entries of these.", func(t engine.ScrubTotals) uint64 { return t.Damaged }},
		{"repaired_entries", "Damaged entries that are whole again, or trimmed.", func(t engine.ScrubTotals) uint64 { return t.Repaired }},
	} {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "walle_scrub_" + m.name + "_total", Help: m.help},
			func() float64 { return float64(m.value(s.engine.ScrubTotals())) }))
	}
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "walle_scrub_round_ratio", Help: "How much of the round that is under way is done, by replicas: from 0 to 1.",
	}, func() float64 {
		t := s.engine.ScrubTotals()
		return float64(t.Done) / float64(max(1, t.Replicas))
	}))
}
