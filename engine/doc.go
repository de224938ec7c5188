// Package engine offers the streams of a deployment by StreamID, as plain
// requests and results: claim, append, read, trim, status. It knows nothing of
// names (catalog) or of SQL (pgfront), and nothing of the protocol beyond what
// replication/node tells it.
//
//	Engine    one per node; where to start
//	Claim     what a writer holds: appends, with predicted ids and back-pressure
//	Scanner   committed entries, from this node's replica or from another's
//	Error     the one error, by Kind
//
// A stream is named by its id together with its configuration, which the caller
// knows from the catalog; engine keeps no directory of streams.
package engine
