package pgfront

import (
	"net"
	"time"
)

// linkSettings are how a connection notices that its other end is gone.
type linkSettings struct {
	keepalive   net.KeepAliveConfig
	userTimeout time.Duration // 0 is as the system says
}

// tuneConnection has the system look after the connection as the settings say.
func (s *session) tuneConnection() {
	seconds := func(name string) time.Duration { return time.Duration(s.number(name)) * time.Second }
	now := linkSettings{
		keepalive: net.KeepAliveConfig{
			Enable: s.number("tcp_keepalives_idle") > 0, Idle: seconds("tcp_keepalives_idle"),
			Interval: seconds("tcp_keepalives_interval"), Count: int(s.number("tcp_keepalives_count")),
		},
		userTimeout: time.Duration(s.number("tcp_user_timeout")) * time.Millisecond,
	}
	if now == s.link {
		return
	}
	s.link = now
	conn, ok := s.conn.(*net.TCPConn)
	if !ok {
		return
	}
	// A connection that refuses is broken, which the next read will say.
	_ = conn.SetKeepAliveConfig(now.keepalive)
	_ = setUserTimeout(conn, now.userTimeout)
}
