// Package catalog knows the names: which nodes there are, which streams, where
// their replicas lie and with what options.
//
// It is the fold of the system stream, whose entries are changes. Every node
// follows that stream and keeps the fold as an immutable Snapshot; whoever has
// a change to make becomes the stream's writer, or hands the change to the node
// that is. The catalog is a client of package engine like any other.
package catalog
