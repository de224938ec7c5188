package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/cespare/xxhash/v2"

	"walle/replication"
)

const (
	stateVersion  = 1
	commitVersion = 1
	sealSize      = 8
)

var (
	errShort    = errors.New("value ends too early")
	errTrailing = errors.New("value goes on after its end")
	errSeal     = errors.New("value does not match its checksum")
)

// encodeState returns the value of a stream's state.
func encodeState(stream replication.StreamID, st *replication.State) []byte {
	b := make([]byte, 0, 160+len(st.Holder)+8*len(st.Config.Members)+16*len(st.History)+40*len(st.Gaps))
	b = append(b, stateVersion)
	b = appendWord(b, st.Config.Number)
	b = appendCount(b, len(st.Config.Members))
	for _, m := range st.Config.Members {
		b = appendWord(b, m)
	}
	b = appendWord(b, st.Promised)
	b = appendWord(b, st.Claim.Node)
	b = appendWord(b, st.Claim.Nonce)
	b = appendCount(b, len(st.Holder))
	b = append(b, st.Holder...)
	b = appendWord(b, st.Lease)
	b = appendWord(b, st.Wait)
	if st.Released {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	b = appendCount(b, len(st.History))
	for _, s := range st.History {
		b = appendWord(b, s.Term)
		b = appendWord(b, s.Start)
	}
	b = appendWord(b, st.First)
	b = appendWord(b, st.Base.ID)
	b = appendWord(b, st.Base.Chain)
	b = appendWord(b, st.BaseAt)
	b = appendCount(b, len(st.Gaps))
	for _, g := range st.Gaps {
		b = appendWord(b, g.Lo)
		b = appendWord(b, g.Hi)
		b = appendWord(b, g.LoChain)
		b = appendWord(b, g.HiChain)
		b = appendWord(b, g.HiAt)
	}
	return appendSeal(b, stream)
}

// decodeState is the inverse of encodeState. It keeps nothing of value.
func decodeState(stream replication.StreamID, value []byte) (st replication.State, err error) {
	body, err := checkSeal(stream, value, stateVersion)
	if err != nil {
		return st, err
	}
	f := fields{rest: body}
	st.Config.Number = word[replication.ConfigNumber](&f)
	st.Config.Members = list(&f, 8, word[replication.NodeID])
	st.Promised = word[replication.Term](&f)
	st.Claim.Node = word[replication.NodeID](&f)
	st.Claim.Nonce = word[uint64](&f)
	st.Holder = string(f.take(f.count(1)))
	st.Lease = word[time.Duration](&f)
	st.Wait = word[time.Duration](&f)
	st.Released = f.flag()
	st.History = list(&f, 16, func(f *fields) replication.Segment {
		return replication.Segment{Term: word[replication.Term](f), Start: word[replication.EntryID](f)}
	})
	st.First = word[replication.EntryID](&f)
	st.Base.ID = word[replication.EntryID](&f)
	st.Base.Chain = word[replication.Chain](&f)
	st.BaseAt = word[int64](&f)
	st.Gaps = list(&f, 40, func(f *fields) replication.Gap {
		return replication.Gap{
			Lo: word[replication.EntryID](f), Hi: word[replication.EntryID](f),
			LoChain: word[replication.Chain](f), HiChain: word[replication.Chain](f),
			HiAt: word[int64](f),
		}
	})
	if f.err == nil && len(f.rest) > 0 {
		f.err = errTrailing
	}
	if f.err != nil {
		return replication.State{}, f.err
	}
	return st, nil
}

// encodeCommit returns the value of a stream's commit.
func encodeCommit(stream replication.StreamID, id replication.EntryID) []byte {
	b := append(make([]byte, 0, 1+8+sealSize), commitVersion)
	return appendSeal(appendWord(b, id), stream)
}

// decodeCommit is the inverse of encodeCommit.
func decodeCommit(stream replication.StreamID, value []byte) (replication.EntryID, error) {
	body, err := checkSeal(stream, value, commitVersion)
	if err != nil {
		return 0, err
	}
	if len(body) != 8 {
		return 0, fmt.Errorf("commit of %d bytes", len(body))
	}
	return replication.EntryID(binary.LittleEndian.Uint64(body)), nil
}

// appendSeal ends a value with the checksum of its bytes and of the stream it
// belongs to, so that a value under the wrong key is found out too.
func appendSeal(b []byte, stream replication.StreamID) []byte {
	return binary.LittleEndian.AppendUint64(b, sealOf(stream, b))
}

func sealOf(stream replication.StreamID, b []byte) uint64 {
	var d xxhash.Digest
	d.ResetWithSeed(uint64(stream))
	d.Write(b) // never fails
	return d.Sum64()
}

// checkSeal returns what stands between a value's version and its seal.
func checkSeal(stream replication.StreamID, value []byte, version byte) ([]byte, error) {
	if len(value) < 1+sealSize {
		return nil, errShort
	}
	body := value[:len(value)-sealSize]
	if sealOf(stream, body) != binary.LittleEndian.Uint64(value[len(body):]) {
		return nil, errSeal
	}
	if body[0] != version {
		return nil, fmt.Errorf("value has version %d, not %d", body[0], version)
	}
	return body[1:], nil
}

func appendWord[T ~uint64 | ~int64](b []byte, v T) []byte {
	return binary.LittleEndian.AppendUint64(b, uint64(v))
}

func appendCount(b []byte, n int) []byte { return binary.LittleEndian.AppendUint32(b, uint32(n)) }

// fields takes a value apart. After its first error it yields zeros, so that a
// decoder asks for the error once, at its end.
type fields struct {
	rest []byte
	err  error
}

// take returns the next n bytes.
func (f *fields) take(n int) []byte {
	if f.err != nil || n > len(f.rest) {
		f.err, f.rest = errShort, nil
		return nil
	}
	b := f.rest[:n]
	f.rest = f.rest[n:]
	return b
}

// count returns the next count, of things of at least size bytes each. One that
// the rest can't hold is an error here, before anything is made for it.
func (f *fields) count(size int) int {
	b := f.take(4)
	if b == nil {
		return 0
	}
	n := binary.LittleEndian.Uint32(b)
	if uint64(n)*uint64(size) > uint64(len(f.rest)) {
		f.err, f.rest = errShort, nil
		return 0
	}
	return int(n)
}

// flag returns the next byte, which is 0 or 1.
func (f *fields) flag() bool {
	b := f.take(1)
	if b == nil {
		return false
	}
	if b[0] > 1 {
		f.err, f.rest = fmt.Errorf("flag is %d", b[0]), nil
	}
	return b[0] == 1
}

// word returns the next eight bytes.
func word[T ~uint64 | ~int64](f *fields) T {
	b := f.take(8)
	if b == nil {
		return 0
	}
	return T(binary.LittleEndian.Uint64(b))
}

// list returns the next count and as many elements of size bytes; nil if none.
func list[T any](f *fields, size int, element func(*fields) T) []T {
	n := f.count(size)
	if n == 0 {
		return nil
	}
	out := make([]T, n)
	for i := range out {
		out[i] = element(f)
	}
	return out
}
