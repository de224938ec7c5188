package node_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"walle/replication"
	"walle/replication/node"
)

// spoiled is a memory in which the state of one stream cannot be read.
type spoiled struct {
	*memory
	stream   replication.StreamID
	unlisted bool // nor its name
}

func (s spoiled) Load(id replication.StreamID) (replication.Loaded, bool, error) {
	if id == s.stream {
		return replication.Loaded{}, false, fmt.Errorf("bits have flipped: %w", node.ErrDamaged)
	}
	return s.memory.Load(id)
}

func (s spoiled) Streams() ([]replication.StreamID, error) {
	if s.unlisted {
		return nil, nil
	}
	return s.memory.Streams()
}

// openOn opens n1 alone, on a storage.
func openOn(t *testing.T, s node.Storage) *node.Node {
	t.Helper()
	net := &network{peers: make(map[replication.NodeID]*node.Node)}
	n, err := node.Open(node.Config{
		Self: 1, Storage: s, Transport: wire{net: net, self: 1}, Clock: &clock{}, Random: func() uint64 { return 1 },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

// A damaged replica must not keep the node from opening, must not take part in
// anything, and above all must not start anew when it is hosted again.
func TestQuarantine(t *testing.T) {
	alone := replication.Configuration{Number: 1, Members: []replication.NodeID{1}}
	for name, spoil := range map[string]func(*memory) node.Storage{
		"state":          func(m *memory) node.Storage { return spoiled{memory: m, stream: 5} },
		"state and name": func(m *memory) node.Storage { return spoiled{memory: m, stream: 5, unlisted: true} },
		"missing tail": func(m *memory) node.Storage {
			m.streams[5].commit = 10
			return m
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				m.streams[5] = &stored{state: replication.State{Config: alone, First: 1}}
				m.streams[6] = &stored{state: replication.State{Config: alone, First: 1}}
				n := openOn(t, spoil(m))
				for _, stream := range []replication.StreamID{5, 6} {
					if err := n.Host(stream, alone); err != nil {
						t.Fatal(err)
					}
				}
				var broken replication.Violation
				if why := n.Quarantined(5); !errors.Is(why, node.ErrDamaged) && !errors.As(why, &broken) {
					t.Fatalf("stream 5 is quarantined for %v", why)
				}
				if _, ok := n.Progress(5); ok {
					t.Fatal("the damaged replica shows progress")
				}
				if _, ok := n.Progress(6); !ok || n.Quarantined(6) != nil {
					t.Fatal("the other stream is not served")
				}
				for _, question := range []replication.Message{replication.Probe{}, replication.Prepare{Term: 7}} {
					got := n.Ask(t.Context(), 5, alone, question, 1)[1]
					if r, ok := got.(replication.Refused); !ok || r.Reason != replication.RefusedDamaged {
						t.Fatalf("%v is answered with %v", question, got)
					}
				}
				for _, batch := range m.appliedSoFar() {
					if slices.Contains(batch.streams, 5) {
						t.Fatalf("the damaged replica has written: %+v", batch)
					}
				}
				// Dropping the stream is the way out.
				if err := n.Unhost(5); err != nil {
					t.Fatal(err)
				}
				if m.streams[5] != nil || n.Quarantined(5) != nil {
					t.Fatal("it was not dropped")
				}
			})
		})
	}
}
