// Package memstore is a node.Storage in memory, for tests. It passes the same
// conformance suite as the real one, and is the model that it is compared with.
package memstore
