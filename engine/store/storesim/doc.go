// Package storesim puts package store, on Pebble as it ships, below the nodes of
// package replication/sim: each member of a simulated world keeps its replica in
// a store of its own, on a file system in memory that crashes and fails by
// chance. The world and its checkers stay the same.
//
//	storage.go  Storage, a sim.Storage: applies, syncs, reads, loads
//	witness.go  streams beside the world's, one entry a batch: after a crash
//	            they tell how many batches are there
//	crash.go    what a crash leaves of the files, and the start from that
//	disk.go     the file system: which of its changes fail, and when
//	damage.go   bytes of tables that change
//
// # What a crash leaves
//
// The process ends with or without a sync under way. Of what was not synced any
// part may be on the disk, down to single sectors: all, none, a prefix that ends
// anywhere, sectors here and there, a prefix with garbage behind it. Some
// processes end in good order instead. Then the store is opened from what is
// left, which may fail as well, and then happens again.
//
// # What is checked, beside all that the world checks
//
// What the store loads is what some number of whole batches wrote, at least as
// many as were synced: of the world's stream, and of its witnesses, which share
// every batch and lie right before and behind it in the key space. A store that
// has failed stays failed. What is damaged is named by its entry and costs no
// other.
//
// # Chance
//
// Batches, faults and what survives follow from the seed. Pebble's own
// goroutines do not: after each change of its log file the store waits for the
// flush, but compactions run when they run. A seed is nearly always, but not
// surely, one run.
package storesim
