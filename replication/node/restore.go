package node

import (
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"walle/replication"
)

// restore loads every replica that storage holds, all before the first message
// is taken: a replica that is not there yet would have to be told from one that
// never was, and one with a gap would not fill it until somebody asked. It
// costs a few point reads a stream, so many are loaded at a time.
func (n *Node) restore() error {
	streams, err := n.config.Storage.Streams()
	if err != nil {
		return fmt.Errorf("list replicas: %w", err)
	}
	loaded := make([]restored, len(streams))
	var g errgroup.Group
	workers := min(4*runtime.GOMAXPROCS(0), len(streams))
	for worker := range workers {
		g.Go(func() error {
			for i := worker; i < len(streams); i += workers {
				var err error
				if loaded[i], err = n.load(streams[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, r := range loaded {
		n.shardOf(streams[i]).addRestored(streams[i], r)
	}
	return nil
}

// restored is what storage has of a replica: nothing, a machine, or damage.
type restored struct {
	machine *replication.Replica
	gaps    []replication.Gap
	damage  error
}

// load restores one machine. What is damaged, or makes no replica, is no error:
// the other streams have nothing to do with it.
func (n *Node) load(stream replication.StreamID) (r restored, err error) {
	l, ok, err := n.config.Storage.Load(stream)
	switch {
	case errors.Is(err, ErrDamaged):
		return restored{damage: err}, nil
	case err != nil:
		return restored{}, fmt.Errorf("load the replica of stream %d: %w", stream, err)
	case !ok:
		return restored{}, nil
	}
	defer func() {
		if v := recover(); v != nil {
			violation, ok := v.(replication.Violation)
			if !ok {
				panic(v)
			}
			r = restored{damage: violation}
		}
	}()
	m := replication.RestoreReplica(n.config.Self, stream, l, n.config.Clock.Now())
	return restored{machine: m, gaps: l.State.Gaps}, nil
}
