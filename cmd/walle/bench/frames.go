package bench

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"
)

// frames takes the messages of a server out of what it sends, without decoding
// them: a load of many small answers would otherwise measure its client.
type frames struct {
	from    io.Reader
	now     func() time.Duration
	buf     []byte
	next    int           // the first byte of buf that is not taken
	end     int           // behind the last byte of buf that was read
	arrival time.Duration // of the last byte that was read
}

const (
	frameHead = 5 // kind, and a length that counts itself
	frameMost = 64 << 20
)

func newFrames(from io.Reader, now func() time.Duration) *frames {
	return &frames{from: from, now: now, buf: make([]byte, 128<<10)}
}

// length of the first frame, head included, or of as much of it as is known.
func (f *frames) length() int {
	if f.end-f.next < frameHead {
		return frameHead
	}
	return 1 + int(binary.BigEndian.Uint32(f.buf[f.next+1:]))
}

// ready reports whether take will not have to wait.
func (f *frames) ready() bool {
	return f.end-f.next >= frameHead && f.end-f.next >= f.length()
}

// take returns the next frame. Its body is valid until the next call.
func (f *frames) take() (kind byte, body []byte, err error) {
	for !f.ready() {
		if err := f.fill(); err != nil {
			return 0, nil, err
		}
	}
	n := f.length()
	if n < frameHead {
		return 0, nil, fmt.Errorf("the server sent a frame of length %d", n-1)
	}
	frame := f.buf[f.next : f.next+n]
	f.next += n
	return frame[0], frame[frameHead:], nil
}

// fill reads what there is to read, behind what is there.
func (f *frames) fill() error {
	n := f.length()
	if n > frameMost {
		return fmt.Errorf("the server sent a frame of length %d", n-1)
	}
	if f.next > 0 {
		f.end = copy(f.buf, f.buf[f.next:f.end])
		f.next = 0
	}
	if n > len(f.buf) {
		f.buf = append(f.buf, make([]byte, n)...)
	}
	got, err := f.from.Read(f.buf[f.end:])
	f.end += got
	f.arrival = f.now()
	if got > 0 {
		return nil
	}
	return err
}
