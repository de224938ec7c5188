// Package grpcnet carries messages between nodes over gRPC: it is the
// node.Transport of a running cluster, and how one node asks another something
// that is no message of the protocol (a scan, a forwarded statement, who are
// you). It knows nothing of streams, terms or quorums, and retries nothing:
// whatever it loses, the protocol sends again.
//
// # Lanes
//
// Two nodes are joined by two lanes, each one bidirectional gRPC stream on its
// own TCP connection:
//
//	live   all that an append or a claim waits for
//	bulk   back-fill of gaps; however much there is, live does not wait for it
//
// The node with the smaller id dials, so that there is one of each. A third
// connection, dialled by whoever needs it, carries scans and calls.
//
//	Send -> queue (bounded) -> writer goroutine -> frame -> stream -> reader -> Deliver
//
// A writer takes all that is queued, up to a frame's size, while its last frame
// is on the way: under load messages share frames, without load none waits.
// A queue that is full drops what is new, and one whose lane is down drops
// everything: what a node that comes back needs is for the protocol to decide,
// not an old backlog.
//
// # Identity
//
// Whoever opens a stream shows a badge: wire version, cluster, who it is, whom
// it believes to be talking to. The other side refuses it unless all that is so,
// and shows its own. A wiped disk is another identity, so it is refused until
// the catalog knows it. Only Hello, for nodes that form a cluster, needs no
// badge.
//
// # Where to start
//
// net.go is what others use; lane.go the life of one stream; frame.go and
// message.go the bytes.
package grpcnet
