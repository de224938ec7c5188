// Package pgfront speaks PostgreSQL's protocol: it turns the messages of clients
// into statements, and statements into what catalog and engine are asked for.
//
// A statement takes one path down and the same path back:
//
//	session   reads messages, and keeps order            session.go, extended.go, simple.go
//	plan      a statement looked up in the catalog,      plan.go: start here
//	          with types: what Describe shows
//	result    rows and a command tag                     result.go
//	outbox    bytes on their way to the client           outbox.go
//
// Appends leave that path. INSERT only buffers rows in the transaction's group;
// the group is started at the Sync, and its answer waits in the outbox for the
// quorum, while the session goes on with the next message. So one session has a
// thousand appends in flight, without a goroutine for any of them, and they are
// answered in their order. Whatever is not an INSERT first waits for them.
//
// One goroutine per connection, the session's, runs everything. A second one
// writes what had to wait. A third, for each claim, waits to tell of its loss.
//
// What is not here: the grammar (pgfront/sql), types and the execution of SELECT
// (pgfront/query), framing (pgfront/wire).
package pgfront
