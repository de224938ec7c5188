// Package explore visits every state that the protocol can reach in a small
// world, instead of some of the states of a large one: all orders in which
// messages may arrive, get lost or come again, all points at which a node may
// crash, all moments at which a timer may fire, within the bounds of a [Scope].
//
// It runs the machines that ship, [replication.Replica] and
// [replication.Writer], and nothing that resembles them. A world is a row of
// parts (a node: replica and disk; a claim: its writer) and the messages under
// way. Machines are pure functions of their state and input, so each part is
// kept once, by what it holds (parts.go), and what an input does to it is worked
// out once and then looked up (local.go). A world is then a handful of numbers,
// and most of its successors are found without running a machine at all.
//
// # What a scope leaves out, and what is lost by that
//
// Nothing is lost by these; each says why:
//
//   - No message is ever dropped. One that is never delivered is lost, and the
//     checkers do not look at what is under way.
//   - A delivery after which only that message is missing is not followed: what
//     can happen from there can happen from here.
//   - With Dups Free a message stays under way when it is delivered: for the same
//     reason.
//   - A node restarts in the moment in which it crashes: while it is down it
//     receives nothing, like a node to which nothing is delivered. A writer never
//     dies: one that is stepped no more is dead to the others.
//   - What is sent to a claim that has ended is dropped: it takes no input.
//   - Claims of one scope that differ in nothing but their number begin in that
//     order.
//
// Beyond the bounds of the scope, these are not explored: of two equal messages
// under way one is lost (another copy costs one of Dups); a disk answers reads at
// once; a writer that asks for a Tick now gets it before the next input.
//
// # Time
//
// With own clocks, a machine's clock stands still until one of its timers is
// made to fire, and then shows that timer's time: any order of timers of
// different machines, with any clocks, is one of these. All but leases must hold
// in it. With a shared clock time moves in ticks and leases are checked too.
package explore
