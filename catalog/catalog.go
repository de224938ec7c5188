package catalog

import (
	"context"
	"errors"
	"time"
)

// Catalog is one node's copy of the catalog, and its way to change it.
type Catalog struct{}

// Snapshot returns the catalog as this node knows it.
func (c *Catalog) Snapshot() *Snapshot { return &Snapshot{} }

// Watch returns a channel that is closed when the snapshot that is current now
// is replaced. Call it before Snapshot, so as to miss nothing.
func (c *Catalog) Watch() <-chan struct{} { return nil }

// CreateRequest asks for a new stream.
type CreateRequest struct {
	Name        string
	IfNotExists bool
	Replicas    int           // 0: three, or as many as there are nodes
	Members     []string      // names of nodes; nil lets the catalog choose
	Lease       time.Duration // 0: LeaseDefault
}

// CreateStream creates a stream and returns once this node's Snapshot shows it.
// With IfNotExists, one that exists is returned with created false.
func (c *Catalog) CreateStream(ctx context.Context, req CreateRequest) (d Desc, created bool, err error) {
	return Desc{}, false, errNotYet
}

// DropStream drops a stream for good; its id is never used again.
func (c *Catalog) DropStream(ctx context.Context, name string, ifExists bool) (dropped bool, err error) {
	return false, errNotYet
}

// AlterRequest asks for a change of a stream.
type AlterRequest struct {
	Name   string
	Rename string         // the new name, "" keeps it
	Lease  *time.Duration // nil keeps it
}

// AlterStream changes a stream and returns what it is now.
func (c *Catalog) AlterStream(ctx context.Context, req AlterRequest) (Desc, error) {
	return Desc{}, errNotYet
}

var errNotYet = errors.New("not built")
