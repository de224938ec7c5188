// Package explore visits every state that the protocol can reach in a small
// world, instead of some of the states of a large one: all orders in which
// messages may arrive, get lost or come again, all points at which a node may
// crash, all moments at which a timer may fire, within the bounds of a [Scope].
//
// It runs the machines that ship, [replication.Replica] and
// [replication.Writer], and nothing that resembles them. A world is a row of
// parts (a node: replica and disk; a claim: its writer; a record of what became
// true) and the messages under way. Machines are pure functions of their state
// and input, so each state of a part is kept once (parts.go), and what an input
// does to it is worked out once and then looked up (local.go). A world is then a
// handful of numbers, and its successors are found without running a machine.
//
// # What is left out without losing anything
//
//   - Messages stay under way when they are delivered, and none is dropped: one
//     that is never delivered again is lost, one that is was doubled. So the
//     network loses, doubles, delays and reorders without any bound.
//   - Then a world in which more messages are under way can do all that one with
//     fewer can, if they are alike in the rest. So the one with fewer is not
//     followed when the other was met (visited.go), and answers that a node gives
//     without changing are sent at once (echo).
//   - A node restarts in the moment in which it crashes: while it is down it is
//     like one to which nothing is delivered. A writer that dies is like one that
//     is stepped no more.
//   - What is sent to a claim that has ended is dropped: it takes no input, and
//     the same way all states that it can end in are one.
//   - Claims that differ in nothing but their number begin in that order.
//   - Writes and reads that are done are not counted (counters.go).
//
// Worlds that differ by a permutation of the replicas are not merged: a writer
// that has the choice between equal logs reads the first, so they do differ.
//
// # What a scope leaves out
//
// Beyond its bounds: a disk answers reads at once and does not fail; a writer that
// asks for a Tick now gets it before its next input; proposals have no deadline;
// with Lags 0, a write is synced before anything else happens to its node.
//
// # Time
//
// With own clocks, a machine's clock stands still until one of its timers is made
// to fire, and then shows that timer's time: whatever the clocks of different
// machines do, the order of their timers is one of these. All but leases must hold
// in it. A replica's times are kept relative to its clock, in microseconds, and a
// lease is shorter than one: it is over as soon as somebody waits for it. With a
// shared clock time moves in ticks, due timers fire at any time after, and leases
// are checked too.
package explore
