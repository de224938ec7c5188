package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"walle/replication/node"
)

// httpServer serves /metrics, /healthz and the profiles of /debug/pprof/.
type httpServer struct {
	server  *http.Server
	running sync.WaitGroup
}

// serveHTTP comes last, so that /healthz says that the node serves.
func (s *server) serveHTTP(context.Context) error {
	if s.cfg.HTTP == "" {
		return nil
	}
	listener, err := net.Listen("tcp", s.cfg.HTTP)
	if err != nil {
		return fmt.Errorf("listen for HTTP at --http %s: %w", s.cfg.HTTP, err)
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(s.metrics(), promhttp.HandlerOpts{}))
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	s.http = &httpServer{server: &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}}
	s.http.running.Go(func() {
		if err := s.http.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("HTTP is not served any more", "error", err)
		}
	})
	return nil
}

func (h *httpServer) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := h.server.Shutdown(ctx)
	if err != nil {
		err = h.server.Close()
	}
	h.running.Wait()
	return err
}

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
	gauge("walle_in_flight_bytes", "Bytes of appends that are in flight for sessions of this node. Sessions wait when it is 32 MiB.", func() float64 {
		return float64(s.engine.Held().InFlight)
	})
	gauge("walle_kept_bytes", "Bytes of committed entries that are kept for replicas that are behind.", func() float64 {
		return float64(s.engine.Held().Kept)
	})
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}
