package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

func frame(kind byte, body []byte) []byte {
	out := binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(body)+4))
	return append(out, body...)
}

// TestReaderMessages says that messages come out as they went in, whatever the
// pieces that they arrive in.
func TestReaderMessages(t *testing.T) {
	var in []byte
	var bodies [][]byte
	for _, n := range []int{0, 1, 5, 1000, bufferSize - 5, bufferSize - 4, bufferSize, 3 * growth, 7} {
		b := bytes.Repeat([]byte{byte(n)}, n)
		bodies = append(bodies, b)
		in = append(in, frame('Q', b)...)
	}
	for name, src := range map[string]io.Reader{
		"whole": bytes.NewReader(in), "halves": iotest.HalfReader(bytes.NewReader(in)), "bytes": iotest.OneByteReader(bytes.NewReader(in)),
	} {
		r := NewReader(src)
		r.Admit()
		for i, want := range bodies {
			kind, got, err := r.Message()
			if err != nil || kind != 'Q' || !bytes.Equal(got, want) {
				t.Fatalf("%s: message %d: %c, %d bytes, %v; want %d bytes", name, i, kind, len(got), err, len(want))
			}
		}
		if _, _, err := r.Message(); err != io.EOF {
			t.Fatalf("%s: after the last message: %v", name, err)
		}
	}
}

// TestReaderLengths says that impossible lengths are refused before the body is
// waited for.
func TestReaderLengths(t *testing.T) {
	for _, n := range []uint32{0, 3, 1 << 31, 1<<32 - 1, StartupMax + 5} {
		r := NewReader(bytes.NewReader(binary.BigEndian.AppendUint32([]byte{'Q'}, n)))
		if _, _, err := r.Message(); !errors.Is(err, ErrLength) {
			t.Errorf("length %d: %v", n, err)
		}
	}
	r := NewReader(bytes.NewReader(frame('Q', make([]byte, 100))[:50]))
	if _, _, err := r.Message(); err != io.ErrUnexpectedEOF {
		t.Errorf("half a message: %v", err)
	}
}

// FuzzReader says that no input makes the reader panic or hand out more than it
// was given.
func FuzzReader(f *testing.F) {
	f.Add([]byte("Q\x00\x00\x00\x08abcd"))
	f.Add([]byte("Q\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, in []byte) {
		r := NewReader(bytes.NewReader(in))
		r.Admit()
		total := 0
		for {
			_, body, err := r.Message()
			if err != nil {
				break
			}
			total += len(body) + 5
		}
		if total > len(in) {
			t.Fatalf("%d bytes out of %d", total, len(in))
		}
	})
}
