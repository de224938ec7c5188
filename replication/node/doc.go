// Package node runs the machines of package replication on one node: it is what
// their outputs are owed to. It knows nothing of the protocol but which message
// goes to which machine, and is the only one of this layer to name a clock or to
// start a goroutine.
//
// Streams are spread over shards. Each shard has one goroutine, its owner, that
// steps all its machines: replicas, and the writers of claims made here. Nobody
// else touches them, so there is no lock in their way. The owner works in rounds
// (round.go): take everything that has arrived, step, hand out. It never waits
// for a disk, a network or a caller.
//
// # The life of an append
//
// A session on node A appends to a stream with replicas on A, B and C:
//
//	caller       owner on A                    disk goroutines of A      owner on B (C alike)
//	  │             │                                 │                        │
//	1 Append ──────►│ inbox                           │                        │
//	  │           2 │ Propose to the writer,          │                        │
//	  │             │ with all that came meanwhile;   │                        │
//	  │             │ Tick: one Append message a peer │                        │
//	  │           3 ├──────────────── Transport, Deliver ─────────────────────►│ inbox
//	  │             │ and to its own replica at once: │                        │ 4 replica: Write
//	  │             │ Write ────────────────────────► │ 5 Storage.Apply        │   to B's disk, …
//	  │             │                                 │ 6 Pending.Wait         │
//	  │             │ inbox ◄──────────────── Synced ─┤                        │   … Synced
//	  │           7 │ replica: Appended to the writer │                        │
//	  │             │ inbox ◄─────────── Deliver, Transport ───────────────────┤ 7 Appended
//	  │           8 │ writer: a majority has it, Reply│                        │
//	9 done(Reply) ◄─┤ at the end of the round         │                        │
//
// In 2 a thousand appends that arrived since the last round become one message
// to each peer, and in 4 one Write. In 5 one goroutine applies the writes of all
// shards as one batch, in 6 a second one waits for it to be durable, so the
// next batch is applied meanwhile. The slower the disk the larger the batches;
// nothing is ever delayed to make one larger. In 8 the replies of all appends
// that the quorum has reached are given in one sweep.
//
// Reads that machines ask for go to a few reader goroutines. Readers of streams
// never come here: how far a replica has come is published (Progress), and the
// entries are the storage's.
//
// # Queues
//
// Each has a bound, and a rule for full:
//
//	appends in flight           Limits.WindowBytes a node              Append says ErrFull, and whoever appends waits
//	kept for replicas behind    Limits.KeepBytes a node                the oldest goes, and they get a gap
//	inbox: messages             Limits.Messages, .MessageBytes a shard the message is lost
//	inbox: the rest             what is outstanding elsewhere          always fits
//	disk: writes                Limits.DiskBytes a node                messages with entries are lost on arrival
//	disk: batches               Limits.Batches a node                  the next batch grows
//	reads                       what machines have outstanding         always fits
//	transport                   its own                                the message is lost
//
// A lost message is nothing new to the protocol: its sender asks again.
//
// # The end
//
// An error of the storage is final, and so is an invariant that a machine finds
// broken: the owners stop, nothing is acknowledged any more, and everyone who
// waits is told that the outcome is unknown. Close ends the same way without an
// error. An append that no machine has seen is surely not applied, by either.
package node
