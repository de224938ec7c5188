package grpcnet

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"walle/replication"
)

// badge is what the two ends of a stream show each other before anything else,
// in its first headers.
//
//	wire | name | cluster | from | to | version
//
// wire and name stay where they are in every version, so that a node of another
// version can be refused by name.
type badge struct {
	wire    uint64
	name    string             // of from
	cluster uint64             // that from belongs to, 0 if to none yet
	from    replication.NodeID // who shows it
	to      replication.NodeID // whom it is shown to
	version string             // of from's program
}

const badgeKey = "walle-badge-bin"

func (b *badge) code(c *coder) {
	uvarint(c, &b.wire)
	text(c, &b.name)
	if !c.writing && b.wire != wireVersion {
		c.b = nil // whatever it is
		return
	}
	word(c, &b.cluster)
	word(c, &b.from)
	word(c, &b.to)
	text(c, &b.version)
}

func (b *badge) size() int { return 64 + len(b.name) + len(b.version) }

// badgeFor is this node's badge for node to.
func (n *Net) badgeFor(to replication.NodeID) *badge {
	return &badge{wire: wireVersion, name: n.cfg.Self.Name, cluster: n.cluster.Load(), from: n.cfg.Self.ID, to: to, version: n.cfg.Version}
}

func (b *badge) header() metadata.MD {
	return metadata.Pairs(badgeKey, string(encode(b)))
}

func readBadge(md metadata.MD) (*badge, error) {
	values := md.Get(badgeKey)
	if len(values) != 1 {
		return nil, fmt.Errorf("%d badges shown, want 1", len(values))
	}
	b := new(badge)
	if err := decode([]byte(values[0]), b); err != nil {
		return nil, err
	}
	return b, nil
}

// show adds this node's badge for node to to the headers of a request.
func (n *Net) show(ctx context.Context, to replication.NodeID) context.Context {
	return metadata.NewOutgoingContext(ctx, n.badgeFor(to).header())
}

// admit checks the badge of whoever opened a stream to this node.
func (n *Net) admit(ctx context.Context) (*peer, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	b, err := readBadge(md)
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "not a node of this cluster: %v", err)
	}
	p, err := n.check(b)
	if err != nil {
		n.refused(b, err)
		return nil, status.Error(codes.FailedPrecondition, err.Error())
	}
	p.version.Store(&b.version)
	return p, nil
}

// check returns the peer that shows b, or why it is refused.
func (n *Net) check(b *badge) (*peer, error) {
	self, cluster := n.cfg.Self, n.cluster.Load()
	switch {
	case b.wire != wireVersion:
		return nil, fmt.Errorf("node %q speaks wire version %d, node %q speaks %d", b.name, b.wire, self.Name, wireVersion)
	case cluster == 0:
		return nil, fmt.Errorf("%w: node %q belongs to no cluster yet", errTooEarly, self.Name)
	case b.cluster != cluster:
		return nil, fmt.Errorf("node %q belongs to cluster %016x, node %q to cluster %016x", b.name, b.cluster, self.Name, cluster)
	case b.to != self.ID:
		return nil, fmt.Errorf("node %q has identity %v, not %v", self.Name, self.ID, b.to)
	}
	p := n.peer(b.from)
	if p == nil {
		return nil, fmt.Errorf("node %q with identity %v is no member of cluster %016x", b.name, b.from, cluster)
	}
	return p, nil
}

// checkAnswer returns the badge in the headers of an answer of p, once it has
// been checked.
func (n *Net) checkAnswer(p *peer, md metadata.MD) (*badge, error) {
	b, err := readBadge(md)
	if err != nil {
		return nil, err
	}
	from, err := n.check(b)
	if err != nil {
		return nil, err
	}
	if from != p {
		return nil, fmt.Errorf("node %q at %s has identity %v, not %v", b.name, p.Addr, b.from, p.ID)
	}
	return b, nil
}

// refused logs a refusal, once for each reason. A stranger that makes names up
// does not fill the log.
func (n *Net) refused(b *badge, err error) {
	if errors.Is(err, errTooEarly) {
		return // the other side comes again; at a first start that is no news
	}
	const most = 64
	reason := err.Error()
	n.mu.Lock()
	_, known := n.refusals[reason]
	news := !known && len(n.refusals) < most
	if news {
		n.refusals[reason] = struct{}{}
	}
	n.mu.Unlock()
	if news {
		n.log.Warn("refused a node", "name", b.name, "id", b.from, "reason", reason)
	}
}

var (
	errNotAdmitted = errors.New("refused")
	errTooEarly    = errors.New("too early")
)

// streamError is an error of gRPC in this package's words: refused, the
// caller's context, or what happened to the connection.
func streamError(err error) error {
	if err == io.EOF {
		return errEnded
	}
	s, ok := status.FromError(err)
	if !ok {
		return err
	}
	switch s.Code() {
	case codes.FailedPrecondition, codes.InvalidArgument, codes.Unimplemented:
		return fmt.Errorf("%w: %s", errNotAdmitted, s.Message())
	case codes.Canceled:
		return context.Canceled
	case codes.DeadlineExceeded:
		return context.DeadlineExceeded
	}
	return errors.New(s.Message())
}
