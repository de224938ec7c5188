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

	"github.com/prometheus/client_golang/prometheus/promhttp"
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
