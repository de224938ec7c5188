// Package replication is the protocol of WALLE: how an exclusive writer appends
// to a log that a majority of its replicas holds durably, and how the next
// writer takes over without losing an acknowledged entry.
//
// It is pure: no I/O, clock, goroutine, lock, log, global or chance. There are
// two machines, [Replica] and [Writer]; both take an [Input] in Step and say in
// [Output] what is to be done. Package node runs them on real disks and
// networks, package sim in a world of failures, and the scripts in testdata step
// by step. It is not Raft: any node can write, replicas elect nobody, and of a
// stream that nobody writes they ask each other ever more seldom how they stand.
//
// # Words
//
//	stream       ordered, replicated, exclusively written entries
//	entry        one append: id (dense, from 1), term, time, data
//	group        entries that are appended atomically: all or none, for ever
//	replica      a node's copy of a stream; the members are the nodes that hold one
//	writer       the exclusive appender of a stream, at a term
//	claim        the act of becoming the writer: fence, wait out the old lease, recover the tail
//	term         the number of a claim
//	promise      a replica's durable vow to refuse every smaller term
//	lease        time for which a replica lets no other claim finish
//	history      which term each entry of a log was written in
//	tail         the end of a log; flush: its end as far as it is durable
//	commit       the highest entry known to be durable at a majority in the current term
//	gap          a range of committed entries that a replica does not hold yet
//	trim         dropping a committed prefix; first is the lowest entry kept
//	quorum       a majority of the members
//	position     an entry id and the chain of everything up to it
//	round        one attempt of a claim at one term
//	to rise      a writer that serves takes a greater term, keeping its log
//
// # How it goes
//
// A claim probes the members, takes a term greater than any seen, and asks for
// promises (Prepare). A replica promises a term once, durably, and answers when
// every lease granted before has run out. From a majority of promises the writer
// chooses the log of the highest last term, then the longest, reads the part of
// it that may be uncommitted, and sends Begin: its whole term history. A replica
// drops what parts from that history and takes it over. Once a majority holds
// exactly the chosen log, the claim is complete. Appends follow, pipelined; each
// is contiguous, checked and answered when durable. An entry is committed when a
// majority has it durably in logs of the writer's term.
//
// A replica that misses entries which the writer no longer holds in memory
// jumps: it goes on from a committed entry, remembers the gap, and fetches what
// it misses from other members, from the high end down, checking the chain.
//
// # Invariants
//
// They are asserted in the code (must) and cited by number.
//
//	I0  a machine only gets inputs that are meant for it
//	I1  a term has at most one writer: a replica promises a term once, to one claim, durably, and
//	    obeys only the claim of the greatest term that it promised
//	I2  an entry keeps the term it was written in for ever; terms and starts of a history rise strictly
//	I3  a log is contiguous, but for gaps of committed entries; nothing is acknowledged before it is durable
//	I4  two logs that have the same term at an entry are the same up to that entry
//	I5  nothing committed is ever dropped but by trim: the chosen log contains every committed entry, a
//	    truncation ends at or above the commit, and commit counts only logs of the writer's own term
//	I6  the chain of every entry is that of its predecessor and its own bytes; what is back-filled is
//	    checked against the chain at the gap's end, or the entry above it, before it is kept
//	I7  a group is in a log whole or not at all
//	I8  no claim is complete before every lease that a majority granted to others has run out
//	I9  every proposal is answered once, in order, and truly: applied, surely not applied, or unknown
//
// # Where to start
//
// testdata/claim/fresh, then replica.go, promise.go, log.go, writer.go, claim.go
// and peer.go.
package replication
