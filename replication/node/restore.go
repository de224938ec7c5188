package node

import (
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
	now := n.config.Clock.Now()
	var g errgroup.Group
	workers := min(4*runtime.GOMAXPROCS(0), len(streams))
	for worker := range workers {
		g.Go(func() error {
			for i := worker; i < len(streams); i += workers {
				var err error
				if loaded[i], err = n.load(streams[i], now); err != nil {
					return fmt.Errorf("load the replica of stream %d: %w", streams[i], err)
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, r := range loaded {
		if r.machine != nil {
			n.shardOf(streams[i]).add(streams[i], r.machine, r.gaps)
		}
	}
	return nil
}

// restored is a machine as storage has it; nil if storage has none.
type restored struct {
	machine *replication.Replica
	gaps    []replication.Gap
}

// load restores one machine. One that finds its state broken is an error.
func (n *Node) load(stream replication.StreamID, now replication.Time) (r restored, err error) {
	l, ok, err := n.config.Storage.Load(stream)
	if err != nil || !ok {
		return restored{}, err
	}
	defer func() {
		if v := recover(); v != nil {
			violation, ok := v.(replication.Violation)
			if !ok {
				panic(v)
			}
			err = violation
		}
	}()
	m := replication.RestoreReplica(n.config.Self, stream, l, now)
	return restored{machine: m, gaps: l.State.Gaps}, nil
}
