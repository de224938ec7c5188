package grpcnet

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"walle/replication"
)

// ErrNotSent is in the chain of an error of Call, Scan or Hello when the other
// node surely did nothing: it could not be reached, or refused this node.
// Without it, and without an *Error, what became of a call is unknown.
var ErrNotSent = errors.New("not sent")

// Error is an error of a handler, as its caller on another node sees it: what
// that handler returned, if it had an *Error in its chain, else just the text.
type Error struct {
	Code    uint64 // the handlers' own, 0 if there is none
	Message string
	Body    []byte // more, in the handlers' own encoding
}

func (e *Error) Error() string { return e.Message }

func (e *Error) code(c *coder) {
	uvarint(c, &e.Code)
	text(c, &e.Message)
	payload(c, &e.Body)
}

func (e *Error) size() int { return 32 + len(e.Message) + len(e.Body) }

const errorKey = "walle-error-bin"

// maxError is how long the text and the body of an error may be: they travel in
// headers.
const maxError = 8 << 10

// request asks for method; answer is what came out.
type request struct {
	method string
	body   []byte
}

func (r *request) code(c *coder) {
	text(c, &r.method)
	payload(c, &r.body)
}

func (r *request) size() int { return 32 + len(r.method) + len(r.body) }

type answer struct{ body []byte }

func (a *answer) code(c *coder) { payload(c, &a.body) }
func (a *answer) size() int     { return 16 + len(a.body) }

// Call has node to answer a method, and returns what its handler returned. An
// *Error in the chain is the handler's; see ErrNotSent. Neither side may change
// a body afterwards.
func (n *Net) Call(ctx context.Context, to replication.NodeID, method string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s, err := n.ask(ctx, to, methodCall, &request{method, body})
	if err != nil {
		return nil, fmt.Errorf("call %q of %v: %w", method, to, err)
	}
	var a answer
	if err := s.RecvMsg(&a); err != nil {
		return nil, fmt.Errorf("call %q of %v: %w", method, to, answerError(s, err))
	}
	return a.body, nil
}

// ask opens a stream to a peer, shows the badge and sends one request.
func (n *Net) ask(ctx context.Context, to replication.NodeID, method string, req layout) (grpc.ClientStream, error) {
	p := n.peer(to)
	if p == nil {
		return nil, fmt.Errorf("%w: no such peer", ErrNotSent)
	}
	conn, err := p.asking(n)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	return open(n.show(ctx, to), conn, method, req)
}

func open(ctx context.Context, conn *grpc.ClientConn, method string, req layout) (grpc.ClientStream, error) {
	s, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotSent, streamError(err))
	}
	if err := s.SendMsg(req); err != nil && err != io.EOF { // EOF: RecvMsg tells why
		return nil, err
	}
	return s, s.CloseSend()
}

// answerError is why no answer came on s. It needs the end of s to have been
// seen.
func answerError(s grpc.ClientStream, err error) error {
	if values := s.Trailer().Get(errorKey); len(values) == 1 {
		e := new(Error)
		if bad := decode([]byte(values[0]), e); bad != nil {
			return bad
		}
		return e
	}
	if err = streamError(err); errors.Is(err, errNotAdmitted) {
		return fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	return err
}

// serveCall answers Call.
func (n *Net) serveCall(s grpc.ServerStream) error {
	p, err := n.admit(s.Context())
	if err != nil {
		return err
	}
	var r request
	if err := s.RecvMsg(&r); err != nil {
		return err
	}
	ctx, stop := n.during(s.Context())
	defer stop()
	body, err := n.handlers.Call(ctx, p.ID, r.method, r.body)
	if err != nil {
		return handlerError(s, err)
	}
	return s.SendMsg(&answer{body})
}

// during returns a context that ends with ctx, and at Close.
func (n *Net) during(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(n.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// handlerError sends the error of a handler as the end of s.
func handlerError(s grpc.ServerStream, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Message: err.Error()}
	}
	sent := Error{Code: e.Code, Message: e.Message[:min(len(e.Message), maxError)], Body: e.Body}
	if len(sent.Body) > maxError {
		sent.Body = nil
	}
	s.SetTrailer(metadata.Pairs(errorKey, string(encode(&sent))))
	return status.Error(codes.Aborted, "the handler failed")
}
