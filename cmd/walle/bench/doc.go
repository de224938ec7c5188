// Package bench is the command walle bench: it puts loads on a cluster and tells
// how long what takes.
//
//	bench     flags, the order of things, what is left when it is interrupted
//	params    what a load can be told, and specs such as window:size=100
//	load      the loads by name; load_*.go has them, a file for each group
//	site      the cluster under load: sessions, streams, what is dropped in the end
//	demo      a cluster of its own, a process for each node; usage: what they take
//	probe     what the disk and loopback take without a cluster
//	pipe      operations in flight on one session, with a pace if there is one
//	recorder  what took how long: an HdrHistogram of all, and one of each second
//	runner    a load from its preparation to its result
//	report    results as text and JSON; plot: as a picture
//
// It measures as a client does, and costs little itself: frames are encoded into
// one buffer for many operations and answers are read without being decoded. What
// it costs all the same is measured and reported beside the nodes' share.
//
// Latency in an open loop is counted from the moment at which the operation was
// to begin, not from when it could: an operation that waits behind a slow one is
// slow too. A closed loop has no such moment; it sends less when the cluster is
// slow, and so asks less often just then. That is what the load open is for.
package bench
