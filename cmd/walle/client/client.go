// Package client connects to the nodes of a cluster as an application would.
package client

import (
	"context"
	"crypto/tls"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// Timeout is how long a node may take to accept a session.
const Timeout = 5 * time.Second

// Connect connects to the first host of cfg that answers.
func Connect(ctx context.Context, cfg *pgx.ConnConfig) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	return pgx.ConnectConfig(ctx, cfg)
}

// ConnectTo connects to another node as cfg does to the first.
func ConnectTo(ctx context.Context, cfg *pgx.ConnConfig, addr string) (*pgx.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, err
	}
	other := cfg.Copy()
	other.Host, other.Port = host, uint16(n)
	nameServer(other.TLSConfig, host)
	for _, f := range other.Fallbacks { // without TLS, if it may be
		f.Host, f.Port = host, uint16(n)
		nameServer(f.TLSConfig, host)
	}
	return Connect(ctx, other)
}

// nameServer has a certificate compared with another host's name, if it is
// compared with one at all.
func nameServer(c *tls.Config, host string) {
	if c != nil && c.ServerName != "" {
		c.ServerName = host
	}
}
