package store

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cespare/xxhash/v2"

	"walle/replication"
)

// Identity says whose data a directory holds.
type Identity struct {
	// NodeID is made up when the directory is, and never changes.
	NodeID replication.NodeID
	// Name and Cluster are empty until Form.
	Name    string // of the node in its cluster
	Cluster uint64 // a random number that the cluster's nodes share; 0 until Form
}

// Formed reports whether the directory belongs to a node of a cluster yet.
func (i Identity) Formed() bool { return i.Cluster != 0 }

func (i Identity) String() string {
	if !i.Formed() {
		return fmt.Sprintf("node %v of no cluster yet", i.NodeID)
	}
	return fmt.Sprintf("node %s (%v) of cluster %016x", i.Name, i.NodeID, i.Cluster)
}

// newNodeID returns a random id. Those up to 1000 are left to scripts.
func newNodeID() replication.NodeID {
	for {
		var b [8]byte
		rand.Read(b[:]) // never fails
		if id := replication.NodeID(binary.LittleEndian.Uint64(b[:])); id > 1000 {
			return id
		}
	}
}

// stamp is the content of a directory's stamp file.
type stamp struct {
	identity Identity
	// created says that the database has been made: from then on, one that is
	// not there is lost, not new.
	created bool
}

// formatVersion is that of the directory as a whole: of stamp, keys and values.
// A directory of a smaller one would be upgraded in Open; there is none yet.
const formatVersion = 1

const stampTitle = "WALLE data directory, format "

// errNewer is what parseStamp returns for a later format, of which it knows
// nothing but the first line.
var errNewer = errors.New("written by a later release")

// String is the stamp as it stands in the file. It is text so that an operator
// sees whose disk it is:
//
//	WALLE data directory, format 1
//	node 9a3f0c51d2e84b76
//	name "n1"
//	cluster 53c0b1a2e5d1f7c8
//	created true
//	checksum 0f1e2d3c4b5a6978
func (s stamp) String() string {
	text := fmt.Sprintf("%s%d\nnode %016x\nname %q\ncluster %016x\ncreated %t\n", stampTitle, formatVersion,
		uint64(s.identity.NodeID), s.identity.Name, s.identity.Cluster, s.created)
	return fmt.Sprintf("%schecksum %016x\n", text, xxhash.Sum64String(text))
}

// parseStamp is the inverse of String: it takes nothing that String did not make.
func parseStamp(text []byte) (s stamp, err error) {
	title, _, _ := bytes.Cut(text, []byte("\n"))
	var format int
	if n, err := fmt.Sscanf(string(title), stampTitle+"%d", &format); n != 1 {
		return s, fmt.Errorf("its first line is not a stamp's: %w", err)
	}
	if format > formatVersion {
		return s, fmt.Errorf("format %d, and this release knows up to %d: %w", format, formatVersion, errNewer)
	}
	var node uint64
	_, err = fmt.Sscanf(string(text), stampTitle+"%d\nnode %x\nname %q\ncluster %x\ncreated %t\n",
		&format, &node, &s.identity.Name, &s.identity.Cluster, &s.created)
	if err != nil {
		return stamp{}, err
	}
	s.identity.NodeID = replication.NodeID(node)
	if s.String() != string(text) {
		return stamp{}, errSeal
	}
	return s, nil
}
