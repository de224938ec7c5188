package pgfront

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
)

// TestOutboxOrder says that everything reaches the client in its order, whatever
// the order of the answers, and that asides come between messages, once each.
func TestOutboxOrder(t *testing.T) {
	client, server := net.Pipe()
	o := newOutbox(server, outboxLimits{items: 10, bytes: 500}, func(error) []byte { return []byte("!") })
	received := make(chan []byte)
	go func() {
		all, _ := io.ReadAll(client)
		received <- all
	}()
	var want bytes.Buffer
	var answers sync.WaitGroup
	broken := errors.New("broken")
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		line := fmt.Sprintf("<%d>", i)
		if random.IntN(3) == 0 {
			want.WriteString(line)
			if err := o.send([]byte(line)); err != nil {
				t.Fatal(err)
			}
			continue
		}
		it := &item{bytes: []byte("keep" + line), keep: 4}
		if err := o.sendWhen(it); err != nil {
			t.Fatal(err)
		}
		var outcome error
		if random.IntN(4) == 0 {
			outcome = broken
			want.WriteString("keep!")
		} else {
			want.WriteString("keep" + line)
		}
		answers.Go(func() {
			o.answer(it, outcome)
			o.answer(it, broken) // a second answer does not count
		})
		if random.IntN(50) == 0 {
			answers.Go(func() { o.notify([]byte("{}")) })
		}
	}
	if err := o.settle(context.Background()); err != nil {
		t.Fatal(err)
	}
	answers.Wait()
	o.close(nil)
	server.Close()
	got := <-received
	if asides := bytes.Count(got, []byte("{}")); asides == 0 || asides > 80 {
		t.Errorf("%d asides", asides)
	}
	if got = bytes.ReplaceAll(got, []byte("{}"), nil); !bytes.Equal(got, want.Bytes()) {
		t.Errorf("got %d bytes, want %d in their order", len(got), want.Len())
	}
}

// TestOutboxBounds says that a session waits while its client reads nothing, and
// goes on when the connection breaks.
func TestOutboxBounds(t *testing.T) {
	client, server := net.Pipe()
	o := newOutbox(server, outboxLimits{items: 3, bytes: 1 << 20}, nil)
	sent := make(chan int)
	go func() {
		defer close(sent)
		for i := range 100 {
			it := &item{bytes: []byte("x")}
			if o.sendWhen(it) != nil {
				return
			}
			o.answer(it, nil)
			sent <- i
		}
	}()
	for range 3 { // more than these cannot be: one is being written, three wait
		<-sent
	}
	client.Close()
	last := 0
	for last = range sent {
	}
	if last > 10 {
		t.Errorf("%d items were taken for a client that was gone", last)
	}
	o.close(nil)
	if o.broken() == nil {
		t.Error("the broken connection was not noticed")
	}
}

// TestOutboxAbandon says that who gives up waiting is answered at once.
func TestOutboxAbandon(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	o := newOutbox(server, outboxDefault, func(err error) []byte { return []byte(err.Error()) })
	it := &item{bytes: []byte("applied")}
	if err := o.sendWhen(it); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if o.settle(ctx) == nil {
		t.Error("settled with an append in flight")
	}
	o.abandon()
	buf := make([]byte, 100)
	n, err := client.Read(buf)
	if err != nil || !strings.Contains(string(buf[:n]), "unknown") {
		t.Errorf("read %q, %v", buf[:n], err)
	}
	o.answer(it, nil) // too late
	o.close(nil)
}

// TestOutboxLatest says that of the notifications with one key which could not
// be sent the last one is, whether they are held or the client does not read.
func TestOutboxLatest(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	o := newOutbox(server, outboxDefault, nil)
	notify := func(key string, messages ...string) {
		for _, m := range messages {
			o.notifyLatest(key, []byte(m))
		}
	}
	receive := func(want string) {
		t.Helper()
		buf := make([]byte, len(want))
		if _, err := io.ReadFull(client, buf); err != nil || string(buf) != want {
			t.Fatalf("received %q, %v, want %q", buf, err, want)
		}
	}
	o.hold(true)
	notify("a", "<a1>", "<a2>", "<a3>")
	notify("b", "<b1>", "<b2>")
	o.forgetLatest("b")
	o.notify([]byte("{}")) // is not held
	receive("{")           // what follows has to wait until the rest is read
	o.hold(false)
	receive("}<")
	notify("a", "<a4>", "<a5>", "<a6>")
	notify("b", "<b3>")
	o.forgetLatest("a")
	notify("a", "<a7>")
	o.forgetLatest("b")
	receive("a3><a7>")
	o.close(nil)
}
