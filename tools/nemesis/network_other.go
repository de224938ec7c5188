//go:build !linux

package main

import (
	"context"
	"errors"
	"net"
	"os/exec"
)

// network is made of what only Linux has.
type network struct{}

func openNetwork(int) (*network, error) {
	return nil, errors.New("a network of namespaces needs Linux")
}

func (*network) addr(int) string                  { return "" }
func (*network) impose(*rule) (lift func())       { return func() {} }
func (*network) start(_ int, cmd *exec.Cmd) error { return cmd.Start() }
func (*network) Close() error                     { return nil }

func (*network) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, network, addr)
}

func leash(*exec.Cmd) {}

func mountMemory(string, int64) error { return errors.New("a disk in memory needs Linux") }
func unmount(string) error            { return nil }
