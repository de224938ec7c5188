package grpcnet

import (
	"context"
	"encoding/json"
	"fmt"

	"google.golang.org/grpc"
)

// Hello is how two nodes introduce themselves while a cluster forms, before
// either knows the other's identity. It is JSON on the wire: nodes of two
// versions can still tell each other so.
type Hello struct {
	Node    Peer
	Cluster uint64 // 0: in none yet
	Version string // of the program
	Members []Peer // of the cluster, as this node knows it
}

// hello is the JSON of a Hello.
type hello struct{ json []byte }

func (h *hello) code(c *coder) {
	if c.writing {
		c.b = append(c.b, h.json...)
		return
	}
	h.json = c.next(len(c.b))
}

func (h *hello) size() int { return len(h.json) }

// Hello introduces this node to whoever listens at addr, and returns what that
// one says of itself. An *Error in the chain is its handler's.
func (n *Net) Hello(ctx context.Context, addr string, h Hello) (Hello, error) {
	answer, err := n.hello(ctx, addr, h)
	if err != nil {
		return Hello{}, fmt.Errorf("hello to %s: %w", addr, err)
	}
	return answer, nil
}

func (n *Net) hello(ctx context.Context, addr string, h Hello) (answer Hello, err error) {
	ctx, cancel := n.during(ctx)
	defer cancel()
	out, err := json.Marshal(h)
	if err != nil {
		return answer, err
	}
	conn, err := n.newConn(addr, askWindow)
	if err != nil {
		return answer, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	defer conn.Close()
	s, err := open(ctx, conn, methodHello, &hello{out})
	if err != nil {
		return answer, err
	}
	var in hello
	if err := s.RecvMsg(&in); err != nil {
		return answer, answerError(s, err)
	}
	return answer, json.Unmarshal(in.json, &answer)
}

// serveHello answers Hello, of anybody.
func (n *Net) serveHello(s grpc.ServerStream) error {
	var in hello
	if err := s.RecvMsg(&in); err != nil {
		return err
	}
	var h Hello
	if err := json.Unmarshal(in.json, &h); err != nil {
		return handlerError(s, fmt.Errorf("hello: %w", err))
	}
	ctx, stop := n.during(s.Context())
	defer stop()
	answer, err := n.handlers.Hello(ctx, h)
	if err != nil {
		return handlerError(s, err)
	}
	out, err := json.Marshal(answer)
	if err != nil {
		return handlerError(s, err)
	}
	return s.SendMsg(&hello{out})
}
