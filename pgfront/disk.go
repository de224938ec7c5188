package pgfront

import (
	"context"
	"fmt"
	"strings"

	"walle/replication"
)

// fullDisks says which members of a stream have too little room, in sentences.
func (s *Server) fullDisks(stream replication.StreamID) string {
	snapshot := s.cfg.Catalog.Snapshot()
	var members []replication.NodeID
	if desc, ok := snapshot.StreamByID(stream); ok {
		members = desc.Config.Members
	} else { // the catalog's own
		for _, n := range snapshot.Nodes() {
			members = append(members, n.ID)
		}
	}
	var full []string
	for _, n := range s.cfg.Engine.Spaces(context.Background(), members) {
		if n.Full() {
			full = append(full, fmt.Sprintf("Node %s has %s of disk space free, and keeps %s in reserve.",
				nodeName(snapshot, n.Node), mebibytes(n.Free), mebibytes(n.Reserve)))
		}
	}
	return strings.Join(full, " ")
}

func mebibytes(n uint64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
