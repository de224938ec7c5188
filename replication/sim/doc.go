// Package sim runs the machines of package replication, as they ship, in a
// world made of one seeded stream of chance: nodes with clocks that drift, disks
// that lose what was not synced, a network that loses, doubles, delays and cuts,
// crashes in the middle of a step, pauses, and clients that compete.
//
// A run has two phases. First faults, for a number of machine steps; then
// healing: everything is repaired, and within a bound of simulated time one
// claim must succeed, appends must commit, gaps must close and all replicas must
// hold the same log.
//
// The checkers know nothing of how the machines work. They see what clients are
// told, what is on the disks, and the messages that are sent:
//
//	ledger.go    what is committed, once known, is never lost, moved or changed;
//	             commit is only what a majority has durable; ids are dense,
//	             groups whole, terms and times in order; what was reported as
//	             not applied is in no log
//	disk.go      promises are kept; nothing committed is truncated; a write
//	             connects; back-fill brings the original
//	messages.go  nothing is answered before it is durable; answers are true
//	lease.go     no lease window overlaps a later writer's service
//	client.go    every proposal gets exactly one reply, within its deadline
//	heal.go      progress, convergence
//
// Nothing here uses a goroutine, a map's order or the machine's clock: a seed
// is a run. Start reading at run.go.
package sim
