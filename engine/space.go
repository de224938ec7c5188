package engine

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"walle/replication"
	"walle/replication/node"
)

// NodeSpace is how much room a node has on its disk.
type NodeSpace struct {
	Node  replication.NodeID
	Known bool // false: it did not say, and Space is zero
	node.Space
}

// Full reports whether the node takes no new entries.
func (s NodeSpace) Full() bool { return s.Room != node.RoomEnough }

// methodSpace asks a node for its room:
//
//	request  |      answer  | free 8 | total 8 | reserve 8 | room 1 |
const methodSpace = callPrefix + "space"

const (
	spaceAge      = 100 * time.Millisecond // for which an answer is good, so that thousands of refused appends ask once
	spacePatience = 250 * time.Millisecond // for a node that does not answer
)

// spaceSeen is what a node has answered, and when.
type spaceSeen struct {
	at replication.Time
	NodeSpace
}

// Spaces says how much room nodes have, in their order. It does not wait long
// for those that do not answer.
func (e *Engine) Spaces(ctx context.Context, nodes []replication.NodeID) []NodeSpace {
	ctx, cancel := context.WithTimeout(ctx, spacePatience)
	defer cancel()
	list := make([]NodeSpace, len(nodes))
	var asking sync.WaitGroup
	for i, n := range nodes {
		asking.Go(func() { list[i] = e.spaceOf(ctx, n) })
	}
	asking.Wait()
	return list
}

// sized is a storage that knows what a stream takes of the disk.
type sized interface {
	DiskUsage(replication.StreamID) (uint64, error)
}

// DiskUsage estimates how many bytes a stream's entries take of this node's disk; ok is false if
// it has no copy, or does not know.
func (e *Engine) DiskUsage(id replication.StreamID) (bytes uint64, ok bool, err error) {
	storage, ok := e.cfg.Storage.(sized)
	if !ok || !e.Hosts(id) {
		return 0, false, nil
	}
	if bytes, err = storage.DiskUsage(id); err != nil {
		return 0, false, e.failure("disk usage", id, err)
	}
	return bytes, true, nil
}

func (e *Engine) spaceOf(ctx context.Context, n replication.NodeID) NodeSpace {
	if n == e.cfg.Self {
		return NodeSpace{Node: n, Known: true, Space: e.cfg.Storage.Space()}
	}
	e.mu.Lock()
	seen, ok := e.spaces[n]
	e.mu.Unlock()
	if ok && e.cfg.Clock.Now().Sub(seen.at) < spaceAge {
		return seen.NodeSpace
	}
	answer := NodeSpace{Node: n}
	if body, err := e.cfg.Peers.Call(ctx, n, methodSpace, nil); err == nil {
		answer.Space, err = decodeSpace(body)
		answer.Known = err == nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.spaces[n] = spaceSeen{at: e.cfg.Clock.Now(), NodeSpace: answer}
	return answer
}

func encodeSpace(s node.Space) []byte {
	b := binary.BigEndian.AppendUint64(nil, s.Free)
	b = binary.BigEndian.AppendUint64(b, s.Total)
	b = binary.BigEndian.AppendUint64(b, s.Reserve)
	return append(b, byte(s.Room))
}

func decodeSpace(b []byte) (s node.Space, err error) {
	if len(b) != 25 || node.Room(b[24]) > node.RoomNone {
		return s, fmt.Errorf("%d bytes for the room on a disk", len(b))
	}
	return node.Space{
		Free: binary.BigEndian.Uint64(b), Total: binary.BigEndian.Uint64(b[8:]), Reserve: binary.BigEndian.Uint64(b[16:]),
		Room: node.Room(b[24]),
	}, nil
}
