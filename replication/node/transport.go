package node

import "walle/replication"

// Transport carries envelopes to other nodes. Send never blocks and may lose
// what it is given; it keeps the slice's envelopes, not the slice. What arrives
// from other nodes goes to Node.Deliver.
type Transport interface {
	Send(envelopes []replication.Envelope)
}
