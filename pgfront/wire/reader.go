package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	// StartupMax bounds every message before a session is let in.
	StartupMax = 10_000
	// MessageMax bounds every message of a session. A group has to fit into one.
	MessageMax = 64 << 20
	// skipMost is how long a message may be to be passed over. A greater length is
	// taken for a sign that client and server have lost each other.
	skipMost = 1 << 30

	// bufferSize is what is read at once; longer messages get memory of their own.
	bufferSize = 64 << 10
	// growth is how much memory a long message is given before it has arrived.
	growth = 1 << 20
)

// ErrLength is wrapped by errors about a length that cannot be. What follows on
// the connection cannot be understood any more.
var ErrLength = errors.New("invalid message length")

// TooLongError is about a message that is longer than MessageMax, but not too
// long to pass over: that is what Skip is for.
type TooLongError struct{ Length int }

func (e *TooLongError) Error() string {
	return fmt.Sprintf("message of %d bytes, at most %d are allowed", e.Length, MessageMax)
}

// Reader cuts a connection's input into messages. One goroutine uses it.
type Reader struct {
	src        io.Reader
	buf        []byte // what was read: the part start..end is not consumed
	start, end int
	max        int    // bytes that a message may have
	long       []byte // the body of a message that is longer than buf
	skip       int64  // bytes of a message that was too long
}

// NewReader reads from src. Until Admit, messages are at most StartupMax long.
func NewReader(src io.Reader) *Reader {
	return &Reader{src: src, buf: make([]byte, bufferSize), max: StartupMax}
}

// Admit allows messages of up to MessageMax from now on.
func (r *Reader) Admit() { r.max = MessageMax }

// Buffered reports whether there is input that was received and not consumed:
// the client goes on without waiting for an answer.
func (r *Reader) Buffered() bool { return r.end > r.start }

// Startup returns the body of a message without a type: StartupMessage,
// SSLRequest, GSSENCRequest, CancelRequest. It is valid until the next call.
func (r *Reader) Startup() ([]byte, error) {
	head, err := r.peek(4)
	if err != nil {
		return nil, err
	}
	return r.body(head, 4)
}

// Message returns a message's type and body. The body is valid until the next
// call. An io.EOF means that the client is gone between two messages. After a
// *TooLongError, which comes with the type, nothing can be read before Skip.
func (r *Reader) Message() (kind byte, body []byte, err error) {
	head, err := r.peek(5)
	if err != nil {
		return 0, nil, err
	}
	kind = head[0]
	body, err = r.body(head[1:], 5)
	return kind, body, err
}

// ErrFull is Fill's answer when the client has sent more than is read ahead.
var ErrFull = errors.New("input buffer full")

// Fill waits for input without consuming any, so that a session which is busy
// notices when its client is gone. What Message returned last is not valid any
// more.
func (r *Reader) Fill() error {
	if r.start > 0 {
		copy(r.buf, r.buf[r.start:r.end])
		r.start, r.end = 0, r.end-r.start
	}
	if r.end == len(r.buf) {
		return ErrFull
	}
	n, err := r.src.Read(r.buf[r.end:])
	r.end += n
	return err
}

// body consumes a message whose length stands in length and whose body begins
// head bytes from here.
func (r *Reader) body(length []byte, head int) ([]byte, error) {
	n := int64(int32(binary.BigEndian.Uint32(length))) - 4
	switch {
	case n < 0:
		return nil, fmt.Errorf("%w: %d", ErrLength, n+4)
	case n > int64(r.max) && r.max == MessageMax && n <= skipMost:
		r.start += head
		r.skip = n
		return nil, &TooLongError{Length: int(n)}
	case n > int64(r.max):
		return nil, fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrLength, n, r.max)
	case int(n) > len(r.buf)-head:
		r.start += head
		return r.longBody(int(n))
	}
	frame, err := r.peek(head + int(n))
	if err != nil {
		return nil, unexpected(err)
	}
	r.start += len(frame)
	return frame[head:], nil
}

// Skip passes over the body of the message that was too long.
func (r *Reader) Skip() error {
	have := min(r.skip, int64(r.end-r.start))
	r.start += int(have)
	if _, err := io.CopyN(io.Discard, r.src, r.skip-have); err != nil {
		return unexpected(err)
	}
	r.skip = 0
	return nil
}

// peek returns the next n bytes, n <= len(buf), without consuming them.
func (r *Reader) peek(n int) ([]byte, error) {
	for r.end-r.start < n {
		if r.start > 0 && r.start+n > len(r.buf) || r.start == r.end {
			copy(r.buf, r.buf[r.start:r.end])
			r.start, r.end = 0, r.end-r.start
		}
		m, err := r.src.Read(r.buf[r.end:])
		r.end += m
		if m == 0 && err != nil {
			if err == io.EOF && r.end > r.start {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	return r.buf[r.start : r.start+n], nil
}

// longBody reads a body that does not fit into the buffer, in memory that grows
// with what arrives.
func (r *Reader) longBody(n int) ([]byte, error) {
	r.long = append(r.long[:0], r.buf[r.start:min(r.end, r.start+n)]...)
	r.start += len(r.long)
	for len(r.long) < n {
		have := len(r.long)
		want := min(n, have+max(growth, have))
		if cap(r.long) < want {
			r.long = append(make([]byte, 0, want), r.long...)
		}
		m, err := io.ReadFull(r.src, r.long[have:want])
		r.long = r.long[:have+m]
		if err != nil {
			return nil, unexpected(err)
		}
	}
	body := r.long
	if cap(r.long) > growth {
		r.long = nil // do not keep the memory of one long message
	}
	return body, nil
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
