package grpcnet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"walle/replication"
)

// TestCall would fail if a call did not carry its method and body, of any size,
// or its answer.
func TestCall(t *testing.T) {
	a := newHost(t, 1, Handlers{})
	b := newHost(t, 2, Handlers{Call: func(_ context.Context, from replication.NodeID, method string, body []byte) ([]byte, error) {
		return append([]byte(fmt.Sprintf("%v %s ", from, method)), body...), nil
	}})
	join(t, a, b)
	for _, size := range []int{0, 10, copyBelow, 20 << 20} {
		body := bytes.Repeat([]byte{'x'}, size)
		got, err := a.Call(context.Background(), 2, "create", body)
		if err != nil || !bytes.Equal(got, append([]byte("n1 create "), body...)) {
			t.Errorf("%d bytes: got %d, %v", size, len(got), err)
		}
	}
}

// TestCallError would fail if the caller could not tell by code what went wrong
// on the other node.
func TestCallError(t *testing.T) {
	body := bytes.Repeat([]byte{1}, maxError)
	a := newHost(t, 1, Handlers{Call: func(_ context.Context, _ replication.NodeID, method string, _ []byte) ([]byte, error) {
		if method == "plain" {
			return nil, errors.New("just a text")
		}
		return nil, fmt.Errorf("wrapped: %w", &Error{Code: 42, Message: "stream exists", Body: body})
	}})
	b := newHost(t, 2, Handlers{})
	join(t, a, b)
	_, err := b.Call(context.Background(), 1, "create", nil)
	var e *Error
	if !errors.As(err, &e) || e.Code != 42 || e.Message != "stream exists" || !bytes.Equal(e.Body, body) || errors.Is(err, ErrNotSent) {
		t.Errorf("got %v", err)
	}
	if _, err = b.Call(context.Background(), 1, "plain", nil); !errors.As(err, &e) || e.Code != 0 || e.Message != "just a text" {
		t.Errorf("got %v", err)
	}
	if _, err = a.Call(context.Background(), 2, "unserved", nil); !errors.As(err, &e) {
		t.Errorf("a node without a handler answered %v", err)
	}
}

// TestCallOutcome would fail if a call that was surely not carried out could
// not be told from one that may have been.
func TestCallOutcome(t *testing.T) {
	started := make(chan struct{}, 1)
	a := newHost(t, 1, Handlers{})
	b := newHost(t, 2, Handlers{Call: func(ctx context.Context, _ replication.NodeID, _ string, _ []byte) ([]byte, error) {
		started <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	join(t, a, b)

	if _, err := a.Call(context.Background(), 9, "m", nil); !errors.Is(err, ErrNotSent) {
		t.Errorf("a call to nobody failed with %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-started; cancel() }()
	if _, err := a.Call(ctx, 2, "m", nil); !errors.Is(err, context.Canceled) || errors.Is(err, ErrNotSent) {
		t.Errorf("a cancelled call failed with %v", err)
	}
	ctx, cancel = context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := a.Call(ctx, 2, "m", nil); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrNotSent) {
		t.Errorf("a call that took too long failed with %v", err)
	}
	b.Close()
	var err error
	for tries := 0; tries < 100 && !errors.Is(err, ErrNotSent); tries++ { // the connection's end may not have been seen yet
		_, err = a.Call(context.Background(), 2, "m", nil)
	}
	if !errors.Is(err, ErrNotSent) {
		t.Errorf("a call to a closed node failed with %v", err)
	}
}

// TestHello would fail if nodes that know nothing of each other could not
// introduce themselves, or if one that refuses could not say why.
func TestHello(t *testing.T) {
	answer := Hello{Node: Peer{ID: 2, Name: "b", Addr: "b:7433"}, Cluster: 1<<64 - 1, Version: "v2", Members: []Peer{{ID: 1<<63 + 1, Name: "c"}}}
	b := listen(t, Config{Self: Peer{ID: 2, Name: "b"}}, "127.0.0.1:0", Handlers{Hello: func(_ context.Context, h Hello) (Hello, error) {
		if h.Node.Name != "a" {
			return Hello{}, &Error{Code: 3, Message: "who are you, " + h.Node.Name}
		}
		return answer, nil
	}})
	a, err := Listen(Config{Self: Peer{ID: 1, Name: "a"}}, "127.0.0.1:0") // in no cluster, and not serving yet
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	got, err := a.Hello(context.Background(), b.Addr(), Hello{Node: Peer{ID: 1, Name: "a"}})
	if err != nil || fmt.Sprint(got) != fmt.Sprint(answer) {
		t.Errorf("got %+v, %v", got, err)
	}
	var e *Error
	if _, err = a.Hello(context.Background(), b.Addr(), Hello{Node: Peer{Name: "x"}}); !errors.As(err, &e) || e.Code != 3 {
		t.Errorf("got %v", err)
	}
	if _, err = a.Hello(context.Background(), "127.0.0.1:1", Hello{}); !errors.Is(err, ErrNotSent) {
		t.Errorf("hello to nobody failed with %v", err)
	}
}

// TestFormation would fail if a node that joined its cluster after it began to
// listen did not connect.
func TestFormation(t *testing.T) {
	a, err := Listen(Config{Self: Peer{ID: 1, Name: "a"}, RetryMin: time.Millisecond}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	early := &host{Net: a, got: make(chan replication.Envelope, 1)}
	b := newHost(t, 2, Handlers{})
	early.SetPeers([]Peer{b.asPeer()})
	b.SetPeers([]Peer{early.asPeer()})
	if _, err := b.Call(shortly(t), 1, "m", nil); err == nil {
		t.Error("a call was answered before Serve")
	}
	a.Serve(Handlers{Deliver: early.deliver})
	if _, err := b.Call(context.Background(), 1, "m", nil); err == nil || !strings.Contains(err.Error(), "belongs to no cluster yet") {
		t.Errorf("a call failed with %v", err)
	}
	a.SetCluster(testCluster)
	early.await(t, "all lanes are up", allUp)
	b.Send([]replication.Envelope{{To: 1, Msg: replication.Probe{}}})
	early.receive(t)
}

// shortly is a context for what must fail.
func shortly(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}
