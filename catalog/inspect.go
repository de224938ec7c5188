package catalog

import (
	"fmt"

	"walle/replication"
	"walle/replication/node"
)

// Inspect returns the catalog as far as a data directory has it, for tools that
// look at one which no node runs on. With an error it may be behind.
func Inspect(meta Meta, storage node.Storage, founders []Node) (*Snapshot, error) {
	f, err := (&Catalog{cfg: Config{Meta: meta, Founders: founders}}).load()
	if err != nil {
		return newFold(founders).snapshot(), err
	}
	loaded, ok, err := storage.Load(replication.SystemStream)
	if err != nil || !ok || f.now.version >= loaded.Commit {
		return f.snapshot(), err
	}
	scan := storage.Scan(node.ScanRequest{Stream: replication.SystemStream, From: f.now.version + 1, To: loaded.Commit})
	for scan.Next() && err == nil {
		_, _, _, err = f.apply(scan.Entry())
	}
	if err == nil {
		err = scan.Err()
	}
	if cerr := scan.Close(); err == nil {
		err = cerr
	}
	if err == nil && f.now.version < loaded.Commit {
		err = fmt.Errorf("entries %d..%d of the system stream are not here", f.now.version+1, loaded.Commit)
	}
	return f.snapshot(), err
}
