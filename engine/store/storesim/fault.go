package storesim

import (
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// faults are the single failures of a disk on which a store works.
var faults = [...]fault{
	func(op errorfs.Op) bool { return isLog(op) && op.Kind == errorfs.OpFileWrite },
	func(op errorfs.Op) bool { return isLog(op) && isSync(op) },
	func(op errorfs.Op) bool {
		return isLog(op) && (op.Kind == errorfs.OpCreate || op.Kind == errorfs.OpRename)
	},
	func(op errorfs.Op) bool { return isTable(op) && op.Kind == errorfs.OpCreate },
	func(op errorfs.Op) bool { return isTable(op) && op.Kind == errorfs.OpFileWrite },
	func(op errorfs.Op) bool { return isTable(op) && isSync(op) },
	func(op errorfs.Op) bool { return isManifest(op) && op.Kind == errorfs.OpFileWrite },
	func(op errorfs.Op) bool { return isManifest(op) && isSync(op) },
	func(op errorfs.Op) bool { return isTable(op) && op.Kind == errorfs.OpFileReadAt },
}

// nth is a failure of the nth change from now. Failed reads are not among them:
// Pebble panics if one ends its Open while it collects statistics of tables.
func nth(n int) fault {
	return func(op errorfs.Op) bool {
		if changeThatMatters(op) {
			n--
		}
		return n == 0
	}
}
