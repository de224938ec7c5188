// Package store keeps one node's replicas in a data directory, on Pebble. Store
// is a node.Storage. It knows nothing of what is committed, nor of the rules by
// which a replica writes; it keeps what it is given, whole and in order.
//
// # The directory
//
//	LOCK      held while a process has the directory open
//	WALLE     the stamp: format version, node id, name, cluster; text, checksummed
//	BALLAST   room that a full disk lacks at a start; nothing is in it
//	db/       Pebble's files
//	damaged/  those of them that were damaged and have been replaced
//
// Open makes a new directory, or refuses one that is locked, foreign, of a newer
// format, or without the database it once had (DirectoryError).
//
// # Keys
//
// The first byte is the space. Numbers in keys are big endian, so that their
// order is the keys'.
//
//	0        1                9                17
//	| 1      | name …                                        a record of the node: Meta
//	| 2      | stream         |                              state
//	| 3      | stream         |                              commit
//	| 4      | stream         | entry          |             entry
//
// The entries of a stream lie together: a scan reads them in order, a trim and
// a dropped tail are one range deletion. The states and commits, which change
// with every batch, lie apart from them, together: all are listed by one short
// scan, and a compaction of them leaves the entries alone.
//
// # Values
//
// Numbers in values are little endian. An entry, whose id is in its key:
//
//	0         1        2        10         18       26       34
//	| version | flags  | term   | appended | sum    | chain  | data …
//	            bit 0: the last of its group
//
// The sum covers id, term, appended, flag and data (replication.Entry), and is
// compared at every read that has the data; the chain, at every Read, with the
// entry before. A state (lists are a count of 4 bytes and then the elements):
//
//	version 1 | config number 8 | members [8] | promised 8 | claim node 8 | claim nonce 8
//	| holder [1] | lease 8 | wait 8 | released 1 | history [term 8 start 8]
//	| first 8 | base id 8 | base chain 8 | base at 8
//	| gaps [lo 8 hi 8 lochain 8 hichain 8 hiat 8] | checksum 8
//
// and a commit:
//
//	version 1 | entry 8 | checksum 8
//
// Their checksum is xxhash64 of all before it, seeded with the stream.
//
// # Durability
//
// One Apply is one Pebble batch: one record of Pebble's log, with its own
// checksum. It is all there after a crash or not at all, and no batch is there
// without those before it. Apply returns when the batch is in memory, visible
// to readers. Its Pending waits for the sync of the log; the batches that arrive
// during one sync share the next. A batch applied without sync becomes durable
// with the next one that has it.
//
// # When the disk fails
//
// An error of a write or sync is final. Pebble's log writer keeps its first
// error, fails all that is waiting and all that comes, and never syncs again:
// that much is right. But elsewhere it tries again, waits for ever, or ends the
// process by a panic that can't be recovered. So a failed change of any file is
// caught below Pebble, and the disk is left as it is from then on: see
// failstopFS. Every call and every Pending under way returns the first error,
// Config.OnFatal is told, and Close returns.
//
// # When the disk is full
//
// Config.MinFree of the disk are kept free: CheckSpace, which the node calls often,
// says when less is left, and then no entries are asked for any more. What is on
// its way, and the small writes that go on, find room in that reserve. What has
// been trimmed is cut out of the tables (trims). A write that finds no room all the
// same is a disk that fails, but for the output of a compaction.
//
// # When data are damaged
//
// Data that can be read, but is not what was written, is no failure of the
// disk. It is a CorruptError, which names stream and entry; all else goes on.
// The file that it is in is replaced: see damagedTables.
package store
