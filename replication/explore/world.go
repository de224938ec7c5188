package explore

import (
	"encoding/binary"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"

	"walle/replication"
)

// world is one state of everything, in the numbers of its parts:
//
//	node …  claim …  record  spent …  message …
//
// A claim is its part plus 1, or 0 before it begins. Spent counts troubles, four
// to a word. Messages are under way, ascending.
type world []uint32

// explorer knows a scope, and all parts of the worlds in it that were met.
type explorer struct {
	scope   Scope
	members []replication.NodeID
	config  replication.Configuration

	claimAt, recordAt, spentAt, netAt int   // where in a world these begin
	twin                              []int // by claim: the one that begins before it, or -1

	renumbers bool // the counters of replicas are known

	nodes    table[nodePart]
	claims   table[claimPart]
	records  table[record]
	messages table[parcel]
	mail     []int         // how many messages there are for each node and claim
	begun    []memo        // of the first Tick of each claim
	worked   atomic.Uint64 // effects
}

const spentWords = (int(troubles) + 3) / 4

func newExplorer(s Scope) (*explorer, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	x := &explorer{scope: s, mail: make([]int, s.Replicas+len(s.Claims)), begun: make([]memo, len(s.Claims))}
	x.renumbers = countersKnown()
	for i := range s.Replicas {
		x.members = append(x.members, replication.NodeID(i+1))
	}
	x.config = replication.Configuration{Number: 1, Members: x.members}
	x.claimAt = s.Replicas
	x.recordAt = x.claimAt + len(s.Claims)
	x.spentAt = x.recordAt + 1
	x.netAt = x.spentAt + spentWords
	for i := range s.Claims {
		before := -1
		for j := range i {
			if s.Rivals != Alive || reflect.DeepEqual(s.Claims[i], s.Claims[j]) {
				before = j
			}
		}
		x.twin = append(x.twin, before)
	}
	return x, nil
}

// first is the world before anything happened.
func (x *explorer) first() world {
	w := make(world, x.netAt)
	for i := range x.members {
		w[i] = x.putNode(x.newNode(i))
	}
	w[x.recordAt] = x.putRecord(record{})
	return w
}

func (x *explorer) putRecord(r record) uint32 {
	return x.records.put(digestOf(r), func() *record { return &r })
}

// claimOf is the state of claim i, or nil before it begins.
func (x *explorer) claimOf(w world, i int) *claimPart {
	if id := w[x.claimAt+i]; id > 0 {
		return x.claims.get(id - 1)
	}
	return nil
}

func (x *explorer) net(w world) []uint32 { return w[x.netAt:] }

// spent is how often trouble t has struck.
func (x *explorer) spent(w world, t trouble) int {
	return int(w[x.spentAt+int(t)/4] >> (8 * (t % 4)) & 0xff)
}

// free reports whether t may strike without being counted.
func (x *explorer) free(t trouble) bool { return x.scope.of(t) == Free }

// may reports whether t may strike once more.
func (x *explorer) may(w world, t trouble) bool {
	return x.free(t) || x.spent(w, t) < x.scope.of(t)
}

// spend counts t.
func (x *explorer) spend(w world, t trouble) {
	if !x.free(t) {
		w[x.spentAt+int(t)/4] += 1 << (8 * (t % 4))
	}
}

// nodeTime and claimTime are what the clocks show at a tick.
func (x *explorer) nodeTime(tick uint32) replication.Time {
	return begins + replication.Time(tick)*replication.Time(x.scope.Clock.Tick)
}

func (x *explorer) claimTime(tick uint32) replication.Time {
	elapsed := replication.Time(tick) * replication.Time(x.scope.Clock.Tick)
	if p := x.scope.Clock.Percent; p != 0 {
		elapsed = elapsed * replication.Time(p) / 100
	}
	return begins + elapsed
}

// fingerprint tells worlds apart by all but their messages: by 64 bits, so that
// two of a hundred million are taken for one with a probability of 0.03 %.
func (x *explorer) fingerprint(w world, scratch []byte) (uint64, []byte) {
	scratch = scratch[:0]
	for _, v := range w[:x.netAt] {
		scratch = binary.LittleEndian.AppendUint32(scratch, v)
	}
	return xxhash.Sum64(scratch), scratch
}

// within reports whether all that can happen in w can happen in v: they differ
// at most in messages that are under way in v only, and in troubles that were
// spent in w.
func (x *explorer) within(w, v world) bool {
	if !slices.Equal(w[:x.spentAt], v[:x.spentAt]) {
		return false
	}
	rest := x.net(v)
	for _, id := range x.net(w) {
		i, found := slices.BinarySearch(rest, id)
		if !found {
			return false
		}
		rest = rest[i+1:]
	}
	return true
}
