package engine

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"walle/replication"
	"walle/replication/grpcnet"
	"walle/replication/node"
)

// otherMembers lists the members of c but self, in an order that differs from
// node to node, so that not all read from the same.
func otherMembers(c replication.Configuration, self replication.NodeID) []replication.NodeID {
	others := slices.DeleteFunc(slices.Clone(c.Members), func(m replication.NodeID) bool { return m == self })
	if n := len(others); n > 1 {
		turn := int(uint64(self) % uint64(n))
		others = slices.Concat(others[turn:], others[:turn])
	}
	return others
}

// memberScan is a scan of another member. It lives as long as its reader needs,
// over many calls of Next with a context each.
type memberScan struct {
	scan   node.Scanner
	cancel context.CancelFunc
}

func (e *Engine) scanMember(ctx context.Context, member replication.NodeID, run node.ScanRequest) (*memberScan, error) {
	life, cancel := context.WithCancel(e.closing)
	stop := context.AfterFunc(ctx, cancel) // while it opens
	scan, err := e.cfg.Peers.Scan(life, member, run)
	stop()
	if err != nil {
		cancel()
		return nil, err
	}
	return &memberScan{scan: scan, cancel: cancel}, nil
}

func (m *memberScan) Close() error {
	m.cancel()
	return m.scan.Close()
}

// ServeScan gives another node committed entries of this node's replica. It may
// end before the last one asked for: if it cannot go on, who asks again from
// there is told why.
func (e *Engine) ServeScan(ctx context.Context, req node.ScanRequest, send func(*replication.Entry) error) error {
	p, ok := e.node.Progress(req.Stream)
	if !ok {
		return ToPeer(e.absent("read", req.Stream))
	}
	read := ReadRequest{Stream: req.Stream, From: req.From, To: req.To, Descending: req.Descending, NoData: req.NoData}
	commit := p.Commit()
	if req.Descending && req.To > commit {
		return ToPeer(&Error{Op: "read", Stream: req.Stream, Kind: KindNoQuorum, Entry: req.To,
			Err: fmt.Errorf("this member knows the commit up to %d", commit)})
	}
	s := e.newScanner(read, Bounds{First: p.First(), Commit: commit})
	s.here = true
	sent := false
	for s.Next(ctx) {
		if err := send(s.Entry()); err != nil {
			return err
		}
		sent = true
	}
	if sent { // an error would overtake the entries that are on their way
		return nil
	}
	return ToPeer(s.Err())
}

// callPrefix begins the name of every method that this package serves.
const callPrefix = "engine/"

// methodBounds asks for a replica's bounds once its commit is above an entry,
// or a time has passed:
//
//	request  | stream 8 | after 8 | wait ms 8 |      answer  | first 8 | commit 8 |
const methodBounds = callPrefix + "bounds"

// longestWait is how long a member keeps a question for its bounds open.
const longestWait = 20 * time.Second

// Serves reports whether a call is for ServeCall.
func (e *Engine) Serves(method string) bool { return strings.HasPrefix(method, callPrefix) }

// ServeCall answers a call of another node's engine.
func (e *Engine) ServeCall(ctx context.Context, method string, body []byte) ([]byte, error) {
	switch {
	case method == methodSpace:
		return encodeSpace(e.cfg.Storage.Space()), nil
	case method == methodScrubbed && len(body)%8 == 0:
		return e.serveScrubbed(body), nil
	case method == methodDamage && len(body) == 8:
		return []byte(e.damageHere(replication.StreamID(binary.BigEndian.Uint64(body)))), nil
	case method != methodBounds || len(body) != 24:
		return nil, ToPeer(&Error{Op: "call", Kind: KindUnsupported, Err: fmt.Errorf("method %q with %d bytes", method, len(body))})
	}
	id := replication.StreamID(binary.BigEndian.Uint64(body))
	after := replication.EntryID(binary.BigEndian.Uint64(body[8:]))
	wait := min(longestWait, time.Duration(binary.BigEndian.Uint64(body[16:]))*time.Millisecond)
	b, err := e.boundsHere(ctx, id, after, wait)
	if err != nil {
		return nil, ToPeer(err)
	}
	out := binary.BigEndian.AppendUint64(nil, uint64(b.First))
	return binary.BigEndian.AppendUint64(out, uint64(b.Commit)), nil
}

// askBounds is the other side of methodBounds.
func (e *Engine) askBounds(ctx context.Context, member replication.NodeID, id replication.StreamID, after replication.EntryID, wait time.Duration) (Bounds, error) {
	body := binary.BigEndian.AppendUint64(nil, uint64(id))
	body = binary.BigEndian.AppendUint64(body, uint64(after))
	body = binary.BigEndian.AppendUint64(body, uint64(wait.Milliseconds()))
	ctx, cancel := context.WithTimeout(ctx, wait+e.cfg.QuestionTimeout)
	defer cancel()
	answer, err := e.cfg.Peers.Call(ctx, member, methodBounds, body)
	if err != nil {
		return Bounds{}, FromPeer(err)
	}
	if len(answer) != 16 {
		return Bounds{}, fmt.Errorf("node %v answered %d bytes for the bounds of stream %d", member, len(answer), id)
	}
	return Bounds{
		First:  replication.EntryID(binary.BigEndian.Uint64(answer)),
		Commit: replication.EntryID(binary.BigEndian.Uint64(answer[8:])),
	}, nil
}

// ErrNotSent is in the chain of an error of Call when the other node surely did
// nothing.
var ErrNotSent = grpcnet.ErrNotSent

// ToPeer dresses an error for the way to another node, where FromPeer makes an
// *Error of it again.
func ToPeer(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	sent := *e
	sent.Err = nil
	body, jerr := json.Marshal(sent)
	if jerr != nil {
		return errors.Join(err, jerr)
	}
	message := ""
	if e.Err != nil {
		message = e.Err.Error()
	}
	return &grpcnet.Error{Code: uint64(e.Kind), Message: message, Body: body}
}

// FromPeer is the reverse of ToPeer. An error of the network stays what it is.
func FromPeer(err error) error {
	var g *grpcnet.Error
	if !errors.As(err, &g) || len(g.Body) == 0 {
		return err
	}
	e := new(Error)
	if jerr := json.Unmarshal(g.Body, e); jerr != nil {
		return errors.Join(err, jerr)
	}
	if g.Message != "" {
		e.Err = errors.New(g.Message)
	}
	return e
}
