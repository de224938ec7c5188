package bench

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// probed is what an append cannot do without, measured in the same run: how much
// more an append takes can then be told on any machine.
type probed struct {
	Fsync     float64 `json:"fsync_p50_ms"`      // of a file that has grown by an entry
	RoundTrip float64 `json:"round_trip_p50_ms"` // of an entry over loopback, answered by a byte
	Dir       string  `json:"dir"`
}

// least is what an append takes at least.
func (p *probed) least() float64 { return p.Fsync + p.RoundTrip }

const (
	probeTime = 300 * time.Millisecond
	// memoryFsync is faster than any disk.
	memoryFsync = 0.005
)

// probe measures in dir and over loopback, with entries of so many bytes.
func probe(ctx context.Context, dir string, size int) (*probed, error) {
	fsync, err := probeFsync(ctx, dir, size)
	if err != nil {
		return nil, err
	}
	trip, err := probeLoopback(ctx, size)
	if err != nil {
		return nil, err
	}
	return &probed{Fsync: fsync, RoundTrip: trip, Dir: dir}, nil
}

// median is how long act takes, in milliseconds.
func median(ctx context.Context, act func() error) (float64, error) {
	h := hdrhistogram.New(1, int64(latencyMost), 3)
	for began := time.Now(); time.Since(began) < probeTime && ctx.Err() == nil; {
		t := time.Now()
		if err := act(); err != nil {
			return 0, err
		}
		_ = h.RecordValue(int64(time.Since(t))) // it is in range
	}
	return milliseconds(h.ValueAtQuantile(50)), nil
}

func probeFsync(ctx context.Context, dir string, size int) (ms float64, err error) {
	f, err := os.CreateTemp(dir, "fsync-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	entry := make([]byte, size)
	return median(ctx, func() error {
		if _, err := f.Write(entry); err != nil {
			return err
		}
		return f.Sync()
	})
}

func probeLoopback(ctx context.Context, size int) (ms float64, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	answered := make(chan error, 1)
	go func() { answered <- answerProbes(listener, size) }()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return 0, err
	}
	entry, answer := make([]byte, size), make([]byte, 1)
	ms, err = median(ctx, func() error {
		if _, err := conn.Write(entry); err != nil {
			return err
		}
		_, err := io.ReadFull(conn, answer)
		return err
	})
	return ms, errors.Join(err, conn.Close(), <-answered)
}

func answerProbes(listener net.Listener, size int) error {
	conn, err := listener.Accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	entry := make([]byte, size)
	for {
		if _, err := io.ReadFull(conn, entry); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if _, err := conn.Write(entry[:1]); err != nil {
			return err
		}
	}
}
