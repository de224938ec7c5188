// Package replication is the protocol: pure state machines without I/O, clock,
// goroutine, lock or chance.
package replication
