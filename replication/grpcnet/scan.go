package grpcnet

import (
	"context"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"walle/replication"
	"walle/replication/node"
)

// scanFrame is how many bytes of entries a scan sends at once.
const scanFrame = 64 << 10

// scanRequest is a node.ScanRequest on the wire.
type scanRequest struct{ node.ScanRequest }

func (r *scanRequest) code(c *coder) {
	uvarint(c, &r.Stream)
	uvarint(c, &r.From)
	uvarint(c, &r.To)
	flag(c, &r.Descending)
	flag(c, &r.NoData)
}

func (r *scanRequest) size() int { return fixedSize }

// batch is a frame of a scan: entries to its end, the first one in full. It is
// encoded entry by entry, because the handler's entries do not last.
type batch struct{ entries coder }

func (b *batch) code(c *coder) { c.b = append(c.b, b.entries.b...) }
func (b *batch) size() int     { return len(b.entries.b) }

// serveScan answers Scan.
func (n *Net) serveScan(s grpc.ServerStream) error {
	if _, err := n.admit(s.Context()); err != nil {
		return err
	}
	var r scanRequest
	if err := s.RecvMsg(&r); err != nil {
		return err
	}
	ctx, stop := n.during(s.Context())
	defer stop()
	out := scanWriter{stream: s}
	out.batch.entries = coder{writing: true, copying: true} // data lasts no longer than send
	if err := n.handlers.Scan(ctx, r.ScanRequest, out.send); err != nil {
		return handlerError(s, err)
	}
	return out.flush()
}

// scanWriter collects the entries of a scan into frames.
type scanWriter struct {
	stream grpc.ServerStream
	prev   cursor
	batch  batch
}

func (w *scanWriter) send(e *replication.Entry) error {
	if len(w.batch.entries.b)+len(e.Data) > scanFrame {
		if err := w.flush(); err != nil {
			return err
		}
	}
	w.prev.write(&w.batch.entries, e)
	return nil
}

func (w *scanWriter) flush() error {
	if len(w.batch.entries.b) == 0 {
		return nil
	}
	err := w.stream.SendMsg(&w.batch) // copies it
	w.batch.entries.b = w.batch.entries.b[:0]
	w.prev = cursor{}
	return err
}

// Scan iterates over what node to's Scan handler gives. It holds a frame at a
// time; how much more may be on its way is bounded by the connection's window.
// Errors are Call's.
func (n *Net) Scan(ctx context.Context, to replication.NodeID, req node.ScanRequest) (node.Scanner, error) {
	ctx, cancel := context.WithCancel(ctx)
	s, err := n.ask(ctx, to, methodScan, &scanRequest{req})
	if err != nil {
		cancel()
		return nil, fmt.Errorf("scan of stream %d on %v: %w", req.Stream, to, err)
	}
	return &scanner{stream: s, cancel: cancel, req: req, node: to}, nil
}

// scanner is a scan of another node. One goroutine uses it.
type scanner struct {
	stream grpc.ClientStream
	cancel context.CancelFunc
	req    node.ScanRequest
	node   replication.NodeID

	frame entryFrame
	prev  cursor
	entry replication.Entry
	done  bool
	err   error
}

// entryFrame is a batch as received: its bytes, decoded as they are asked for.
type entryFrame struct {
	rest coder
	room []byte // the bytes' memory, for one frame after the other
}

func (f *entryFrame) code(c *coder) { f.rest = coder{b: c.next(len(c.b))} }
func (f *entryFrame) size() int     { return 0 }

// buffer gives the codec the memory of the frame before, which is used up.
func (f *entryFrame) buffer(n int) []byte {
	if cap(f.room) < n {
		f.room = make([]byte, n)
	}
	return f.room[:n]
}

func (s *scanner) Next() bool {
	if s.done {
		return false
	}
	for len(s.frame.rest.b) == 0 {
		if err := s.stream.RecvMsg(&s.frame); err != nil {
			if err != io.EOF {
				s.fail(answerError(s.stream, err))
			}
			s.done = true
			return false
		}
		s.prev = cursor{}
	}
	s.prev.read(&s.frame.rest, &s.entry)
	if err := s.frame.rest.err; err != nil {
		s.fail(err)
		return false
	}
	if err := s.entry.Check(); err != nil && !s.req.NoData {
		s.fail(err)
		return false
	}
	return true
}

func (s *scanner) fail(err error) {
	s.done = true
	s.err = fmt.Errorf("scan of stream %d on %v: %w", s.req.Stream, s.node, err)
	s.cancel()
}

func (s *scanner) Entry() *replication.Entry { return &s.entry }
func (s *scanner) Err() error                { return s.err }

func (s *scanner) Close() error {
	s.done = true
	s.cancel()
	return nil
}
