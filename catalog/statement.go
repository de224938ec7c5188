package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"

	"walle/engine"
	"walle/replication"
)

// CreateRequest asks for a new stream.
type CreateRequest struct {
	Name        string
	IfNotExists bool
	Replicas    int           // 0: as many as Members, or three, or as many as there are nodes
	Members     []string      // names of nodes; nil lets the catalog choose
	Lease       time.Duration // 0: LeaseDefault
}

// replicasDefault is how many replicas a stream gets that asks for no number.
const replicasDefault = 3

// CreateStream creates a stream and returns once this node's Snapshot shows it.
// With IfNotExists, one that exists is returned with created false.
func (c *Catalog) CreateStream(ctx context.Context, req CreateRequest) (d Desc, created bool, err error) {
	ch, err := newStream(c.Snapshot(), req)
	if err != nil {
		return Desc{}, false, named(err, req.Name)
	}
	d, exists, err := c.lookup(ctx, req.Name, true)
	if err == nil && !exists {
		var out outcome
		out, err = c.propose(ctx, "create", ch)
		d, exists = out.desc, engine.KindOf(err) == engine.KindExists
		if !exists {
			return d, err == nil, named(err, req.Name)
		}
		err = nil
	}
	if err != nil {
		return Desc{}, false, named(err, req.Name)
	}
	if !req.IfNotExists {
		return Desc{}, false, existsError("create", req.Name)
	}
	return d, false, nil
}

// DropStream drops a stream for good; its id is never used again.
func (c *Catalog) DropStream(ctx context.Context, name string, ifExists bool) (dropped bool, err error) {
	d, ok, err := c.lookup(ctx, name, false)
	if err != nil {
		return false, named(err, name)
	}
	if ok {
		_, err = c.propose(ctx, "drop", &streamDropped{ID: d.ID})
	}
	if !ok || engine.KindOf(err) == engine.KindNoStream {
		if ifExists {
			return false, nil
		}
		return false, &engine.Error{Op: "drop", Name: name, Kind: engine.KindNoStream}
	}
	return err == nil, named(err, name)
}

// AlterRequest asks for a change of a stream.
type AlterRequest struct {
	Name   string
	Rename string         // the new name, "" keeps it
	Lease  *time.Duration // nil keeps it
}

// AlterStream changes a stream and returns what it is now.
func (c *Catalog) AlterStream(ctx context.Context, req AlterRequest) (Desc, error) {
	ch := &streamAltered{Name: req.Rename}
	if req.Rename != "" {
		if err := checkName(req.Rename); err != nil {
			return Desc{}, err
		}
	}
	if req.Lease != nil {
		if err := checkLease(*req.Lease); err != nil {
			return Desc{}, named(err, req.Name)
		}
		ch.Lease = *req.Lease
	}
	d, ok, err := c.lookup(ctx, req.Name, false)
	if err != nil {
		return Desc{}, named(err, req.Name)
	}
	if !ok {
		return Desc{}, &engine.Error{Op: "alter", Name: req.Name, Kind: engine.KindNoStream}
	}
	ch.ID = d.ID
	out, err := c.propose(ctx, "alter", ch)
	return out.desc, named(err, req.Name)
}

// lookup finds a stream by its name. What this node does not know yet may have
// happened on another: if the snapshot shows what the caller does not hope for,
// it looks again in a fresh one.
func (c *Catalog) lookup(ctx context.Context, name string, hopeMissing bool) (Desc, bool, error) {
	if d, ok := c.Snapshot().Stream(name); ok != hopeMissing {
		return d, ok, nil
	}
	s, err := c.Refresh(ctx)
	if err != nil {
		return Desc{}, false, err
	}
	d, ok := s.Stream(name)
	return d, ok, nil
}

// named puts the stream's name into err, unless it has one.
func named(err error, name string) error {
	var e *engine.Error
	if !errors.As(err, &e) || e.Name != "" {
		return err
	}
	with := *e
	with.Name = name
	return &with
}

// newStream returns the change that req asks for.
func newStream(s *Snapshot, req CreateRequest) (*streamCreated, error) {
	if err := checkName(req.Name); err != nil {
		return nil, err
	}
	lease := req.Lease
	if lease == 0 {
		lease = LeaseDefault
	}
	if err := checkLease(lease); err != nil {
		return nil, err
	}
	var members []replication.NodeID
	var err error
	if req.Members != nil {
		members, err = namedMembers(s, req)
	} else {
		members, err = chosenMembers(s, req)
	}
	if err != nil {
		return nil, err
	}
	slices.Sort(members)
	return &streamCreated{Name: req.Name, Members: members, Lease: lease}, nil
}

func namedMembers(s *Snapshot, req CreateRequest) ([]replication.NodeID, error) {
	if len(req.Members) == 0 || req.Replicas != 0 && req.Replicas != len(req.Members) {
		return nil, invalid(fmt.Sprintf("There are %d members, and replicas is %d.", len(req.Members), req.Replicas),
			"Give one of the two options only.")
	}
	var members []replication.NodeID
	for _, name := range req.Members {
		n, ok := s.Node(name)
		if !ok {
			return nil, invalid(fmt.Sprintf("There is no node %q.", name), fmt.Sprintf("The nodes are %s.", nodeNames(s)))
		}
		if slices.Contains(members, n.ID) {
			return nil, invalid(fmt.Sprintf("Node %q is named twice.", name), "Each member holds one replica.")
		}
		members = append(members, n.ID)
	}
	return members, nil
}

// chosenMembers takes the nodes with the fewest streams. Among equals the
// stream's name decides, so that streams made at once do not pile up.
func chosenMembers(s *Snapshot, req CreateRequest) ([]replication.NodeID, error) {
	n := req.Replicas
	if n == 0 {
		n = min(replicasDefault, len(s.nodes))
	}
	if n < 1 || n > len(s.nodes) {
		return nil, invalid(fmt.Sprintf("%d replicas are asked for, and there are %d nodes.", n, len(s.nodes)),
			fmt.Sprintf("replicas is at least 1, and at most the number of nodes: %s.", nodeNames(s)))
	}
	type candidate struct {
		loadedNode
		rank uint64
	}
	nodes := make([]candidate, len(s.nodes))
	for i, l := range s.nodes {
		nodes[i] = candidate{l, xxhash.Sum64String(req.Name + "\x00" + l.Name)}
	}
	slices.SortFunc(nodes, func(a, b candidate) int {
		if a.streams != b.streams {
			return a.streams - b.streams
		}
		if a.rank < b.rank {
			return -1
		}
		return 1
	})
	var members []replication.NodeID
	for _, c := range nodes[:n] {
		members = append(members, c.ID)
	}
	return members, nil
}

func checkName(name string) error {
	switch {
	case name == "":
		return invalid("A stream's name is not empty.", "")
	case len(name) > NameMax:
		return invalid(fmt.Sprintf("The name has %d bytes.", len(name)), fmt.Sprintf("A stream's name has at most %d bytes.", NameMax))
	case !utf8.ValidString(name) || slices.Contains([]byte(name), 0):
		return invalid("The name is not valid UTF-8 text.", "")
	}
	return nil
}

func checkLease(lease time.Duration) error {
	if lease < LeaseMin || lease > LeaseMax {
		return invalid(fmt.Sprintf("The lease is %v.", lease), fmt.Sprintf("A lease is from %v to %v.", LeaseMin, LeaseMax))
	}
	return nil
}

func invalid(detail, hint string) error {
	return &engine.Error{Op: "check", Kind: engine.KindInvalid, Detail: detail, Hint: hint}
}
