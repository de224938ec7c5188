package catalog

import (
	"time"

	"walle/replication"
)

// Desc describes a stream. It is never changed in place.
type Desc struct {
	ID        replication.StreamID
	Name      string
	Config    replication.Configuration
	Lease     time.Duration // what a claim gets that asks for none
	CreatedAt time.Time
}

// Node describes a node of the cluster.
type Node struct {
	ID       replication.NodeID
	Name     string
	PeerAddr string // where other nodes reach it
	SQLAddr  string // where clients reach it
	Version  string // of its program
}

// Bounds of what streams may ask for.
const (
	LeaseDefault = 10 * time.Second
	LeaseMin     = 100 * time.Millisecond
	LeaseMax     = time.Hour

	// NameMax is how many bytes a stream's name may have, as PostgreSQL's.
	NameMax = 63
)
