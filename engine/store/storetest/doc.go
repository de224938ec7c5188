// Package storetest is what every node.Storage has to do, as tests: Run. Its
// Log makes entries, its Dump shows all that a storage holds.
package storetest
