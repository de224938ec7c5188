//go:build !linux

package pgfront

import (
	"net"
	"time"
)

// setUserTimeout does nothing: the system does not know of it.
func setUserTimeout(*net.TCPConn, time.Duration) error { return nil }
